"""SystemComparison: several systems on one data set, by one protocol, on the same images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from emoir.datasets import Table
from emoir.errors import DatasetError
from emoir.evaluate.compute import compute_metrics
from emoir.evaluate.intervals import Estimate
from emoir.evaluate.metric import Baseline, Metric, MetricKey
from emoir.evaluate.predictions import Predictions
from emoir.evaluate.results import MetricResult, difference, outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric of all systems.

    Args:
        key: space, metric and protocol.
        metric: what was measured.
        images: that have the label.
        baseline: what guessing gives.
        values: of the systems, in their order; None where one cannot be measured.
        differences: first system minus each other one, on the same images; None where that means nothing.
    """

    key: MetricKey
    metric: Metric
    images: int
    baseline: Baseline
    values: tuple[MetricResult | None, ...]
    differences: tuple[Estimate | None, ...]

    def outcome(self, other: int) -> str:
        """The difference to another system in words (1 is the second system)."""
        gap = self.differences[other - 1]
        return "" if gap is None else outcome(self.metric, gap)


@dataclass(frozen=True, slots=True)
class SystemComparison:
    """Systems on a data set.

    Args:
        table: the images for which every system has a prediction.
        systems: their predictions for these.
        rows: the metrics.
        left_out: images of the data set for which a system has none.
    """

    table: Table
    systems: tuple[Predictions, ...]
    rows: tuple[MetricRow, ...]
    left_out: int


def evaluate_systems(table: Table, systems: Sequence[Predictions]) -> SystemComparison:
    """Measure systems by all that a data set's labels allow, on the images that all of them know.

    Args:
        table: the labels.
        systems: one at least; differences are of the first one to the others.

    Returns:
        The figures.

    Raises:
        DatasetError: if there is no image that all know, or nothing that can be compared.
    """
    rows = np.flatnonzero(np.logical_and.reduce([system.known for system in systems]))
    if not len(rows):
        raise DatasetError(f"{table.name}: there is no image for which all of these have a prediction")
    shared = table.take(rows)
    predictions = tuple(_distinct([system.take(rows) for system in systems]))
    measured = [{result.key: result for result in compute_metrics(shared, system)} for system in predictions]
    keys = dict.fromkeys(key for named in measured for key in named)
    metrics = tuple(_row([named.get(key) for named in measured]) for key in keys)
    if not metrics:
        spaces = ", ".join({**table.distributions, **table.classes}) or "valence and arousal"
        raise DatasetError(
            f"{table.name}: its labels ({spaces}) and what is said of its images have nothing in common; "
            "a model's spaces are in emoir describe, a table's columns in docs/evaluate.md"
        )
    return SystemComparison(shared, predictions, metrics, len(table) - len(rows))


def _distinct(systems: Sequence[Predictions]) -> Iterator[Predictions]:
    """Systems with a number after a name that another had before."""
    counts: Counter[str] = Counter()
    for system in systems:
        counts[system.name] += 1
        number = counts[system.name]
        yield system if number == 1 else replace(system, name=f"{system.name} ({number})")


def _row(found: Sequence[MetricResult | None]) -> MetricRow:
    some = next(result for result in found if result is not None)
    first = found[0]
    return MetricRow(
        key=some.key,
        metric=some.metric,
        images=some.images,
        baseline=some.baseline,
        values=tuple(found),
        differences=tuple(None if first is None or other is None else difference(first, other) for other in found[1:]),
    )
