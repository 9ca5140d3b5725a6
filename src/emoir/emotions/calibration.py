"""Calibration: from a score of a network or a search to the share of cases in which raters agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError

# Of cards that state no threshold: those of version 0.3 and earlier, and of models fitted on few images.
UNSURE_BELOW = 0.4
# Steps of the grid from which scores are read.
GRID = 2**15


@dataclass(frozen=True, slots=True)
class ConfidenceCurve:
    """A monotone, piecewise linear map from top probability to confidence.

    Args:
        space: the emotion space whose top class the confidence speaks of.
        knots: rising top probabilities.
        values: the share of raters' agreement at each knot, not falling.
        unsure_below: an image of lower confidence is not named by its top class.

    Raises:
        ModelError: if the knots do not ascend or a value descends.

    Example:
        >>> curve = ConfidenceCurve("mikels", (0.2, 0.6), (0.1, 0.5))
        >>> [round(float(value), 2) for value in curve(np.array([0.1, 0.4, 0.9]))]
        [0.1, 0.3, 0.5]
    """

    space: str
    knots: tuple[float, ...]
    values: tuple[float, ...]
    unsure_below: float = UNSURE_BELOW

    def __post_init__(self) -> None:
        _check(self.knots, self.values)

    def __call__(self, top: NDArray[np.floating]) -> NDArray[np.float32]:
        """Confidence of (n,) top probabilities, (n,) in [0, 1]; held constant beyond the outer knots."""
        return np.asarray(np.interp(top, self.knots, self.values), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class ScoreCurve:
    """A monotone, piecewise linear map from how well a row fits a question to the probability that a rater agrees.

    Examples and points: from the fit to the probability. Words: from the gain of the fit over that of a reading
    without any opinion to the gain of the agreement over chance, both as shares of the gain that is possible, so that
    one curve serves words that mean one thing and words that mean many.

    Args:
        chance: the agreement of an image drawn at random; weaker matches are hidden.
        knots: fits or gains, sorted ascending.
        values: agreement, or its gain, at each knot; no value is below the one before.

    Raises:
        ModelError: if the knots do not ascend or a value descends.

    Example:
        >>> curve = ScoreCurve(0.125, (0.0, 0.5, 1.0), (0.0, 0.1, 0.9))
        >>> float(curve(np.array([0.75]))[0])
        0.5
    """

    chance: float
    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        _check(self.knots, self.values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ScoreCurve:
        """From the model card's JSON."""
        return cls(values["chance"], *_numbers(values))

    def __call__(self, raw_scores: NDArray[np.floating]) -> NDArray[np.float32]:
        """Values at (n,) fits; held constant beyond the outer knots.

        Read off a fine grid, which for a million fits is several times faster than a search among the knots; between
        two points of the grid the curve is a straight line.
        """
        heights, rises = _grid(self)
        low, high = self.knots[0], self.knots[-1]
        place = np.subtract(raw_scores, np.float32(low), dtype=np.float32)
        place *= np.float32(GRID / (high - low) if high > low else 0.0)
        np.clip(place, 0, GRID, out=place)
        cell = place.astype(np.int32)
        place -= cell
        place *= rises[cell]
        place += heights[cell]
        return np.asarray(place)


@lru_cache(maxsize=64)
def _grid(curve: ScoreCurve) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A curve's height at every point of a grid over its knots, and its rise from there to the next point."""
    heights = np.interp(np.linspace(curve.knots[0], curve.knots[-1], GRID + 1), curve.knots, curve.values)
    return heights.astype(np.float32), np.diff(heights, append=heights[-1]).astype(np.float32)


def _numbers(values: dict[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    knots: Sequence[float] = values["knots"]
    heights: Sequence[float] = values["values"]
    return tuple(knots), tuple(heights)


def _check(knots: tuple[float, ...], values: tuple[float, ...]) -> None:
    rising = all(a < b for a, b in pairwise(knots))
    monotone = all(a <= b for a, b in pairwise(values))
    if not knots or len(knots) != len(values) or not rising or not monotone:
        raise ModelError(
            "a calibration curve needs as many knots as values, knots that ascend and values that do not descend"
        )
