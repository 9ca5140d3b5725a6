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


def lab_to_srgb(lab: NDArray[np.floating]) -> NDArray[np.uint8]:
    """8-bit sRGB of CIELAB; colours outside sRGB lose chroma, at their lightness and hue, until they fit.

    Args:
        lab: (..., 3): L* in [0, 100], a*, b*.

    Returns:
        (..., 3) uint8 sRGB.

    Example:
        >>> lab_to_srgb(np.array([[100.0, 0, 0], [53.24, 80.09, 67.20]])).tolist()
        [[255, 255, 255], [255, 0, 0]]
    """
    linear = _lab_to_linear(lab)
    # Halving the interval ten times finds the largest chroma that fits to a thousandth.
    low, high = np.zeros(lab.shape[:-1]), np.ones(lab.shape[:-1])
    outside = (linear < -1e-4).any(axis=-1) | (linear > 1 + 1e-4).any(axis=-1)
    low[~outside] = 1
    for _ in range(10 if outside.any() else 0):
        middle = (low + high) / 2
        candidate = _lab_to_linear(lab * np.stack([np.ones_like(middle), middle, middle], axis=-1))
        fits = ((candidate >= -1e-4) & (candidate <= 1 + 1e-4)).all(axis=-1)
        low, high = np.where(fits, np.maximum(low, middle), low), np.where(fits, high, np.minimum(high, middle))
    linear = _lab_to_linear(lab * np.stack([np.ones_like(low), low, low], axis=-1)).clip(0, 1)
    encoded = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return np.asarray(np.rint(encoded * 255), dtype=np.uint8)


def _lab_to_linear(lab: NDArray[np.floating]) -> NDArray[np.float64]:
    y = (lab[..., 0] + 16) / 116
    curve = np.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], axis=-1)
    xyz = np.where(curve > 6 / 29, curve**3, (curve - 4 / 29) * (108 / 841)) * D65_WHITE
    return np.asarray(xyz @ np.linalg.inv(SRGB_TO_XYZ).T)
