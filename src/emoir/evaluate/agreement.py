"""Agreement: how far raters agree beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

import numpy as np


def krippendorff_alpha(units: Sequence[Mapping[str, Hashable]], *, interval: bool = False) -> float:
    """Krippendorff's alpha over any number of raters, with missing ratings.

    Args:
        units: per image, rater to rating; images with fewer than two ratings count nothing.
        interval: whether ratings are numbers whose squared distance counts; else any two different ones differ alike.

    Returns:
        1 for perfect agreement, 0 for chance, below 0 for less; NaN where nothing can vary.

    References:
        Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. Annenberg School for Communication.

    Example:
        >>> krippendorff_alpha([{"a": "awe", "b": "awe"}, {"a": "fear", "b": "fear"}])
        1.0
    """
    rated = [list(unit.values()) for unit in units if len(unit) > 1]
    if not rated:
        return float("nan")
    disagreement = _squared if interval else _different
    total = sum(map(len, rated))
    observed = sum(disagreement(values) / (len(values) - 1) for values in rated) / total
    expected = disagreement([value for values in rated for value in values]) / (total * (total - 1))
    return float(1 - observed / expected) if expected else float("nan")


def _different(values: Sequence[Hashable]) -> float:
    """Ordered pairs of ratings that differ."""
    return len(values) ** 2 - sum(count**2 for count in Counter(values).values())


def _squared(values: Sequence[Hashable]) -> float:
    """Sum of the squared differences over ordered pairs of ratings."""
    numbers = np.array(values, dtype=float)
    # Around their mean, so that nothing is lost to rounding.
    return float(2 * len(numbers) * ((numbers - numbers.mean()) ** 2).sum())
