"""Counterfactuals: the same picture with one thing about it changed, to be seen and to be read again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from emoir.images.lab import lab_to_srgb, srgb_to_lab

# A median over this part of the side, taken this often, leaves areas and outlines and no texture.
SMOOTHING = 24
SMOOTHING_TIMES = 2


def without_colour(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture in greys of the same lightness L*.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        (H, W, 3) uint8 sRGB.

    Example:
        >>> without_colour(np.full((1, 1, 3), (255, 0, 0), np.uint8))[0, 0].tolist()
        [127, 127, 127]
    """
    lab = srgb_to_lab(pixels)
    lab[..., 1:] = 0
    return lab_to_srgb(lab)


def without_texture(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture smoothed by a median filter: areas, outlines and colours stay, texture goes.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        (H, W, 3) uint8 sRGB.

    References:
        Tukey, J. W. (1977). Exploratory Data Analysis, chapter 7.
    """
    side = max(3, min(pixels.shape[:2]) // SMOOTHING | 1)
    image = Image.fromarray(pixels)
    for _ in range(SMOOTHING_TIMES):
        image = image.filter(ImageFilter.MedianFilter(side))
    return np.asarray(image)


def with_opposite_colours(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with every hue turned to its opposite in CIELAB, at the same lightness.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        (H, W, 3) uint8 sRGB; greys stay as they are.

    Example:
        >>> with_opposite_colours(np.full((1, 1, 3), 90, np.uint8))[0, 0].tolist()
        [90, 90, 90]
    """
    lab = srgb_to_lab(pixels)
    lab[..., 1:] *= -1
    return lab_to_srgb(lab)


COUNTERFACTUALS: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "without colour": without_colour,
    "without texture": without_texture,
    "opposite colours": with_opposite_colours,
}
