"""CIELAB in numpy, for everything that describes an image to people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# IEC 61966-2-1 with the D65 white of the 2 degree observer.
SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
D65_WHITE = np.array([0.95047, 1.0, 1.08883])


def srgb_to_lab(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIELAB of 8-bit sRGB, white point D65, 2 degree observer.

    Args:
        pixels: (..., 3) uint8 sRGB.

    Returns:
        (..., 3): L* in [0, 100], a* in about [-86, 98], b* in about [-108, 94].

    References:
        CIE 15:2004, Colorimetry, section 8.2.1.

    Example:
        >>> srgb_to_lab(np.array([255, 255, 255], np.uint8)).round(1).__abs__().tolist()
        [100.0, 0.0, 0.0]
    """
    levels = np.arange(256) / 255
    linear = np.where(levels > 0.04045, ((levels + 0.055) / 1.055) ** 2.4, levels / 12.92)[pixels]
    xyz = linear @ SRGB_TO_XYZ.T / D65_WHITE
    curve = np.where(xyz > 216 / 24389, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    x, y, z = curve[..., 0], curve[..., 1], curve[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
