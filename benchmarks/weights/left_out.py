"""How readings travel: each rated set read by networks that had learnt from other sets alone.

    cd benchmarks && python -m weights.left_out --keep RUN     # after weights.fine_tune --without SET, for each set
    cd benchmarks && python -m weights.left_out

Beside it the same set out of fold, by networks that had learnt from four fifths of it. Without the FI part no
photograph has one of Mikels' emotions; it is then read by the head for paintings.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.special import softmax

import development
import kept_readings
from cross_fit import OF_PAINTINGS, readings
from emoir.evaluate.compute import headline
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.results import difference, outcome
from weights.examples import PHOTOGRAPHS

RECIPE = "left-out"


def keep(run: Path) -> None:
    """Keep what networks answers of the set that they had not learnt from."""
    for name in PHOTOGRAPHS:
        table, folds = development.folds(name)
        with np.load(run / f"without-{name}.npz") as parts:
            answers = {key.removeprefix(f"{name}."): parts[key].astype(np.float64) for key in parts.files}
        mikels = {"mikels": softmax(answers[OF_PAINTINGS], axis=1)} if "mikels" in table.class_names else {}
        points = answers["valence_arousal"] if table.valence is not None else None
        found = OutOfFold(digests=folds.digests, folds=folds.folds, probabilities=mikels, points=points)
        kept_readings.save(name, RECIPE, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="RUN", help="keep the readings of a run first")
    arguments = parser.parse_args()
    if arguments.keep is not None:
        keep(arguments.keep)
    print("| set | measure | baseline | learnt from other sets | from this one, too | other sets minus both | |")
    print("|---" * 7 + "|")
    for name in PHOTOGRAPHS:
        table, folds, both = readings(name)
        within = headline(table, both)
        for key, line in headline(table, kept_readings.load(name, RECIPE, folds.digests)).items():
            gap = difference(line, within[key])
            shown = "- | " if gap is None else f"{gap} | {outcome(line.metric, gap)}"
            print(f"| {name} ({line.images}) | {key} | {line.baseline} | {line} | {within[key]} | {shown} |")
    print("\n" + provenance("development parts", "each set left out as a whole", "one network a set"))


if __name__ == "__main__":
    main()
