"""PQ and HLG to sRGB, by the tone mapping that browsers apply."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.images.bands import bands
from emoir.images.colour_space import BT2020_CODE, HLG, PQ, PRIMARIES, ColourSpace, rgb_to_xyz, srgb_samples

# ITU-R BT.2408: the white of a page, and the peak for which HLG and PQ without further statements are shown.
WHITE_NITS, PEAK_NITS = 203.0, 1000.0
# SMPTE ST 2094-50, reference white tone mapping: half the light up to white, then a quadratic Bezier curve to the peak.
KNEE, ROUNDNESS = 0.5, 0.65


def hdr_to_srgb(image: Image.Image, space: ColourSpace) -> Image.Image:
    """Tone map a picture in PQ or HLG.

    Args:
        image: mode RGB.
        space: of its samples.

    Returns:
        mode RGB, sRGB.

    References:
        ITU-R BT.2100-2, tables 4 and 5. SMPTE ST 2094-50.

    Example:
        >>> grey = Image.new("RGB", (1, 1), (125, 125, 125))
        >>> hdr_to_srgb(grey, ColourSpace(PRIMARIES[BT2020_CODE], PQ)).getpixel((0, 0))
        (125, 125, 125)
    """
    to_bt2020 = np.linalg.solve(rgb_to_xyz(PRIMARIES[BT2020_CODE]), rgb_to_xyz(space.primaries))
    to_srgb = np.linalg.solve(rgb_to_xyz(PRIMARIES[1]), rgb_to_xyz(PRIMARIES[BT2020_CODE]))
    curve = _light(space.transfer, np.arange(256) / 255)
    result = Image.new("RGB", image.size)
    for top, band in bands(image):
        linear = curve[np.asarray(band)] @ to_bt2020.T.astype(np.float32)
        if space.transfer == HLG:
            linear *= _ootf(linear)
        mapped = (linear * _gain(linear.max(axis=-1, keepdims=True))) @ to_srgb.T.astype(np.float32)
        samples = srgb_samples(np.clip(mapped, 0, 1))
        result.paste(Image.fromarray(np.rint(samples * 255).astype(np.uint8)), (0, top))
    return result


def _light(transfer: int, samples: NDArray[np.float64]) -> NDArray[np.float32]:
    """Light by sample: of PQ in units of white, of HLG that of the scene in [0, 1]."""
    if transfer == PQ:
        power = samples ** (32 / 2523)
        nits = 10_000 * (np.maximum(power - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * power)) ** (16384 / 2610)
        return (nits / WHITE_NITS).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(samples <= 0.5, samples**2 / 3, (np.exp((samples - c) / a) + b) / 12).astype(np.float32)


def _ootf(scene: NDArray[np.float32]) -> NDArray[np.float32]:
    """What HLG's system gamma of 1.2 makes of each pixel, in units of white."""
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593], dtype=np.float32)
    return (np.maximum(luminance, 0) ** 0.2 * (PEAK_NITS / WHITE_NITS))[..., None].astype(np.float32)


def _gain(largest: NDArray[np.float32]) -> NDArray[np.float32]:
    """By how much each pixel is darkened, computed from the largest of its three channels."""
    peak = PEAK_NITS / WHITE_NITS
    x_middle, y_middle = 1 - ROUNDNESS + ROUNDNESS / KNEE, (1 - ROUNDNESS) * KNEE + ROUNDNESS
    x = np.clip(largest, 1, peak)
    # The curve is (1-t)^2 knee + 2 t (1-t) middle + t^2 peak: t is the root in [0, 1] of its x.
    a, b, c = 1 - 2 * x_middle + peak, 2 * (x_middle - 1), 1 - x
    t = (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)
    y = (1 - t) ** 2 * KNEE + 2 * t * (1 - t) * y_middle + t**2
    above = np.where(largest > peak, 1 / np.maximum(largest, peak), y / x)
    return np.where(largest <= 1, KNEE, above).astype(np.float32)
