"""Difference hash: 64 bits that near duplicates of a picture share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 8
# Pictures whose hashes differ in at most this many bits are near duplicates.
NEAR = 6


def difference_hash(pixels: NDArray[np.uint8]) -> int:
    """Whether each of 8 x 8 cells is brighter than its left neighbour, one bit a cell.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        An unsigned 64-bit number, the top left cell in the highest bit.

    References:
        Krawetz, N. (2013). Kind of like that. The Hacker Factor Blog.

    Example:
        >>> difference_hash(np.zeros((16, 16, 3), np.uint8))
        0
    """
    # A search compares hashes alone, and Pillow takes long to load.
    from PIL import Image

    grey = Image.fromarray(pixels).convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    cells = np.asarray(grey).astype(np.int16)
    bits = cells[:, 1:] > cells[:, :-1]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hash_distance(hashes: NDArray[np.uint64], other: np.uint64) -> NDArray[np.uint8]:
    """How many bits differ.

    Args:
        hashes: (n,).
        other: one hash.

    Returns:
        (n,), 0 to 64.

    Example:
        >>> hash_distance(np.array([0b1011], np.uint64), np.uint64(0b0010)).tolist()
        [2]
    """
    return np.asarray(np.bitwise_count(hashes ^ other), dtype=np.uint8)
