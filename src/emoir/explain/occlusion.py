"""Occlusion: where in the picture an emotion sits, by covering part after part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from emoir.emotions.reading import EmotionReadings

# Windows of these parts of the side, each moved by half its size, from half outside to half outside: every pixel is
# covered equally often.
COARSE, FINE = 2, 4
# Number of fine windows that are covered: those where the coarse ones matter most.
REFINED = 16
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


def windows(side: int, part: int) -> list[Box]:
    """Windows of a part of the side, as they cover a picture.

    Example:
        >>> len(windows(128, 2)), len(windows(128, 4)), windows(128, 4)[:2]
        (25, 81, [(0, 0, 16, 16), (0, 0, 16, 32)])
    """
    length = side // part
    spans = [((step - 1) * length // 2, (step + 1) * length // 2) for step in range(2 * part + 1)]
    inside = [(max(0, start), min(side, end)) for start, end in spans]
    return [(top, left, bottom, right) for top, bottom in inside for left, right in inside]


def occlusion_map(
    pixels: NDArray[np.uint8], read: Read, score: Score, *, refined: int = REFINED
) -> NDArray[np.float32]:
    """How much a score falls where the picture is covered.

    Every window of half the side is covered by a blurred copy of the picture and the picture read again, then those
    windows of a quarter of the side where the score changed most; a pixel's value is the mean fall over the windows
    that cover it, small windows counting more. By default 42 readings in all.

    Args:
        pixels: (S, S, 3) uint8 sRGB of the network's size.
        read: the model's ``read_pixels``.
        score: of readings.
        refined: windows of a quarter of the side that are covered, of 81.

    Returns:
        (S, S): positive where the picture speaks for the score, negative where it speaks against it.

    References:
        Zeiler, M. D. & Fergus, R. (2014). Visualizing and understanding convolutional networks. ECCV,
        818-833. DOI 10.1007/978-3-319-10590-1_53

    Example:
        >>> from emoir import Model
        >>> model = Model()
        >>> pixels = np.zeros((model.card.size, model.card.size, 3), np.uint8)
        >>> float(abs(occlusion_map(pixels, model.read_pixels, lambda readings: readings.valence)).max()) < 1e-5
        True
    """
    side = len(pixels)
    cover = blurred(pixels)
    total, count = np.zeros((side, side)), np.zeros((side, side))
    whole = float(score(read(pixels[None]))[0])

    def add(boxes: Sequence[Box]) -> None:
        for start in range(0, len(boxes), BATCH):
            part = boxes[start : start + BATCH]
            batch = np.repeat(pixels[None], len(part), axis=0)
            for image, (top, left, bottom, right) in zip(batch, part, strict=True):
                image[top:bottom, left:right] = cover[top:bottom, left:right]
            for fall, (top, left, bottom, right) in zip(whole - score(read(batch)), part, strict=True):
                # A small window's fall is the answer of few pixels, a large one's of many.
                weight = 1 / ((bottom - top) * (right - left))
                total[top:bottom, left:right] += fall * weight
                count[top:bottom, left:right] += weight

    add(windows(side, COARSE))
    coarse, fine = abs(total / count), windows(side, FINE)
    matters = np.array([coarse[top:bottom, left:right].mean() for top, left, bottom, right in fine])
    add([fine[place] for place in np.argsort(-matters, kind="stable")[:refined]])
    return np.asarray(total / count, dtype=np.float32)


def blurred(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture without anything to recognise in it; its colours stay where they are.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
    """
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(min(pixels.shape[:2]) / BLUR)))
