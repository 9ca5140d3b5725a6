"""Any Pillow image to sRGB, 8 bits: stated colours, alpha, palettes, CMYK, 1, 16 and 32 bits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from emoir.images.bands import bands
from emoir.images.colour_space import ColourSpace, icc_profile
from emoir.images.colour_statement import Statement, statement_of
from emoir.images.hdr import hdr_to_srgb

WHITE = (255, 255, 255)
# Modes whose samples lie beyond 8 bits; Pillow's own conversion clips them.
DEEP_MODES = {"I", "I;16", "I;16B", "I;16L", "I;16N", "F"}
# TIFF 6.0: Pillow turns WhiteIsZero around for 8 bits, but not for 16, and takes 32 bits without a sign for signed.
PHOTOMETRIC_INTERPRETATION, WHITE_IS_ZERO = 262, 0
BITS_PER_SAMPLE, SAMPLE_FORMAT, UNSIGNED = 258, 339, 1
ALPHA_MODES = {"RGBA", "LA", "PA", "RGBa", "La"}
GREY_MODES = {"L", "LA", "La"}


@dataclass(frozen=True, slots=True)
class GreyLevels:
    """How grey beyond 8 bits becomes 8 bits.

    Args:
        white: the level that becomes 255.
        inverted: whether 0 is white.
        unsigned: whether 32 bits hold no sign.
    """

    white: float
    inverted: bool
    unsigned: bool = False


def to_srgb(image: Image.Image, *, levels: GreyLevels | None = None) -> Image.Image:
    """Convert an image of any mode to mode RGB in sRGB.

    What the file states of its colours holds (a damaged statement does not, as in browsers), transparency is laid
    over white, 16-bit grey is scaled rather than clipped, and floating-point grey is taken as [0, 1]
    unless its largest value is above 1.

    Args:
        image: any Pillow image whose pixels can be loaded.
        levels: of the whole picture, if the image is a part of one; default: its own.

    Returns:
        An image of the same size, mode RGB, sRGB, full range 0-255.

    Example:
        >>> to_srgb(Image.new("RGBA", (1, 1), (255, 0, 0, 0))).getpixel((0, 0))
        (255, 255, 255)
    """
    stated = statement_of(image)
    if image.mode in DEEP_MODES:
        grey, alpha = _deep_grey(image, levels or grey_levels(image))
        return _over_white(_apply(stated, grey), alpha)
    if image.mode in ALPHA_MODES or "transparency" in image.info:
        # Pillow brings premultiplied grey to nothing else.
        layered = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        # A profile of grey is one for grey samples.
        colours = layered.getchannel("R") if image.mode in GREY_MODES else layered.convert("RGB")
        return _over_white(_apply(stated, colours), layered.getchannel("A"))
    if image.mode == "LAB":
        return _from_lab(image)
    if image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    return _apply(stated, image)


def _over_white(colours: Image.Image, alpha: Image.Image) -> Image.Image:
    return Image.composite(colours, Image.new("RGB", colours.size, WHITE), alpha)


def grey_levels(image: Image.Image) -> GreyLevels:
    """The levels of a grey image beyond 8 bits; undefined for other modes."""
    tags = getattr(image, "tag_v2", {})
    inverted = tags.get(PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO
    if image.mode not in ("I", "F"):
        return GreyLevels(4095.0 if tags.get(BITS_PER_SAMPLE) == (12,) else 65535.0, inverted)
    unsigned = image.mode == "I" and image.format == "TIFF" and tags.get(SAMPLE_FORMAT, (UNSIGNED,)) == (UNSIGNED,)
    largest = max(float(_finite(_samples(band, unsigned)).max(initial=0.0)) for _, band in bands(image))
    # Floating-point files state no range: the smallest of the usual ones that holds the values is taken.
    signed = not unsigned and image.format == "TIFF" and tags.get(BITS_PER_SAMPLE) == (16,)
    ranges = (1.0, 255.0, 65535.0) if image.mode == "F" else (32767.0,) if signed else (65535.0,)
    return GreyLevels(next((white for white in ranges if largest <= white), largest), inverted, unsigned)


def _samples(image: Image.Image, unsigned: bool) -> NDArray[Any]:
    samples = np.asarray(image)
    return samples.view(np.uint32) if unsigned else samples


def _deep_grey(image: Image.Image, levels: GreyLevels) -> tuple[Image.Image, Image.Image]:
    """16-bit, 32-bit or floating-point grey to 8 bits, by scaling; with the alpha of its transparent level."""
    values = _samples(image, levels.unsigned).astype(np.float64)
    transparent = image.info.get("transparency")
    alpha = np.where(values == transparent, 0, 255) if isinstance(transparent, int) else np.full(values.shape, 255)
    values = np.clip(_finite(values) / levels.white, 0, 1)
    if levels.inverted:
        values = 1 - values
    # The high byte of 16 bits, as browsers take it; else the nearest level.
    scaled = values * (65535 / 256) if levels.white == 65535 else values * 255 + 0.5
    grey = Image.fromarray(scaled.astype(np.uint8))
    return grey, Image.fromarray(alpha.astype(np.uint8))


def _finite(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.nan_to_num(values, posinf=0.0, neginf=0.0))


def _apply(stated: Statement, image: Image.Image) -> Image.Image:
    """RGB, L or CMYK to sRGB by what is stated; without a usable statement, by Pillow's formula."""
    if isinstance(stated, ColourSpace):
        image = image.convert("RGB")
        if stated.is_hdr:
            return hdr_to_srgb(image, stated)
        stated = icc_profile(stated)
    transform = _profile_transform(stated, image.mode) if stated else None
    if transform is None and stated and image.mode == "L":
        # Browsers apply a profile of RGB to grey.
        image = image.convert("RGB")
        transform = _profile_transform(stated, "RGB")
    if transform is None:
        return image.convert("RGB")
    if image.mode == "L":
        # Level by level: the tables of lcms are too coarse for the dark of linear grey.
        levels = _transformed(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), transform)
        return Image.merge("RGB", [image.point(channel.tobytes()) for channel in levels.split()])
    return _transformed(image, transform)


@lru_cache(maxsize=32)
def _profile_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """A transform to sRGB, or None if the profile is damaged, for another mode, or sRGB already."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", intent, flags)
        if mode == "RGB" and _changes_nothing(transform):
            return None
        return transform
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a transform leaves RGB as it is, tried on 9 levels of each channel, whatever the profile's name."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    changed = np.asarray(_transformed(Image.fromarray(colours), transform))
    return int(abs(changed.astype(np.int16) - colours).max()) <= 1


def _from_lab(image: Image.Image) -> Image.Image:
    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    return _transformed(image, transform)


def _transformed(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # only an in-place transform returns nothing
    return converted
