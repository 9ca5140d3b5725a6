"""VariantResult: the metrics of a finished row, with intervals, and its curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds
from emoir.evaluate.compute import compute_metrics
from emoir.evaluate.intervals import Influence, average_runs, of_mean
from emoir.evaluate.metric import Baseline, MetricKey, Sample
from emoir.evaluate.metrics import METRICS
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.results import MetricResult, average_results
from emoir.evaluate.retrieval import leave_one_out, same_class
from emoir.experiment.overfitting import Curve, Values
from emoir.experiment.results import Results, RunKey
from emoir.experiment.variants import ModelVariant
from emoir.networks.base import VALENCE_AROUSAL

COLUMNS = {("top-1", ""): "top-1", ("NLL", ""): "NLL", ("P@10", "a"): "P@10 (a)", ("mAP", "a"): "mAP (a)"}
"""Metrics of the classes with their protocols, and what their columns are called."""
RATINGS = {MetricKey("valence", "r"): "valence r", MetricKey("arousal", "r"): "arousal r"}
HeadOutputs = Mapping[str, NDArray[np.floating]]
R_SQUARED, ERROR = "R²", "squared error"


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One row of the comparison, finished.

    Args:
        variant: what ran.
        metrics: column to metric, the mean over seeds, with its baseline.
        by_seed: the same of every complete seed alone.
        curves: of every fold, the mean over seeds; none of rows that were not trained themselves.
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
    """The mean of curves, of which there is one at least, at equal shares of their lengths.

    Between measured epochs a curve is taken for straight; shares before the latest first measurement are left out.

    Args:
        curves: of runs that may have different lengths.

    Example:
        >>> short = {"epoch": np.array([1.0, 2.0]), "test NLL": np.array([0.9, 0.7])}
        >>> long = {"epoch": np.array([1.0, 2.0, 3.0, 4.0]), "test NLL": np.array([0.7, 0.5, 0.4, 0.3])}
        >>> {name: values.round(6).tolist() for name, values in mean_curve([short, long]).items()}
        {'epoch': [1.5, 2.25, 3.0], 'test NLL': [0.7, 0.6, 0.5]}
    """
    shares = [curve["epoch"] / curve["epoch"][-1] for curve in curves]
    at = np.unique(np.concatenate(shares))
    at = at[at >= max(share[0] for share in shares)]
    return {
        name: np.mean([np.interp(at, share, curve[name]) for share, curve in zip(shares, curves, strict=True)], axis=0)
        for name in curves[0]
    }


def with_r_squared(curve: Curve, table: Table) -> Curve:
    """The curve of a table without classes with R²: the share of its ratings' variance explained, both axes together.

    The variance is the whole table's: guessing its mean everywhere gives 0.

    Args:
        curve: of a run.
        table: the data set.
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
    """Whether every fold of a row is done with a seed.

    Args:
        variant: the row.
        folds: of the data set.
        results: of finished runs.
        seed: of the row's runs.
    """
    return all(RunKey(variant.name, fold, seed) in results for fold in range(folds.count))


def variant_result(
    variant: ModelVariant, table: Table, folds: Folds, results: Results, seeds: Sequence[int]
) -> VariantResult | None:
    """Put the folds of a row together, for every seed of which all folds are done; None if there is none.

    Args:
        variant: the row.
        table: the data set.
        folds: its folds.
        results: of finished runs.
        seeds: to look for.
    """
    complete = [seed for seed in seeds if is_complete(variant, folds, results, seed)]
    if not complete:
        return None
    found = {seed: _metrics(table, folds, join_predictions(variant, table, folds, results, seed)) for seed in complete}
    columns = dict.fromkeys(column for one in found.values() for column in one)
    runs = [[results[RunKey(variant.name, fold, seed)] for seed in complete] for fold in range(folds.count)]
    curves = [with_r_squared(mean_curve([run.curve for run in own]), table) for own in runs if own[0].curve]
    averaged = {
        column: average_results(
            [one[column] for one in found.values() if column in one], folds.folds[labelled_rows(table, column)]
        )
        for column in columns
    }
    return VariantResult(variant, averaged, found, curves)


def join_predictions(
    variant: ModelVariant, table: Table, folds: Folds, results: Results, seed: int
) -> dict[str, Values]:
    """What the networks of a finished row predict for the images that each has not learnt from, in the table's order.

    Args:
        variant: the row.
        table: the data set.
        folds: its folds.
        results: of finished runs.
        seed: of the runs.

    Returns:
        Class space to (n, K) logits, ``valence_arousal`` to (n, 2), and protocol (b)'s values to (n,).
    """
    joined: dict[str, Values] = {}
    for fold in range(folds.count):
        result = results[RunKey(variant.name, fold, seed)]
        for name, values in result.predictions.items():
            joined.setdefault(name, np.full((len(table), *values.shape[1:]), np.nan))[result.rows] = values
    return joined


def learnt_gap(
    variant: ModelVariant, table: Table, folds: Folds, results: Results, seeds: Sequence[int]
) -> dict[str, Influence]:
    """How much better a finished row reads the images that it learnt from, with images and runs as samples.

    Each image is read once by the network that has not seen it, and by every other fold's network, which has: the
    difference is one number per image.

    Args:
        variant: the row.
        table: the data set; its first class space is judged, or its ratings where it has no classes.
        folds: its folds.
        results: of finished runs.
        seeds: all of which are complete.

    Returns:
        Of ratings ``squared error``; else ``top-1`` (learnt minus new) and ``NLL`` (new minus learnt).
    """
    found: dict[str, list[Influence]] = {}
    for seed in seeds:
        new, known = ({name: np.zeros(len(table)) for name in _per_image(table)} for _ in range(2))
        for fold in range(folds.count):
            result = results[RunKey(variant.name, fold, seed)]
            train = folds.training_rows(fold)
            for values, rows, heads in ((new, result.rows, result.predictions), (known, train, result.learnt)):
                for name, measured in _per_image(table).items():
                    values[name][rows] += measured(heads, rows)
        for name in new:
            mean = known[name] / (folds.count - 1)
            gap = mean - new[name] if name == "top-1" else new[name] - mean
            found.setdefault(name, []).append(of_mean(gap, groups=table.groups))
    # Networks of several folds make each of these numbers, so a run is all networks of a seed.
    return {name: average_runs(runs) for name, runs in found.items()}


def _per_image(table: Table) -> dict[str, Callable[[HeadOutputs, NDArray[np.intp]], Values]]:
    """What an image's outputs are judged by: measure to function of heads and rows; NaN without a label."""
    if not table.classes:
        truth = np.stack([np.asarray(table.valence), np.asarray(table.arousal)], axis=1)
        return {"squared error": lambda heads, rows: ((heads[VALENCE_AROUSAL] - truth[rows]) ** 2).mean(axis=1)}
    space, labels = next(iter(table.classes.items()))

    def right(heads: HeadOutputs, rows: NDArray[np.intp]) -> Values:
        return np.where(labels[rows] == ABSENT_CLASS, np.nan, heads[space].argmax(axis=1) == labels[rows])

    def loss(heads: HeadOutputs, rows: NDArray[np.intp]) -> Values:
        logits = log_softmax(heads[space].astype(np.float64), axis=1)
        return np.where(labels[rows] == ABSENT_CLASS, np.nan, -logits[np.arange(len(rows)), labels[rows]])

    return {"top-1": right, "NLL": loss}


def out_of_fold(table: Table, folds: Folds, predictions: Mapping[str, Values]) -> OutOfFold:
    """What ``join_predictions`` gives, as readings of a data set; of its classes the first space alone.

    Args:
        table: the data set.
        folds: its folds.
        predictions: of ``join_predictions``.
    """
    probabilities = {space: softmax(predictions[space], axis=1) for space in list(table.classes)[:1]}
    return OutOfFold(
        digests=folds.digests,
        folds=folds.folds,
        probabilities=probabilities,
        points=predictions[VALENCE_AROUSAL],
    )


def _metrics(table: Table, folds: Folds, predictions: Mapping[str, Values]) -> dict[str, MetricResult]:
    """The metrics of one seed by their columns."""
    found = {}
    shown = [metric for metric in METRICS if metric.name in {"r", *(name for name, _ in COLUMNS)}]
    for metric in compute_metrics(table, out_of_fold(table, folds, predictions), shown):
        column = RATINGS.get(metric.key) or COLUMNS.get(metric.key[1:])
        if column is not None:
            found[column] = metric
    for space in list(table.classes)[:1]:
        found |= _inside_folds(table, folds, space, predictions)
    return found


def labelled_rows(table: Table, column: str) -> NDArray[np.intp]:
    """The rows of a table that a column is measured on."""
    ratings = {"valence r": table.valence, "arousal r": table.arousal}.get(column)
    if ratings is not None:
        return np.flatnonzero(~np.isnan(ratings))
    return np.flatnonzero(next(iter(table.classes.values())) != ABSENT_CLASS)


def _inside_folds(table: Table, folds: Folds, space: str, predictions: Mapping[str, Values]) -> dict[str, MetricResult]:
    """Protocol (b): the values that were stored with each fold, and what guessing would give.

    The rankings were not stored, so what an image does as an answer is not known. Folds share no image: each counts as
    one observation, in which images are query and answer, and the interval is Student's t over folds.
    """
    labels = table.classes[space]
    known = labelled_rows(table, space)
    found: dict[str, MetricResult] = {}
    for metric in METRICS:
        column = f"{metric.name} (b)"
        if f"{space} {column}" not in predictions:
            continue
        blind = np.full(len(labels), np.nan)
        for fold in range(folds.count):
            rows = known[folds.folds[known] == fold]
            if len(rows) > 1:
                ranking = leave_one_out(np.zeros((len(rows), 1)), same_class(labels[rows]))
                blind[rows] = metric.chance(Sample(labels[rows], np.empty((len(rows), 0)), ranking)).value
        values = predictions[f"{space} {column}"][known]
        found[column] = MetricResult(
            key=MetricKey(space, metric.name, "b"),
            metric=metric,
            images=len(known),
            baseline=Baseline(float(np.nanmean(blind)), "chance"),
            value=float(np.nanmean(values)),
            influence=of_mean(values, groups=folds.folds[known]),
        )
    return found
