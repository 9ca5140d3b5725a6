"""OutOfFold: readings by models that had not learnt from the image, kept as the source of every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ShapeError


@dataclass(frozen=True, kw_only=True)
class OutOfFold:
    """Readings of a whole data set, each by the model of the fold that held the image out.

    Args:
        digests: (n,) first 16 hexadecimal digits of each image's SHA-256.
        folds: (n,) the fold that held it out.
        probabilities: label space to (n, K).
        points: (n, 2) valence and arousal in [0, 1], or None.
        embeddings: (n, d), comparable inside a fold only, or None.

    Raises:
        ShapeError: if lengths differ.

    Example:
        >>> readings = OutOfFold(
        ...     digests=("00ff",), folds=np.array([0]), probabilities={"mood": np.array([[0.2, 0.8]])}
        ... )
        >>> readings.probabilities["mood"].argmax()
        np.int64(1)
    """

    digests: tuple[str, ...]
    folds: NDArray[np.int64]
    probabilities: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    points: NDArray[np.floating] | None = None
    embeddings: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        parts = [self.folds, *self.probabilities.values(), self.points, self.embeddings]
        lengths = {len(part) for part in parts if part is not None}
        if lengths != {len(self.digests)}:
            raise ShapeError(f"columns of {sorted(lengths)} rows for {len(self.digests)} images")

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store in an .npz, by name; numbers as float16 (embeddings) or float32."""
        arrays: dict[str, NDArray[np.generic]] = {
            "digests": np.array(self.digests),
            "folds": self.folds.astype(np.int8),
        }
        arrays |= {f"p_{space}": values.astype(np.float32) for space, values in self.probabilities.items()}
        if self.points is not None:
            arrays["points"] = self.points.astype(np.float32)
        if self.embeddings is not None:
            arrays["embeddings"] = self.embeddings.astype(np.float16)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], digests: Sequence[str]) -> OutOfFold:
        """Readings from what ``to_arrays`` gave, brought into the order of a data set's images.

        Raises:
            ShapeError: if they are of other images.
        """
        stored = {digest: row for row, digest in enumerate(arrays["digests"].tolist())}
        if set(stored) != set(digests):
            raise ShapeError(f"readings of {len(stored)} images, of which not all are among these")
        rows = np.array([stored[digest] for digest in digests])
        return cls(
            digests=tuple(digests),
            folds=arrays["folds"].astype(np.int64)[rows],
            probabilities={name[2:]: values[rows] for name, values in arrays.items() if name.startswith("p_")},
            points=arrays["points"][rows] if "points" in arrays else None,
            embeddings=arrays["embeddings"].astype(np.float32)[rows] if "embeddings" in arrays else None,
        )
