"""Agreement of valence and arousal with human ratings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emoir.evaluate.distributions import Floats
from emoir.evaluate.intervals import Estimate, jackknife


def pearson(predicted: Floats, target: Floats) -> float:
    """Pearson's r, in [-1, 1]; 0 if either is constant.

    Args:
        predicted: (n,).
        target: (n,) ratings.
    """
    return float(np.corrcoef(predicted, target)[0, 1]) if np.ptp(predicted) and np.ptp(target) else 0.0


def correlation(predicted: Floats, target: Floats, *, groups: NDArray[np.generic] | None = None) -> Estimate:
    """Pearson's r with its 95 % interval, symmetric on Fisher's z scale.

    Args:
        predicted: (n,).
        target: (n,).
        groups: (n,) of images that are not independent.
    """
    influence = jackknife(lambda rows: pearson(predicted[rows], target[rows]), len(target), groups=groups)
    return influence.estimate(correlation=True)


def spearman(predicted: Floats, target: Floats) -> float:
    """Spearman's rank correlation (ties share their mean rank), in [-1, 1]; 0 if either is constant.

    Args:
        predicted: (n,).
        target: (n,) ratings.
    """
    from scipy.stats import rankdata

    return pearson(rankdata(predicted), rankdata(target))


def concordance(predicted: Floats, target: Floats) -> float:
    """Lin's concordance correlation coefficient (population variances), in [-1, 1].

    Args:
        predicted: (n,).
        target: (n,) ratings.

    References:
        Lin, L. I. (1989). Biometrics 45(1), 255-268. DOI 10.2307/2532051

    Example:
        >>> round(concordance(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0])), 4)
        0.5714
    """
    covariance = ((predicted - predicted.mean()) * (target - target.mean())).mean()
    spread = predicted.var() + target.var() + (predicted.mean() - target.mean()) ** 2
    return float(2 * covariance / spread) if spread else 0.0


def root_mean_squared_error(predicted: Floats, target: Floats) -> float:
    """Root of the mean squared error, in units of the rating scale [0, 1].

    Args:
        predicted: (n,).
        target: (n,) ratings.
    """
    return float(np.sqrt(((predicted - target) ** 2).mean()))


REGRESSION_MEASURES: dict[str, Callable[[Floats, Floats], float]] = {
    "r": pearson,
    "rho": spearman,
    "CCC": concordance,
    "RMSE": root_mean_squared_error,
}
"""(n,) predictions and targets to one number each."""
