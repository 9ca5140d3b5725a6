"""Baselines on the development sets: ``python benchmarks/baselines.py [--readings-only]``.

For each human-rated set: both teachers + linear probe, hand-made colour and texture numbers + linear
probe, nearest neighbours on untrained teacher features, and floors. Probes are fitted on four folds and
read the fifth; the readings are kept in benchmarks/readings, and the tables are printed from these files.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np

import development
import kept_readings
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.compute import compute_metrics, headline
from emoir.evaluate.leave_out import average_precision_without, precision_without, retrieval_influence
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import correlation
from emoir.evaluate.retrieval import (
    average_precision,
    chance_average_precision,
    chance_precision,
    leave_one_out,
    precision_at,
    same_class,
)
from probes import descriptor_features, probe, teacher_features

MODELS = {"teachers": teacher_features, "descriptors": descriptor_features}


def readings_of(name: str, model: str, table: Table, folds: Folds) -> OutOfFold:
    """The committed readings, made if they are not there."""
    if not kept_readings.has(name, model):
        kept_readings.save(name, model, probe(table, folds, MODELS[model](name)))
    return kept_readings.load(name, model, folds.digests)


def print_side_by_side() -> None:
    print("| set | measure | baseline | teachers + probe | colour and texture numbers + probe |\n|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        columns = [headline(table, readings_of(name, model, table, folds)) for model in MODELS]
        for measure, first in columns[0].items():
            values = " | ".join(str(column[measure]) for column in columns)
            print(f"| {name} ({len(table)}) | {measure} | {first.baseline} | {values} |")


def print_in_full() -> None:
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        print(f"\n### {name}, teachers + probe\n\n| measure | images | baseline | value [95 %] |\n|---|---|---|---|")
        for line in compute_metrics(table, readings_of(name, "teachers", table, folds)):
            print(f"| {line.key} | {line.images} | {line.baseline} | {line} |")


def print_nearest_neighbours() -> None:
    print("\n| set | measure | chance | untrained teacher features |\n|---|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table = development.load(name)
        features = teacher_features(name)
        vectors = features / np.linalg.norm(features, axis=1, keepdims=True)
        ranking = leave_one_out(vectors, same_class(table.classes[space]))
        for measure, chance, function, leave_out in (
            ("P@10", chance_precision, partial(precision_at, k=10), partial(precision_without, k=10)),
            ("mAP", chance_average_precision, average_precision, average_precision_without),
        ):
            value = retrieval_influence(ranking, function, leave_out).estimate(low=0, high=1)
            print(f"| {name} ({len(table)}) | {space}: {measure} | {np.nanmean(chance(ranking)):.3f} | {value} |")


def print_gaped_by_category() -> None:
    """GAPED's categories are homogeneous: much of the correlation over the whole set lies between them."""
    table, folds = development.folds("gaped")
    readings = readings_of("gaped", "teachers", table, folds)
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings-only", action="store_true", help="without the nearest neighbours of raw features")
    arguments = parser.parse_args()
    print_side_by_side()
    if not arguments.readings_only:
        print_nearest_neighbours()
    print_gaped_by_category()
    print_in_full()
    print("\n" + provenance("development parts", "5 frozen folds, seed 0", "jackknife over images, OASIS over themes"))


if __name__ == "__main__":
    main()
