"""Balance: how far conditions agree on what should not differ, and differ in what should."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

BALANCED = 0.1
"""Differences of means below this many standard deviations are usually called balanced."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One variable over all conditions.

    Args:
        variable: its name.
        unit: of means and deviations.
        matched: whether conditions were to agree on it; else it is what they differ in.
        means, deviations: per condition, over the chosen images.
        difference: the largest standardised difference between two conditions (see ``standardised_difference``).
        before: the same over all images that could have been chosen.
    """

    variable: str
    unit: str
    matched: bool
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    difference: float
    before: float

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON takes it, rounded; a difference that is infinite is None."""
        rounded = {
            name: [round(number, 4) for number in value] if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        differences = {"difference": self.difference, "before": self.before}
        return {**rounded, **{name: round(v, 4) if math.isfinite(v) else None for name, v in differences.items()}}


def balance(
    variable: str,
    unit: str,
    chosen: Sequence[NDArray[np.floating]],
    pools: Sequence[NDArray[np.floating]],
    *,
    matched: bool = True,
) -> Balance:
    """The balance of one variable.

    Args:
        variable: its name.
        unit: of its values.
        chosen: per condition, its values over the chosen images.
        pools: per condition, its values over all candidates.
        matched: whether conditions were to agree on it.

    Example:
        >>> row = balance("size", "pixels", [np.array([1.0, 3.0]), np.array([2.0, 4.0])], [np.zeros(1), np.ones(1)])
        >>> row.means, round(row.difference, 3)
        ((2.0, 3.0), 0.707)
    """
    return Balance(
        variable,
        unit,
        matched,
        tuple(float(values.mean()) for values in chosen),
        tuple(_deviation(values) for values in chosen),
        max(standardised_difference(one, other) for one, other in combinations(chosen, 2)),
        max(standardised_difference(one, other) for one, other in combinations(pools, 2)),
    )


def standardised_difference(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """The difference of two means, without its sign, in units of the root of the mean variance.

    Args:
        one: values of a group.
        other: values of another.

    Returns:
        0 for equal means; infinity if means differ and nothing varies inside the groups.

    References:
        Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline covariates between
        treatment groups in propensity-score matched samples. Statistics in Medicine 28, 3083-3107.
        DOI 10.1002/sim.3697

    Example:
        >>> standardised_difference(np.array([0.0, 2.0]), np.array([2.0, 4.0])) == 2 / 2**0.5
        True
    """
    difference = abs(float(one.mean()) - float(other.mean()))
    spread = ((_deviation(one) ** 2 + _deviation(other) ** 2) / 2) ** 0.5
    if spread == 0:
        return 0.0 if difference == 0 else float("inf")
    return float(difference / spread)


def _deviation(values: NDArray[np.floating]) -> float:
    """Of a sample; 0 for a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def balance_table(rows: Sequence[Balance], conditions: Sequence[str]) -> list[list[str]]:
    """The balance as lines of text: mean and standard deviation per condition, and the difference."""
    table = [["variable", "unit", *conditions, "difference", "before", ""]]
    for row in rows:
        cells = [f"{mean:.3g} ± {deviation:.2g}" for mean, deviation in zip(row.means, row.deviations, strict=True)]
        verdict = ("balanced" if row.difference < BALANCED else "not balanced") if row.matched else "differs by design"
        table.append([row.variable, row.unit, *cells, f"{row.difference:.2f}", f"{row.before:.2f}", verdict])
    return table
