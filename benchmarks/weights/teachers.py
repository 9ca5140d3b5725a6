"""What a teacher sees in unlabelled images, as a target to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Teacher:
    """An ONNX network that turns images into embeddings; it learns nothing.

    Args:
        path: ONNX file with one uint8 input (n, S, S, 3) and an embedding as first output.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.side = int(self._session.get_inputs()[0].shape[1])
        self.length = int(self._session.get_outputs()[0].shape[1])

    def embed(self, pixels: NDArray[np.uint8], *, batch: int = 2) -> NDArray[np.float32]:
        """Embeddings (n, length) of unit length of images (n, S, S, 3); may be called from several threads."""
        starts = range(0, len(pixels), batch)
        parts = (np.ascontiguousarray(pixels[at : at + batch]) for at in starts)
        values = np.concatenate([self._session.run(None, {self._input: part})[0] for part in parts])
        return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Whitening:
    """Principal axes of the teachers' embeddings, partly whitened: the space of the targets.

    Whitening by the square root of the deviation lets fine distinctions count without letting noise rule.

    Args:
        centre: (D,).
        axes: (D, dimensions).
    """

    centre: NDArray[np.float32]
    axes: NDArray[np.float32]

    @classmethod
    def fit(cls, embeddings: NDArray[np.float32], dimensions: int) -> Whitening:
        """The axes of embeddings (m, D), m > dimensions, that spread most."""
        centre = embeddings.mean(axis=0)
        centred = embeddings - centre
        covariance = centred.T @ centred / len(centred)
        values, vectors = np.linalg.eigh(covariance.astype(np.float64))
        axes = vectors[:, ::-1][:, :dimensions] / np.maximum(values[::-1][:dimensions], 1e-12) ** 0.25
        return cls(centre, axes.astype(np.float32))

    def __call__(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit vectors (n, dimensions) of embeddings (n, D)."""
        targets = (embeddings - self.centre) @ self.axes
        return np.asarray(targets / np.linalg.norm(targets, axis=1, keepdims=True), dtype=np.float32)
