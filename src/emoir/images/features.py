"""Features: every low-level colour and texture number of a picture, and the codebook that explains them."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.images.aesthetics import aesthetic_properties
from emoir.images.descriptors import GREY_WEIGHTS, describe_parts, local_binary_pattern_histogram
from emoir.images.lab import srgb_to_lab
from emoir.images.palette import dominant_colours, palette_histogram, reference_colours

# Pictures are measured at one size, that of the shipped network: numbers of texture mean little across sizes.
FEATURE_SIDE = 128
SMALLEST_SIDE = 16
JPEG_QUALITY = 80
DOMINANT_COLOURS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, as a codebook explains it.

    Args:
        name: its header.
        unit: of its numbers; ``text`` or ``yes or no`` where it holds none.
        low, high: no number lies outside; None where there is no number or no bound.
        meaning: in a few words.
        reference: where it comes from; empty for plain facts.
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    meaning: str
    reference: str = ""


_CIE = "CIE 15:2004, section 8.2.1; D65"
_HARALICK = "Haralick et al. 1973, DOI 10.1109/TSMC.1973.4309314; 32 grey levels, distance 1, four directions"
# On the 3 x 3 square, not on a circle: no sample lies between pixels.
_OJALA = "Ojala et al. 2002, DOI 10.1109/TPAMI.2002.1017623; 8 neighbours of the 3 x 3 square, riu2"
_PALETTE = "emoir, docs/images.md"

FEATURES: tuple[Column, ...] = (
    Column("lightness", "L*", 0, 100, "mean lightness", _CIE),
    Column("lightness_contrast", "L*", 0, 50, "standard deviation of lightness", _CIE),
    # s² + m² is at most the square of the farthest opponent colour, 285, so s + 0.3 m at most 285 √1.09.
    Column("colourfulness", "M3", 0, 298, "0 grey, 33 moderately, 82 highly colourful",
           "Hasler & Suesstrunk 2003, DOI 10.1117/12.477378"),
    Column("warmth", "CIELAB / 100", -0.7, 1.1, "mean of b* + a*/2: negative cool, positive warm", _PALETTE),
    Column("glcm_contrast", "squared grey levels", 0, 961, "mean squared step between neighbours", _HARALICK),
    Column("glcm_homogeneity", "1", 0, 1, "1 flat", _HARALICK),
    Column("glcm_energy", "1", 0, 1, "1 a single grey level", _HARALICK),
    Column("lbp_entropy", "bits", 0, 3.33, "entropy of local binary patterns", _OJALA),
    Column("lab_a", "a*", -86.2, 98.3, "mean from green (-) to red (+)", _CIE),
    Column("lab_a_deviation", "a*", 0, 92.3, "standard deviation of a*", _CIE),
    Column("lab_b", "b*", -107.9, 94.5, "mean from blue (-) to yellow (+)", _CIE),
    Column("lab_b_deviation", "b*", 0, 101.2, "standard deviation of b*", _CIE),
    Column("chroma", "C*ab", 0, 133.9, "mean chroma", _CIE),
    Column("chroma_deviation", "C*ab", 0, 67, "standard deviation of chroma", _CIE),
    Column("grey_entropy", "bits", 0, 8, "entropy of the histogram of 256 grey levels",
           "Shannon 1948, DOI 10.1002/j.1538-7305.1948.tb01338.x"),
    Column("complexity", "bits per pixel", 0, 24, f"length as a JPEG of quality {JPEG_QUALITY}: more detail, longer",
           "Donderi 2006, DOI 10.1037/0033-2909.132.1.73; as in Marchewka et al. 2014, DOI 10.3758/s13428-013-0379-1"),
    Column("fourier_slope", "1", -20, 20, "log power against log frequency; about -2 for natural scenes, 0 flat",
           "Redies et al. 2007, DOI 10.1163/156856807782753921"),
    Column("self_similarity", "1", 0, 1, "orientations of the gradients: 1 if 8 x 8 parts have those of the whole",
           "Braun et al. 2013, DOI 10.3389/fpsyg.2013.00808"),
    Column("mirror_symmetry", "r", -1, 1, "correlation with its mirror image, left to right",
           "after Huebner & Fillinger 2016, DOI 10.3389/fpsyg.2016.00335"),
    Column("edge_orientation_entropy", "bits", 0, 4.59, "0 edges of one direction, 4.58 of all 24 alike",
           "after Redies et al. 2017, DOI 10.1016/j.visres.2017.02.004"),
    Column("fractal_dimension", "1", 1.5, 3.1, "of the surface of grey levels, by differential box counting: 2 flat",
           "Sarkar & Chaudhuri 1994, DOI 10.1109/21.259692"),
    *(Column(f"lbp_{code}", "share", 0, 1, f"pixels of which {code} neighbours are as bright, in one arc", _OJALA)
      for code in range(9)),
    Column("lbp_9", "share", 0, 1, "pixels of all other local patterns", _OJALA),
    *(Column("palette_{:02x}{:02x}{:02x}".format(*colour), "share", 0, 1, "pixels nearest to this colour", _PALETTE)
      for colour in reference_colours().tolist()),
    *(column for place in range(1, DOMINANT_COLOURS + 1) for column in (
        Column(f"colour_{place}", "text", None, None, f"dominant colour {place} as #rrggbb, by median cut",
               "Heckbert 1982, DOI 10.1145/965145.801294"),
        Column(f"colour_{place}_share", "share", 0, 1, f"pixels of dominant colour {place}",
               "Heckbert 1982, DOI 10.1145/965145.801294"))),
)  # fmt: skip
"""Every feature, in the order of ``measure``."""
NUMBERS = 90
"""How many numbers ``colour_and_texture`` gives. Models learnt on them: neither they nor their order may change."""


def measure(pixels: NDArray[np.uint8]) -> dict[str, float | str | None]:
    """Measure everything that ``FEATURES`` names.

    Args:
        pixels: (H, W, 3) uint8 sRGB, at least 16 x 16; to compare pictures, all of ``FEATURE_SIDE``.

    Returns:
        Feature to value; None for a dominant colour that the picture has not.

    Example:
        >>> found = measure(np.full((16, 16, 3), 255, np.uint8))
        >>> round(found["lightness"]), found["grey_entropy"], found["colour_1"], found["colour_2"]
        (100, 0.0, '#ffffff', None)
    """
    values: dict[str, float | str | None] = {**_numbers(pixels), **aesthetic_properties(pixels)}
    colours = dominant_colours(pixels, DOMINANT_COLOURS)
    for place in range(DOMINANT_COLOURS):
        colour, share = colours[place] if place < len(colours) else (None, None)
        values |= {f"colour_{place + 1}": colour, f"colour_{place + 1}_share": share}
    return {column.name: values[column.name] for column in FEATURES}


def colour_and_texture(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The numbers of colour and texture that stand beside an encoder's embedding.

    Args:
        pixels: (H, W, 3) uint8 sRGB, of ``FEATURE_SIDE``.

    Returns:
        (90,): lightness to complexity, local binary patterns and palette, as ``FEATURES`` explains them.

    Example:
        >>> colour_and_texture(np.full((16, 16, 3), 255, np.uint8)).shape
        (90,)
    """
    return np.array(list(_numbers(pixels).values()), np.float32)


def _numbers(pixels: NDArray[np.uint8]) -> dict[str, float]:
    lab = srgb_to_lab(pixels)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    grey = np.rint(pixels @ GREY_WEIGHTS)
    patterns = local_binary_pattern_histogram(grey)
    values = {
        **asdict(describe_parts(pixels, lab, grey, patterns)),
        "lab_a": float(lab[..., 1].mean()),
        "lab_a_deviation": float(lab[..., 1].std()),
        "lab_b": float(lab[..., 2].mean()),
        "lab_b_deviation": float(lab[..., 2].std()),
        "chroma": float(chroma.mean()),
        "chroma_deviation": float(chroma.std()),
        "grey_entropy": grey_entropy(grey),
        "complexity": jpeg_complexity(pixels),
    }
    values |= {f"lbp_{code}": float(share) for code, share in enumerate(patterns)}
    names = ("palette_{:02x}{:02x}{:02x}".format(*colour) for colour in reference_colours().tolist())
    return values | dict(zip(names, palette_histogram(pixels).tolist(), strict=True))


def grey_entropy(grey: NDArray[np.floating]) -> float:
    """Entropy of the grey-level histogram.

    Args:
        grey: whole numbers in [0, 255].

    Returns:
        Bits, 0 (one level) to 8 (all 256 alike).

    References:
        Shannon, C. E. (1948). A mathematical theory of communication. Bell System Technical Journal 27, 379-423.
        DOI 10.1002/j.1538-7305.1948.tb01338.x

    Example:
        >>> grey_entropy(np.array([[0.0, 255.0]]))
        1.0
    """
    counts = np.bincount(grey.astype(np.intp).ravel(), minlength=256)
    shares = counts[counts > 0] / grey.size
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def jpeg_complexity(pixels: NDArray[np.uint8]) -> float:
    """Visual complexity as the length of the compressed picture.

    Args:
        pixels: (H, W, 3) uint8 sRGB.

    Returns:
        Bits per pixel of a JPEG of quality 80 without its tables: those cost the same for every picture.

    References:
        Donderi, D. C. (2006). Visual complexity: a review. Psychological Bulletin 132(1), 73-97.
        DOI 10.1037/0033-2909.132.1.73
        Marchewka, A. et al. (2014). The Nencki Affective Picture System (NAPS). Behavior Research Methods 46, 596-610.
        DOI 10.3758/s13428-013-0379-1

    Example:
        >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        >>> jpeg_complexity(noise) > 5 > 0.2 > jpeg_complexity(noise * 0)
        True
    """
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=JPEG_QUALITY)
    content = stream.getvalue()
    # The scan begins behind its own header, whose length follows the marker.
    at = content.index(b"\xff\xda")
    scan = len(content) - at - 2 - int.from_bytes(content[at + 2 : at + 4], "big")
    return float(8 * scan / pixels[..., 0].size)
