"""Low-level colour and texture numbers with names that people know, and the words for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.images.lab import srgb_to_lab

GLCM_LEVELS = 32
GREY_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptors:
    """Measured properties of a picture.

    Args:
        lightness: mean L*, 0 (black) to 100 (white).
        lightness_contrast: standard deviation of L*, 0 to 50.
        colourfulness: Hasler and Suesstrunk's M3, 0 (grey) to about 110 (extremely colourful).
        warmth: mean of b* + a*/2 over 100, negative for blue and green, positive for red and yellow.
        glcm_contrast: mean squared step between neighbouring grey levels (of 32), 0 to 961.
        glcm_homogeneity: 0 to 1 (flat).
        glcm_energy: 0 to 1 (one grey level).
        lbp_entropy: of uniform local binary patterns, 0 (one pattern) to log2(10) = 3.32 bits.
    """

    lightness: float
    lightness_contrast: float
    colourfulness: float
    warmth: float
    glcm_contrast: float
    glcm_homogeneity: float
    glcm_energy: float
    lbp_entropy: float


def describe_pixels(pixels: NDArray[np.uint8]) -> Descriptors:
    """Measure a picture, best at 96 to 224 pixels a side.

    Args:
        pixels: (H, W, 3) uint8 sRGB, at least 3 x 3.

    Returns:
        The descriptors.

    Example:
        >>> describe_pixels(np.full((8, 8, 3), 255, np.uint8)).lightness.__round__(1)
        100.0
    """
    grey = np.rint(pixels @ GREY_WEIGHTS)
    return describe_parts(pixels, srgb_to_lab(pixels), grey, local_binary_pattern_histogram(grey))


def describe_parts(
    pixels: NDArray[np.uint8], lab: NDArray[np.float64], grey: NDArray[np.float64], patterns: NDArray[np.float64]
) -> Descriptors:
    """``describe_pixels`` where CIELAB, grey levels and local binary patterns are known already.

    Args:
        pixels: (H, W, 3) uint8 sRGB, at least 3 x 3.
        lab: (H, W, 3) CIELAB of these.
        grey: (H, W) whole grey levels in [0, 255].
        patterns: (10,), see ``local_binary_pattern_histogram``.
    """
    matrix = grey_level_cooccurrence(grey)
    steps = np.subtract.outer(np.arange(GLCM_LEVELS), np.arange(GLCM_LEVELS)) ** 2
    present = patterns[patterns > 0]
    return Descriptors(
        lightness=float(lab[..., 0].mean()),
        lightness_contrast=float(lab[..., 0].std()),
        colourfulness=colourfulness(pixels),
        warmth=float((lab[..., 2] + lab[..., 1] / 2).mean() / 100),
        glcm_contrast=float((matrix * steps).sum()),
        glcm_homogeneity=float((matrix / (1 + steps)).sum()),
        glcm_energy=float(np.sqrt((matrix**2).sum())),
        lbp_entropy=float(-(present * np.log2(present)).sum()) + 0.0,
    )


def colourfulness(pixels: NDArray[np.uint8]) -> float:
    """Colourfulness M3: spread and mean of the opponent channels R - G and (R + G) / 2 - B.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        0 for grey; 15 slightly, 33 moderately, 59 quite, 82 highly colourful.

    References:
        Hasler, D. & Suesstrunk, S. (2003). Measuring colorfulness in natural images. Proc. SPIE 5007, 87-95.
        DOI 10.1117/12.477378

    Example:
        >>> colourfulness(np.full((2, 2, 3), 77, np.uint8))
        0.0
    """
    red, green, blue = np.moveaxis(pixels.astype(np.float64), -1, 0)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    mean = np.hypot(red_green.mean(), yellow_blue.mean())
    return float(spread + 0.3 * mean)


def grey_level_cooccurrence(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey-level co-occurrence matrix at distance 1, averaged over 0, 45, 90 and 135 degrees.

    Args:
        grey: (H, W) in [0, 255], quantised to 32 levels.

    Returns:
        (32, 32), symmetric, sums to 1.

    References:
        Haralick, R. M., Shanmugam, K. & Dinstein, I. (1973). Textural features for image classification.
        IEEE Trans. SMC 3(6), 610-621. DOI 10.1109/TSMC.1973.4309314

    Example:
        >>> float(grey_level_cooccurrence(np.zeros((4, 4)))[0, 0])
        1.0
    """
    levels = np.clip(grey * GLCM_LEVELS / 256, 0, GLCM_LEVELS - 1).astype(np.intp)
    pairs = (
        (levels[:, :-1], levels[:, 1:]),
        (levels[1:, :-1], levels[:-1, 1:]),
        (levels[:-1, :], levels[1:, :]),
        (levels[:-1, :-1], levels[1:, 1:]),
    )
    total = np.zeros((GLCM_LEVELS, GLCM_LEVELS))
    for here, there in pairs:
        keys = here.ravel() * GLCM_LEVELS + there.ravel()
        counts = np.bincount(keys, minlength=GLCM_LEVELS**2).reshape(GLCM_LEVELS, GLCM_LEVELS)
        total += (counts + counts.T) / (2 * len(keys) * len(pairs))
    return total


def local_binary_pattern_histogram(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """Histogram of rotation-invariant uniform local binary patterns (riu2) over the 3 x 3 square.

    The eight neighbours are the pixels of the square, not points on a circle as in LBP(8, 1). Codes 0 to 8 count the
    neighbours that are at least as bright in patterns with at most two changes around the ring; code 9
    collects all other patterns. The outermost pixels have no full ring and are left out.

    Args:
        grey: (H, W), at least 3 x 3.

    Returns:
        (10,), sums to 1.

    References:
        Ojala, T., Pietikainen, M. & Maenpaa, T. (2002). IEEE TPAMI 24(7), 971-987.
        DOI 10.1109/TPAMI.2002.1017623

    Example:
        >>> float(local_binary_pattern_histogram(np.zeros((5, 5)))[8])
        1.0
    """
    height, width = grey.shape
    ring = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))
    centre = grey[1:-1, 1:-1]
    bits = np.stack([grey[y : y + height - 2, x : x + width - 2] >= centre for y, x in ring])
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    codes = np.where(changes <= 2, bits.sum(axis=0), 9)
    return np.bincount(codes.ravel(), minlength=10) / codes.size


# For each word: when it is said. The bounds are our own, set by eye on photographs.
WORDS: dict[str, Callable[[Descriptors], bool]] = {
    "dark": lambda d: d.lightness < 30,
    "bright": lambda d: d.lightness > 70,
    "low contrast": lambda d: d.lightness_contrast < 12,
    "high contrast": lambda d: d.lightness_contrast > 28,
    "muted colours": lambda d: d.colourfulness < 20,
    "vivid colours": lambda d: d.colourfulness > 60,
    "cool": lambda d: d.warmth < -0.05,
    "warm": lambda d: d.warmth > 0.12,
    "smooth": lambda d: d.glcm_homogeneity > 0.75,
    "rough": lambda d: d.glcm_homogeneity < 0.35,
}


def descriptor_words(descriptors: Descriptors) -> list[str]:
    """The words that hold for a picture, in a fixed order; none if nothing stands out.

    Example:
        >>> descriptor_words(describe_pixels(np.zeros((8, 8, 3), np.uint8)))
        ['dark', 'low contrast', 'muted colours', 'smooth']
    """
    return [word for word, holds in WORDS.items() if holds(descriptors)]
