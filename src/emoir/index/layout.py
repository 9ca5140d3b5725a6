"""RowLayout: the one vector per image that every query is a dot product with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.calibration import UNSURE_BELOW
from emoir.emotions.reading import EmotionReadings
from emoir.errors import ShapeError
from emoir.images.palette import PALETTE_LENGTH

EMBEDDING_LENGTH = 128
POINT_LENGTH = 3
RowVectors: TypeAlias = NDArray[np.float32]
"""(n, d) rows as ``RowLayout`` lays them out."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where the parts of a row vector stand.

    A row is ``[sqrt(p) of each space | v, a, v^2 + a^2 | embedding | sqrt(palette)]``: first the affect, which most
    questions are about and which is a tenth of the row, then the appearance. The product of two square-rooted
    distributions is their Bhattacharyya coefficient, and minus the squared distance to a valence-arousal point is
    linear in the three numbers of the point.

    Args:
        class_names: space name to its classes, in the order of the row.
        embedding_length: numbers of the embedding.
        text: whether the model's embeddings of phrases compare with this embedding.

    References:
        Bhattacharyya, A. (1943). On a measure of divergence between two statistical populations.
        Bulletin of the Calcutta Mathematical Society 35, 99-109.

    Example:
        >>> layout = RowLayout({"polarity": ("negative", "positive")})
        >>> layout.length, layout.distribution("polarity")
        (197, slice(0, 2, None))
    """

    class_names: Mapping[str, tuple[str, ...]]
    embedding_length: int = EMBEDDING_LENGTH
    text: bool = False

    @classmethod
    def of(cls, readings: EmotionReadings) -> RowLayout:
        """The layout of rows that hold these readings."""
        return cls(readings.class_names, readings.embeddings.shape[1])

    def distribution(self, space: str) -> slice:
        """The square roots of one space's probabilities."""
        start = 0
        for name, classes in self.class_names.items():
            if name == space:
                return slice(start, start + len(classes))
            start += len(classes)
        raise ShapeError(f"no space {space!r} in these rows; they hold {', '.join(self.class_names)}")

    @property
    def point(self) -> slice:
        """Valence, arousal and the sum of their squares."""
        start = sum(len(classes) for classes in self.class_names.values())
        return slice(start, start + POINT_LENGTH)

    @property
    def affect(self) -> slice:
        """Distributions and point together, the first columns: what words and points are asked of."""
        return slice(0, self.point.stop)

    @property
    def appearance(self) -> slice:
        """Embedding and palette together, the other columns."""
        return slice(self.point.stop, self.palette.stop)

    @property
    def embedding(self) -> slice:
        """The unit embedding."""
        return slice(self.point.stop, self.point.stop + self.embedding_length)

    @property
    def palette(self) -> slice:
        """The square roots of the palette histogram."""
        return slice(self.embedding.stop, self.embedding.stop + PALETTE_LENGTH)

    @property
    def length(self) -> int:
        """Numbers in a row."""
        return int(self.palette.stop)

    def pack(self, readings: EmotionReadings, palettes: NDArray[np.float32]) -> NDArray[np.float16]:
        """Rows of n readings.

        Args:
            readings: over exactly the spaces of this layout.
            palettes: (n, 64) shares.

        Returns:
            (n, length) float16: three significant digits, as much as a reading is worth.
        """
        rows = np.zeros((len(readings), self.length), dtype=np.float32)
        rows[:, self.embedding] = readings.embeddings
        for space in self.class_names:
            rows[:, self.distribution(space)] = np.sqrt(readings.distributions[space])
        squares = readings.valence**2 + readings.arousal**2
        rows[:, self.point] = np.stack([readings.valence, readings.arousal, squares], axis=1)
        rows[:, self.palette] = np.sqrt(palettes)
        return rows.astype(np.float16)

    def unpack(
        self,
        rows: NDArray[np.floating],
        confidence: NDArray[np.float32],
        monochrome: NDArray[np.bool_],
        model: str,
        unsure_below: float = UNSURE_BELOW,
    ) -> EmotionReadings:
        """The readings that rows were made of, to the precision of float16."""
        values = rows.astype(np.float32)
        distributions = {}
        for space in self.class_names:
            squares = values[:, self.distribution(space)] ** 2
            distributions[space] = squares / squares.sum(axis=1, keepdims=True)
        valence, arousal, _ = values[:, self.point].T
        return EmotionReadings(
            embeddings=values[:, self.embedding],
            distributions=distributions,
            class_names=self.class_names,
            valence=valence,
            arousal=arousal,
            confidence=confidence,
            monochrome=monochrome,
            model=model,
            unsure_below=unsure_below,
        )

    def to_json(self) -> str:
        """For storage beside the rows."""
        names = {space: list(names) for space, names in self.class_names.items()}
        return json.dumps({"class_names": names, "embedding_length": self.embedding_length, "text": self.text})

    @classmethod
    def from_json(cls, text: str) -> RowLayout:
        """The inverse of ``to_json``; until version 0.4 only the class names were written."""
        values = json.loads(text)
        spaces: dict[str, Sequence[str]] = values.get("class_names", values)
        layout = cls({space: tuple(names) for space, names in spaces.items()}, text=values.get("text") is True)
        length = values.get("embedding_length")
        return replace(layout, embedding_length=length) if isinstance(length, int) else layout
