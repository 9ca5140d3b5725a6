"""Diversity: near duplicates collapse, and the results spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emoir.images.near_duplicates import near_duplicate_pairs
from emoir.index.base import ImageMetadata

# How much fit counts against likeness to what was chosen already.
TRADE_OFF = 0.7


def without_near_duplicates(
    hashes: NDArray[np.uint64], known: NDArray[np.bool_], palettes: NDArray[np.floating]
) -> NDArray[np.intp]:
    """Keep the first of every group of near duplicates: alike in their hash and in their colours.

    Args:
        hashes: (n,) difference hashes, best image first.
        known: (n,) whether the hash is known; an image without is kept.
        palettes: (n, 64) square roots of palette histograms. Smooth pictures share a hash whatever they show.

    Returns:
        Rows that stay, sorted ascending.

    Example:
        >>> one = np.ones((3, 1))
        >>> without_near_duplicates(np.array([0, 1, 2**40 - 1], np.uint64), np.ones(3, bool), one).tolist()
        [0, 2]
    """
    rows = np.flatnonzero(known)
    dropped = np.zeros(len(hashes), dtype=bool)
    # Sorted by the first of each: whether it stays is known by then.
    for first, second in rows[near_duplicate_pairs(hashes[rows], palettes[rows])]:
        dropped[second] |= not dropped[first]
    return np.flatnonzero(~dropped)


def first_distinct(
    order: NDArray[np.intp], metadata: Sequence[ImageMetadata], palettes: NDArray[np.floating], n: int
) -> tuple[int, ...]:
    """The best rows of some images, near duplicates once.

    Args:
        order: rows, the best first; as many as four times n are looked at.
        metadata: of all images, by row.
        palettes: (m, 64) of all images; square roots of palette histograms.
        n: how many to choose at most.

    Returns:
        Rows, the best first.
    """
    among = order[: 4 * n]
    hashes = np.array([metadata[row].hash or 0 for row in among], dtype=np.uint64)
    known = np.array([metadata[row].hash is not None for row in among], dtype=bool)
    return tuple(among[without_near_duplicates(hashes, known, palettes[among])][:n].tolist())


def maximal_marginal_relevance(
    relevance: NDArray[np.floating], vectors: NDArray[np.floating], n: int, *, trade_off: float = TRADE_OFF
) -> NDArray[np.intp]:
    """Choose rows one by one, each for its fit minus its likeness to those chosen before.

    Args:
        relevance: (m,) in [0, 1].
        vectors: (m, d); likeness is their cosine.
        n: how many to choose.
        trade_off: 1 counts only the fit, 0 only the likeness.

    Returns:
        At most n rows, in the order of choice.

    References:
        Carbonell, J. & Goldstein, J. (1998). The use of MMR, diversity-based reranking for reordering
        documents and producing summaries. SIGIR, 335-336. DOI 10.1145/290941.291025

    Example:
        >>> vectors = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0]])
        >>> maximal_marginal_relevance(np.array([0.9, 0.89, 0.6]), vectors, 2).tolist()
        [0, 2]
    """
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    likeness = np.zeros(len(relevance))
    left = np.ones(len(relevance), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < n and left.any():
        worth = np.where(left, trade_off * relevance - (1 - trade_off) * likeness, -np.inf)
        best = int(worth.argmax())
        chosen.append(best)
        left[best] = False
        likeness = np.maximum(likeness, unit @ unit[best])
    return np.array(chosen, dtype=np.intp)
