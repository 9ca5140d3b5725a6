"""All that can be checked of a model without labels, step by step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.errors import ModelError
from emoir.models.model import Model, ModelFolder
from emoir.models.text_tower import TRIAL, TextTower

# A batch may differ from single images by as much.
BATCH_TOLERANCE = 1e-3


def check_model(folder: str | PathLike[str]) -> Iterator[str]:
    """Check a model's folder.

    Args:
        folder: of the model, or its name.

    Yields:
        One line per check that it passed.

    Raises:
        ModelError: at the first that it fails.

    Example:
        >>> from emoir.models.library import shipped_model_folder
        >>> len(list(check_model(shipped_model_folder())))
        5
    """
    described = ModelFolder(folder)
    card = described.card
    yield f"card: every key is as it must be; {card.name}, {len(card.outputs) - 2} emotion spaces"
    model = Model(folder)
    files = " and ".join(graph.file for graph in card.graphs)
    yield f"{files}: no other file is read, inputs and outputs are as the card says, a grey picture reads well"
    pictures = _pictures(card.size)
    began = time.perf_counter()
    single = [model.read_pixels(picture[None]) for picture in pictures]
    seconds = (time.perf_counter() - began) / len(pictures)
    yield f"{len(pictures)} pictures of black, white, colours and noise read well, in {seconds * 1000:.0f} ms each"
    if any(_apart(model.read_pixels(picture[None]), before) for picture, before in zip(pictures, single, strict=True)):
        raise ModelError(f"{described.folder}: the same picture reads differently at the second time")
    yield "the same picture reads the same again"
    batch = model.read_pixels(pictures)
    apart = max(_apart_by(batch, row, alone) for row, alone in enumerate(single))
    if apart > BATCH_TOLERANCE:
        raise ModelError(f"{described.folder}: a picture in a batch reads differently than alone, by {apart:.2g}")
    yield "a picture in a batch reads as it does alone"
    if card.text is not None:
        tower = TextTower(folder)
        if not np.array_equal(tower.embed(TRIAL), tower.embed(TRIAL)):
            raise ModelError(
                f"{described.folder}: {card.text.file} reads the same phrase differently at the second time"
            )
        yield f"{card.text.file}: takes phrases of up to {tower.context} tokens, the same phrase reads the same again"


def _pictures(side: int) -> NDArray[np.uint8]:
    random = np.random.default_rng(0)
    plain = [np.full((side, side, 3), colour, np.uint8) for colour in (0, 255, (255, 0, 0), (0, 0, 255))]
    return np.stack([*plain, *random.integers(0, 256, (2, side, side, 3), dtype=np.uint8)])


def _numbers(readings: EmotionReadings, row: int) -> NDArray[np.float32]:
    shares = [values[row] for values in readings.distributions.values()]
    return np.concatenate([readings.embeddings[row], *shares, [readings.valence[row], readings.arousal[row]]])


def _apart_by(readings: EmotionReadings, row: int, alone: EmotionReadings) -> float:
    return float(abs(_numbers(readings, row) - _numbers(alone, 0)).max())


def _apart(readings: EmotionReadings, before: EmotionReadings) -> bool:
    return _apart_by(readings, 0, before) > 0
