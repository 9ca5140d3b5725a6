"""Estimates with 95 % bootstrap intervals, over images or over groups, and paired differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ShapeError

DRAWS = 2000
LEVEL = (0.025, 0.975)

Statistic = Callable[[NDArray[np.intp]], float]
"""A figure as a function of the rows it is taken over."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval.

    Example:
        >>> str(Estimate(0.5, 0.45, 0.554))
        '.500 [.450, .554]'
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.value)} [{_short(self.low)}, {_short(self.high)}]"

    @property
    def excludes_zero(self) -> bool:
        """For a difference: whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def outcome(self) -> str:
        """A difference in words: which way it goes, or that this sample cannot tell."""
        if not self.excludes_zero:
            return "not resolved"
        return "higher" if self.value > 0 else "lower"


def bootstrap(
    statistic: Statistic,
    n: int,
    *,
    groups: NDArray[np.generic] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """Percentile bootstrap of a figure.

    Args:
        statistic: is called with row numbers, repetitions among them.
        n: number of images.
        groups: (n,) if given, whole groups are drawn instead of images, because images of one group are
            not independent.
        draws: number of resamples.
        seed: of the draws; two figures with one seed are drawn alike.

    Returns:
        The figure over all rows, and the middle 95 % of the resamples (NaN resamples left out).

    Raises:
        ShapeError: if there is nothing to draw from.

    References:
        Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap, chapter 13.

    Example:
        >>> values = np.array([0.0, 1.0] * 50)
        >>> estimate = bootstrap(lambda rows: values[rows].mean(), 100)
        >>> estimate.value, 0.38 < estimate.low < 0.42
        (0.5, True)
    """
    if n == 0:
        raise ShapeError("a figure over no image at all")
    random = np.random.default_rng(seed)
    if groups is None:
        draw: Callable[[], NDArray[np.intp]] = lambda: random.integers(0, n, n)  # noqa: E731
    else:
        members = _members(groups)
        draw = lambda: np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])  # noqa: E731
    samples = [statistic(draw()) for _ in range(draws)]
    low, high = np.nanquantile(samples, LEVEL)
    return Estimate(float(statistic(np.arange(n))), float(low), float(high))


def bootstrap_mean(values: NDArray[np.floating], *, groups: NDArray[np.generic] | None = None) -> Estimate:
    """Mean of one number an image (NaN left out) with its interval; a difference if the numbers are differences.

    For two models on the same images, hand in the differences: pairs are then drawn together.
    """
    return bootstrap(mean_of(values), len(values), groups=groups)


def mean_of(values: NDArray[np.floating]) -> Statistic:
    """The mean of one number an image, over any rows; NaN left out."""
    # Looking for NaN costs more than the mean itself.
    mean = np.nanmean if np.isnan(values).any() else np.mean
    return lambda rows: float(mean(values[rows]))


def paired_difference(
    first: Statistic, second: Statistic, n: int, *, groups: NDArray[np.generic] | None = None
) -> Estimate:
    """First minus second figure over the same resamples."""
    return bootstrap(lambda rows: first(rows) - second(rows), n, groups=groups)


def _members(groups: NDArray[np.generic]) -> list[NDArray[np.intp]]:
    _, inverse = np.unique(groups, return_inverse=True)
    return [np.flatnonzero(inverse == group) for group in range(inverse.max() + 1)]


def _short(value: float) -> str:
    """Three decimals without the leading zero, as tables of this field have it."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
