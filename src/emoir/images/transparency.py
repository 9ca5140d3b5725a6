"""Transparency and first frames that Pillow reads differently from browsers: PNG, GIF, animated WebP."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
from PIL import Image

from emoir.images.gif import is_transparent

# Bits of a level of grey and what brings it to 8 bits, by Pillow's name for how the samples lie in a PNG.
GREY_SCALES = {"L;2": (3, 85), "L;4": (15, 17)}
# Of a GIF: its colours and what stands before its first frame.
HEAD = 2**16
RGB_HIGH_BYTES, RGB_LOW_BYTES = "RGB;16B", "RGB;16L"


def load_with_transparency(image: Image.Image, stream: BinaryIO) -> Image.Image:
    """Load an image so that its transparent pixels are those that browsers show as such.

    Args:
        image: as opened, not loaded.
        stream: its file, from the start.

    Returns:
        The image, loaded; or one of mode RGBA in its place.

    Raises:
        OSError, ValueError, …: whatever the decoder raises.
    """
    if image.format == "PNG" and getattr(image, "default_image", False):
        # The picture for readers that know no animation is none of its frames.
        image.seek(1)
    if image.format == "WEBP" and getattr(image, "is_animated", False):
        # Frames may leave parts of the canvas open, whatever the header says of transparency.
        vars(image).update(_mode="RGBA", rawmode="RGBA")
    layout = _layout(image)
    transparent = image.info.get("transparency")
    if image.format == "PNG" and layout in GREY_SCALES and isinstance(transparent, int):
        mask, scale = GREY_SCALES[layout]
        image.info["transparency"] = (transparent & mask) * scale
    if image.format == "PNG" and layout == RGB_HIGH_BYTES and isinstance(transparent, tuple):
        return _without_colour(image, stream, transparent)
    if image.format == "GIF" and transparent is not None and not is_transparent(_head(stream)):
        del image.info["transparency"]
    extent = _extent(image) if image.format == "GIF" else None
    image.load()
    if extent is not None and extent != (0, 0, *image.size):
        return _inside(image, extent)
    return image


def _head(stream: BinaryIO) -> bytes:
    at = stream.tell()
    stream.seek(0)
    head = stream.read(HEAD)
    stream.seek(at)
    return head


def _layout(image: Image.Image) -> object:
    tiles = getattr(image, "tile", None)
    if not tiles:
        return None
    arguments = tiles[0][3]
    return arguments[0] if isinstance(arguments, tuple) and arguments else arguments


def _extent(image: Image.Image) -> tuple[int, int, int, int] | None:
    """Where a GIF's first frame lies."""
    tiles = getattr(image, "tile", None)
    return tuple(tiles[0][1]) if tiles else None


def _inside(image: Image.Image, extent: tuple[int, int, int, int]) -> Image.Image:
    layered = image.convert("RGBA")
    frame = layered.crop(extent)
    result = Image.new("RGBA", image.size)
    result.paste(frame, extent[:2])
    result.info = {key: value for key, value in image.info.items() if key != "transparency"}
    return result


def _without_colour(image: Image.Image, stream: BinaryIO, transparent: tuple[int, ...]) -> Image.Image:
    """16-bit RGB whose one transparent colour is given in all 16 bits; Pillow keeps the higher 8 of them."""
    image.load()
    stream.seek(0)
    with Image.open(stream, formats=["PNG"]) as other:
        # The same bytes, read as if the lower ones came first.
        other.tile = [tile._replace(args=RGB_LOW_BYTES) for tile in other.tile]
        other.load()
        high, low = np.asarray(image), np.asarray(other)
    alpha = np.zeros(high.shape[:2], dtype=bool)
    for channel, level in enumerate(transparent):
        alpha |= (high[..., channel] != level >> 8) | (low[..., channel] != level & 255)
    result = image.copy()
    del result.info["transparency"]
    result.putalpha(Image.fromarray(alpha.astype(np.uint8) * 255))
    return result
