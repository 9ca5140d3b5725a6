"""The colours of a picture: a histogram to compare, and a handful of colours to show."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from emoir.images.lab import srgb_to_lab

PALETTE_LEVELS = (0, 85, 170, 255)
PALETTE_LENGTH = len(PALETTE_LEVELS) ** 3
# The nearest reference colour is looked up for 16 values of each channel.
LOOKUP_BITS = 4
# A picture is monochrome if 98 of 100 pixels lie within this distance (in a*, b*) of one hue through grey ...
MONOCHROME_DISTANCE = 5.0
# ... and that hue is no stronger than an old photograph's tint on average.
MONOCHROME_CHROMA = 25.0


def reference_colours() -> NDArray[np.uint8]:
    """The 64 sRGB colours that the palette histogram counts: 4 levels of each channel.

    Returns:
        (64, 3) uint8, blue changing fastest.

    Example:
        >>> reference_colours()[1].tolist()
        [0, 0, 85]
    """
    grid = np.meshgrid(*([np.array(PALETTE_LEVELS, dtype=np.uint8)] * 3), indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 3)


def palette_histogram(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of the picture that is nearest, in CIELAB, to each reference colour.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        (64,) float32, sums to 1.

    Example:
        >>> float(palette_histogram(np.zeros((4, 4, 3), np.uint8))[0])
        1.0
    """
    counts = np.bincount(_reference_of(pixels), minlength=PALETTE_LENGTH)
    return np.asarray(counts / counts.sum(), np.float32)


def _reference_of(pixels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The nearest reference colour of every pixel, (n,)."""
    coarse = pixels.reshape(-1, 3).astype(np.intp) >> (8 - LOOKUP_BITS)
    key = (coarse[:, 0] << (2 * LOOKUP_BITS)) | (coarse[:, 1] << LOOKUP_BITS) | coarse[:, 2]
    return np.asarray(_nearest_reference()[key], np.intp)


@cache
def _nearest_reference() -> NDArray[np.intp]:
    """(4096,) index of the nearest reference colour for the centre of every coarse cell."""
    centres = np.arange(2**LOOKUP_BITS, dtype=np.uint8) * 17
    cells = np.stack(np.meshgrid(centres, centres, centres, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm(srgb_to_lab(cells)[:, None] - srgb_to_lab(reference_colours())[None], axis=2)
    return np.asarray(distance.argmin(axis=1), dtype=np.intp)


def dominant_colours(pixels: NDArray[np.uint8], count: int = 5) -> list[tuple[str, float]]:
    """The colours that a designer would pick from the picture, by median cut.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        count: at most this many.

    Returns:
        ``(#rrggbb, share)`` pairs, largest share first; shares sum to 1.

    References:
        Heckbert, P. (1982). Color image quantization for frame buffer display. SIGGRAPH 16(3), 297-307.
        DOI 10.1145/965145.801294

    Example:
        >>> dominant_colours(np.full((4, 4, 3), 255, np.uint8))
        [('#ffffff', 1.0)]
    """
    # A search needs the reference colours alone, and Pillow takes long to load.
    from PIL import Image

    quantised = Image.fromarray(pixels).quantize(count, Image.Quantize.MEDIANCUT)
    colours = np.array(quantised.getpalette(), dtype=np.uint8).reshape(-1, 3)
    counts = np.bincount(np.asarray(quantised).ravel(), minlength=len(colours))
    total = counts.sum()
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index]]
    return [("#{:02x}{:02x}{:02x}".format(*colours[index]), float(counts[index] / total)) for index in order]


def named_palette(palette: NDArray[np.floating], count: int = 8) -> dict[str, float]:
    """The largest shares of a palette histogram, by colour.

    Args:
        palette: (64,) shares.
        count: at most this many.

    Returns:
        ``#rrggbb`` to share, largest first.

    Example:
        >>> palette = np.zeros(64, np.float32)
        >>> palette[0], palette[63] = 0.75, 0.25
        >>> named_palette(palette)
        {'#000000': 0.75, '#ffffff': 0.25}
    """
    colours = reference_colours()
    order = [int(place) for place in np.argsort(-palette, kind="stable")[:count] if palette[place] > 0]
    return {"#{:02x}{:02x}{:02x}".format(*colours[place]): round(float(palette[place]), 4) for place in order}


def real_colours(pixels: NDArray[np.uint8], shares: NDArray[np.floating], count: int = 6) -> dict[str, float]:
    """The colours that pictures themselves have where a palette histogram only names a reference colour.

    Args:
        pixels: (n, 3) uint8 sRGB, of the pictures.
        shares: (64,) how much each reference colour counts; those of largest share are shown.
        count: at most this many.

    Returns:
        ``#rrggbb`` to share, largest first: the mean of the pixels nearest to each reference colour.

    Example:
        >>> shares = np.zeros(64)
        >>> shares[0] = 1.0
        >>> real_colours(np.array([[20, 10, 0], [0, 10, 20], [255, 255, 255]], np.uint8), shares)
        {'#0a0a0a': 1.0}
    """
    nearest = _reference_of(pixels)
    found = {}
    for place in np.argsort(-shares, kind="stable")[:count].tolist():
        own = pixels[nearest == place]
        if shares[place] > 0 and len(own):
            red, green, blue = np.rint(own.mean(axis=0)).astype(int)
            found[f"#{red:02x}{green:02x}{blue:02x}"] = round(float(shares[place]), 4)
    return found


def is_monochrome(pixels: NDArray[np.uint8]) -> bool:
    """Whether the picture has no colours of its own: grey, black and white, or tinted in one faint hue.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        True for grey scans, line drawings and sepia prints.

    Example:
        >>> is_monochrome(np.full((8, 8, 3), 90, np.uint8))
        True
    """
    # A thousand pixels say the same of nearly all pictures, in a tenth of the time. An odd step meets every column.
    step = max(1, pixels.shape[0] * pixels.shape[1] // 1024) | 1
    chroma = srgb_to_lab(pixels.reshape(-1, 3)[::step])[..., 1:]
    mean = chroma.mean(axis=0)
    strength = float(np.linalg.norm(mean))
    if strength > MONOCHROME_CHROMA:
        return False
    if strength < MONOCHROME_DISTANCE / 2:
        distance = np.hypot(chroma[:, 0], chroma[:, 1])
    else:
        direction = mean / strength
        distance = abs(chroma[:, 0] * direction[1] - chroma[:, 1] * direction[0])
    return bool((distance > MONOCHROME_DISTANCE).mean() <= 0.02)
