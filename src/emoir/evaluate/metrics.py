"""Metrics with baselines and intervals: everything that the labels of a data set allow to be said of a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import ABSENT_CLASS, Table
from emoir.emotions.spaces import MIKELS
from emoir.evaluate.calibration import (
    brier,
    expected_calibration_error,
    negative_log_likelihood,
    perfect_calibration_band,
)
from emoir.evaluate.classification import majority_baseline, polarity_right, right_at, wheel_confusion
from emoir.evaluate.distributions import DISTRIBUTION_MEASURES
from emoir.evaluate.intervals import Estimate, Statistic, bootstrap, bootstrap_mean, mean_of, paired_difference
from emoir.evaluate.regression import concordance, pearson, root_mean_squared_error
from emoir.evaluate.retrieval import (
    Ranking,
    average_precision,
    chance_average_precision,
    chance_gain,
    chance_precision,
    leave_one_out,
    mikels_gains,
    nearest_neighbour,
    normalised_gain,
    precision_at,
    same_class,
)

# Every image ranks all others: beyond so many, a sample of the images does.
RETRIEVAL_IMAGES = 4_000
Groups: TypeAlias = NDArray[np.str_] | None
"""(n,) what images are drawn together for intervals; None: every image on its own."""
LOWER_IS_BETTER = frozenset({"NLL", "Brier", "ECE", "KL", "Chebyshev", "Clark", "Canberra", "RMSE"})


class PredictionLike(Protocol):
    """A system's predictions for the images of a table, row by row."""

    @property
    def probabilities(self) -> Mapping[str, NDArray[np.floating]]:
        """Label space of the table to (n, K)."""

    @property
    def points(self) -> NDArray[np.floating] | None:
        """(n, 2) valence and arousal."""

    @property
    def embeddings(self) -> NDArray[np.floating] | None:
        """(n, d), comparable inside a fold only."""

    @property
    def folds(self) -> NDArray[np.int64]:
        """(n,), all the same if one model read all images."""


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One line of a table: what was measured, on how many images, with baseline and interval.

    Args:
        measure: ``SPACE: NAME``.
        images: that have the label.
        baseline: what guessing would give, in words.
        estimate: with its interval, or a number that has none.
        statistic: the figure over any rows of these images, for differences; None where pairs mean nothing.
        groups: (images,) that are drawn together, or None.
    """

    measure: str
    images: int
    baseline: str
    estimate: Estimate | str
    statistic: Statistic | None = None
    groups: Groups = None

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller number is the better one."""
        return self.measure.split(": ")[1].split(" ")[0] in LOWER_IS_BETTER


def difference(first: MetricResult, second: MetricResult) -> Estimate | None:
    """First minus second over the same resamples of the same images; None where that means nothing."""
    if first.statistic is None or second.statistic is None or first.images != second.images:
        return None
    return paired_difference(first.statistic, second.statistic, first.images, groups=first.groups)


def mean_result(measure: str, baseline: str, values: NDArray[np.floating], groups: Groups) -> MetricResult:
    """The figure of one number an image."""
    return MetricResult(measure, len(values), baseline, bootstrap_mean(values, groups=groups), mean_of(values), groups)


def _of(groups: Groups, rows: NDArray[np.generic]) -> Groups:
    return None if groups is None else groups[rows]


def compute_metrics(table: Table, predictions: PredictionLike) -> list[MetricResult]:
    """Everything that the labels of a set allow to be said of a system.

    Args:
        table: the labels.
        predictions: row by row as the table.

    Returns:
        Classification, retrieval, distributions, valence and arousal, as far as both have them.
    """
    lines: list[MetricResult] = []
    groups = table.together
    for space, probabilities in predictions.probabilities.items():
        if space in table.classes:
            answers, labels = _in_order_of_the_wheel(space, table, probabilities)
            lines += classification(space, answers, labels, groups)
            lines += retrieval(space, answers, labels, groups)
            lines += retrieval_by_embedding(space, table.classes[space], predictions, groups)
        if space in table.distributions:
            lines += distribution(space, probabilities, table.distributions[space], groups)
    for space, labels in table.classes.items():
        if space not in predictions.probabilities:
            lines += retrieval_by_embedding(space, labels, predictions, groups)
    if predictions.points is not None and table.valence is not None and table.arousal is not None:
        for column, (name, target) in enumerate((("valence", table.valence), ("arousal", table.arousal))):
            lines += regression(name, predictions.points[:, column], target, groups)
    return lines


def _in_order_of_the_wheel(
    space: str, table: Table, probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Probabilities and labels with Mikels' classes in our order, by which steps on the wheel are counted."""
    labels = table.classes[space]
    if space != MIKELS.name:
        return probabilities, labels
    names = [name.casefold() for name in table.class_names[space]]
    order = [names.index(name) for name in MIKELS.names]
    return probabilities[:, order], np.array([*np.argsort(order), ABSENT_CLASS])[labels]


def classification(
    space: str, probabilities: NDArray[np.floating], labels: NDArray[np.int64], groups: Groups = None
) -> list[MetricResult]:
    """Top-1, calibration and, over Mikels' classes, the wheel."""
    known = labels != ABSENT_CLASS
    p, y, together = probabilities[known], labels[known], _of(groups, known)
    n, classes = len(y), p.shape[1]
    if not n:
        return []
    right = right_at(p, y)
    uniform = np.full_like(p, 1 / classes)
    low, high = perfect_calibration_band(p.max(axis=1))
    error = expected_calibration_error(p.max(axis=1), right)
    lines = [
        mean_result(f"{space}: top-1 (micro)", f"{majority_baseline(y):.3f} majority", right.astype(float), together),
        mean_result(f"{space}: NLL", f"{np.log(classes):.3f} uniform", negative_log_likelihood(p, y), together),
        mean_result(f"{space}: Brier", f"{brier(uniform, y).mean():.3f} uniform", brier(p, y), together),
        MetricResult(f"{space}: ECE", n, f"band of a calibrated model {low:.3f} to {high:.3f}", f"{error:.3f}"),
    ]
    if space == "mikels":
        for measure, values in (
            ("polarity accuracy", polarity_right(p, y).astype(float)),
            ("1 - wheel steps / 4", wheel_confusion(p.argmax(axis=1), y)),
        ):
            lines.append(mean_result(f"mikels: {measure}", ".500 chance", values, together))
    return lines


def retrieval_rows(labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """The labelled rows, or a sample of them where they are too many to rank each other."""
    rows = np.flatnonzero(labels != ABSENT_CLASS)
    if len(rows) <= RETRIEVAL_IMAGES:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, RETRIEVAL_IMAGES, replace=False))


def retrieval(
    space: str, probabilities: NDArray[np.floating], labels: NDArray[np.int64], groups: Groups = None
) -> list[MetricResult]:
    """Protocol (a): square roots of the probabilities, leave-one-out over the whole set."""
    rows = retrieval_rows(labels)
    if len(rows) < 2:
        return []
    y, vectors, together = labels[rows], np.sqrt(probabilities[rows]), _of(groups, rows)
    pooled = leave_one_out(vectors, same_class(y))
    blind = chance_precision(pooled)
    lines = [
        mean_result(f"{space}: {name} (a)", _chance(baseline), values, together)
        for name, baseline, values in (
            ("NN", blind, nearest_neighbour(pooled)),
            ("P@10", blind, precision_at(pooled, 10)),
            ("mAP", chance_average_precision(pooled), average_precision(pooled)),
        )
    ]
    if space == "mikels":
        graded = leave_one_out(vectors, mikels_gains(y))
        measure, baseline = "mikels: nDCG@10, gain by wheel steps (a)", _chance(chance_gain(graded, 10))
        lines.append(mean_result(measure, baseline, normalised_gain(graded, 10), together))
    return lines


def _chance(per_query: NDArray[np.floating]) -> str:
    return f"{np.nanmean(per_query):.3f} chance"


def retrieval_by_embedding(
    space: str, labels: NDArray[np.int64], predictions: PredictionLike, groups: Groups = None
) -> list[MetricResult]:
    """Protocol (b): embeddings, leave-one-out inside each fold; nothing without embeddings."""
    chosen = retrieval_rows(labels)
    if predictions.embeddings is None or len(chosen) < 2:
        return []
    precision, average, blind, blind_average = np.full((4, len(labels)), np.nan)
    for fold in range(int(predictions.folds.max()) + 1):
        rows = chosen[predictions.folds[chosen] == fold]
        if len(rows) > 1:
            inside = ranking_by_embedding(predictions.embeddings[rows], labels[rows])
            precision[rows], average[rows] = precision_at(inside, 10), average_precision(inside)
            blind[rows], blind_average[rows] = chance_precision(inside), chance_average_precision(inside)
    together = _of(groups, chosen)
    return [
        mean_result(f"{space}: P@10 (b)", _chance(blind), precision[chosen], together),
        mean_result(f"{space}: mAP (b)", _chance(blind_average), average[chosen], together),
    ]


def ranking_by_embedding(embeddings: NDArray[np.floating], labels: NDArray[np.int64]) -> Ranking:
    """Every image's ranking of all others by their embeddings, relevant where the class is the same."""
    return leave_one_out(embeddings, same_class(labels))


def distribution(
    space: str, probabilities: NDArray[np.floating], target: NDArray[np.floating], groups: Groups = None
) -> list[MetricResult]:
    """KL and its five companions, and top-1 against the raters' favourites (ties: any of them)."""
    known = ~np.isnan(target).any(axis=1)
    p, t, together = probabilities[known], target[known], _of(groups, known)
    if not len(t):
        return []
    mean = np.repeat(t.mean(axis=0, keepdims=True), len(t), axis=0)
    lines = [
        mean_result(f"{space}: {name}", f"{measure(t, mean).mean():.3f} mean distribution", measure(t, p), together)
        for name, measure in DISTRIBUTION_MEASURES.items()
    ]
    favourite = t[np.arange(len(t)), p.argmax(axis=1)] >= t.max(axis=1) - 1e-9
    constant = (t[:, t.mean(axis=0).argmax()] >= t.max(axis=1) - 1e-9).mean()
    lines.append(
        mean_result(f"{space}: top-1 of the raters", f"{constant:.3f} majority", favourite.astype(float), together)
    )
    return lines


def regression(
    name: str, predicted: NDArray[np.floating], target: NDArray[np.floating], groups: Groups = None
) -> list[MetricResult]:
    """r, CCC and RMSE; intervals over groups where there are groups."""
    known = ~np.isnan(target)
    x, y = predicted[known], target[known]
    together = _of(groups, known)
    if not len(y):
        return []
    lines = []
    for measure, statistic, baseline in (
        ("r", pearson, "0"),
        ("CCC", concordance, "0"),
        ("RMSE", root_mean_squared_error, f"{y.std():.3f} mean"),
    ):

        def over(rows: NDArray[np.intp], statistic=statistic) -> float:  # type: ignore[no-untyped-def]
            return float(statistic(x[rows], y[rows]))

        estimate = bootstrap(over, len(y), groups=together)
        lines.append(MetricResult(f"{name}: {measure}", len(y), baseline, estimate, over, together))
    return lines


def headline(table: Table, predictions: PredictionLike) -> dict[str, MetricResult]:
    """The few figures that the tables of models side by side show."""
    wanted = {"top-1 (micro)", "mAP (a)", "P@10 (a)", "r", "KL"}
    return {line.measure: line for line in compute_metrics(table, predictions) if line.measure.split(": ")[1] in wanted}
