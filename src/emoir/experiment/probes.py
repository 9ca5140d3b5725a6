"""Linear probes: what fixed features say of emotion, and soft labels for images that nobody rated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

REGULARISATION = (0.0001, 0.0003, 0.001, 0.003, 0.01)
INNER_FOLDS = 3
RIDGE = np.logspace(1, 5, 9)
COMPONENTS = 384


def fit_reduction(features: NDArray[np.floating]) -> Pipeline:
    """Standardisation and principal components (at most 384), fitted on training features (n, d)."""
    return make_pipeline(StandardScaler(), PCA(min(COMPONENTS, *features.shape), random_state=0)).fit(features)


@dataclass(frozen=True, slots=True)
class DistributionProbe:
    """Logistic regression from features to a distribution over classes.

    Args:
        model: fitted.
        classes: K, of the space; classes without an example get probability 0.
    """

    model: LogisticRegression
    classes: int

    @classmethod
    def fit(cls, features: NDArray[np.floating], shares: NDArray[np.floating]) -> DistributionProbe:
        """Fit on distributions as classes weighted by their shares; the strength is chosen on three inner folds.

        Args:
            features: (n, d), reduced.
            shares: (n, K) probabilities; one-hot where the labels are classes.
        """
        losses = np.zeros(len(REGULARISATION))
        for inner, outer in KFold(INNER_FOLDS, shuffle=True, random_state=0).split(features):
            for number, strength in enumerate(REGULARISATION):
                predicted = cls._fit(features[inner], shares[inner], strength)(features[outer])
                losses[number] -= (shares[outer] * np.log(np.maximum(predicted, 1e-7))).sum()
        return cls._fit(features, shares, REGULARISATION[int(losses.argmin())])

    @classmethod
    def _fit(cls, features: NDArray[np.floating], shares: NDArray[np.floating], strength: float) -> DistributionProbe:
        rows, classes = np.nonzero(shares)
        model = LogisticRegression(C=strength, max_iter=200).fit(features[rows], classes, shares[rows, classes])
        return cls(model, shares.shape[1])

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities (n, K) of reduced features (n, d)."""
        result = np.zeros((len(features), self.classes))
        result[:, self.model.classes_] = self.model.predict_proba(features)
        return result


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
