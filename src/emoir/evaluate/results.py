"""Results: one metric of one system on one data set, and the difference to another system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ShapeError
from emoir.evaluate.intervals import Estimate, Influence, Statistic, average_runs, joint_freedom
from emoir.evaluate.metric import Baseline, Metric, MetricKey


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """One metric of one system on one data set.

    Args:
        key: space, metric and protocol.
        metric: what was measured.
        images: that have the label.
        baseline: the value of guessing on these images.
        value: of the metric.
        influence: what each image contributes, for intervals and differences; None where the metric has no interval.
        over: the metric over some of the images; None where that means nothing.
    """

    key: MetricKey
    metric: Metric
    images: int
    baseline: Baseline
    value: float
    influence: Influence | None = None
    over: Statistic | None = None

    @property
    def estimate(self) -> Estimate | None:
        """The value with its interval; None where the metric has none."""
        if self.influence is None:
            return None
        low, high = self.metric.bounds
        return self.influence.estimate(low=low, high=high, correlation=self.metric.correlation)

    def __str__(self) -> str:
        estimate = self.estimate
        return f"{self.value:.3f}" if estimate is None else str(estimate)


def difference(first: MetricResult, second: MetricResult) -> Estimate | None:
    """First minus second with its interval over the images that both share; None where that means nothing.

    Args:
        first: a metric of one system.
        second: the same metric of another system.
    """
    if first.influence is None or second.influence is None or first.images != second.images:
        return None
    return first.influence.minus(second.influence).estimate()


def outcome(metric: Metric, difference: Estimate) -> str:
    """A difference in words: ``better``, ``worse``, either with ``borderline``, or ``not shown``.

    Args:
        metric: that was measured.
        difference: of two systems in it.
    """
    if not difference.excludes_zero:
        return "not shown"
    word = "better" if (difference.value > 0) == metric.higher_is_better else "worse"
    return f"{word}, borderline" if difference.is_borderline else word


def average_results(runs: Sequence[MetricResult], parts: NDArray[np.integer] | None = None) -> MetricResult:
    """The mean of a result over training runs, each run a sample of its own beside the images.

    Args:
        runs: the same metric of every run.
        parts: (images,) the fold that read each image, if the runs have a network per fold.
    """
    influences = [run.influence for run in runs if run.influence is not None]
    each = [run.over for run in runs if run.over is not None]
    return replace(
        runs[0],
        value=float(np.mean([run.value for run in runs])),
        influence=average_runs(influences, parts) if len(influences) == len(runs) else None,
        over=(lambda rows: float(np.mean([over(rows) for over in each]))) if len(each) == len(runs) else None,
    )


def difference_of_runs(
    first: Sequence[MetricResult], second: Sequence[MetricResult], parts: NDArray[np.integer] | None = None
) -> MetricResult:
    """First minus second where both come of the same runs: run by run, then their mean.

    What runs have in common then cancels; ``difference`` would count it twice.

    Args:
        first: a metric of each run.
        second: the same metric of the same runs, read in another way.
        parts: see ``average_results``.

    Raises:
        ShapeError: if a run has no interval.
    """
    gaps = []
    for one, other in zip(first, second, strict=True):
        if one.influence is None or other.influence is None:
            raise ShapeError(f"{one.metric.name} has no interval; runs cannot be compared by it")
        gaps.append(replace(one, value=one.value - other.value, influence=one.influence.minus(other.influence)))
    return replace(average_results(gaps, parts), over=None)


def pooled_results(parts: Sequence[MetricResult]) -> MetricResult:
    """A result over several data sets together, in which every image counts once.

    The sets are given, not drawn: images are a sample inside each, and so are the training runs.

    Args:
        parts: the same metric of one system on each set; rankings stay inside the sets.

    Returns:
        The result without baseline figures of its own: it keeps those of the first set.

    Raises:
        ShapeError: if a part has no interval.
    """
    influences = [part.influence for part in parts if part.influence is not None]
    if len(influences) < len(parts):
        raise ShapeError(f"{parts[0].metric.name} has no interval; it cannot be pooled")
    counts = np.array([len(one.images) for one in influences])
    shares = counts / counts.sum()
    groups = [
        [f"{number} {name}" for name in (np.arange(len(one.images)) if one.groups is None else one.groups).tolist()]
        for number, one in enumerate(influences)
    ]
    runs = [(share**2 * one.run_variance, one.run_freedom) for share, one in zip(shares, influences, strict=True)]
    value = float(shares @ [one.value for one in influences])
    together = Influence(
        value=value,
        images=np.concatenate([one.images - one.images.mean() for one in influences]),
        groups=np.array([name for own in groups for name in own]),
        run_variance=sum(variance for variance, _ in runs),
        run_freedom=joint_freedom(*runs),
    )
    return replace(parts[0], images=int(counts.sum()), value=value, influence=together, over=None)
