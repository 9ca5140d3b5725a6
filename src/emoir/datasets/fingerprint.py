"""Fingerprint: what is needed of an image to recognise its copies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.files import read_regular
from emoir.images.decode import decode
from emoir.images.difference_hash import difference_hash
from emoir.images.palette import palette_histogram
from emoir.limits import Limits

SIDE = 128
CELLS = 16


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is needed of an image to know it again.

    Args:
        digest: SHA-256 of the file.
        hash: difference hash.
        palette: (64,) square roots of the palette histogram.
        cells: (16, 16, 3) uint8 sRGB, the thumbnail.
    """

    digest: bytes
    hash: int
    palette: NDArray[np.float32]
    cells: NDArray[np.uint8]


def fingerprint(path: Path, limits: Limits) -> Fingerprint | str | None:
    """Decode an image.

    Args:
        path: the file.
        limits: larger images are not decoded.

    Returns:
        What is needed to know it again; why it cannot be decoded; or None if it is not there.
    """
    try:
        content = read_regular(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    try:
        pixels = decode(content, size=SIDE, limits=limits).pixels
    except UndecodableImageError as error:
        return str(error)
    cells = np.asarray(Image.fromarray(pixels).resize((CELLS, CELLS), Image.Resampling.BOX))
    palette = np.sqrt(palette_histogram(pixels))
    return Fingerprint(hashlib.sha256(content).digest(), difference_hash(pixels), palette, cells)


def fingerprints(paths: Sequence[Path], limits: Limits) -> Iterator[tuple[Path, Fingerprint | str | None]]:
    """Each path in order, with what ``fingerprint`` gives for it.

    Args:
        paths: n files.
        limits: larger images are not decoded.
    """
    # Pillow decodes without the interpreter's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            yield from zip(paths, pool.map(lambda path: fingerprint(path, limits), paths), strict=True)
        finally:
            # Ctrl-C must not wait for the rest.
            pool.shutdown(wait=True, cancel_futures=True)
