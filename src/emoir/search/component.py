"""QueryComponent: one thing that a query asks of a row, as one product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.calibration import ScoreCurve

# A word's hits gain at least this share of what chance leaves: benchmarks/search_cut.py chooses it by F-measure.
FITS_FROM = 0.1

# A picture has a colour from this score on: benchmarks/search_colour_cut.py chooses it by F-measure.
COLOUR_FITS_FROM = 0.16


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryComponent:
    """One thing that a query asks of a row: ``row @ vector + offset`` says how well it fits, from 0 to 1.

    Args:
        vector: (d,) float32.
        offset: added to every product.
        kind: which calibration applies: ``words by gain``, ``example``, ``point``, ``content`` or ``text``; ``colour``
            has none.
        chance: the share of raters that would agree with an image drawn at random; None if the calibration holds it.
        flat: of words and content, how well a reading with equal probabilities fits; None of other kinds.
        weight: how much it counts; negative: it is not wanted.
    """

    vector: NDArray[np.float32]
    offset: float
    kind: str
    chance: float | None = None
    flat: float | None = None
    weight: float = 1.0

    def lift(self, raw_scores: NDArray[np.floating]) -> NDArray[np.float32]:
        """Scores of words and content as the gain over a flat reading, 1 at a perfect fit; other scores as they are."""
        if self.flat is None:
            return np.asarray(raw_scores, np.float32)
        # A concept that is itself flat gains nothing.
        return np.asarray((raw_scores - np.float32(self.flat)) / np.float32(max(1 - self.flat, 1e-6)), np.float32)

    def agreement(self, raw_scores: NDArray[np.float32], curves: Mapping[str, ScoreCurve]) -> NDArray[np.float32]:
        """The probability that a rater agrees, (n,) in [0, 1]; the raw scores where this kind has no curve."""
        if self.kind not in curves:
            return raw_scores
        values = curves[self.kind](self.lift(raw_scores))
        if self.flat is None or self.chance is None:
            return values
        values *= np.float32(1 - self.chance)
        values += np.float32(self.chance)
        return np.clip(values, 0, 1, out=values)

    def least_agreement(self, curves: Mapping[str, ScoreCurve], *, wanted: bool = True) -> float | None:
        """The score from which on an image fits; None where none is known.

        It is the probability that a rater agrees with an image drawn at random; a word that is wanted asks for
        ``FITS_FROM`` more, and a colour that is wanted for ``COLOUR_FITS_FROM``.
        """
        if self.kind == "colour":
            return COLOUR_FITS_FROM if wanted else None
        curve = curves.get(self.kind)
        if curve is None or self.chance is None:
            return None if curve is None else curve.chance
        return self.chance + FITS_FROM * (1 - self.chance) if wanted else self.chance

    def scaled(self, factor: float) -> QueryComponent:
        """The same component with its weight times ``factor``; a negative factor turns wanted into not wanted."""
        return replace(self, weight=self.weight * factor)
