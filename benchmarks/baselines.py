"""Baselines on the development sets: ``python benchmarks/baselines.py``.

For each human-rated set: both teachers + linear probe, hand-made colour and texture numbers + linear probe, and floors.
Probes are fitted on four folds and read the fifth; the tables are printed from readings kept in benchmarks/readings.
Those of the teachers are made by ``weights/distilled_probe.py``.
"""

from __future__ import annotations

import numpy as np

import development
import kept_readings
from cross_fit import TEACHERS
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.compute import compute_metrics, headline
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import correlation
from probes import descriptor_features, probe

DESCRIPTORS = "descriptors"


def readings_of(name: str, model: str, table: Table, folds: Folds) -> OutOfFold:
    """The committed readings; those of hand-made numbers are made if they are not there."""
    if model == DESCRIPTORS and not kept_readings.has(name, model):
        kept_readings.save(name, model, probe(table, folds, descriptor_features(name)))
    return kept_readings.load(name, model, folds.digests)


def print_side_by_side() -> None:
    print("| set | measure | baseline | teachers + probe | colour and texture numbers + probe |\n|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        columns = [headline(table, readings_of(name, model, table, folds)) for model in (TEACHERS, DESCRIPTORS)]
        for measure, first in columns[0].items():
            values = " | ".join(str(column[measure]) for column in columns)
            print(f"| {name} ({len(table)}) | {measure} | {first.baseline} | {values} |")


def print_in_full() -> None:
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        print(f"\n### {name}, teachers + probe\n\n| measure | images | baseline | value [95 %] |\n|---|---|---|---|")
        for line in compute_metrics(table, readings_of(name, TEACHERS, table, folds)):
            print(f"| {line.key} | {line.images} | {line.baseline} | {line} |")


def print_gaped_by_category() -> None:
    """GAPED's categories are homogeneous: much of the correlation over the whole set lies between them."""
    table, folds = development.folds("gaped")
    readings = readings_of("gaped", TEACHERS, table, folds)
    categories = np.array(development.gaped_categories())
    print("\n| GAPED category, teachers + probe | images | baseline | valence r | arousal r |\n|---|---|---|---|---|")
    for category in np.unique(categories):
        rows = np.flatnonzero(categories == category)
        cells = []
        for column, target in enumerate((table.valence, table.arousal)):
            x, y = np.asarray(readings.points)[rows, column], np.asarray(target)[rows]
            cells.append(str(correlation(x, y)))
        print(f"| {category} | {len(rows)} | 0 | {' | '.join(cells)} |")


def main() -> None:
    print_side_by_side()
    print_gaped_by_category()
    print_in_full()
    print("\n" + provenance("development parts", "5 frozen folds, seed 0", "jackknife over images, OASIS over themes"))


if __name__ == "__main__":
    main()
