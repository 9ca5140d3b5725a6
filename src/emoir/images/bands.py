"""Bands: a large picture in pieces, so that work on its pixels takes little memory."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

# Pixels of a piece: conversions of colours take up to 40 bytes for each.
BAND_PIXELS = 1_000_000


def bands(image: Image.Image, multiple: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Horizontal bands from the top down.

    Args:
        image: of at least one pixel.
        multiple: the number of rows of each band but the last is a multiple of this.

    Yields:
        ``(top, band)``: the number of its first row, and the band.

    Example:
        >>> [(top, band.size) for top, band in bands(Image.new("L", (1000, 1500)), 8)]
        [(0, (1000, 1000)), (1000, (1000, 500))]
    """
    rows = max(1, BAND_PIXELS // image.width // multiple) * multiple
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))
