"""Picture hash: 256 bits by which a picture is recognised in another size, encoding, or mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.images.decode import decode
from emoir.limits import DEFAULT_LIMITS, Limits

SIDE, BYTES = 16, 32
# Pictures are decoded to a square of this side first.
DECODED = 128
# Two pictures whose hashes differ in at most this many bits are one (benchmarks/training_hashes.py measures it).
SAME = 20
# A hash with fewer bits of one kind says too little of a picture: flat and smooth ones share it.
LEAST = 24
# A cell counts as brighter from this many grey levels on, so that the noise of flat parts sets no bit.
MARGIN = 2
# Pairs of hashes that are compared at once.
BATCH = 20_000_000


def picture_hash(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whether each of 16 x 16 cells is clearly brighter than its left neighbour.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        (32,) uint8, 256 bits from the top left.

    References:
        Krawetz, N. (2013). Kind of like that. The Hacker Factor Blog.

    Example:
        >>> picture_hash(np.zeros((64, 64, 3), np.uint8)).any()
        np.False_
    """
    grey = Image.fromarray(pixels).convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX)
    cells = np.asarray(grey).astype(np.int16)
    return np.packbits(cells[:, 1:] > cells[:, :-1] + MARGIN)


def hash_files(paths: Sequence[Path], *, mirrored: bool = False, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """The hashes of image files.

    Args:
        paths: n files.
        mirrored: of each picture's mirror image.
        limits: larger images are not decoded.

    Returns:
        (n, 32) uint8, all 0 where a file cannot be decoded.
    """

    def one(path: Path) -> NDArray[np.uint8]:
        try:
            pixels = decode(path, size=DECODED, limits=limits).pixels
        except (UndecodableImageError, OSError):
            return np.zeros(BYTES, np.uint8)
        return picture_hash(np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels)

    # Pillow decodes without the interpreter's lock.
    with ThreadPoolExecutor(cpu_count()) as pool:
        found = list(pool.map(one, paths))
    return np.stack(found) if found else np.zeros((0, BYTES), np.uint8)


def recognised(hashes: NDArray[np.uint8], known: NDArray[np.uint8], *, most: int = SAME) -> NDArray[np.bool_]:
    """Which pictures are among known ones.

    Args:
        hashes: (n, 32).
        known: (m, 32).
        most: bits that may differ.

    Returns:
        (n,); False where a hash says too little to tell.
    """
    return nearest(hashes, known) <= most


def nearest(hashes: NDArray[np.uint8], known: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The number of bits in which each hash differs from the known one that is most like it.

    Args:
        hashes: (n, 32).
        known: (m, 32).

    Returns:
        (n,), 256 where nothing is known or a hash says too little to tell.
    """
    telling = known[is_telling(known)].view(np.uint64)
    found = np.full(len(hashes), 8 * BYTES, dtype=np.intp)
    rows = np.flatnonzero(is_telling(hashes))
    if not len(telling):
        return found
    for part in _parts(rows, max(BATCH // len(telling) // 4, 1)):
        own = np.ascontiguousarray(hashes[part]).view(np.uint64)
        different = np.zeros((len(part), len(telling)), np.uint16)
        for word in range(own.shape[1]):
            different += np.bitwise_count(own[:, word, None] ^ telling[None, :, word])
        found[part] = different.min(axis=1)
    return found


def is_telling(hashes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(n,): whether enough of a hash's bits are set, and enough are not."""
    count = np.bitwise_count(hashes).sum(axis=1, dtype=np.int64)
    return np.asarray((count >= LEAST) & (count <= 8 * BYTES - LEAST))


def _parts(rows: NDArray[np.intp], length: int) -> Iterator[NDArray[np.intp]]:
    return (rows[start : start + length] for start in range(0, len(rows), length))
