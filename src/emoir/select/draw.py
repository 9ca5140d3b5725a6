"""Drawing: some images of a pool by chance, never two near duplicates, only so many a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.images.near_duplicates import near_duplicates_of
from emoir.index.base import ImageMetadata
from emoir.index.layout import RowLayout


@dataclass(frozen=True, slots=True)
class Pool:
    """Images to choose from, as ``Collection.rows`` gives them: ``Pool(*photos.rows(filters=...))``.

    Args:
        metadata: of n images.
        readings: theirs.
        vectors: (n, d) row vectors.
    """

    metadata: Sequence[ImageMetadata]
    readings: EmotionReadings
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.metadata)


def draw(
    pool: Pool, n: int, *, per_folder: int | None = None, seed: int = 0, beside: Sequence[tuple[Pool, int]] = ()
) -> list[int]:
    """Draw images by chance.

    Args:
        pool: to draw from.
        n: at most this many.
        per_folder: at most this many whose files lie in one and the same folder.
        seed: the same pool, numbers and seed give the same images.
        beside: images that are chosen already, as pools and rows; none of their near duplicates is drawn.

    Returns:
        Rows of the pool, in the order in which they were drawn; fewer than n only where no other image could be added.
    """
    palette = RowLayout.of(pool.readings).palette
    known = [(other.metadata[row].hash, other.vectors[row, palette]) for other, row in beside]
    hashes = [np.uint64(hash) for hash, _ in known if hash is not None]
    palettes = [colours for hash, colours in known if hash is not None]
    folders: Counter[bytes] = Counter()
    drawn: list[int] = []
    for row in np.random.default_rng(seed).permutation(len(pool)).tolist():
        if len(drawn) == n:
            break
        entry, colours = pool.metadata[row], pool.vectors[row, palette]
        folder = os.path.dirname(entry.path)
        if per_folder is not None and folders[folder] >= per_folder:
            continue
        if entry.hash is not None:
            hash = np.uint64(entry.hash)
            if hashes and near_duplicates_of(np.array(hashes), np.stack(palettes), hash, colours).any():
                continue
            hashes.append(hash)
            palettes.append(colours)
        folders[folder] += 1
        drawn.append(row)
    return drawn
