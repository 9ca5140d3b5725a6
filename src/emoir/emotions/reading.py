"""EmotionReading: what emoir believes an image evokes; EmotionReadings: many of them as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.calibration import UNSURE_BELOW
from emoir.emotions.frames import reading_columns, to_frame
from emoir.errors import ShapeError


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionReading:
    """The emotion of one image.

    Args:
        embedding: (128,) float32 of unit length; near embeddings feel alike.
        distributions: space name to {class name: probability that a viewer names it}.
        valence: 0 unpleasant to 1 pleasant.
        arousal: 0 calm to 1 excited.
        confidence: calibrated probability that the top class is the one that most raters would name.
        monochrome: whether the picture has no colours of its own.
        model: id of the model that read it.
        unsure_below: confidence below which the image is not named by its top class, by the model's card.
    """

    embedding: NDArray[np.float32]
    distributions: Mapping[str, Mapping[str, float]]
    valence: float
    arousal: float
    confidence: float
    monochrome: bool
    model: str
    unsure_below: float = UNSURE_BELOW

    @property
    def unsure(self) -> bool:
        """Whether no emotion should be named: too few raters would agree with the most probable class."""
        return self.confidence < self.unsure_below

    def top(self, space: str) -> str:
        """The most probable class of a space."""
        return max(self.distributions[space], key=self.distributions[space].__getitem__)

    def to_dict(self) -> dict[str, Any]:
        """The reading as JSON takes it, numbers rounded to their precision; without the embedding."""
        return {
            "distributions": {
                space: {name: round(float(p), 4) for name, p in classes.items()}
                for space, classes in self.distributions.items()
            },
            "valence": round(self.valence, 4),
            "arousal": round(self.arousal, 4),
            "confidence": round(self.confidence, 4),
            "monochrome": self.monochrome,
            "model": self.model,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EmotionReadings:
    """The emotions of n images, as one table of arrays.

    Args:
        embeddings: (n, 128) float32, unit rows.
        distributions: space name to (n, K) float32, rows sum to 1.
        class_names: space name to its K names.
        valence, arousal, confidence: (n,) float32 in [0, 1].
        monochrome: (n,) bool.
        model: id of the model that read them.
        unsure_below: as in ``EmotionReading``.

    Raises:
        ShapeError: if the columns differ in length.

    Example:
        >>> one = np.ones(1, np.float32)
        >>> readings = EmotionReadings(
        ...     embeddings=np.eye(128, dtype=np.float32)[:1],
        ...     distributions={"polarity": np.array([[0.2, 0.8]], np.float32)},
        ...     class_names={"polarity": ("negative", "positive")}, valence=one, arousal=one, confidence=one,
        ...     monochrome=np.array([False]), model="none")
        >>> readings[0].top("polarity")
        'positive'
    """

    embeddings: NDArray[np.float32]
    distributions: Mapping[str, NDArray[np.float32]]
    class_names: Mapping[str, tuple[str, ...]]
    valence: NDArray[np.float32]
    arousal: NDArray[np.float32]
    confidence: NDArray[np.float32]
    monochrome: NDArray[np.bool_]
    model: str
    unsure_below: float = UNSURE_BELOW

    def __post_init__(self) -> None:
        columns = [self.valence, self.arousal, self.confidence, self.monochrome, *self.distributions.values()]
        if any(len(column) != len(self.embeddings) for column in columns):
            raise ShapeError(f"columns of {[len(c) for c in columns]} rows for {len(self.embeddings)} embeddings")
        for space, values in self.distributions.items():
            if values.shape[1] != len(self.class_names[space]):
                raise ShapeError(f"{space}: {values.shape[1]} columns for {len(self.class_names[space])} classes")

    def __len__(self) -> int:
        return len(self.embeddings)

    def __getitem__(self, row: int) -> EmotionReading:
        distributions = {
            space: dict(zip(self.class_names[space], values[row].tolist(), strict=True))
            for space, values in self.distributions.items()
        }
        return EmotionReading(
            embedding=self.embeddings[row],
            distributions=distributions,
            valence=float(self.valence[row]),
            arousal=float(self.arousal[row]),
            confidence=float(self.confidence[row]),
            monochrome=bool(self.monochrome[row]),
            model=self.model,
            unsure_below=self.unsure_below,
        )

    @property
    def sure(self) -> NDArray[np.bool_]:
        """(n,) whether an image may be named by its top class."""
        return np.asarray(self.confidence >= self.unsure_below)

    def __iter__(self) -> Iterator[EmotionReading]:
        return (self[row] for row in range(len(self)))

    def to_pandas(self, paths: Sequence[str | PathLike[str]] | None = None) -> Any:
        """One row a reading as a pandas DataFrame, with a column of paths if given (see ``reading_columns``).

        Raises:
            EmoirError: if pandas is not installed.
            ShapeError: if there are not as many paths as readings.
        """
        return to_frame(reading_columns(self, paths), "pandas")

    def to_polars(self, paths: Sequence[str | PathLike[str]] | None = None) -> Any:
        """One row a reading as a polars DataFrame; arguments and errors as for ``to_pandas``."""
        return to_frame(reading_columns(self, paths), "polars")

    def to_arrow(self, paths: Sequence[str | PathLike[str]] | None = None) -> Any:
        """One row a reading as a pyarrow Table; arguments and errors as for ``to_pandas``."""
        return to_frame(reading_columns(self, paths), "pyarrow")

    @classmethod
    def stack(cls, readings: Sequence[EmotionReading]) -> EmotionReadings:
        """Join readings of one model into a table.

        Args:
            readings: at least one.

        Raises:
            ShapeError: if there are none, or they come from different models.
        """
        models = {reading.model for reading in readings}
        if len(models) != 1:
            raise ShapeError(f"readings of one model are needed, got {len(readings)} of {len(models)} models")
        spaces = {space: tuple(classes) for space, classes in readings[0].distributions.items()}
        return cls(
            embeddings=np.stack([reading.embedding for reading in readings]).astype(np.float32),
            distributions={
                space: np.array([list(r.distributions[space].values()) for r in readings], dtype=np.float32)
                for space in spaces
            },
            class_names=spaces,
            valence=np.array([reading.valence for reading in readings], dtype=np.float32),
            arousal=np.array([reading.arousal for reading in readings], dtype=np.float32),
            confidence=np.array([reading.confidence for reading in readings], dtype=np.float32),
            monochrome=np.array([reading.monochrome for reading in readings]),
            model=models.pop(),
            unsure_below=readings[0].unsure_below,
        )
