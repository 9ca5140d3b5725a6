"""Agreement: how far raters agree beyond chance."""

from __future__ import annotations

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
    names = list(dict.fromkeys(value for values in rated for value in values))
    place = {name: number for number, name in enumerate(names)}
    coincidences = np.zeros((len(names), len(names)))
    for values in rated:
        counts = np.bincount([place[value] for value in values], minlength=len(names)).astype(float)
        coincidences += (np.outer(counts, counts) - np.diag(counts)) / (len(values) - 1)
    if interval:
        numbers = np.array(names, dtype=float)
        distance = (numbers[:, None] - numbers[None]) ** 2
    else:
        distance = 1 - np.eye(len(names))
    totals = coincidences.sum(axis=1)
    expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() - 1)
    observed = (coincidences * distance).sum()
    return float(1 - observed / expected) if expected else float("nan")
