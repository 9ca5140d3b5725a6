"""Rows and blocks of a picture that stay the same whatever its file ends in: those that are its own."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.images.decoder_errors import DECODER_ERRORS

# Pixels of progressive JPEGs that are compared at half their size.
LARGE = 25_000_000
# Larger pictures are not compared at all: two of them would stand in memory.
MAX_COMPARED = 200_000_000
# Some decoders take only one filling of several for data, and two that are taken are needed.
NOISES, NOISE_LENGTH = 16, 65_536
# Decoders that refuse data which they read too fast take some noise before zeros or ones.
START, LEAST_START = 1 / 8, 8
MAX_FILLED = 32_000_000
# Packed pictures are made of blocks of at least so many pixels.
BLOCK = 16
# A run of zeros (or of ones, on flash memory) as long as this is space that was never written.
UNWRITTEN = 64
# Of a row, so many bytes before and behind the end of what was written, and most of them, must be of other values.
SEEN, MOSTLY = 16, 0.5


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


def share_of_blocks(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The share of the blocks of two pictures that are the same.

    Example:
        >>> one = np.zeros((32, 32, 3), np.uint8)
        >>> other = one.copy()
        >>> other[20, 20] = 9
        >>> share_of_blocks(one, other)
        0.75
    """
    other_pixels = (one != other).any(axis=2)
    across = np.logical_or.reduceat(other_pixels, np.arange(0, other_pixels.shape[1], BLOCK), axis=1)
    blocks = np.logical_or.reduceat(across, np.arange(0, across.shape[0], BLOCK), axis=0)
    return 1 - float(blocks.mean())


def filled(content: bytes, end: int, format: str) -> tuple[bytes, float] | None:
    """A file whose missing end is made up, and the share of its blocks that stay the same whatever is put there.

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
    for filling in _fillings(missing):
        file = content + filling
        try:
            rows = rows_of(file, format)
        except DECODER_ERRORS:
            continue
        if first is None:
            first = file, rows
        else:
            return first[0], share_of_blocks(first[1], rows)
    return None


def _fillings(length: int) -> Iterator[bytes]:
    """Data of a length, no two alike from the start: all noise, noise before zeros or ones, these alone."""
    for seed in range(NOISES):
        noise = np.random.default_rng(seed).bytes(NOISE_LENGTH)
        noise = (noise * (length // NOISE_LENGTH + 1))[:length]
        start = noise[: max(LEAST_START, int(START * length))]
        yield noise if seed % 4 < 2 else start.ljust(length, b"\xff" if seed % 2 else b"\0")
    yield bytes(length)
    yield b"\xff" * length


def written_end(content: bytes) -> int:
    """Where the written part of a file ends: before a run of zeros, or of ones, that goes on to its end.

    Example:
        >>> written_end(b"picture" + bytes(64)), written_end(b"picture" + bytes(9))
        (7, 16)
    """
    for value in (b"\0", b"\xff"):
        end = len(content.rstrip(value))
        if len(content) - end >= UNWRITTEN:
            return end
    return len(content)


def written_share(picture: Image.Image, *, upwards: bool = False) -> float:
    """The share of an unpacked picture before nothing but zeros, or ones, follows in its file.

    Such a run was never written if it begins amid a row that goes on in other colours above: a dark or white area of
    a photograph ends with its row, or elsewhere in every row. Noise in place of pixels cannot be told from them.

    Args:
        picture: as it is stored.
        upwards: whether its last row is the first in the file.

    Returns:
        1 if all of it was written.

    Example:
        >>> rows = np.full((8, 32, 3), 90, np.uint8)
        >>> rows[5, 24:], rows[6:] = 0, 0
        >>> written_share(Image.fromarray(rows)), written_share(Image.fromarray(rows[:, :24]))
        (0.71875, 1.0)
    """

    def row(number: int) -> NDArray[np.uint8]:
        at = number if upwards else picture.height - 1 - number
        pixels = np.ascontiguousarray(picture.crop((0, at, picture.width, at + 1)))
        return pixels.view(np.uint8).reshape(-1)

    value = row(0)[-1]
    if value not in (0, 255):
        return 1.0
    for bottom in range(picture.height - 1):
        last = row(bottom)
        if (last != value).any():
            break
    else:
        return 1.0
    if not bottom:
        return 1.0
    length = len(last) - int((last[::-1] != value).argmax())
    before, after = last[:length] != value, row(bottom + 1)[length:] != value
    if min(len(before), len(after)) < SEEN or min(before.mean(), after.mean()) < MOSTLY:
        return 1.0
    return (picture.height - 1 - bottom + length / len(last)) / picture.height
