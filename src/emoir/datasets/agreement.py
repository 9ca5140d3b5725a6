"""Agreement: how far the raters of an image agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.datasets.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far raters agree on one label.

    Args:
        label: a space, ``valence`` or ``arousal``.
        images: that have it.
        measure: what the value is, in words.
        value: see the functions of this module.
        raters: mean number per image, or None where the data set does not say.
    """

    label: str
    images: int
    measure: str
    value: float
    raters: float | None


def pairwise_agreement(shares: NDArray[np.float64], raters: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance that two different raters of an image name the same class.

    Args:
        shares: (n, K) shares of votes.
        raters: (n,) votes; infinite if not known, which makes it the chance that two drawings coincide: too high, as
            the same rater may be drawn twice.

    Returns:
        (n,) in [0, 1]; NaN for a single rater.

    Example:
        >>> pairwise_agreement(np.array([[0.5, 0.5]]), np.array([2.0])).tolist()
        [0.0]
    """
    same = (shares**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = np.where(raters > 1, (raters * same - 1) / (raters - 1), np.nan)
    return np.where(np.isinf(raters), same, exact)


def fleiss_kappa(shares: NDArray[np.float64], raters: NDArray[np.float64]) -> float:
    """Fleiss' kappa: agreement beyond what the classes' overall frequencies bring about, 1 full, 0 none.

    Args:
        shares: (n, K) shares of votes.
        raters: (n,) votes, two at least; images may have different numbers.

    Returns:
        At most 1; 0 if all votes are for one class.

    References:
        Fleiss, J. L. (1971). Measuring nominal scale agreement among many raters. Psychological Bulletin 76(5),
        378-382. DOI 10.1037/h0031619

    Example:
        >>> fleiss_kappa(np.eye(2), np.full(2, 3.0))
        1.0
    """
    votes = shares * raters[:, None]
    overall = votes.sum(axis=0) / votes.sum()
    chance = float((overall**2).sum())
    observed = float(pairwise_agreement(shares, raters).mean())
    return (observed - chance) / (1 - chance) if chance < 1 else 0.0


def reliability_of_means(means: NDArray[np.float64], std: NDArray[np.float64], raters: NDArray[np.float64]) -> float:
    """Share of the variance between mean ratings that is not chance of the raters: ICC(1, k), from published means.

    Args:
        means: (n,) mean ratings.
        std: (n,) standard deviations between raters.
        raters: (n,) numbers of raters.

    Returns:
        At most 1; 0 or below if the means differ no more than chance makes them.

    References:
        Shrout, P. E. & Fleiss, J. L. (1979). Intraclass correlations. Psychological Bulletin 86(2), 420-428.
        DOI 10.1037/0033-2909.86.2.420

    Example:
        >>> reliability_of_means(np.array([0.0, 1.0]), np.array([0.5, 0.5]), np.array([5.0, 5.0]))
        0.9
    """
    between = float(means.var(ddof=1))
    return 1 - float((std**2 / raters).mean()) / between if between else 0.0


def agreements(table: Table) -> list[Agreement]:
    """Every measure of its raters' agreement that a table allows; empty where it has no ratings of several raters."""
    found: list[Agreement] = []
    for space, shares in table.distributions.items():
        known = ~np.isnan(shares).any(axis=1)
        if not known.any():
            continue
        raters = table.raters.get(space, np.full(len(table), np.inf))[known]
        p = shares[known]
        several = raters > 1
        told = bool(np.isfinite(raters).all())
        mean = float(raters.mean()) if told else None
        count = int(known.sum())
        found.append(
            Agreement(
                label=space,
                images=count,
                measure="mean share of an image's favourite class",
                value=float(p.max(axis=1).mean()),
                raters=mean,
            )
        )
        same = float(np.nanmean(pairwise_agreement(p, raters))) if several.any() else float("nan")
        title = "two different raters of an image agree"
        title += "" if told else ", at most (the number of raters is not known)"
        found.append(Agreement(label=space, images=count, measure=title, value=same, raters=mean))
        if told and several.any():
            kappa = fleiss_kappa(p[several], raters[several])
            found.append(
                Agreement(label=space, images=int(several.sum()), measure="Fleiss' kappa", value=kappa, raters=mean)
            )
    for label, means in (("valence", table.valence), ("arousal", table.arousal)):
        if means is None or label not in table.std:
            continue
        spread = table.std[label]
        rated = ~(np.isnan(means) | np.isnan(spread))
        if not rated.any():
            continue
        raters = table.raters.get(label, np.full(len(table), np.nan))
        told = bool(np.isfinite(raters[rated]).all())
        mean = float(raters[rated].mean()) if told else None
        deviation = float(spread[rated].mean())
        count = int(rated.sum())
        found.append(
            Agreement(
                label=label,
                images=count,
                measure="mean deviation between raters, scale 0 to 1",
                value=deviation,
                raters=mean,
            )
        )
        if told and count > 1:
            value = reliability_of_means(means[rated], spread[rated], raters[rated])
            found.append(
                Agreement(
                    label=label, images=count, measure="reliability of the means, ICC(1, k)", value=value, raters=mean
                )
            )
    return found


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
