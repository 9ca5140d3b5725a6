"""What the pre-trained trunk knows before any rating.

    cd benchmarks && python -m weights.distilled_probe --run RUN
    cd benchmarks && python -m weights.distilled_probe --run RUN --trunk TRUNK --early

Linear probes on its statistics and features, on the frozen folds, beside the same probes on its two teachers. RUN holds
what ``kept_statistics.py`` made; readings are kept. *Early* is the trunk of the same run after a third of its views.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

import development
import kept_readings
from cross_fit import TEACHERS
from emoir.evaluate.compute import headline
from emoir.evaluate.provenance import provenance
from probes import probe
from weights.kept_statistics import KeptStatistics
from weights.pretrained import PRETRAINED, pretrained

FEATURES, DEEPER, EARLY = "distilled-features", "distilled-statistics", "distilled-early"
COLUMNS = {
    TEACHERS: "its teachers + probe",
    EARLY: "all statistics + probe, 516,096 views",
    FEATURES: "features + probe, all views",
    DEEPER: "all statistics + probe, all views",
}


def keep_probes(run: Path, trunk: Path, early: bool) -> None:
    """Fit the probes and keep their readings."""
    kept, network = KeptStatistics.load(run), pretrained(trunk)
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        # Of the whole picture and of its mirror image.
        sides = torch.from_numpy(kept.rated[name][:, :2]).float()
        with torch.no_grad():
            features = network.fusion(sides).flatten(1).numpy()
        both = np.concatenate([features, sides.flatten(1).numpy()], axis=1)
        last = {FEATURES: features, DEEPER: both, TEACHERS: kept.rated_embeddings[name]}
        for recipe, numbers in ({EARLY: both} if early else last).items():
            kept_readings.save(name, recipe, probe(table, folds, numbers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="folder of the kept statistics; without it kept readings are printed")
    parser.add_argument("--trunk", type=Path, default=PRETRAINED, help="the pre-trained network")
    parser.add_argument("--early", action="store_true", help="the trunk is that of a third of the views")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.run is not None:
        keep_probes(arguments.run, arguments.trunk, arguments.early)
    print(f"| set | measure | baseline | {' | '.join(COLUMNS.values())} |")
    print("|---" * (3 + len(COLUMNS)) + "|")
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        lines = [headline(table, kept_readings.load(name, recipe, folds.digests)) for recipe in COLUMNS]
        for measure, result in lines[0].items():
            columns = " | ".join(str(line[measure]) for line in lines)
            print(f"| {name} ({len(table)}) | {measure} | {result.baseline} | {columns} |")
    print("\n" + provenance("development parts", "5 frozen folds, seed 0"))


if __name__ == "__main__":
    main()
