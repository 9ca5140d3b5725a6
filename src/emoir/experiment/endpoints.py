"""The protocol's endpoints in their order, and what overfitting is called little by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoir.evaluate.intervals import Estimate, mean_interval
from emoir.evaluate.results import difference, pooled_results
from emoir.experiment.comparison import mean_curve
from emoir.experiment.fusion import FUSED
from emoir.experiment.overfitting import BestEpoch, best_epoch, curve_gap
from emoir.experiment.set_results import SAME_RUNS, SetResults

TOO_LONG, LARGEST_GAP = 0.02, 0.10


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A difference between two rows.

    Args:
        first, second: letters of the rows; the first minus the second.
        column: the metric.
        aim: what it is to reach, None for 0.
    """

    first: str
    second: str
    column: str
    aim: float | None = None

    @property
    def title(self) -> str:
        """As tables name it."""
        return f"{self.first} − {self.second}, {self.column.removesuffix(' (a)')}"

    def is_shown_by(self, estimate: Estimate) -> bool:
        """Whether the whole interval lies on the right side of 0."""
        return estimate.high < 0 if self.column == "NLL" else estimate.low > 0


ENDPOINTS = (
    Endpoint("D", "B", "top-1", 0.03),
    Endpoint("D", "B", "NLL"),
    Endpoint("D", "B", "P@10 (a)"),
    Endpoint("D", "A", "top-1", 0.10),
)
"""In fixed order; little overfitting is the fifth."""
UNCORRECTED = (
    ("D", "B"),
    ("D", "A"),
    ("D", "E"),
    ("D", "F"),
    ("D", "C"),
    ("C", "B"),
    (FUSED, "C"),
    (FUSED, "D"),
    ("D", "A×2"),
    ("A×2", "A"),
    ("D′", "A′"),
    ("D′", "A"),
    ("D′", "D"),
    ("A′", "A"),
)
"""Differences that are printed as they are, of every set alone and of those that decide together."""
AIMED_BESIDE = {("D", "A", "P@10 (a)"): 0.05}


def pooled_difference(
    sets: Sequence[SetResults], first: str, second: str, column: str, *, of_first_runs: bool = False
) -> Estimate | None:
    """First minus second over all sets together, every image counted once; None where a row or metric is missing.

    Args:
        sets: whose rows are compared.
        first: letter.
        second: letter.
        column: the metric.
        of_first_runs: whether stuck runs count as they were.
    """
    if not of_first_runs and (first, second) in SAME_RUNS:
        own = [one.same_runs.get((first, second), {}).get(column) for one in sets]
        there = [result for result in own if result is not None]
        pooled = pooled_results(there) if there and len(there) == len(sets) else None
        return None if pooled is None or pooled.influence is None else pooled.influence.estimate()
    sides = []
    for letter in (first, second):
        rows = [(one.first if of_first_runs else one.rows).get(letter) for one in sets]
        results = [row.metrics[column] for row in rows if row is not None and column in row.metrics]
        if not results or len(results) < len(sets):
            return None
        sides.append(pooled_results(results))
    return difference(*sides)


@dataclass(frozen=True, slots=True)
class OverfittingPart:
    """One part of what *little overfitting* means, on one set.

    Args:
        title: of the part.
        set_title: of the set.
        value: that is judged, as tables show it.
        holds: whether it is little by this part.
    """

    title: str
    set_title: str
    value: str
    holds: bool


def turning_point(one: SetResults, letter: str) -> BestEpoch | None:
    """Where a row's NLL on new images, the mean of its runs, was lowest; None without classes or curves.

    Args:
        one: with the row complete.
        letter: of the row.
    """
    if not one.rows[letter].curves:
        return None
    curve = mean_curve(one.rows[letter].curves)
    losses = [name for name in curve if name.startswith("test NLL")]
    return best_epoch(curve, losses[0], lower_is_better=True) if losses else None


def overfitting_parts(one: SetResults) -> list[OverfittingPart]:
    """The three parts of *little overfitting* of row D on a set.

    Args:
        one: with rows A and D complete, and classes.
    """
    ours, original = (mean_curve(one.rows[letter].curves) for letter in ("D", "A"))
    accuracy = next(name.removeprefix("test ") for name in ours if name.startswith("test top-1"))
    turned = turning_point(one, "D")
    assert turned is not None
    learnt = one.gaps["D"]["top-1"].estimate()
    # The protocol asks for every training accuracy in common, however little that is.
    met = curve_gap(ours, original, accuracy, narrowest=0.0)
    both = zip(one.rows["D"].curves, one.rows["A"].curves, strict=True)
    by_fold = [curve_gap(first, second, accuracy, narrowest=0.0) for first, second in both]
    means = np.array([np.nan if gap is None else gap.mean for gap in by_fold])
    at_equal = "no training accuracy in common"
    if met is not None:
        at_equal = f"{met.least:.3f} at least from {met.low:.3f} to {met.high:.3f}"
        if np.isfinite(means).sum() > 1:
            at_equal += f"; mean over folds {mean_interval(means[np.isfinite(means)])}"
    return [
        OverfittingPart(
            "NLL at the end above its lowest",
            one.title,
            f"{turned.end - turned.best:.3f}",
            turned.end - turned.best <= TOO_LONG,
        ),
        OverfittingPart("top-1, learnt minus new images", one.title, str(learnt), learnt.high <= LARGEST_GAP),
        OverfittingPart("D above A at equal training accuracy", one.title, at_equal, met is not None and met.least > 0),
    ]


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """An endpoint with its difference, and whether it was shown.

    Args:
        endpoint: what was asked.
        estimate: the pooled difference.
        outcome: ``shown``, ``not shown``, or ``descriptive`` after the first that was not shown.
    """

    endpoint: Endpoint
    estimate: Estimate
    outcome: str


def judge_endpoints(sets: Sequence[SetResults]) -> list[EndpointResult]:
    """The endpoints in their order, each tested only if the one before was shown; empty while rows are missing.

    Args:
        sets: that decide.
    """
    found: list[EndpointResult] = []
    is_open = True
    for endpoint in ENDPOINTS:
        estimate = pooled_difference(sets, endpoint.first, endpoint.second, endpoint.column)
        if estimate is None:
            return []
        shown = endpoint.is_shown_by(estimate)
        found.append(
            EndpointResult(endpoint, estimate, ("shown" if shown else "not shown") if is_open else "descriptive")
        )
        is_open = is_open and shown
    return found
