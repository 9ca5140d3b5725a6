"""Statistics of whole pictures: the descriptors of colour and texture, and what every plane amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emoir.files import atomic_write
from emoir.images.features import colour_and_texture
from emoir.networks.statistics import plane_statistics
from emoir.planes import PLANES
from emoir.training.cache import cached_pixels, files_digest

SHUFFLE_SEED = 1
BATCH = 32


def picture_statistics(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The 90 numbers of ``colour_and_texture``, then the statistics of all planes (see ``plane_statistics``).

    Args:
        pixels: (n, S, S, 3) uint8 sRGB; to compare pictures, all of one size.

    Returns:
        (n, d).

    Example:
        >>> picture_statistics(np.zeros((2, 32, 32, 3), np.uint8)).shape
        (2, 192)
    """
    descriptors = np.stack([colour_and_texture(np.asarray(image)) for image in pixels])
    parts = []
    with torch.no_grad():
        for at in range(0, len(pixels), BATCH):
            batch = torch.from_numpy(np.array(pixels[at : at + BATCH])).permute(0, 3, 1, 2).float() / 255
            parts.append(plane_statistics(batch, tuple(PLANES)).numpy())
    return np.hstack([descriptors, np.concatenate(parts)])


def cached_statistics(paths: Sequence[Path], size: int, folder: Path) -> NDArray[np.float32]:
    """The statistics of images at a size, computed once and kept beside their pixels (see ``cached_pixels``)."""
    file = folder / f"statistics-{size}-{files_digest(paths, f'statistics {size}')}.npy"
    if not file.exists():
        found = picture_statistics(cached_pixels(paths, size, folder))
        with atomic_write(file) as partial, open(partial, "wb") as stream:
            np.save(stream, found)
    loaded: NDArray[np.float32] = np.load(file)
    return loaded


def shuffled(statistics: NDArray[np.float32]) -> NDArray[np.float32]:
    """The statistics of other pictures, by a fixed permutation: a control with as many inputs and nothing to learn."""
    return statistics[np.random.default_rng(SHUFFLE_SEED).permutation(len(statistics))]
