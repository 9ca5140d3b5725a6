"""Rows of a picture that stay the same whatever its file ends in: those that are its own."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.images.decoder_errors import DECODER_ERRORS

# Pixels of progressive JPEGs that are compared at half their size.
LARGE = 25_000_000
# Larger pictures are not compared at all: two of them would stand in memory.
MAX_COMPARED = 200_000_000
# Some decoders take only one noise of several for data, and two that are taken are needed.
NOISES, NOISE_LENGTH = 8, 65_536
MAX_FILLED = 32_000_000


def rows_of(content: bytes, format: str) -> NDArray[np.uint8]:
    """The pixels of a file; of a JPEG smaller where that shows the same: baseline ones lose all of a block or nothing.

    Raises:
        ValueError: if it is too large; and whatever the decoder raises.
    """
    with Image.open(BytesIO(content), formats=[format]) as image:
        if image.width * image.height > MAX_COMPARED:
            raise ValueError("too large to be compared")
        if format != "JPEG":
            return np.asarray(image.convert("RGB"))
        if "progressive" not in image.info:
            image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
        elif image.width * image.height > LARGE:
            image.draft("RGB", (image.width // 2, image.height // 2))
        return np.asarray(image.convert("RGB"))


def share_of_rows(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """How much of two pictures is the same, from the top.

    Example:
        >>> share_of_rows(np.zeros((4, 1, 3), np.uint8), np.array([0, 0, 0, 9], np.uint8).reshape(4, 1, 1))
        0.75
    """
    same = (one == other).all(axis=(1, 2))
    return (len(same) if same.all() else int(same.argmin())) / len(same)


def filled(content: bytes, end: int, format: str) -> tuple[bytes, float] | None:
    """A file whose missing end is noise, and the share of its rows that stay the same whatever the noise.

    Args:
        content: as much of it as there is.
        end: its length when it was whole.
        format: as Pillow names it.

    Returns:
        None if its decoder takes no noise, or too much is missing.
    """
    missing = end - len(content)
    if missing > MAX_FILLED:
        return None
    first: tuple[bytes, NDArray[np.uint8]] | None = None
    for seed in range(NOISES):
        noise = np.random.default_rng(seed).bytes(NOISE_LENGTH)
        file = content + (noise * (missing // NOISE_LENGTH + 1))[:missing]
        try:
            rows = rows_of(file, format)
        except DECODER_ERRORS:
            continue
        if first is None:
            first = file, rows
        else:
            return first[0], share_of_rows(first[1], rows)
    return None
