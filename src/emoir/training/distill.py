"""What a teacher sees in unlabelled images, as a target to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def teacher_embeddings(pixels: NDArray[np.uint8], teachers: Sequence[Path], *, batch: int = 32) -> NDArray[np.float32]:
    """Embeddings of images by ONNX teachers, unit length each, joined.

    Args:
        pixels: (n, S, S, 3) uint8 sRGB at the size the teachers take.
        teachers: ONNX files with one uint8 input (n, S, S, 3) and an embedding as first output.
        batch: images per run.

    Returns:
        (n, sum of the teachers' lengths).
    """
    import onnxruntime

    parts = []
    for teacher in teachers:
        session = onnxruntime.InferenceSession(str(teacher), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        starts: Iterable[int] = range(0, len(pixels), batch)
        runs = [session.run(None, {name: np.ascontiguousarray(pixels[at : at + batch])})[0] for at in starts]
        values = np.concatenate(runs).astype(np.float32)
        parts.append(values / np.linalg.norm(values, axis=1, keepdims=True))
    return np.concatenate(parts, axis=1)


def whitened_targets(embeddings: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """Embeddings centred, rotated to their principal axes, partly whitened, cut and brought to unit length.

    Whitening by the square root of the deviation lets fine distinctions count without letting noise rule.

    Args:
        embeddings: (n, D), n > dimensions.
        dimensions: length of the targets.

    Returns:
        (n, dimensions) unit vectors.

    Example:
        >>> targets = whitened_targets(np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32), 4)
        >>> targets.shape, bool(np.allclose(np.linalg.norm(targets, axis=1), 1))
        ((50, 4), True)
    """
    centred = embeddings - embeddings.mean(axis=0)
    covariance = centred.T @ centred / len(centred)
    values, vectors = np.linalg.eigh(covariance.astype(np.float64))
    axes = vectors[:, ::-1][:, :dimensions] / np.maximum(values[::-1][:dimensions], 1e-12) ** 0.25
    targets = centred @ axes.astype(np.float32)
    return np.asarray(targets / np.linalg.norm(targets, axis=1, keepdims=True), dtype=np.float32)
