"""What stands beside the paper's comparison, on the same folds: ``python benchmarks/comparison_beside.py``.

Three systems that are no rows of its tables of the rated images alone. The numbers that describe colour and texture,
with a linear probe: what the paper sets out from, labels by low-level features alone. And the shipped network, which
saw more than any row: each of its five networks began with the distilled weights, as the distilled row does, and
learnt from the ratings of the other sets, too, and from soft labels of 18,207 unrated images. And the distilled row
also with the weakly labelled web set: its own table compares it with rows that the web set cuts short, here it
meets those that saw the rated images alone. Every image is read by a model that was not shown it.

Then headline (1) on the FI part without the runs of the original that never got off the class that is most frequent.
And where colour and texture help on GAPED: between its categories of content, or inside them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import development
from baselines import readings_of
from cross_fit import MODEL, readings
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.compute import compute_metrics
from emoir.evaluate.intervals import Estimate, jackknife, mean_interval
from emoir.evaluate.metric import MetricKey
from emoir.evaluate.metrics import METRICS
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import pearson
from emoir.evaluate.results import MetricResult, difference
from emoir.experiment.comparison import is_complete, join_predictions, out_of_fold
from emoir.experiment.results import Results
from emoir.experiment.variants import ModelVariant
from emoir.networks.base import VALENCE_AROUSAL
from paper_comparison import VARIANTS, packed

SEED, SEEDS = 0, 3
DISTILLED = next(row for row in VARIANTS if row.pretrained)
SHOWN = ("top-1", "NLL", "P@10", "mAP", "r")


def said_by(row: ModelVariant, table: Table, folds: Folds, setting: str) -> OutOfFold | None:
    """What a row of the comparison said of the images that it held out; None while it is not complete."""
    results = packed(setting)
    if not is_complete(row, folds, results, SEED):
        return None
    return out_of_fold(table, folds, join_predictions(row, table, folds, results, SEED))


def shown(table: Table, predicted: OutOfFold) -> dict[MetricKey, MetricResult]:
    """The metrics that are printed, by their keys."""
    found = compute_metrics(table, predicted, [metric for metric in METRICS if metric.name in SHOWN])
    return {result.key: result for result in found if result.key.protocol != "b"}


def right_unless_stuck(
    row: ModelVariant, seed: int, table: Table, folds: Folds, results: Results
) -> NDArray[np.floating]:
    """Whether each image of the FI part got its class; NaN where the run of its fold gives every image the same."""
    predicted = join_predictions(row, table, folds, results, seed)["mikels"].argmax(axis=1)
    right: NDArray[np.floating] = np.where(predicted == table.classes["mikels"], 1.0, 0.0)
    for test in map(folds.test_rows, range(folds.count)):
        if len(np.unique(predicted[test])) == 1:
            right[test] = np.nan
    return right


def print_without_stuck_runs() -> None:
    """Top-1 on the FI part, from scratch, over the runs that do not give every image of their fold the same class."""
    table, folds = development.folds("fi_subset")
    results = packed("fi_subset")
    rows = {row.name: row for row in VARIANTS}
    right: dict[str, NDArray[np.floating]] = {}
    print("\n| FI part, from scratch | runs | of one class for all | top-1 of the others [95 %] |\n|---|---|---|---|")
    for name in ("original", "original + our recipe", "ours, RGB", "ours, colour + texture", DISTILLED.name):
        seeds = [seed for seed in range(SEEDS) if is_complete(rows[name], folds, results, seed)]
        runs = np.stack([right_unless_stuck(rows[name], seed, table, folds, results) for seed in seeds])
        stuck = sum(int(np.isnan(runs[:, folds.test_rows(fold)[0]]).sum()) for fold in range(folds.count))
        others: Estimate | str = "of some folds none is left"
        if not np.isnan(runs).all(axis=0).any():
            right[name] = np.nanmean(runs, axis=0)
            others = mean_interval(right[name], groups=table.groups)
        print(f"| {name} | {len(seeds) * folds.count} | {stuck} | {others} |")
    original = right.pop("original + our recipe")
    print("\n| top-1, minus the original by our recipe, without those runs | difference [95 %] | |\n|---|---|---|")
    for name, values in right.items():
        gap = mean_interval(values - original, groups=table.groups)
        print(f"| {name} | {gap} | {gap.outcome()} |")


def print_gaped_by_category() -> None:
    """Arousal of the two rows of headline (2), the means of the categories taken out, over all and in each."""
    table, folds = development.folds("gaped")
    results = packed("gaped")
    categories = np.array(development.gaped_categories())
    rows = [row for row in VARIANTS if row.name in ("ours, RGB", "ours, colour + texture")]
    predicted = [
        [join_predictions(row, table, folds, results, seed)[VALENCE_AROUSAL][:, 1] for seed in range(SEEDS)]
        for row in rows
    ]
    truth = inside(np.asarray(table.arousal), categories)
    rgb, both = (np.stack([inside(values, categories) for values in seeds]) for seeds in predicted)

    def r_of(predicted: NDArray[np.floating], members: NDArray[np.intp]) -> float:
        return float(np.mean([pearson(one[members], truth[members]) for one in predicted]))

    print("\n| GAPED, arousal r | images | RGB | colour + texture | difference [95 %] | |\n|---|---|---|---|---|---|")
    for category in ("all, means of the categories taken out", *np.unique(categories)):
        members = np.flatnonzero((categories == category) | category.startswith("all"))
        first, second = (
            lambda draw, values=values, members=members: r_of(values, members[draw]) for values in (rgb, both)
        )
        rgb_alone, with_both = (jackknife(one, len(members)) for one in (first, second))
        gap = with_both.minus(rgb_alone).estimate()
        cells = (category, len(members), *(one.estimate(correlation=True) for one in (rgb_alone, with_both)), gap)
        print("| " + " | ".join(map(str, (*cells, gap.outcome()))) + " |")
        if category.startswith("all"):
            print("\n| inside one kind of content | images | RGB | colour + texture | difference [95 %] | |")
            print("|---|---|---|---|---|---|")


def inside(values: NDArray[np.floating], categories: NDArray[np.str_]) -> NDArray[np.floating]:
    """Values less the mean of their category."""
    means = {category: values[categories == category].mean() for category in np.unique(categories)}
    return np.asarray(values - [means[category] for category in categories])


def main() -> None:
    """Print what stands beside minus every row that is complete."""
    for name in ("emotion6", "fi_subset"):
        table, folds, shipped = readings(name)
        rows = {row.name: predicted for row in VARIANTS if (predicted := said_by(row, table, folds, name)) is not None}
        theirs = {row: shown(table, predicted) for row, predicted in rows.items()}
        print(f"\n### {name} ({len(table)} images)\n")
        print("| first | minus | measure | by guessing | first | second | difference [95 %] | |")
        print("|---|---|---|---|---|---|---|---|")
        for title, predicted in (
            ("numbers + probe", readings_of(name, "descriptors", table, folds)),
            ("distilled, with the web set", said_by(DISTILLED, table, folds, f"{name}+web")),
            ("shipped", shipped),
        ):
            if predicted is None:
                continue
            own = shown(table, predicted)
            for row, figures_of_row in theirs.items():
                for measure, other in figures_of_row.items():
                    if measure in own and (gap := difference(own[measure], other)) is not None:
                        first = own[measure]
                        cells = (title, row, measure, first.baseline, first, other, gap, gap.outcome())
                        print("| " + " | ".join(map(str, cells)) + " |")
    print_without_stuck_runs()
    print_gaped_by_category()
    settings = f"shipped: recipe {MODEL}, one run a fold; rows with seed {SEED}, the last tables with {SEEDS}"
    print("\n" + provenance(settings, "5 frozen folds"))


if __name__ == "__main__":
    main()
