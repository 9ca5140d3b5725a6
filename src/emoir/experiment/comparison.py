"""What the finished runs of a row amount to: its metrics with intervals, and its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds
from emoir.evaluate.intervals import bootstrap
from emoir.evaluate.metrics import MetricResult, compute_metrics, mean_result
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.retrieval import chance_average_precision, chance_precision, leave_one_out, same_class
from emoir.experiment.overfitting import Curve
from emoir.experiment.results import Results, RunKey
from emoir.experiment.variants import ModelVariant
from emoir.networks.base import VALENCE_AROUSAL

Values = NDArray[np.float64]
COLUMNS = {"top-1 (micro)": "top-1", "NLL": "NLL", "P@10 (a)": "P@10 (a)", "mAP (a)": "mAP (a)"}
"""Measures of the classes, and what their columns are called."""
RATINGS = {"valence: r": "valence r", "arousal: r": "arousal r"}
R_SQUARED, ERROR = "R²", "squared error"


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One row of the comparison, finished.

    Args:
        variant: what ran.
        metrics: column to metric, the mean over seeds, with its baseline.
        by_seed: the same of every complete seed alone.
        curves: of every fold, the mean over seeds.
    """

    variant: ModelVariant
    metrics: Mapping[str, MetricResult]
    by_seed: Mapping[int, Mapping[str, MetricResult]]
    curves: Sequence[Curve]

    @property
    def curve(self) -> Curve:
        """The mean over folds."""
        return mean_curve(self.curves)


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """The mean of curves that were measured after the same epochs."""
    return {name: np.mean([curve[name] for curve in curves], axis=0) for name in curves[0]}


def with_r_squared(curve: Curve, table: Table) -> Curve:
    """The curve of a table without classes with R²: the share of its ratings' variance explained, both axes together.

    The variance is the whole table's: guessing its mean everywhere gives 0.
    """
    if table.classes or table.valence is None or table.arousal is None:
        return curve
    truth = np.stack([table.valence, table.arousal], axis=1)
    variance = float(np.nanmean((truth - np.nanmean(truth, axis=0)) ** 2))
    return {**curve, **{f"{part} {R_SQUARED}": 1 - curve[f"{part} {ERROR}"] / variance for part in ("train", "test")}}


def judged_by(table: Table) -> tuple[str, str]:
    """The accuracy and the loss that overfitting is judged by: of its first class space, or of its ratings."""
    space = next(iter(table.classes), None)
    return (R_SQUARED, ERROR) if space is None else (f"top-1 ({space})", f"NLL ({space})")


def is_complete(variant: ModelVariant, folds: Folds, results: Results, seed: int) -> bool:
    """Whether every fold of a row is done with a seed."""
    return all(RunKey(variant.name, fold, seed) in results for fold in range(folds.count))


def variant_result(
    variant: ModelVariant, table: Table, folds: Folds, results: Results, seeds: Sequence[int]
) -> VariantResult | None:
    """Put the folds of a row together, for every seed of which all folds are done; None if there is none."""
    complete = [seed for seed in seeds if is_complete(variant, folds, results, seed)]
    if not complete:
        return None
    found = {seed: _metrics(table, folds, join_predictions(variant, table, folds, results, seed)) for seed in complete}
    columns = dict.fromkeys(column for one in found.values() for column in one)
    curves = [
        with_r_squared(mean_curve([results[RunKey(variant.name, fold, seed)].curve for seed in complete]), table)
        for fold in range(folds.count)
    ]
    averaged = {column: _averaged([one[column] for one in found.values() if column in one]) for column in columns}
    return VariantResult(variant, averaged, found, curves)


def join_predictions(
    variant: ModelVariant, table: Table, folds: Folds, results: Results, seed: int
) -> dict[str, Values]:
    """What the networks of a finished row predict for the images that each was not shown, in the table's order.

    Returns:
        Class space to (n, K) logits, ``valence_arousal`` to (n, 2), and protocol (b)'s values to (n,).
    """
    joined: dict[str, Values] = {}
    for fold in range(folds.count):
        result = results[RunKey(variant.name, fold, seed)]
        for name, values in result.predictions.items():
            joined.setdefault(name, np.full((len(table), *values.shape[1:]), np.nan))[result.rows] = values
    return joined


def out_of_fold(table: Table, folds: Folds, predictions: Mapping[str, Values]) -> OutOfFold:
    """What ``join_predictions`` gives, as readings of a data set; of its classes the first space alone."""
    probabilities = {space: softmax(predictions[space], axis=1) for space in list(table.classes)[:1]}
    return OutOfFold(folds.digests, folds.folds, probabilities, predictions[VALENCE_AROUSAL])


def _metrics(table: Table, folds: Folds, predictions: Mapping[str, Values]) -> dict[str, MetricResult]:
    """The metrics of one seed by their columns."""
    found = {}
    for metric in compute_metrics(table, out_of_fold(table, folds, predictions)):
        column = RATINGS.get(metric.measure) or COLUMNS.get(metric.measure.partition(": ")[2])
        if column is not None:
            found[column] = metric
    for space in list(table.classes)[:1]:
        found |= _inside_folds(table, folds, space, predictions)
    return found


def _inside_folds(table: Table, folds: Folds, space: str, predictions: Mapping[str, Values]) -> dict[str, MetricResult]:
    """Protocol (b): the values that were stored with each fold, and what guessing would give."""
    labels = table.classes[space]
    known = np.flatnonzero(labels != ABSENT_CLASS)
    groups = None if table.together is None else table.together[known]
    baselines = np.full((2, len(labels)), np.nan)
    for fold in range(folds.count):
        rows = known[folds.folds[known] == fold]
        if len(rows) > 1:
            blind = leave_one_out(np.zeros((len(rows), 1)), same_class(labels[rows]))
            baselines[:, rows] = chance_precision(blind), chance_average_precision(blind)
    return {
        column: mean_result(
            column, f"{np.nanmean(baseline):.3f} chance", predictions[f"{space} {column}"][known], groups
        )
        for column, baseline in zip(("P@10 (b)", "mAP (b)"), baselines, strict=True)
        if f"{space} {column}" in predictions
    }


def _averaged(seeds: Sequence[MetricResult]) -> MetricResult:
    """The mean of a metric over seeds, over the same resamples."""
    first = seeds[0]

    def mean(rows: NDArray[np.intp]) -> float:
        return float(np.mean([seed.statistic(rows) for seed in seeds if seed.statistic is not None]))

    estimate = bootstrap(mean, first.images, groups=first.groups)
    return MetricResult(first.measure, first.images, first.baseline, estimate, mean, first.groups)
