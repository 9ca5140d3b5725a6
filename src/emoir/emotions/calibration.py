"""Calibration: from a network's largest probability to the share of cases in which it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError


@dataclass(frozen=True, slots=True)
class ConfidenceCurve:
    """A monotone, piecewise linear map from top probability to confidence.

    Args:
        space: the emotion space whose top class the confidence speaks of.
        knots: rising top probabilities.
        values: the share of raters' agreement at each knot, not falling.

    Raises:
        ModelError: if the knots do not rise or the values fall.

    Example:
        >>> curve = ConfidenceCurve("mikels", (0.2, 0.6), (0.1, 0.5))
        >>> [round(float(value), 2) for value in curve(np.array([0.1, 0.4, 0.9]))]
        [0.1, 0.3, 0.5]
    """

    space: str
    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.knots, self.knots[1:], strict=False))
        monotone = all(a <= b for a, b in zip(self.values, self.values[1:], strict=False))
        if not self.knots or len(self.knots) != len(self.values) or not rising or not monotone:
            raise ModelError("a confidence curve needs rising knots and values that do not fall, as many of each")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ConfidenceCurve:
        """From the model card's JSON."""
        knots: Sequence[float] = values["knots"]
        heights: Sequence[float] = values["values"]
        return cls(values["space"], tuple(knots), tuple(heights))

    def __call__(self, top: NDArray[np.floating]) -> NDArray[np.float32]:
        """Confidence of (n,) top probabilities, (n,) in [0, 1]; held constant beyond the outer knots."""
        return np.asarray(np.interp(top, self.knots, self.values), dtype=np.float32)
