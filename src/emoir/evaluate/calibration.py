"""Calibration: how far probabilities differ from frequencies, and what the sample size can show of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 10
FLOOR = 1e-12


def expected_calibration_error(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], *, bins: int = BINS
) -> float:
    """Mean gap between confidence and accuracy over bins with equally many images, weighted by their size.

    Args:
        confidence: (n,) in [0, 1].
        right: (n,).
        bins: number of bins; equal mass, because equal width leaves most bins empty.

    Returns:
        In [0, 1].

    References:
        Naeini, M. P., Cooper, G. & Hauskrecht, M. (2015). AAAI, 2901-2907. DOI 10.1609/aaai.v29i1.9602

    Example:
        >>> expected_calibration_error(np.array([0.5, 0.5]), np.array([True, False]), bins=1)
        0.0
    """
    order = np.argsort(confidence, kind="stable")
    gaps = 0.0
    for rows in np.array_split(order, min(bins, len(order))):
        gaps += abs(confidence[rows].mean() - right[rows].mean()) * len(rows)
    return float(gaps / len(order))


def perfect_calibration_band(
    confidence: NDArray[np.floating], *, bins: int = BINS, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The band in which the calibration error of a perfectly calibrated model with these confidences falls.

    At a finite sample size even a perfect model has a calibration error above 0. Outcomes are drawn with
    exactly these probabilities, again and again; the middle 95 % of their errors is the band.

    Args:
        confidence: (n,) in [0, 1].
        bins: as for the error.
        draws: number of simulated samples.
        seed: of the draws.

    Returns:
        ``(low, high)``.

    References:
        Broecker, J. & Smith, L. A. (2007). Increasing the reliability of reliability diagrams.
        Weather and Forecasting 22(3), 651-661. DOI 10.1175/WAF993.1
    """
    random = np.random.default_rng(seed)
    errors = [
        expected_calibration_error(confidence, random.uniform(size=len(confidence)) < confidence, bins=bins)
        for _ in range(draws)
    ]
    low, high = np.quantile(errors, [0.025, 0.975])
    return float(low), float(high)


def brier(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Squared distance from the probabilities to the label's corner, summed over classes: in [0, 2], one per image.

    Args:
        probabilities: (n, K).
        labels: (n,) classes.

    References:
        Brier, G. W. (1950). Monthly Weather Review 78(1), 1-3.
    """
    corners = np.eye(probabilities.shape[1])[labels]
    return np.asarray(((probabilities - corners) ** 2).sum(axis=1))


def negative_log_likelihood(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Minus the logarithm (nats) of the label's probability, one per image.

    Args:
        probabilities: (n, K).
        labels: (n,) classes.
    """
    own = probabilities[np.arange(len(labels)), labels]
    return np.asarray(-np.log(np.maximum(own, FLOOR)))
