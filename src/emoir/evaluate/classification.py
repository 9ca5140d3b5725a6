"""Classification: per image first, reduced last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.spaces import MIKELS, POSITIVE_MIKELS

# The eight emotions around a circle, neighbours feeling alike. The literature draws such a wheel without agreeing on
# one order (and the figures could not be consulted); this one follows the circumplex of valence and arousal.
WHEEL = ("contentment", "amusement", "excitement", "awe", "fear", "anger", "disgust", "sadness")


def right_at(probabilities: NDArray[np.floating], labels: NDArray[np.integer], k: int = 1) -> NDArray[np.bool_]:
    """Whether the label is among the k most probable classes.

    Ties are broken against the model: a class counts as above the label if it is at least as probable.

    Args:
        probabilities: (n, K).
        labels: (n,) in [0, K).
        k: how many classes count.

    Returns:
        (n,); its mean is top-k accuracy (micro).

    Example:
        >>> right_at(np.array([[0.5, 0.3, 0.2]]), np.array([1]), 2).tolist()
        [True]
    """
    own = probabilities[np.arange(len(labels)), labels]
    above = (probabilities >= own[:, None]).sum(axis=1) - 1
    return np.asarray(above < k)


def macro_f1(predicted: NDArray[np.integer], labels: NDArray[np.integer], classes: int) -> float:
    """F1 of each class, averaged over the classes (macro); a class that is never named nor present counts 0.

    Args:
        predicted: (n,).
        labels: (n,).
        classes: K.

    Returns:
        In [0, 1].
    """
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predicted, labels=np.arange(classes), average="macro", zero_division=0))


def mikels_distance() -> NDArray[np.int64]:
    """Steps between emotions on Mikels' wheel.

    The wheel orders the eight emotions by likeness, positive ones on one side, negative ones on the
    other; the distance is the smaller number of steps around the circle. The order is ours, see
    ``WHEEL`` and docs/decisions.md.

    Returns:
        (8, 8) in the order of ``MIKELS``: 0 on the diagonal, at most 4.

    References:
        Zhao, S. et al. (2016). Predicting personalized emotion perceptions of social images. ACM Multimedia,
        1385-1394. DOI 10.1145/2964284.2964289 (the idea); Russell, J. A. (1980). A circumplex model of affect.
        JPSP 39(6), 1161-1178. DOI 10.1037/h0077714 (the order).

    Example:
        >>> int(mikels_distance()[MIKELS.names.index("fear"), MIKELS.names.index("awe")])
        1
    """
    place = np.array([WHEEL.index(name) for name in MIKELS.names])
    steps = abs(place[:, None] - place[None, :])
    return np.asarray(np.minimum(steps, len(WHEEL) - steps), dtype=np.int64)


def wheel_confusion(predicted: NDArray[np.integer], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """How near each guess is to the label on Mikels' wheel: 1 the same, 0 opposite.

    Args:
        predicted: (n,) classes of ``MIKELS``.
        labels: (n,) classes of ``MIKELS``.

    Returns:
        (n,) 1 - steps / 4; its mean weighs confusions by their steps.
    """
    return np.asarray(1 - mikels_distance()[predicted, labels] / 4, dtype=np.float64)


def polarity_right(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether the side of the wheel is right: positive against negative share of the eight emotions.

    Args:
        probabilities: (n, 8) over ``MIKELS``.
        labels: (n,) classes of ``MIKELS``.

    Returns:
        (n,); its mean is polarity accuracy (micro).
    """
    positive = np.array([name in POSITIVE_MIKELS for name in MIKELS.names])
    return np.asarray((probabilities[:, positive].sum(axis=1) > 0.5) == positive[labels])


def majority_baseline(labels: NDArray[np.integer]) -> float:
    """Accuracy of always naming the most frequent class."""
    return float(np.bincount(labels).max() / len(labels))


def constant_polarity(labels: NDArray[np.integer]) -> float:
    """Polarity accuracy of always naming the side that is more frequent.

    Args:
        labels: (n,) classes of ``MIKELS``.

    Example:
        >>> constant_polarity(np.array([MIKELS.names.index(name) for name in ("awe", "fear", "anger")])).__round__(3)
        0.667
    """
    positive = np.isin(labels, [number for number, name in enumerate(MIKELS.names) if name in POSITIVE_MIKELS]).mean()
    return float(max(positive, 1 - positive))


def constant_wheel(labels: NDArray[np.integer]) -> float:
    """What always naming the class that lies nearest to the labels on Mikels' wheel gives.

    Args:
        labels: (n,) classes of ``MIKELS``.

    Returns:
        The largest mean of ``wheel_confusion`` that one class for all images reaches.
    """
    return max(float(wheel_confusion(np.full(len(labels), k), labels).mean()) for k in range(len(MIKELS.names)))
