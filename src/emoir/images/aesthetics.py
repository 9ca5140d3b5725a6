"""Image properties that empirical aesthetics measures: spectrum, self-similarity, symmetry, edges, fractality.

The Aesthetics Toolbox (https://github.com/RBartho/Aesthetics-Toolbox) has the same families. Ours take any picture as
it is, so numbers compare between pictures of one size only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoir.images.descriptors import GREY_WEIGHTS

# Cycles per pixel between which the slope of a spectrum is fitted: of a picture of 1,024 pixels, from 10 to 256.
LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 10 / 1024, 0.25
ORIENTATIONS = 24
GRID = 8
GREY_LEVELS = 256


def aesthetic_properties(pixels: NDArray[np.uint8]) -> dict[str, float]:
    """The five properties of a picture.

    Args:
        pixels: (H, W, 3) uint8 sRGB, at least 16 x 16.

    Returns:
        ``fourier_slope``, ``self_similarity``, ``mirror_symmetry``, ``edge_orientation_entropy`` and
        ``fractal_dimension``; see the functions of these names.

    Example:
        >>> {name: round(value, 2) for name, value in aesthetic_properties(np.full((32, 32, 3), 90, np.uint8)).items()}
        {'fourier_slope': 0.0, 'self_similarity': 1.0, 'mirror_symmetry': 1.0, 'edge_orientation_entropy': 0.0, \
'fractal_dimension': 2.0}
    """
    grey = np.rint(pixels @ GREY_WEIGHTS)
    return {
        "fourier_slope": fourier_slope(grey),
        "self_similarity": self_similarity(grey),
        "mirror_symmetry": mirror_symmetry(grey),
        "edge_orientation_entropy": edge_orientation_entropy(grey),
        "fractal_dimension": fractal_dimension(grey),
    }


def fourier_slope(grey: NDArray[np.floating]) -> float:
    """How fast the power of a picture falls with spatial frequency.

    Args:
        grey: (H, W), at least 16 x 16.

    Returns:
        The slope of log power, averaged over directions, against log frequency; about -2 for natural scenes, 0 for
        white noise and for a flat picture.

    References:
        Redies, C., Hasenstein, J. & Denzler, J. (2007). Fractal-like image statistics in visual art: similarity to
        natural scenes. Spatial Vision 21(1-2), 137-148. DOI 10.1163/156856807782753921
    """
    power = np.abs(np.fft.rfft2(grey - grey.mean())) ** 2
    down, across = np.fft.fftfreq(grey.shape[0]), np.fft.rfftfreq(grey.shape[1])
    frequency = np.hypot(down[:, None], across[None, :])
    # Rings one cycle of the shorter side wide.
    ring = np.rint(frequency * min(grey.shape)).astype(np.intp).ravel()
    counts = np.bincount(ring)
    mean_power = np.bincount(ring, weights=power.ravel()) / np.maximum(counts, 1)
    centre = np.bincount(ring, weights=frequency.ravel()) / np.maximum(counts, 1)
    # Below this there is nothing but rounding.
    least = np.finfo(np.float64).eps * grey.size * GREY_LEVELS**2
    used = (centre >= LOWEST_FREQUENCY) & (centre <= HIGHEST_FREQUENCY) & (counts > 0) & (mean_power > least)
    if used.sum() < 2:
        return 0.0
    return float(np.polyfit(np.log(centre[used]), np.log(mean_power[used]), 1)[0])


def self_similarity(grey: NDArray[np.floating]) -> float:
    """How alike the parts of a picture are to the whole in the orientations of their gradients (PHOG, level 3).

    Args:
        grey: (H, W), at least 16 x 16.

    Returns:
        The median over the 8 x 8 parts of the intersection of their histogram of oriented gradients with that of the
        whole, 0 (nothing in common) to 1 (the same); 1 without any gradient. A part without a gradient counts 0.

    References:
        Braun, J., Amirshahi, S. A., Denzler, J. & Redies, C. (2013). Statistical image properties of print
        advertisements, visual artworks, and images of architecture. Frontiers in Psychology 4, 808.
        DOI 10.3389/fpsyg.2013.00808
    """
    strength, orientation = _gradients(grey)
    if not strength.any():
        return 1.0
    rows = np.arange(grey.shape[0]) * GRID // grey.shape[0]
    columns = np.arange(grey.shape[1]) * GRID // grey.shape[1]
    part = rows[:, None] * GRID + columns[None, :]
    keys = (part * ORIENTATIONS + orientation).ravel()
    parts = np.bincount(keys, weights=strength.ravel(), minlength=GRID**2 * ORIENTATIONS).reshape(-1, ORIENTATIONS)
    whole = parts.sum(axis=0) / parts.sum()
    totals = parts.sum(axis=1, keepdims=True)
    shares = parts / np.where(totals > 0, totals, 1)
    return float(np.median(np.minimum(shares, whole).sum(axis=1)))


def mirror_symmetry(grey: NDArray[np.floating]) -> float:
    """How alike the left half of a picture is to its right half, mirrored.

    Args:
        grey: (H, W).

    Returns:
        The correlation of the picture with its mirror image, -1 to 1 (symmetric); 1 for a flat one.

    References:
        Huebner, R. & Fillinger, M. G. (2016). Comparison of objective measures for predicting perceptual balance and
        visual aesthetic preference. Frontiers in Psychology 7, 335. DOI 10.3389/fpsyg.2016.00335 (the idea)

    Example:
        >>> mirror_symmetry(np.array([[1.0, 5.0, 1.0]])), mirror_symmetry(np.array([[0.0, 9.0]]))
        (1.0, -1.0)
    """
    centred = grey - grey.mean()
    power = float((centred**2).sum())
    return float((centred * centred[:, ::-1]).sum()) / power if power > 0 else 1.0


def edge_orientation_entropy(grey: NDArray[np.floating]) -> float:
    """How evenly edges are distributed over all orientations (first order).

    Args:
        grey: (H, W), at least 3 x 3.

    Returns:
        Entropy in bits of the histogram of 24 orientations, each pixel weighted by its gradient: 0 (one orientation,
        or no edge) to log2(24) = 4.58.

    References:
        Redies, C., Brachmann, A. & Wagemans, J. (2017). High entropy of edge orientations characterizes visual
        artworks from diverse cultural backgrounds. Vision Research 133, 130-144. DOI 10.1016/j.visres.2017.02.004
        (with Gabor filters; here with gradients)
    """
    strength, orientation = _gradients(grey)
    histogram = np.bincount(orientation.ravel(), weights=strength.ravel(), minlength=ORIENTATIONS)
    if not histogram.any():
        return 0.0
    shares = histogram[histogram > 0] / histogram.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def fractal_dimension(grey: NDArray[np.floating]) -> float:
    """How much of space the surface of a picture fills, its grey levels taken as heights.

    Args:
        grey: (H, W) in [0, 255], at least 16 x 16.

    Returns:
        The dimension by differential box counting: 2 for a flat picture, towards 3 the rougher it is.

    References:
        Sarkar, N. & Chaudhuri, B. B. (1994). An efficient differential box-counting approach to compute fractal
        dimension of image. IEEE Trans. SMC 24(1), 115-120. DOI 10.1109/21.259692
    """
    side = min(grey.shape)
    sizes = [size for size in 2 ** np.arange(1, 12) if 2 * size <= side]
    counts = []
    for size in sizes:
        height, width = (length // size for length in grey.shape)
        blocks = grey[: height * size, : width * size].reshape(height, size, width, size)
        box = size * GREY_LEVELS / side
        boxes = np.floor(blocks.max(axis=(1, 3)) / box) - np.floor(blocks.min(axis=(1, 3)) / box) + 1
        # Per area: what lies beyond the last whole block is not counted.
        counts.append(boxes.mean() / size**2)
    return float(-np.polyfit(np.log(sizes), np.log(counts), 1)[0])


def _gradients(grey: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Strength and orientation of every pixel's gradient, the orientation as one of 24 parts of half a turn."""
    down, across = np.gradient(grey.astype(np.float64))
    angle = np.arctan2(down, across) % np.pi
    # Half a part is added, so that rows and columns lie in the middle of theirs.
    orientation = np.floor(angle / np.pi * ORIENTATIONS + 0.5).astype(np.intp) % ORIENTATIONS
    return np.hypot(down, across), orientation
