"""CandidatePool: images to choose from, and random draws without near duplicates."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.images.near_duplicates import near_duplicates_of
from emoir.index.base import ImageMetadata
from emoir.index.layout import RowLayout
from emoir.select.condition import Condition


@dataclass(frozen=True, slots=True)
class CandidatePool:
    """Images to choose from, as ``Collection.rows`` gives them: ``CandidatePool(*photos.rows(filters=...))``.

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

    def take(self, rows: Sequence[int]) -> CandidatePool:
        """Some of the images, in the order given."""
        old, taken = self.readings, np.array(rows, dtype=np.intp)
        readings = replace(
            old,
            embeddings=old.embeddings[taken],
            distributions={space: values[taken] for space, values in old.distributions.items()},
            valence=old.valence[taken],
            arousal=old.arousal[taken],
            confidence=old.confidence[taken],
            monochrome=old.monochrome[taken],
        )
        return CandidatePool([self.metadata[row] for row in rows], readings, self.vectors[taken])

    def meeting(self, condition: Condition) -> CandidatePool:
        """The images whose catalogue record meets a condition's ranges."""
        if not condition.columns:
            return self
        return self.take([row for row, entry in enumerate(self.metadata) if condition.meets_columns(entry)])


def sample_images(
    pool: CandidatePool,
    n: int,
    *,
    per_folder: int | None = None,
    seed: int = 0,
    exclude_near: Sequence[tuple[CandidatePool, int]] = (),
) -> list[int]:
    """Draw images at random.

    Args:
        pool: to draw from.
        n: at most this many.
        per_folder: at most this many whose files lie in one and the same folder.
        seed: the same pool, numbers and seed give the same images.
        exclude_near: images that are chosen already, as pools and rows; none of their near duplicates is drawn.

    Returns:
        Rows of the pool, in the order in which they were drawn; fewer than n only where no other image could be added.
    """
    palette = RowLayout.of(pool.readings).palette
    known = [(other.metadata[row].hash, other.vectors[row, palette]) for other, row in exclude_near]
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
