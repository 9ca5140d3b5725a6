"""Near duplicates: pictures alike in their difference hash and in their colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoir.images.difference_hash import NEAR, hash_distance

# Palettes with this Bhattacharyya coefficient are those of copies.
SAME_PALETTE = 0.8


def near_duplicates_of(
    hashes: NDArray[np.uint64], palettes: NDArray[np.floating], hash: np.uint64, palette: NDArray[np.floating]
) -> NDArray[np.bool_]:
    """Which pictures are near duplicates of one: smooth pictures share a hash whatever they show, so both must agree.

    Args:
        hashes: (n,) difference hashes.
        palettes: (n, 64) square roots of palette histograms.
        hash: of the picture asked for.
        palette: (64,) of the picture asked for.

    Returns:
        (n,).

    Example:
        >>> near_duplicates_of(np.array([1, 2**40 - 1], np.uint64), np.ones((2, 1)), np.uint64(0), np.ones(1)).tolist()
        [True, False]
    """
    near = hash_distance(hashes, hash) <= NEAR
    # Few are near by their hash: only their colours are compared.
    near[near] = palettes[near] @ palette >= SAME_PALETTE
    return np.asarray(near, dtype=np.bool_)


def near_duplicate_pairs(hashes: NDArray[np.uint64], palettes: NDArray[np.floating]) -> NDArray[np.intp]:
    """All pairs of near duplicates.

    Args:
        hashes: (n,) difference hashes.
        palettes: (n, 64) square roots of palette histograms.

    Returns:
        (m, 2) rows, the smaller first, sorted ascending. 100,000 pictures take some ten seconds.

    Example:
        >>> near_duplicate_pairs(np.array([1, 2**40 - 1, 0], np.uint64), np.ones((3, 1))).tolist()
        [[0, 2]]
    """
    pairs = [np.empty((0, 2), dtype=np.intp)]
    for row in range(len(hashes) - 1):
        after = slice(row + 1, None)
        found = np.flatnonzero(near_duplicates_of(hashes[after], palettes[after], hashes[row], palettes[row]))
        if len(found):
            pairs.append(np.stack([np.full(len(found), row), found + row + 1], axis=1))
    return np.concatenate(pairs)
