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


ROUNDING = 1e-9
"""Means and deviations of a constant differ from what they are by far less than this share of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One variable over all conditions.

    Args:
        variable: its name.
        unit: of means and deviations.
        matched: whether conditions were to agree on it; else it is what they differ in.
        means, deviations: per condition, over the chosen images.
        difference: the largest standardised difference between two conditions (see ``standardised_difference``).
        before: the same over all images that could have been chosen.
        equivalent_within: the smallest bound, in standard deviations, within which any two conditions are equivalent
            (see ``equivalence_bound``).
        expected: the difference to expect between raters' means, if it is known how well the model agrees with them
            (see ``expected_difference``).
    """

    variable: str
    unit: str
    matched: bool
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    difference: float
    before: float
    equivalent_within: float
    expected: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON takes it, rounded; a difference that is infinite is None."""
        rounded = {
            name: [round(number, 4) for number in value] if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        numbers = {name: getattr(self, name) for name in ("difference", "before", "equivalent_within", "expected")}
        finite = {name: round(v, 4) if v is not None and math.isfinite(v) else None for name, v in numbers.items()}
        return {**rounded, **finite}


def balance(
    variable: str,
    unit: str,
    chosen: Sequence[NDArray[np.floating]],
    pools: Sequence[NDArray[np.floating]],
    *,
    matched: bool = True,
    validity: float | None = None,
) -> Balance:
    """The balance of one variable.

    Args:
        variable: its name.
        unit: of its values.
        chosen: per condition, its values over the chosen images.
        pools: per condition, its values over all candidates.
        matched: whether conditions were to agree on it.
        validity: correlation of the variable with raters' means, where it is a reading of the model.

    Example:
        >>> row = balance("size", "pixels", [np.array([1.0, 3.0]), np.array([2.0, 4.0])], [np.zeros(1), np.ones(1)])
        >>> row.means, round(row.difference, 3)
        ((2.0, 3.0), 0.707)
    """
    everyone = np.concatenate(pools)
    expected = None
    if validity is not None:
        expected = max(expected_difference(*pair, everyone, validity) for pair in combinations(chosen, 2))
    return Balance(
        variable=variable,
        unit=unit,
        matched=matched,
        means=tuple(float(values.mean()) for values in chosen),
        deviations=tuple(_deviation(values) for values in chosen),
        difference=max(standardised_difference(one, other) for one, other in combinations(chosen, 2)),
        before=max(standardised_difference(one, other) for one, other in combinations(pools, 2)),
        equivalent_within=max(equivalence_bound(one, other) for one, other in combinations(chosen, 2)),
        expected=expected,
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
    difference, spread = _difference_and_spread(one, other)
    if spread == 0:
        return 0.0 if difference == 0 else float("inf")
    return difference / spread


def equivalence_bound(one: NDArray[np.floating], other: NDArray[np.floating], *, level: float = 0.05) -> float:
    """The smallest bound for which two one-sided Welch tests call two groups equivalent.

    A difference that is not significant may be large: this is the largest that the data leave possible.

    Args:
        one: values of a group.
        other: values of another.
        level: of each test.

    Returns:
        The end of the (1 - 2 level) interval of the difference that lies farther from 0, in the units of
        ``standardised_difference``; infinity where a group has a single value, 0 for one and the same constant.

    References:
        Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power approach for
        assessing the equivalence of average bioavailability. Journal of Pharmacokinetics and Biopharmaceutics 15,
        657-680. DOI 10.1007/BF01068419
        Lakens, D. (2017). Equivalence tests. Social Psychological and Personality Science 8, 355-362.
        DOI 10.1177/1948550617697177
    """
    difference, spread = _difference_and_spread(one, other)
    if spread == 0:
        return 0.0 if difference == 0 else float("inf")
    if min(len(one), len(other)) < 2:
        return float("inf")
    from scipy.stats import t

    parts = [_deviation(values) ** 2 / len(values) for values in (one, other)]
    squares = sum(part**2 / (len(values) - 1) for part, values in zip(parts, (one, other), strict=True))
    freedom = sum(parts) ** 2 / squares
    return float((difference + t.ppf(1 - level, freedom) * sum(parts) ** 0.5) / spread)


def expected_difference(
    one: NDArray[np.floating], other: NDArray[np.floating], everyone: NDArray[np.floating], validity: float
) -> float:
    """How far raters' means of two groups will lie apart if images were chosen by a model that correlates with them.

    Choosing extremes by an imperfect reading also picks its errors: raters' means regress towards the middle, and
    vary inside the groups where the readings do not.

    Args:
        one: the model's readings of a group.
        other: of another.
        everyone: of all images that could have been chosen.
        validity: correlation of readings and raters' means over such images.

    Returns:
        The standardised difference to expect: r D / sqrt(1 - r² + r² w²), where D is the groups' difference and w²
        their mean variance in units of everyone's.

    Example:
        >>> everyone = np.array([-1.0, 1.0] * 50)
        >>> round(expected_difference(everyone[::2], everyone[1::2], everyone, 0.5), 2)
        1.15
    """
    spread = float(everyone.std())
    if spread == 0:
        return 0.0
    difference, within = _difference_and_spread(one, other)
    noise = 1 - validity**2 + (validity * within / spread) ** 2
    return float(validity * difference / spread / noise**0.5) if noise > 0 else float("inf")


def _difference_and_spread(one: NDArray[np.floating], other: NDArray[np.floating]) -> tuple[float, float]:
    """The difference of means without its sign, and the root of the mean variance; what is mere rounding is 0."""
    difference = abs(float(one.mean()) - float(other.mean()))
    spread = ((_deviation(one) ** 2 + _deviation(other) ** 2) / 2) ** 0.5
    rounding = ROUNDING * max(float(np.abs(one).max()), float(np.abs(other).max()))
    return (difference if difference > rounding else 0.0), (spread if spread > rounding else 0.0)


def _deviation(values: NDArray[np.floating]) -> float:
    """Of a sample; 0 for a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def balance_table(rows: Sequence[Balance], conditions: Sequence[str]) -> list[list[str]]:
    """The balance as lines of text: mean and deviation per condition, the difference, and what it may be at most."""
    expected = any(row.expected is not None for row in rows)
    head = ["variable", "unit", *conditions, "difference", "at most", "before"]
    table = [[*head, *(["raters, expected"] if expected else []), ""]]
    for row in rows:
        cells = [f"{mean:.3g} ± {deviation:.2g}" for mean, deviation in zip(row.means, row.deviations, strict=True)]
        cells += [f"{row.difference:.2f}", f"{row.equivalent_within:.2f}", f"{row.before:.2f}"]
        if expected:
            cells.append("" if row.expected is None else f"{row.expected:.2f}")
        outcome = ("balanced" if row.difference < BALANCED else "not balanced") if row.matched else "differs by design"
        table.append([row.variable, row.unit, *cells, outcome])
    return table
