"""Linear probes: from fixed features to emotion, and to soft labels for unrated images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

REGULARISATION = (0.0001, 0.0003, 0.001, 0.003, 0.01)
INNER_FOLDS = 3
RIDGE = np.logspace(1, 5, 9)
COMPONENTS = 384
ITERATIONS = 200
CONSTANT = 1e-4

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Linear:
    """``features @ weights + bias``: (n, d) to (n, k)."""

    weights: Doubles
    bias: Doubles

    def __call__(self, features: NDArray[np.floating]) -> Doubles:
        """What it gives for features (n, d)."""
        return np.asarray(features @ self.weights + self.bias, dtype=np.float64)

    def after(self, first: Linear) -> Linear:
        """Both as one: this one applied to what the first one gives."""
        return Linear(first.weights @ self.weights, first.bias @ self.weights + self.bias)


def fit_reduction(features: NDArray[np.floating]) -> Linear:
    """Standardisation and principal components (at most 384), fitted on training features (n, d).

    Example:
        >>> fit_reduction(np.array([[0.0, 5.0], [2.0, 5.0]]))(np.array([[2.0, 5.0]])).round(6).tolist()
        [[1.0, 0.0]]
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    # A feature that is constant but for rounding holds nothing, and standardising would blow it up.
    scale = np.where(deviation > CONSTANT * np.sqrt((features**2).mean(axis=0)), deviation, np.inf)
    scaled = (features - mean) / scale
    count, length = min(COMPONENTS, *features.shape), features.shape[1]
    _, axes = eigh(scaled.T @ scaled, subset_by_index=(length - count, length - 1))
    # Largest first; the sign of an axis is free, and so is fixed.
    axes = axes[:, ::-1] * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(count)])[::-1]
    weights = axes / scale[:, None]
    return Linear(weights, -mean @ weights)


@dataclass(frozen=True, slots=True)
class DistributionProbe:
    """Logistic regression from features to a distribution over classes.

    Args:
        weights: (d, K).
        bias: (K,); minus infinity for a class without an example, whose probability is 0.
    """

    weights: Doubles
    bias: Doubles

    @classmethod
    def fit(cls, features: NDArray[np.floating], shares: NDArray[np.floating]) -> DistributionProbe:
        """Fit on distributions; the strength is chosen on three inner folds.

        Args:
            features: (n, d), reduced.
            shares: (n, K) probabilities; one-hot where the labels are classes.
        """
        losses = np.zeros(len(REGULARISATION))
        # L-BFGS works on short vectors: threads would wait for each other most of the time.
        with threadpool_limits(1, user_api="blas"):
            for inner, outer in KFold(INNER_FOLDS, shuffle=True, random_state=0).split(features):
                probe = None
                for number, strength in enumerate(REGULARISATION):
                    probe = cls._fit(features[inner], shares[inner], strength, start=probe)
                    losses[number] -= (shares[outer] * np.log(np.maximum(probe(features[outer]), 1e-7))).sum()
            return cls._fit(features, shares, REGULARISATION[int(losses.argmin())])

    @classmethod
    def _fit(
        cls,
        features: NDArray[np.floating],
        shares: NDArray[np.floating],
        strength: float,
        *,
        start: DistributionProbe | None = None,
    ) -> DistributionProbe:
        """The least of ``strength`` times the cross-entropy, plus half the squared weights; the bias is free."""
        known = shares.sum(axis=0) > 0
        target, count = shares[:, known], int(known.sum())
        length = features.shape[1]

        def loss(parameters: Doubles) -> tuple[float, Doubles]:
            weights, bias = parameters[:-count].reshape(length, count), parameters[-count:]
            logits = log_softmax(features @ weights + bias, axis=1)
            error = strength * (np.exp(logits) * target.sum(axis=1, keepdims=True) - target)
            value = -strength * (target * logits).sum() + (weights**2).sum() / 2
            return value, np.concatenate([(features.T @ error + weights).ravel(), error.sum(axis=0)])

        first = np.zeros((length + 1) * count)
        if start is not None:
            first = np.concatenate([start.weights[:, known].ravel(), np.where(known, start.bias, 0)[known]])
        found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}).x
        weights, bias = np.zeros((length, len(known))), np.full(len(known), -np.inf)
        weights[:, known], bias[known] = found[:-count].reshape(length, count), found[-count:]
        return cls(weights, np.where(np.isfinite(bias), bias, -np.inf))

    def logits(self, features: NDArray[np.floating]) -> Doubles:
        """Logits (n, K) of reduced features (n, d)."""
        return np.asarray(features @ self.weights + self.bias)

    def __call__(self, features: NDArray[np.floating]) -> Doubles:
        """Probabilities (n, K) of reduced features (n, d)."""
        return np.asarray(softmax(self.logits(features), axis=1))


@dataclass(frozen=True, slots=True)
class PointProbe:
    """Ridge regression from features to valence and arousal; its strength is chosen by leave-one-out."""

    model: RidgeCV

    @classmethod
    def fit(cls, features: NDArray[np.floating], points: NDArray[np.floating]) -> PointProbe:
        """Fit on reduced features (n, d) and points (n, 2)."""
        return cls(RidgeCV(RIDGE).fit(features, points))

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points (n, 2) of reduced features (n, d), not clipped."""
        return np.asarray(self.model.predict(features), dtype=np.float64)
