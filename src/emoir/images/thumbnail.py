"""Thumbnails: a picture made small for the eye, upright and in its own proportions."""

from __future__ import annotations

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from PIL import Image

from emoir.files import atomic_write
from emoir.images.decode import decode
from emoir.limits import DEFAULT_LIMITS, Limits

QUALITY = 82


def thumbnail(source: Path | bytes, side: int, *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Make a picture small.

    Args:
        source: an image file, or its content.
        side: neither side is longer than this; small pictures stay as they are.
        limits: larger images are refused.

    Returns:
        The content of a WebP file, sRGB, upright.

    Raises:
        UndecodableImageError: if it cannot be decoded.

    Example:
        >>> import skimage
        >>> content = thumbnail(Path(skimage.__file__).parent / "data" / "astronaut.png", 240)
        >>> Image.open(BytesIO(content)).size
        (240, 240)
    """
    image = Image.fromarray(decode(source, fit=side, limits=limits).pixels)
    return webp(image, QUALITY)


def webp(image: Image.Image, quality: int = QUALITY) -> bytes:
    """The content of a WebP file.

    Args:
        image: mode RGB.
        quality: 0 to 100.
    """
    stream = BytesIO()
    image.save(stream, "WEBP", quality=quality, method=4)
    return stream.getvalue()


class ThumbnailCache:
    """Thumbnails on disk, by the content of their pictures.

    Args:
        folder: where; made when the first thumbnail is kept.
        limit: bytes that may be kept; what was not asked for the longest goes first when the cache is opened.
    """

    def __init__(self, folder: Path, *, limit: int = 1_000_000_000) -> None:
        self._folder = folder
        # Another process that uses the folder may remove files meanwhile.
        with suppress(OSError):
            self._shrink(limit)

    def _file(self, digest: bytes, side: int) -> Path:
        name = digest.hex()
        return self._folder / name[:2] / f"{name}-{side}.webp"

    def find(self, digest: bytes, side: int) -> bytes | None:
        """The thumbnail of a picture, if it was made before."""
        file = self._file(digest, side)
        try:
            content = file.read_bytes()
            os.utime(file)
            return content
        except OSError:
            return None

    def keep(self, digest: bytes, side: int, content: bytes) -> None:
        """Keep a thumbnail; a full or read-only disk costs speed, nothing else."""
        file = self._file(digest, side)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            # It appears under its name only when it is whole.
            with atomic_write(file) as partial:
                partial.write_bytes(content)

    def _shrink(self, limit: int) -> None:
        files = [(file.stat(), file) for file in self._folder.glob("*/*")]
        total = sum(stat.st_size for stat, _ in files)
        for stat, file in sorted(files, key=lambda entry: entry[0].st_mtime):
            if total <= limit:
                return
            file.unlink(missing_ok=True)
            total -= stat.st_size
