"""What the pre-trained trunk knows before any rating.

    cd benchmarks && python -m weights.distilled_probe --run RUN

Linear probes on its statistics and features, on the frozen folds, beside the same probes on its two teachers. RUN holds
what ``kept_statistics.py`` made; readings are kept.
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

FEATURES, DEEPER = "distilled-features", "distilled-statistics"


def keep_probes(run: Path, trunk: Path) -> None:
    """Fit the probes and keep their readings."""
    kept, network = KeptStatistics.load(run), pretrained(trunk)
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        # Of the whole picture and of its mirror image.
        sides = torch.from_numpy(kept.rated[name][:, :2]).float()
        with torch.no_grad():
            features = network.fusion(sides).flatten(1).numpy()
        both = np.concatenate([features, sides.flatten(1).numpy()], axis=1)
        for recipe, numbers in ((FEATURES, features), (DEEPER, both), (TEACHERS, kept.rated_embeddings[name])):
            kept_readings.save(name, recipe, probe(table, folds, numbers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="folder of the kept statistics; without it kept readings are printed")
    parser.add_argument("--trunk", type=Path, default=PRETRAINED, help="the pre-trained network")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.run is not None:
        keep_probes(arguments.run, arguments.trunk)
    print(
        "| set | measure | baseline | its teachers + probe | trunk's features + probe | with all statistics + probe |"
    )
    print("|---|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        recipes = (TEACHERS, FEATURES, DEEPER)
        lines = [headline(table, kept_readings.load(name, recipe, folds.digests)) for recipe in recipes]
        for measure, result in lines[0].items():
            columns = " | ".join(str(line[measure]) for line in lines)
            print(f"| {name} ({len(table)}) | {measure} | {result.baseline} | {columns} |")
    print("\n" + provenance("development parts", "5 frozen folds, seed 0"))


if __name__ == "__main__":
    main()
