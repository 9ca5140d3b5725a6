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
from emoir.evaluate import bootstrap, bootstrap_mean
from emoir.evaluate.classification import right_at
from emoir.evaluate.metrics import compute_metrics, difference, headline
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import pearson


def print_headlines() -> None:
    print("| set | measure | floor | teachers + probe | shipped [95 %] |\n|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds, ours = readings(name)
        teachers = headline(table, readings_of(name, "teachers", table, folds))
        for measure, line in headline(table, ours).items():
            beside = teachers[measure].estimate if measure in teachers else "-"
            print(f"| {name} ({len(table)}) | {measure} | {line.baseline} | {beside} | {line.estimate} |")


def print_differences() -> None:
    """Shipped minus teachers, over the same resamples."""
    print("\n| shipped minus teachers + probe | difference [95 %] | |\n|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table, folds, ours = readings(name)
        theirs = readings_of(name, "teachers", table, folds)
        ours_right, theirs_right = (
            right_at(side.probabilities[space], table.classes[space]).astype(float) for side in (ours, theirs)
        )
        gap = bootstrap_mean(ours_right - theirs_right)
        print(f"| {name}, {space}: top-1 | {gap} | {gap.outcome()} |")


def print_calibration() -> None:
    """With a temperature that was fitted on the other folds, and without."""
    print("\n| calibration | floor | without | with | difference [95 %] | |\n|---|---|---|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table, _, ours = readings(name)
        plain = replace(ours, probabilities={space: softmax(FoldOutputs().joined(name, space), axis=1)})
        before = {line.measure: line for line in compute_metrics(table, plain)}
        for line in compute_metrics(table, ours):
            if line.measure in {f"{space}: {measure}" for measure in ("NLL", "Brier", "ECE")}:
                first = before[line.measure]
                gap = difference(line, first)
                shown = "- | " if gap is None else f"{gap} | {gap.outcome()}"
                print(f"| {name}, {line.measure} | {line.baseline} | {first.estimate} | {line.estimate} | {shown} |")


def print_gaped_by_category() -> None:
    table, _, ours = readings("gaped")
    categories = np.array(development.gaped_categories())
    print("\n| GAPED category | images | valence r |\n|---|---|---|")
    for category in np.unique(categories):
        rows = np.flatnonzero(categories == category)
        x, y = np.asarray(ours.points)[rows, 0], np.asarray(table.valence)[rows]
        estimate = bootstrap(lambda draw, x=x, y=y: pearson(x[draw], y[draw]), len(rows))  # type: ignore[misc]
        print(f"| {category} | {len(rows)} | {estimate} |")


def print_in_full() -> None:
    for name in development.HUMAN_RATED:
        table, _, ours = readings(name)
        print(f"\n### {name}, shipped\n\n| measure | images | floor | value [95 %] |\n|---|---|---|---|")
        for line in compute_metrics(table, ours):
            print(f"| {line.measure} | {line.images} | {line.baseline} | {line.estimate} |")


def main() -> None:
    print_headlines()
    print_differences()
    print_calibration()
    print_gaped_by_category()
    print_in_full()
    print("\n" + provenance(f"recipe {MODEL}", "development parts", "5 frozen folds, seed 0", "one run a fold"))


if __name__ == "__main__":
    main()
