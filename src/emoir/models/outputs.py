"""Checks of a model's outputs: an impossible reading is the model's fault, not the picture's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError

TOLERANCE = 1e-3


def check_outputs(outputs: Mapping[str, NDArray[np.float32]], file: object) -> None:
    """Refuse outputs that no picture can have.

    Args:
        outputs: ``embedding`` (n, D), ``valence_arousal`` (n, 2), and (n, K) per emotion space.
        file: the graph, for the message.

    Raises:
        ModelError: naming the output, if a number is not finite, an embedding is not of unit length, valence or
            arousal lies outside [0, 1], or probabilities are negative or do not sum to 1 (all to 0.001).

    Example:
        >>> check_outputs({"mood": np.array([[0.5, 0.6]], np.float32)}, "model.onnx")
        Traceback (most recent call last):
        emoir.errors.ModelError: model.onnx: mood: probabilities of an image sum to 1.1, not 1
    """
    for name, values in outputs.items():
        if not np.isfinite(values).all():
            raise ModelError(f"{file}: {name} is not a finite number for some image")
        if name == "embedding":
            lengths = np.linalg.norm(values, axis=1)
            length = float(lengths[_worst(lengths)])
            if abs(length - 1) > TOLERANCE * 10:
                raise ModelError(f"{file}: {name} of an image has length {length:.3g}, not 1")
            continue
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 1 + TOLERANCE:
            raise ModelError(f"{file}: {name} of an image is {low if low < 0 else high:.3g}, outside 0 to 1")
        if name != "valence_arousal":
            sums = values.sum(axis=1)
            total = float(sums[_worst(sums)])
            if abs(total - 1) > TOLERANCE:
                raise ModelError(f"{file}: {name}: probabilities of an image sum to {total:.3g}, not 1")


def _worst(values: NDArray[np.float32]) -> int:
    return int(np.abs(values - 1).argmax())
