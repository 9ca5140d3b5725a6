"""Distances between emotion distributions, one number per image, as the label-distribution literature defines them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating]
DistributionMeasure: TypeAlias = Callable[[Floats, Floats], NDArray[np.float64]]
"""(n, K) targets and predictions to (n,) numbers."""

# Predictions are kept off zero by this before a logarithm or a division; targets of zero add nothing to KL.
FLOOR = 1e-7
# Shares that differ by less are equal.
TIE = 1e-9


def kullback_leibler(target: Floats, predicted: Floats) -> NDArray[np.float64]:
    """KL(target || predicted) in nats, at least 0; terms with a target of 0 are 0.

    Args:
        target: (n, K) raters' shares; rows sum to 1.
        predicted: (n, K) probabilities; rows sum to 1.

    Returns:
        (n,), one number per image.
    """
    from scipy.special import rel_entr

    return np.asarray(rel_entr(target, np.maximum(predicted, FLOOR)).sum(axis=1))


def chebyshev(target: Floats, predicted: Floats) -> NDArray[np.float64]:
    """Largest difference of any class, in [0, 1].

    Args:
        target: (n, K) raters' shares; rows sum to 1.
        predicted: (n, K) probabilities; rows sum to 1.

    Returns:
        (n,), one number per image.
    """
    return np.asarray(abs(target - predicted).max(axis=1))


def clark(target: Floats, predicted: Floats) -> NDArray[np.float64]:
    """Clark distance sqrt(sum ((p - q) / (p + q))^2), divided by sqrt(K): in [0, 1]; 0/0 is 0.

    Args:
        target: (n, K) raters' shares; rows sum to 1.
        predicted: (n, K) probabilities; rows sum to 1.

    Returns:
        (n,), one number per image.
    """
    ratio = (target - predicted) / np.maximum(target + predicted, FLOOR)
    return np.asarray(np.sqrt((ratio**2).mean(axis=1)))


def canberra(target: Floats, predicted: Floats) -> NDArray[np.float64]:
    """Canberra metric sum |p - q| / (p + q), divided by K: in [0, 1]; 0/0 is 0.

    Args:
        target: (n, K) raters' shares; rows sum to 1.
        predicted: (n, K) probabilities; rows sum to 1.

    Returns:
        (n,), one number per image.
    """
    return np.asarray((abs(target - predicted) / np.maximum(target + predicted, FLOOR)).mean(axis=1))


def cosine(target: Floats, predicted: Floats) -> NDArray[np.float64]:
    """Cosine similarity, in [0, 1].

    Args:
        target: (n, K) raters' shares; rows sum to 1.
        predicted: (n, K) probabilities; rows sum to 1.

    Returns:
        (n,), one number per image.
    """
    lengths = np.linalg.norm(target, axis=1) * np.linalg.norm(predicted, axis=1)
    return np.asarray((target * predicted).sum(axis=1) / lengths)


def intersection(target: Floats, predicted: Floats) -> NDArray[np.float64]:
    """Shared mass sum min(p, q), in [0, 1].

    Args:
        target: (n, K) raters' shares; rows sum to 1.
        predicted: (n, K) probabilities; rows sum to 1.

    Returns:
        (n,), one number per image.
    """
    return np.asarray(np.minimum(target, predicted).sum(axis=1))


def favourite_named(target: Floats, named: NDArray[np.integer]) -> NDArray[np.float64]:
    """1 where the class named is the raters' favourite, or one of several that tie; else 0.

    Args:
        target: (n, K) shares of votes.
        named: (n,) classes.

    Example:
        >>> favourite_named(np.array([[0.4, 0.4, 0.2], [0.1, 0.2, 0.7]]), np.array([1, 1])).tolist()
        [1.0, 0.0]
    """
    own = target[np.arange(len(target)), named]
    return np.asarray(own >= target.max(axis=1) - TIE, dtype=np.float64)


DISTRIBUTION_MEASURES: dict[str, DistributionMeasure] = {
    "KL": kullback_leibler,
    "Chebyshev": chebyshev,
    "Clark": clark,
    "Canberra": canberra,
    "cosine": cosine,
    "intersection": intersection,
}
"""The six measures of label distribution learning: (n, K) targets and predictions to (n,) numbers.

References:
    Geng, X. (2016). Label distribution learning. IEEE TKDE 28(7), 1734-1748. DOI 10.1109/TKDE.2016.2545658.
    Clark and Canberra are divided by their largest value there, so that spaces of different size compare.
"""
