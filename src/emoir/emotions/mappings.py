"""Mappings between emotion spaces: explicit matrices, so that a question may be asked in any space."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.spaces import EKMAN, MIKELS, PLUTCHIK, POLARITY, SPACES
from emoir.errors import ShapeError

_SAME = {name: {name: 1.0} for name in ("anger", "disgust", "fear", "sadness")}
_EVEN = {"negative": 0.5, "positive": 0.5}

# Row by row: of the viewers who name the class on the left, which share would name each class on the right?
# The reasoning behind every row stands in docs/emotions.md.
TABLES: dict[tuple[str, str], dict[str, dict[str, float]]] = {
    (MIKELS.name, EKMAN.name): {
        **_SAME,
        "amusement": {"joy": 0.9, "surprise": 0.1},
        "awe": {"joy": 0.4, "surprise": 0.5, "neutral": 0.1},
        "contentment": {"joy": 0.8, "neutral": 0.2},
        "excitement": {"joy": 0.75, "surprise": 0.25},
    },
    (MIKELS.name, PLUTCHIK.name): {
        **_SAME,
        "amusement": {"joy": 0.9, "surprise": 0.1},
        "awe": {"surprise": 0.5, "fear": 0.25, "joy": 0.25},
        "contentment": {"joy": 0.6, "trust": 0.4},
        "excitement": {"anticipation": 0.6, "joy": 0.4},
    },
    (MIKELS.name, POLARITY.name): {
        **{name: {"negative": 1.0} for name in ("anger", "disgust", "fear", "sadness")},
        **{name: {"positive": 1.0} for name in ("amusement", "awe", "contentment", "excitement")},
    },
    (EKMAN.name, MIKELS.name): {
        **_SAME,
        "joy": {"amusement": 0.4, "contentment": 0.35, "excitement": 0.25},
        "surprise": {"awe": 0.5, "excitement": 0.3, "amusement": 0.2},
        "neutral": {"contentment": 0.3, **dict.fromkeys((n for n in MIKELS.names if n != "contentment"), 0.1)},
    },
    (EKMAN.name, PLUTCHIK.name): {
        **_SAME,
        "joy": {"joy": 0.7, "trust": 0.2, "anticipation": 0.1},
        "surprise": {"surprise": 1.0},
        "neutral": {"trust": 0.3, **dict.fromkeys((n for n in PLUTCHIK.names if n != "trust"), 0.1)},
    },
    (EKMAN.name, POLARITY.name): {
        **{name: {"negative": 1.0} for name in ("anger", "disgust", "fear", "sadness")},
        "joy": {"positive": 1.0},
        "surprise": {"negative": 0.4, "positive": 0.6},
        "neutral": _EVEN,
    },
    (PLUTCHIK.name, MIKELS.name): {
        **_SAME,
        "joy": {"amusement": 0.4, "contentment": 0.3, "excitement": 0.3},
        "trust": {"contentment": 1.0},
        "surprise": {"awe": 0.5, "excitement": 0.3, "amusement": 0.2},
        "anticipation": {"excitement": 0.7, "contentment": 0.3},
    },
    (PLUTCHIK.name, EKMAN.name): {
        **_SAME,
        "joy": {"joy": 1.0},
        "trust": {"joy": 0.6, "neutral": 0.4},
        "surprise": {"surprise": 1.0},
        "anticipation": {"joy": 0.6, "surprise": 0.2, "neutral": 0.2},
    },
    (PLUTCHIK.name, POLARITY.name): {
        **{name: {"negative": 1.0} for name in ("anger", "disgust", "fear", "sadness")},
        "joy": {"positive": 1.0},
        "trust": {"positive": 1.0},
        "surprise": {"negative": 0.4, "positive": 0.6},
        "anticipation": {"negative": 0.2, "positive": 0.8},
    },
}


@cache
def mapping(source: str, target: str) -> NDArray[np.float64]:
    """The matrix from one space to another.

    Args:
        source: name of a space.
        target: name of another.

    Returns:
        (K_source, K_target): the row of a class holds the shares of those who named it over the target's
        classes; rows sum to 1. The identity for one and the same space.

    Raises:
        ShapeError: if there is no such mapping (nothing maps from polarity: it knows too little).

    Example:
        >>> mapping("mikels", "polarity")[MIKELS.names.index("awe")].tolist()
        [0.0, 1.0]
    """
    if source == target and source in SPACES:
        return np.eye(len(SPACES[source]))
    if (source, target) not in TABLES:
        raise ShapeError(f"there is no mapping from {source} to {target}")
    rows = TABLES[source, target]
    return np.array([[rows[name].get(other, 0.0) for other in SPACES[target].names] for name in SPACES[source].names])


def convert(probabilities: NDArray[np.floating], source: str, target: str) -> NDArray[np.float64]:
    """Distributions over one space as distributions over another.

    Args:
        probabilities: (..., K_source), summing to 1 along the last axis.
        source: name of a space.
        target: name of another.

    Returns:
        (..., K_target), summing to 1.

    Raises:
        ShapeError: if there is no such mapping.

    Example:
        >>> awe = np.eye(8)[MIKELS.names.index("awe")]
        >>> convert(awe, "mikels", "plutchik").tolist()
        [0.25, 0.0, 0.25, 0.5, 0.0, 0.0, 0.0, 0.0]
    """
    return np.asarray(probabilities @ mapping(source, target))
