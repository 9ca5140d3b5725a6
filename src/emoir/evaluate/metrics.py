"""The metrics: one entry each, with what it needs, which way is better, and what guessing gives.

``emoir.evaluate.compute.compute_metrics`` measures all that a data set's labels and a system's predictions allow;
docs/howto/add-a-metric.md shows how to add one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emoir.evaluate.calibration import (
    brier,
    expected_calibration_error,
    negative_log_likelihood,
    perfect_calibration_band,
)
from emoir.evaluate.classification import (
    constant_polarity,
    constant_wheel,
    majority_baseline,
    polarity_right,
    right_at,
    wheel_confusion,
)
from emoir.evaluate.distributions import DISTRIBUTION_MEASURES, DistributionMeasure, favourite_named
from emoir.evaluate.leave_out import (
    LeaveOut,
    average_precision_without,
    nearest_neighbour_without,
    normalised_gain_without,
    precision_without,
)
from emoir.evaluate.metric import Baseline, LabelKind, Metric, Needs, Sample
from emoir.evaluate.regression import concordance, pearson, root_mean_squared_error
from emoir.evaluate.retrieval import (
    average_precision,
    chance_average_precision,
    chance_gain,
    chance_precision,
    nearest_neighbour,
    normalised_gain,
    precision_at,
)


def _top(sample: Sample) -> NDArray[np.floating]:
    return np.asarray(sample.predicted.max(axis=1))


def _calibration_error(sample: Sample) -> float:
    return expected_calibration_error(_top(sample), right_at(sample.predicted, sample.labels))


def _band(sample: Sample) -> Baseline:
    low, high = perfect_calibration_band(_top(sample))
    return Baseline(low, "band of a calibrated model", high)


def _uniform(sample: Sample) -> NDArray[np.floating]:
    return np.full_like(sample.predicted, 1 / sample.predicted.shape[1])


def _chance(per_query: NDArray[np.floating]) -> Baseline:
    return Baseline(float(np.nanmean(per_query)), "chance")


def _of_classes(
    name: str,
    function: Callable[[Sample], NDArray[np.float64] | float],
    chance: Callable[[Sample], Baseline],
    *,
    higher_is_better: bool = True,
    bounds: tuple[float, float] = (0.0, 1.0),
    space: str = "",
    has_interval: bool = True,
) -> Metric:
    return Metric(
        name=name,
        label_kind=LabelKind.CLASSES,
        needs=Needs.PROBABILITIES,
        function=function,
        chance=chance,
        higher_is_better=higher_is_better,
        bounds=bounds,
        space=space,
        has_interval=has_interval,
    )


def _of_rankings(
    name: str,
    function: Callable[[Sample], NDArray[np.float64]],
    chance: Callable[[Sample], Baseline],
    leave_out: LeaveOut,
    *,
    graded: bool = False,
) -> Metric:
    return Metric(
        name=name,
        label_kind=LabelKind.CLASSES,
        needs=Needs.RANKING,
        function=function,
        chance=chance,
        higher_is_better=True,
        leave_out=leave_out,
        graded=graded,
        space="mikels" if graded else "",
    )


def _of_distributions(name: str, measure: DistributionMeasure) -> Metric:
    def mean_distribution(sample: Sample) -> Baseline:
        mean = np.repeat(sample.target.mean(axis=0, keepdims=True), len(sample.truth), axis=0)
        return Baseline(float(measure(sample.target, mean).mean()), "mean distribution")

    return Metric(
        name=name,
        label_kind=LabelKind.DISTRIBUTION,
        needs=Needs.PROBABILITIES,
        function=lambda sample: measure(sample.target, sample.predicted),
        chance=mean_distribution,
        higher_is_better=name in ("cosine", "intersection"),
        bounds=(0, np.inf) if name == "KL" else (0, 1),
    )


def _of_ratings(
    name: str,
    statistic: Callable[[NDArray[np.floating], NDArray[np.floating]], float],
    chance: Callable[[Sample], Baseline],
    *,
    correlation: bool = True,
) -> Metric:
    return Metric(
        name=name,
        label_kind=LabelKind.RATING,
        needs=Needs.RATING,
        function=lambda sample: statistic(sample.predicted, sample.target),
        chance=chance,
        higher_is_better=correlation,
        bounds=(-1, 1) if correlation else (0, 1),
        correlation=correlation,
    )


METRICS: tuple[Metric, ...] = (
    _of_classes(
        "top-1",
        lambda sample: right_at(sample.predicted, sample.labels).astype(np.float64),
        lambda sample: Baseline(majority_baseline(sample.labels), "majority"),
    ),
    _of_classes(
        "NLL",
        lambda sample: negative_log_likelihood(sample.predicted, sample.labels),
        lambda sample: Baseline(float(np.log(sample.predicted.shape[1])), "uniform"),
        higher_is_better=False,
        bounds=(0, np.inf),
    ),
    _of_classes(
        "Brier",
        lambda sample: brier(sample.predicted, sample.labels),
        lambda sample: Baseline(float(brier(_uniform(sample), sample.labels).mean()), "uniform"),
        higher_is_better=False,
        bounds=(0, 2),
    ),
    _of_classes("ECE", _calibration_error, _band, higher_is_better=False, has_interval=False),
    _of_classes(
        "polarity accuracy",
        lambda sample: polarity_right(sample.predicted, sample.labels).astype(np.float64),
        lambda sample: Baseline(constant_polarity(sample.labels), "majority"),
        space="mikels",
    ),
    _of_classes(
        "1 - wheel steps / 4",
        lambda sample: wheel_confusion(sample.predicted.argmax(axis=1), sample.labels),
        lambda sample: Baseline(constant_wheel(sample.labels), "best constant"),
        space="mikels",
    ),
    _of_rankings(
        "NN",
        lambda sample: nearest_neighbour(sample.ranking),
        lambda sample: _chance(chance_precision(sample.ranking)),
        nearest_neighbour_without,
    ),
    _of_rankings(
        "P@10",
        lambda sample: precision_at(sample.ranking, 10),
        lambda sample: _chance(chance_precision(sample.ranking)),
        lambda ranking: precision_without(ranking, 10),
    ),
    _of_rankings(
        "mAP",
        lambda sample: average_precision(sample.ranking),
        lambda sample: _chance(chance_average_precision(sample.ranking)),
        average_precision_without,
    ),
    _of_rankings(
        "nDCG@10, gain by wheel steps",
        lambda sample: normalised_gain(sample.graded_ranking, 10),
        lambda sample: _chance(chance_gain(sample.graded_ranking, 10)),
        lambda ranking: normalised_gain_without(ranking, 10),
        graded=True,
    ),
    *(_of_distributions(name, measure) for name, measure in DISTRIBUTION_MEASURES.items()),
    Metric(
        name="top-1 of the raters",
        label_kind=LabelKind.DISTRIBUTION,
        needs=Needs.PROBABILITIES,
        function=lambda sample: favourite_named(sample.target, sample.predicted.argmax(axis=1)),
        chance=lambda sample: Baseline(
            max(
                float(favourite_named(sample.target, np.full(len(sample.truth), k)).mean())
                for k in range(sample.truth.shape[1])
            ),
            "majority",
        ),
        higher_is_better=True,
    ),
    _of_ratings("r", pearson, lambda sample: Baseline(0.0, "constant")),
    _of_ratings("CCC", concordance, lambda sample: Baseline(0.0, "constant")),
    _of_ratings(
        "RMSE",
        root_mean_squared_error,
        lambda sample: Baseline(float(sample.target.std()), "mean"),
        correlation=False,
    ),
)
"""The metrics that ``emoir evaluate`` prints, in their order."""
