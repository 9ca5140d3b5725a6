"""Occlusion: where in the picture an emotion sits, by covering part after part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from emoir.emotions.reading import EmotionReadings

# Windows of these parts of the side, from half outside to half outside: every pixel is covered equally often.
COARSE, FINE = 2, 4
# The map is smoothed to so many cells per side: a window's border is not one of the picture.
CELLS = 8
# Pictures read at once: with 8 the network needs 25 MB more memory, with more than 8 it is slower too.
BATCH = 4
# Covered parts show the picture blurred over this part of its side: their colour stays, what they show goes.
BLUR = 6

Read = Callable[[NDArray[np.uint8]], EmotionReadings]
"""Reads a batch (n, S, S, 3)."""
Box: TypeAlias = tuple[int, int, int, int]
"""Top, left, bottom, right of a window."""
Score = Callable[[EmotionReadings], NDArray[np.floating]]
"""The score to explain: (n,) numbers from n readings."""


def windows(side: int, part: int, *, step: int = 1) -> list[Box]:
    """Windows of a part of the side, as they cover a picture, each moved by half its size.

    Args:
        side: of the picture.
        part: windows are so many times shorter.
        step: only every second, third … row and column of them; with 2 they do not overlap.

    Example:
        >>> len(windows(128, 2)), len(windows(128, 4)), windows(128, 4)[:2]
        (25, 81, [(0, 0, 16, 16), (0, 0, 16, 32)])
    """
    length = side // part
    spans = [((place - 1) * length // 2, (place + 1) * length // 2) for place in range(0, 2 * part + 1, step)]
    inside = [(max(0, start), min(side, end)) for start, end in spans]
    return [(top, left, bottom, right) for top, bottom in inside for left, right in inside]


def occlusion_map(pixels: NDArray[np.uint8], read: Read, score: Score) -> NDArray[np.float32]:
    """How much a score owes to each part of the picture.

    25 windows of a quarter of the side and 9 of half of it are covered by a blurred copy of the picture, one after the
    other: what the score loses is theirs. The 25 are also all that is shown of the picture, one after the other: what
    the score gains over the blurred copy is theirs. A pixel's value is the mean over the windows that it lies in, small
    ones counting more; then the map is smoothed. 61 readings in all.

    Args:
        pixels: (S, S, 3) uint8 sRGB of the network's size.
        read: the model's ``read_pixels``.
        score: of readings.

    Returns:
        (S, S): positive where the picture speaks for the score, negative where it speaks against it.

    References:
        Zeiler, M. D. & Fergus, R. (2014). Visualizing and understanding convolutional networks. ECCV,
        818-833. DOI 10.1007/978-3-319-10590-1_53
        Fong, R. & Vedaldi, A. (2017). Interpretable explanations of black boxes by meaningful perturbation. ICCV,
        3449-3457. DOI 10.1109/ICCV.2017.371

    Example:
        >>> from emoir import Model
        >>> model = Model()
        >>> pixels = np.zeros((model.card.size, model.card.size, 3), np.uint8)
        >>> float(abs(occlusion_map(pixels, model.read_pixels, lambda readings: readings.valence)).max()) < 1e-5
        True
    """
    side, cover = len(pixels), blurred(pixels)
    fine, coarse = windows(side, FINE, step=2), windows(side, COARSE, step=2)
    whole, nothing = score(read(np.stack([pixels, cover])))
    lost = whole - window_scores(pixels, cover, [*fine, *coarse], read, score)
    gained = window_scores(cover, pixels, fine, read, score) - nothing
    means = Image.fromarray(window_means(side, [*fine, *coarse, *fine], np.concatenate([lost, gained])))
    bilinear = Image.Resampling.BILINEAR
    return np.asarray(means.resize((CELLS, CELLS), bilinear).resize((side, side), bilinear))


def window_scores(
    pixels: NDArray[np.uint8], other: NDArray[np.uint8], boxes: Sequence[Box], read: Read, score: Score
) -> NDArray[np.float64]:
    """(n,) scores of a picture, each with one window of another one in it."""
    found = []
    for start in range(0, len(boxes), BATCH):
        part = boxes[start : start + BATCH]
        batch = np.repeat(pixels[None], len(part), axis=0)
        for image, (top, left, bottom, right) in zip(batch, part, strict=True):
            image[top:bottom, left:right] = other[top:bottom, left:right]
        found.append(score(read(batch)))
    return np.concatenate(found).astype(np.float64)


def window_means(side: int, boxes: Sequence[Box], values: NDArray[np.float64]) -> NDArray[np.float32]:
    """(side, side): of each pixel, the mean of the values of the windows that it lies in.

    Example:
        >>> window_means(2, [(0, 0, 2, 2), (0, 0, 1, 1)], np.array([0.0, 0.9375])).tolist()
        [[0.75, 0.0], [0.0, 0.0]]
    """
    total, count = np.zeros((side, side)), np.zeros((side, side))
    for value, (top, left, bottom, right) in zip(values, boxes, strict=True):
        # A small window's value is the answer of few pixels, a large one's of many.
        weight = 1 / ((bottom - top) * (right - left))
        total[top:bottom, left:right] += value * weight
        count[top:bottom, left:right] += weight
    return np.asarray(total / count, dtype=np.float32)


def blurred(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture without anything to recognise in it; its colours stay where they are.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
    """
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(min(pixels.shape[:2]) / BLUR)))
