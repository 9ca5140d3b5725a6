"""Resize: a picture to the network's square, the one geometry of training and reading."""

from __future__ import annotations

import math

from PIL import Image

from emoir.images.bands import BAND_PIXELS, bands
from emoir.images.colour import grey_levels, to_srgb

# How far box averaging may go before the triangle filter takes over.
GAP = 2.0


def resize_square(image: Image.Image, size: int) -> Image.Image:
    """The geometry of training and reading alike: the whole picture, resized to size x size.

    Antialiased by a triangle filter whose support grows with the reduction; large reductions are first
    brought within a factor of two by box averaging.

    Args:
        image: mode RGB.
        size: side of the square in pixels.

    Returns:
        mode RGB, size x size.

    Example:
        >>> resize_square(Image.new("RGB", (640, 480)), 96).size
        (96, 96)
    """
    if image.size == (size, size):
        return image
    return image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=GAP)


def resize_square_to_srgb(image: Image.Image, size: int) -> Image.Image:
    """A picture of any mode converted by ``to_srgb``, then resized, to the very same pixels.

    Large pictures are converted and box-averaged band by band, so that no second picture of their size
    ever stands in memory.

    Args:
        image: any Pillow image whose pixels can be loaded.
        size: side of the square in pixels.

    Returns:
        mode RGB, size x size, sRGB.

    Example:
        >>> resize_square_to_srgb(Image.new("I;16", (3000, 2000), 65535), 96).getpixel((0, 0))
        (255, 255, 255)
    """
    if image.width * image.height <= BAND_PIXELS:
        return resize_square(to_srgb(image), size)
    levels = grey_levels(image)
    # The factors by which ``resize`` itself averages, given the gap.
    across, down = (int(side / size / GAP) or 1 for side in image.size)
    averaged = Image.new("RGB", (math.ceil(image.width / across), math.ceil(image.height / down)))
    for top, band in bands(image, down):
        averaged.paste(to_srgb(band, levels=levels).reduce((across, down)), (0, top // down))
    box = (0, 0, image.width / across, image.height / down)
    return averaged.resize((size, size), Image.Resampling.BILINEAR, box)
