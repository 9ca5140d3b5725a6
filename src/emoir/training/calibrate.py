"""Fitting calibration on images that training has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from emoir.emotions.calibration import ConfidenceCurve, ScoreCurve

KNOTS = 21


def fit_temperature(logits: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """The temperature at which softmax(logits / t) is nearest to the raters' distributions.

    Args:
        logits: (n, K).
        target: (n, K) probabilities, rows sum to 1.

    Returns:
        t in [0.2, 5], minimising the mean cross-entropy.

    References:
        Guo, C. et al. (2017). On calibration of modern neural networks. ICML, 1321-1330.

    Example:
        >>> logits = np.log(np.array([[0.9, 0.1], [0.1, 0.9]])) * 2
        >>> round(fit_temperature(logits, np.array([[0.9, 0.1], [0.1, 0.9]])), 2)
        2.0
    """

    def cross_entropy(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-(target * scaled).sum(axis=1).mean())

    found = minimize_scalar(cross_entropy, bounds=(np.log(0.2), np.log(5)), method="bounded")
    return float(np.exp(found.x))


def fit_confidence(space: str, top: NDArray[np.floating], right: NDArray[np.bool_]) -> ConfidenceCurve:
    """A logistic curve from the top probability to the share of cases in which the top class was right.

    Two parameters, because held-out sets are small; a descending fit, as of pure noise, becomes flat.

    Args:
        space: that the top class belongs to.
        top: (n,) top probabilities.
        right: (n,) whether the raters' top class was named.

    Returns:
        The curve at 21 knots from the smallest to the largest top probability, with the threshold that
        ``fit_unsure_below`` finds on the same images.

    References:
        Platt, J. (1999). Probabilistic outputs for support vector machines. In: Advances in Large Margin
        Classifiers, 61-74.
    """
    # A network that knows every image is as sure as numbers allow, and leaves no room for knots.
    top = top.astype(np.float64).clip(1e-6, 1 - 1e-6)
    odds = np.log(top / (1 - top))[:, None]
    knots = np.linspace(min(top.min(), top.max() - 1e-3), top.max(), KNOTS)
    if right.all() or not right.any():
        values = np.full(KNOTS, right.mean())
    else:
        regression = LogisticRegression(C=10.0).fit(odds, right)
        values = regression.predict_proba(np.log(knots / (1 - knots))[:, None])[:, 1]
        if regression.coef_[0, 0] < 0:
            values = np.full(KNOTS, right.mean())
    curve = ConfidenceCurve(space, tuple(knots.round(5).tolist()), tuple(values.round(5).tolist()))
    return replace(curve, unsure_below=fit_unsure_below(curve(top)))


def fit_unsure_below(confidence: NDArray[np.floating]) -> float:
    """The confidence from which on half of the images are expected to be named as most raters would.

    Args:
        confidence: (n,) calibrated, of images that the model had not learnt from.

    Returns:
        The lowest one above which the mean is at least a half, rounded up to three decimals; 1, so that nothing is
        named, where there is none.

    Example:
        >>> fit_unsure_below(np.array([0.8, 0.5, 0.3, 0.2]))
        0.3
    """
    falling = -np.sort(-confidence.astype(np.float64))
    means = falling.cumsum() / np.arange(1, len(falling) + 1)
    # Images of one confidence are named together, or not at all.
    is_step = np.append(falling[1:] < falling[:-1], True)
    enough = np.flatnonzero(is_step & (means >= 0.5))
    return min(float(np.ceil(falling[enough[-1]] * 1000 - 1e-6) / 1000), 1.0) if len(enough) else 1.0


def fit_scores(
    products: NDArray[np.floating],
    agreement: NDArray[np.floating],
    chance: float,
    weights: NDArray[np.floating] | None = None,
) -> ScoreCurve:
    """An isotonic curve from how well a row fits a query to the share of raters who agree.

    Args:
        products: (n,) fits of images that the model had not learnt from, or for words their gains (see ``ScoreCurve``).
        agreement: (n,) share of the image's raters who would agree that it fits the query, or for words its gain.
        chance: mean agreement of an image drawn at random.
        weights: (n,) how much each pair counts; default: alike. An error in a gain is an error in the score by the part
            of one that chance leaves, so gains count by its square.

    Returns:
        The curve at 33 quantiles of the fits; between them it is straight.

    References:
        Zadrozny, B. & Elkan, C. (2002). Transforming classifier scores into accurate multiclass probability
        estimates. KDD, 694-699. DOI 10.1145/775047.775151
    """
    fitted = IsotonicRegression(out_of_bounds="clip").fit(products, agreement, sample_weight=weights)
    # The upper tail is what people see: it gets more knots than its share.
    levels = np.concatenate([np.linspace(0, 0.9, 17), 1 - np.geomspace(0.09, 0.001, 15), [1.0]])
    knots = np.unique(np.quantile(products, levels).round(5))
    edges = np.concatenate([[-np.inf], (knots[1:] + knots[:-1]) / 2, [np.inf]])
    # The mean around a knot: a step of the isotonic fit must not fall between two knots unseen.
    smooth = fitted.predict(products)
    place = np.searchsorted(edges, products, side="right") - 1
    counts = np.bincount(place, weights, minlength=len(knots))
    sums = np.bincount(place, smooth if weights is None else smooth * weights, minlength=len(knots))
    means = sums / np.where(counts > 0, counts, 1)
    values = np.maximum.accumulate(np.where(counts > 0, means, agreement.min()))
    return ScoreCurve(round(float(chance), 5), tuple(knots.tolist()), tuple(values.round(5).tolist()))
