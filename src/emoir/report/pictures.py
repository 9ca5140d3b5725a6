"""Pictures: thumbnails that lie inside the page, and pixels to mix palettes of."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.images.decode import decode
from emoir.images.palette import dominant_colours
from emoir.images.thumbnail import webp
from emoir.limits import DEFAULT_LIMITS, Limits

SIDE = 288
SAMPLE = 48
QUALITY = 78
COLOURS = 7


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the page needs it.

    Args:
        uri: a thumbnail as a data URI; its longer side is ``SIDE`` or the picture's own.
        width, height: of the thumbnail.
        sample: (48, 48, 3) uint8 sRGB, the whole picture resized.
    """

    uri: str
    width: int
    height: int
    sample: NDArray[np.uint8]


def read_pictures(
    paths: Sequence[Path], *, workers: int | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Picture | None]:
    """Read pictures, several at a time.

    Args:
        paths: of image files.
        workers: threads; default: one per core.
        limits: larger images are not shown.

    Yields:
        One picture per path, in their order; None for a file that cannot be read any more.
    """
    pool = ThreadPoolExecutor(workers or os.cpu_count())
    try:
        yield from pool.map(lambda path: _read(path, limits), paths)
    finally:
        pool.shutdown(cancel_futures=True)


def _read(path: Path, limits: Limits) -> Picture | None:
    try:
        photograph = decode(path, size=SIDE, limits=limits)
    except UndecodableImageError:
        return None
    resized = Image.fromarray(photograph.pixels)
    scale = min(1.0, SIDE / max(photograph.width, photograph.height))
    size = max(1, round(photograph.width * scale)), max(1, round(photograph.height * scale))
    content = webp(resized.resize(size, Image.Resampling.LANCZOS), QUALITY)
    uri = "data:image/webp;base64," + base64.b64encode(content).decode("ascii")
    return Picture(uri, *size, np.asarray(resized.resize((SAMPLE, SAMPLE), Image.Resampling.BOX)))


def mixed_palette(pictures: Sequence[Picture], count: int = COLOURS) -> list[tuple[str, float]]:
    """The colours that some pictures are made of together, each counting the same.

    Args:
        pictures: any number.
        count: most colours.

    Returns:
        ``(#rrggbb, share)``, from dark to bright; empty without pictures.
    """
    if not pictures:
        return []
    pixels = np.concatenate([picture.sample.reshape(-1, 3) for picture in pictures])[None]
    return sorted(dominant_colours(pixels, count), key=lambda pair: _brightness(pair[0]))


def _brightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
