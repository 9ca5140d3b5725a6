"""Preprocessing: from an image to what an encoder takes, as its card or the hub's files say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import ModelError, ShapeError
from emoir.files import open_regular
from emoir.images.decode import Photograph, decode, from_pillow
from emoir.images.resize_square import resize_square
from emoir.limits import DEFAULT_LIMITS, Limits

PREPROCESSOR, CONFIG = "preprocessor_config.json", "config.json"
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
    if pixels.shape[:2] == (side, side):
        return pixels
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


def find_preprocessing(folders: tuple[Path, ...]) -> tuple[Preprocessing, Path]:
    """The preprocessing that a file in one of the folders states, and that file; the first that states one counts.

    Raises:
        ModelError: if none does, or a file says it wrongly.
    """
    for name in (PREPROCESSOR, CONFIG):
        for folder in folders:
            values = _json(folder / name)
            if name == CONFIG and values is not None:
                values = _from_timm(values.get("pretrained_cfg"))
            if values is not None:
                try:
                    return parse_preprocessor(values), folder / name
                except KeyError as error:
                    raise ModelError(f"{folder / name} does not state {error}, so pixels cannot be prepared") from error
                except (TypeError, ValueError) as error:
                    raise ModelError(f"{folder / name} does not say how pixels are prepared: {error}") from error
    places = " or ".join(map(str, folders))
    raise ModelError(f"no {PREPROCESSOR} in {places}: it says at which size and scale the encoder takes pixels")


def _json(file: Path) -> dict[str, Any] | None:
    try:
        with open_regular(file) as stream:
            values = json.loads(stream.read(1_000_000))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    return values if isinstance(values, dict) else None


def _from_timm(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    side = values["input_size"][1]
    return {
        "size": {"shortest_edge": round(side / values.get("crop_pct", 1.0))},
        "crop_size": side,
        "image_mean": values["mean"],
        "image_std": values["std"],
    }


def parse_preprocessor(values: dict[str, Any]) -> Preprocessing:
    """What a ``preprocessor_config.json`` says.

    Args:
        values: its JSON.

    Returns:
        Size, resize rule, mean and deviation; the layout is the graph's business. Where it names a shorter side
        without a crop, the middle square of that side is taken.

    Raises:
        KeyError, TypeError, ValueError: if it says nothing of it.

    Example:
        >>> parse_preprocessor({"size": {"shortest_edge": 256}, "crop_size": 224, "do_normalize": False}).shorter_side
        256
    """
    size, crop = values["size"], values.get("crop_size")
    for sides in (size, crop):
        if isinstance(sides, dict) and sides.get("height") != sides.get("width"):
            raise ValueError(f"{sides} is no square")
    square = size.get("height") if isinstance(size, dict) else None if values.get("do_center_crop") else size
    shorter = size.get("shortest_edge") if isinstance(size, dict) else size
    crop = crop if values.get("do_center_crop", shorter is not None) else None
    crop = crop.get("height", crop.get("shortest_edge")) if isinstance(crop, dict) else crop
    if crop is None and "crop_pct" in values and shorter is not None and square is None:
        # ConvNeXt's way: the size is that of the crop.
        crop, shorter = shorter, round(shorter / values["crop_pct"])
    side = int(crop or square or shorter or 0)
    if side < 8:
        raise ValueError(f"size {size} is no square of 8 pixels a side or more")
    normalise = values.get("do_normalize", True)
    scale = values.get("rescale_factor", 1 / 255) * 255 if values.get("do_rescale", True) else 255.0
    mean = np.divide(values["image_mean"] if normalise else [0.0] * 3, scale).tolist()
    deviation = np.divide(values["image_std"] if normalise else [1.0] * 3, scale).tolist()
    if np.shape(mean) != (3,) or np.shape(deviation) != (3,) or not np.isfinite(mean).all() or not min(deviation) > 0:
        raise ValueError(f"image_mean {mean}, image_std {deviation}; three numbers each are needed, the latter above 0")
    cropped = square is None or (crop is not None and crop < square)
    return Preprocessing(
        size=side,
        resize="crop" if cropped else "square",
        shorter_side=max(int(shorter or square or side), side) if cropped else None,
        layout="NCHW",
        type="float32",
        mean=(mean[0], mean[1], mean[2]),
        deviation=(deviation[0], deviation[1], deviation[2]),
    )
