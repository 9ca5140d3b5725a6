"""Pixels decoded once: a uint8 array on disk that training reads over and over."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.errors import UndecodableImageError
from emoir.files import atomic_write
from emoir.images.decode import decode


def cached_pixels(paths: Sequence[Path], size: int, folder: Path, *, threads: int = 2) -> NDArray[np.uint8]:
    """Decode images once and keep them.

    The file's name is a digest of the paths, their sizes and times, and ``size``: a changed image makes
    a new cache. It appears under its name only when complete.

    Args:
        paths: n image files.
        size: side of the square to which each is resized.
        folder: where the cache is kept; made if absent.
        threads: decoders at work at once (Pillow releases the interpreter lock).

    Returns:
        (n, size, size, 3) uint8 sRGB, mapped from disk, read-only.

    Raises:
        UndecodableImageError: for the first image that cannot be decoded.
    """
    file = folder / f"pixels-{size}-{files_digest(paths, str(size))}.npy"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as partial:
            _decode_all(paths, size, partial, threads)
    return np.load(file, mmap_mode="r")  # type: ignore[no-any-return]


def files_digest(paths: Sequence[Path], what: str) -> str:
    """Digest of files by path, size and time, and of what is kept of them."""
    digest = hashlib.sha256(what.encode())
    for path in paths:
        stat = path.stat()
        digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _decode_all(paths: Sequence[Path], size: int, file: Path, threads: int) -> None:
    pixels = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=(len(paths), size, size, 3))
    with ThreadPoolExecutor(threads) as pool:
        for row, image in enumerate(pool.map(lambda path: _decoded(path, size), paths)):
            pixels[row] = image
    pixels.flush()


def _decoded(path: Path, size: int) -> NDArray[np.uint8]:
    try:
        return decode(path, size=size).pixels
    except UndecodableImageError as error:
        raise UndecodableImageError(f"{path}: {error}") from error
