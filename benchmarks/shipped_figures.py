"""Every figure of the shipped model, from the committed readings: ``python benchmarks/shipped_figures.py``.

Five networks, each read on the fifth of every set that it had not learnt from; GAPED was shown to none and is read by
the shipped network. Floors, and the teachers with a linear probe on the same folds, stand beside.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import softmax

import development
from baselines import readings_of
from cross_fit import MODEL, FoldOutputs, readings
from emoir.evaluate import mean_interval
from emoir.evaluate.classification import right_at
from emoir.evaluate.compute import compute_metrics, headline
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import correlation
from emoir.evaluate.results import difference


def print_headlines() -> None:
    print("| set | measure | baseline | teachers + probe | shipped [95 %] |\n|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds, ours = readings(name)
        teachers = headline(table, readings_of(name, "teachers", table, folds))
        for measure, line in headline(table, ours).items():
            beside = teachers.get(measure, "-")
            print(f"| {name} ({len(table)}) | {measure} | {line.baseline} | {beside} | {line} |")


def print_differences() -> None:
    """Shipped minus teachers, over the same resamples."""
    print("\n| shipped minus teachers + probe | difference [95 %] | |\n|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table, folds, ours = readings(name)
        theirs = readings_of(name, "teachers", table, folds)
        ours_right, theirs_right = (
            right_at(side.probabilities[space], table.classes[space]).astype(float) for side in (ours, theirs)
        )
        gap = mean_interval(ours_right - theirs_right)
        print(f"| {name}, {space}: top-1 | {gap} | {gap.outcome()} |")


def print_calibration() -> None:
    """With a temperature that was fitted on the other folds, and without."""
    print("\n| calibration | baseline | without | with | difference [95 %] | |\n|---|---|---|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table, _, ours = readings(name)
        plain = replace(ours, probabilities={space: softmax(FoldOutputs().joined(name, space), axis=1)})
        before = {line.key: line for line in compute_metrics(table, plain)}
        for line in compute_metrics(table, ours):
            if line.key.metric in ("NLL", "Brier", "ECE") and line.key.space == space:
                first = before[line.key]
                gap = difference(line, first)
                shown = "- | " if gap is None else f"{gap} | {gap.outcome()}"
                print(f"| {name}, {line.key} | {line.baseline} | {first} | {line} | {shown} |")


def print_gaped_by_category() -> None:
    table, _, ours = readings("gaped")
    categories = np.array(development.gaped_categories())
    print("\n| GAPED category | images | valence r |\n|---|---|---|")
    for category in np.unique(categories):
        rows = np.flatnonzero(categories == category)
        x, y = np.asarray(ours.points)[rows, 0], np.asarray(table.valence)[rows]
        estimate = correlation(x, y)
        print(f"| {category} | {len(rows)} | {estimate} |")


def print_in_full() -> None:
    for name in development.HUMAN_RATED:
        table, _, ours = readings(name)
        print(f"\n### {name}, shipped\n\n| measure | images | baseline | value [95 %] |\n|---|---|---|---|")
        for line in compute_metrics(table, ours):
            print(f"| {line.key} | {line.images} | {line.baseline} | {line} |")


def main() -> None:
    print_headlines()
    print_differences()
    print_calibration()
    print_gaped_by_category()
    print_in_full()
    print("\n" + provenance(f"recipe {MODEL}", "development parts", "5 frozen folds, seed 0", "one run a fold"))


if __name__ == "__main__":
    main()
