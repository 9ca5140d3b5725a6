"""OutOfFold: what models said of images they had not learnt from, kept as the source of every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ShapeError


@dataclass(frozen=True)
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
        >>> readings = OutOfFold(("00ff",), np.array([0]), {"mood": np.array([[0.2, 0.8]])})
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

    def save(self, file: Path) -> None:
        """Write one compressed .npz; numbers as float16 (embeddings) or float32."""
        arrays: dict[str, NDArray[np.generic]] = {
            "digests": np.array(self.digests),
            "folds": self.folds.astype(np.int8),
        }
        arrays |= {f"p_{space}": values.astype(np.float32) for space, values in self.probabilities.items()}
        if self.points is not None:
            arrays["points"] = self.points.astype(np.float32)
        if self.embeddings is not None:
            arrays["embeddings"] = self.embeddings.astype(np.float16)
        np.savez_compressed(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, file: Path, digests: Sequence[str]) -> OutOfFold:
        """Read readings and bring them into the order of a data set's images.

        Raises:
            ShapeError: if they are of other images.
        """
        with np.load(file, allow_pickle=False) as arrays:
            stored = {digest: row for row, digest in enumerate(arrays["digests"].tolist())}
            if set(stored) != set(digests):
                raise ShapeError(f"{file}: readings of {len(stored)} images, of which not all are among these")
            rows = np.array([stored[digest] for digest in digests])
            return cls(
                tuple(digests),
                arrays["folds"].astype(np.int64)[rows],
                {name[2:]: arrays[name][rows] for name in arrays.files if name.startswith("p_")},
                arrays["points"][rows] if "points" in arrays.files else None,
                arrays["embeddings"].astype(np.float32)[rows] if "embeddings" in arrays.files else None,
            )
