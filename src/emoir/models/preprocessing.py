"""Preprocessing: from an image to what an encoder takes, as its card says."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import ShapeError
from emoir.images.decode import Photograph, decode, from_pillow
from emoir.images.resize_square import resize_square
from emoir.limits import DEFAULT_LIMITS, Limits

MEASURED_SIDE = 128
"""Palette, difference hash, monochrome and descriptors are measured on a square of this side, whatever the encoder."""

ImageSource: TypeAlias = "str | PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.uint8]"
"""A path, the content of an image file, an open one that can seek, a Pillow image, or (H, W, 3) uint8 sRGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedImage:
    """An image as a model needs it.

    Args:
        pixels: (S, S, 3) uint8 sRGB, S = the encoder's size.
        measured: (128, 128, 3) uint8 sRGB, the whole picture, for all that is measured without the encoder.
        width, height: of the original, upright, in pixels.
        taken: when, as EXIF writes it, or None.
        incomplete: whether up to a twentieth of the picture is missing from its file.
    """

    pixels: NDArray[np.uint8]
    measured: NDArray[np.uint8]
    width: int
    height: int
    taken: str | None
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How pixels are prepared for an encoder.

    Args:
        size: side S of the square that it takes, in pixels.
        resize: ``square`` resizes the whole picture to S x S; ``crop`` resizes its shorter side to ``shorter_side``
            and cuts S x S out of the middle.
        shorter_side: for ``crop``; None: S.
        layout: of a batch: ``NHWC`` or ``NCHW``.
        type: ``uint8``, 0 to 255, or ``float32``, ``(value / 255 - mean) / deviation``.
        mean, deviation: per channel, red first; for ``float32``.

    Example:
        >>> preprocessing = Preprocessing(size=8, layout="NCHW", type="float32")
        >>> tensor = preprocessing.tensor(np.full((1, 8, 8, 3), 255, np.uint8))
        >>> tensor.shape, float(tensor.max())
        ((1, 3, 8, 8), 1.0)
    """

    size: int
    resize: Literal["square", "crop"] = "square"
    shorter_side: int | None = None
    layout: Literal["NHWC", "NCHW"] = "NHWC"
    type: Literal["uint8", "float32"] = "uint8"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def prepare(self, image: ImageSource, *, limits: Limits = DEFAULT_LIMITS) -> PreparedImage:
        """Bring an image to the encoder's size, and to the size at which everything else is measured.

        Args:
            image: a path, the content of a file, an open file, a Pillow image, or (H, W, 3) uint8 sRGB.
            limits: larger files are refused.

        Raises:
            UndecodableImageError: if a file or its content cannot be decoded.
            ShapeError: if an array is not (H, W, 3) uint8.
        """
        source = _source(image)
        # Decoded once, large enough for both.
        if self.resize == "square":
            whole = _load(source, limits, size=max(self.size, MEASURED_SIDE))
            pixels = square(whole.pixels, self.size)
        else:
            whole = _load(source, limits, shorter=max(self.shorter_side or self.size, MEASURED_SIDE))
            pixels = self._crop(whole.pixels)
        return PreparedImage(
            pixels=pixels,
            measured=square(whole.pixels, MEASURED_SIDE),
            width=whole.width,
            height=whole.height,
            taken=whole.taken,
            incomplete=whole.incomplete,
        )

    def _crop(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The middle of a picture, as much of it as the encoder sees, at the encoder's size."""
        height, width = pixels.shape[:2]
        side = min(width, height) * self.size / (self.shorter_side or self.size)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        image = Image.fromarray(pixels).resize((self.size, self.size), Image.Resampling.BILINEAR, box, reducing_gap=2.0)
        return np.asarray(image)

    def tensor(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """(n, S, S, 3) uint8 sRGB in the layout and type that the graph takes."""
        ordered: NDArray[Any] = pixels.transpose(0, 3, 1, 2) if self.layout == "NCHW" else pixels
        if self.type == "uint8":
            return np.ascontiguousarray(ordered)
        # One pass per channel, in place: a picture of 260 x 260 takes a third of the time.
        values = np.empty(ordered.shape, np.float32)
        axis = 1 if self.layout == "NCHW" else 3
        for channel, (mean, deviation) in enumerate(zip(self.mean, self.deviation, strict=True)):
            part = (slice(None),) * axis + (channel,)
            np.multiply(ordered[part], np.float32(1 / (255 * deviation)), out=values[part])
            values[part] -= np.float32(mean / deviation)
        return values

    def shape(self) -> tuple[int, int, int]:
        """Of one image in the tensor, without the batch."""
        return (3, self.size, self.size) if self.layout == "NCHW" else (self.size, self.size, 3)


def square(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) as a square of a side, (side, side, 3); see ``resize_square``."""
    return np.asarray(resize_square(Image.fromarray(pixels), side))


def _source(image: ImageSource) -> Path | bytes | BinaryIO | Image.Image:
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ShapeError(f"expected (H, W, 3) uint8 sRGB, got {image.shape} {image.dtype}")
        return Image.fromarray(image)
    return Path(fspath(image)) if isinstance(image, (str, PathLike)) else image


def _load(
    source: Path | bytes | BinaryIO | Image.Image,
    limits: Limits,
    *,
    size: int | None = None,
    shorter: int | None = None,
) -> Photograph:
    if isinstance(source, Image.Image):
        return from_pillow(source, size=size, shorter=shorter)
    if not isinstance(source, (Path, bytes)):
        source.seek(0)
    return decode(source, size=size, shorter=shorter, limits=limits)
