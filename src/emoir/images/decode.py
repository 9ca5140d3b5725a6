"""File or bytes to upright sRGB pixels."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import ShapeError, UndecodableImageError
from emoir.images.colour import to_srgb
from emoir.images.colour_statement import note_statement
from emoir.images.decoder_errors import DECODER_ERRORS, decoder_errors
from emoir.images.exif import SIDEWAYS, moment, orientation
from emoir.images.formats import JPEG_XL, RAW, REMEDIES, identify
from emoir.images.jpeg2000 import in_order
from emoir.images.jpeg_xl import jpeg_xl_size, register_jpeg_xl
from emoir.images.places import open_file
from emoir.images.raw import raw_preview
from emoir.images.resize_square import resize_square_to_srgb
from emoir.images.salvage import LEAST_SHARE, MAX_SALVAGED, salvage, share_there
from emoir.images.tiff import prepare_tiff
from emoir.images.transparency import load_with_transparency
from emoir.limits import DEFAULT_LIMITS, Limits, RetryReason

Pixels: TypeAlias = NDArray[np.uint8]

# Where Pillow has another name for a format.
PILLOW_NAMES = {JPEG_XL: "JXL"}
# Longest side of a picture that is decoded for the sake of its shorter one.
LONGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """A decoded image and the metadata of its file.

    Args:
        pixels: (H, W, 3) uint8 sRGB, upright; a square if a size was asked for.
        width, height: of the original, upright, in pixels.
        taken: the moment in EXIF's own words (``2019:06:01 12:00:00``, local time), or None.
        incomplete: whether up to a twentieth of the picture is missing from its file.
    """

    pixels: Pixels
    width: int
    height: int
    taken: str | None
    incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """How large a decoded picture is to be; of three ways one, or none: as large as it is.

    Args:
        size: side of a square (see ``resize_square``).
        fit: longest side of a result that keeps its proportions and is not enlarged.
        shorter: its shorter side, unless the longer one came to more than 4096 by it.
    """

    size: int | None = None
    fit: int | None = None
    shorter: int | None = None

    def longest(self, width: int, height: int) -> int | None:
        """Longest side of a result that keeps the proportions of a picture."""
        if self.shorter is None:
            return self.fit
        return min(LONGEST, math.ceil(self.shorter * max(width, height) / min(width, height)))

    def drafted(self, width: int, height: int) -> int | None:
        """Side of the square that a JPEG decoded at a reduced scale must fill."""
        return 2 * self.size if self.size else self.longest(width, height)


def decode(
    source: Path | bytes | BinaryIO,
    *,
    size: int | None = None,
    fit: int | None = None,
    shorter: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Photograph:
    """Decode an image file, or its bytes, to upright sRGB.

    Args:
        source: a path, an address as a path, the content of a file, or an open binary file that can seek.
        size: if given, the result is resized to a square of this side (see ``resize_square``), and JPEGs are
            decoded at a reduced scale of at least twice that side.
        fit: if given instead, the result keeps its proportions, and neither side is longer than this.
        shorter: if given instead, the result keeps its proportions, and its shorter side is as long as this, unless
            that enlarged it or made the other side longer than 4096.
        limits: images of more pixels as stored are refused before any pixel is decoded.

    Returns:
        The pixels, rotated as EXIF says, transparency over white, first frame; size and time.

    Raises:
        UndecodableImageError: if the file cannot be read, is no image of a known format, is damaged,
            or is over the limit. The message is the cause alone, without the file's name.

    Example:
        >>> from io import BytesIO
        >>> from PIL import Image
        >>> file = BytesIO()
        >>> Image.new("L", (3, 2), 128).save(file, "PNG")
        >>> photograph = decode(file.getvalue())
        >>> photograph.width, photograph.pixels[0, 0].tolist()
        (3, [128, 128, 128])
    """
    scale = _Scale(size=size, fit=fit, shorter=shorter)
    try:
        if isinstance(source, Path):
            with open_file(source, limits) as file:
                return _decode_stream(file.stream, scale, limits)
        return _decode_stream(BytesIO(source) if isinstance(source, bytes) else source, scale, limits)
    except UndecodableImageError:
        raise
    except FileNotFoundError as error:
        raise UndecodableImageError("no such file") from error
    except IsADirectoryError as error:
        raise UndecodableImageError("it is a folder") from error
    except MemoryError as error:
        raise UndecodableImageError(
            "not enough memory to decode it; a worker takes more if --max-pixels is higher",
            retry_when=RetryReason.PIXELS,
        ) from error
    except (OSError, ValueError) as error:
        raise UndecodableImageError.of_system(error) from error


def lift_pillow_limit() -> None:
    """Let our own pixel limit be the only one in this process; for processes that are emoir's alone."""
    Image.MAX_IMAGE_PIXELS = None


def from_pillow(
    image: Image.Image, *, size: int | None = None, fit: int | None = None, shorter: int | None = None
) -> Photograph:
    """A Pillow image as ``decode`` gives it for a file.

    Args:
        image: of any mode.
        size: as for ``decode``.
        fit: as for ``decode``.
        shorter: as for ``decode``.

    Returns:
        The pixels, turned as EXIF says; size and time.

    Raises:
        UndecodableImageError: if its pixels cannot be loaded.
        ShapeError: if it has none.
    """
    return _finished(image, _Scale(size=size, fit=fit, shorter=shorter), *image.size)


def _finished(image: Image.Image, scale: _Scale, width: int, height: int) -> Photograph:
    """An open picture turned and resized; width and height as stored, before decoding reduced it."""
    if not all(image.size):
        raise ShapeError(f"an image of {image.width} x {image.height} pixels has nothing to read")
    with decoder_errors():
        turn, taken = orientation(image), moment(image)
        colours = resize_square_to_srgb(image, scale.size) if scale.size else to_srgb(image)
        if longest := scale.longest(width, height):
            colours.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if turn is not None:
            colours = colours.transpose(turn)
        if turn in SIDEWAYS:
            width, height = height, width
        return Photograph(pixels=np.asarray(colours), width=width, height=height, taken=taken)


def _decode_stream(stream: BinaryIO, scale: _Scale, limits: Limits) -> Photograph:
    name = identify(stream)
    if name is None:
        if not stream.read(1):
            raise UndecodableImageError("the file is empty")
        raise UndecodableImageError("not an image: no known signature in its first bytes")
    if name == RAW:
        with decoder_errors("raw photograph"):
            preview = raw_preview(stream)
        if preview is None:
            raise _not_read(name)
        return _decode_stream(BytesIO(preview), scale, limits)
    if name == JPEG_XL:
        if not register_jpeg_xl():
            raise _not_read(name)
        with decoder_errors(name):
            _check_pixels(*jpeg_xl_size(stream), limits)
    elif name in REMEDIES:
        raise _not_read(name)
    elif name == "HEIF":
        register_heif()
    try:
        return _decode_whole(name, stream, scale, limits)
    except UndecodableImageError as error:
        if error.retry_when is not None or stream.seek(0, os.SEEK_END) > MAX_SALVAGED:
            raise
        stream.seek(0)
        left = salvage(name, stream.read())
        if left is None or left.share < LEAST_SHARE:
            raise
        return _decode_whole(name, BytesIO(left.content), scale, limits, share=left.share)


def _decode_whole(
    name: str, stream: BinaryIO, scale: _Scale, limits: Limits, *, share: float | None = None
) -> Photograph:
    """Decode a file whose wrapping is sound; ``share`` is how much of the picture it holds, if that is known."""
    with decoder_errors(name), Image.open(stream, formats=[PILLOW_NAMES.get(name, name)]) as image:
        if name == "TIFF":
            prepare_tiff(image)
        width, height = image.size
        _check_pixels(width, height, limits)
        with suppress(*DECODER_ERRORS):
            # A damaged statement is none.
            note_statement(image, stream)
        if side := scale.drafted(width, height):
            image.draft("RGB", (side, side))
        loaded = load_with_transparency(image, stream)
        if name == "JPEG2000":
            loaded = in_order(loaded, stream)
        share = share_there(name, loaded, stream) if share is None else share
        if share < LEAST_SHARE:
            raise UndecodableImageError(f"damaged: only {share:.0%} of the picture is there")
        photograph = _finished(loaded, scale, width, height)
        return replace(photograph, incomplete=share < 1)


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise UndecodableImageError(
            f"{width} x {height} is over the limit of {limits.max_pixels:,} pixels; raise it with --max-pixels",
            retry_when=RetryReason.PIXELS,
        )


def _not_read(kind: str) -> UndecodableImageError:
    """The cause of a file of a kind that is not read, or not without another package."""
    remedy = REMEDIES[kind]
    package = remedy.startswith("pip ")
    return UndecodableImageError(
        f"{kind} needs one more package: {remedy}" if package else f"{kind} is not read; {remedy}",
        retry_when=RetryReason.ENVIRONMENT if package else None,
        kind=kind,
    )


def register_heif() -> None:
    """Let Pillow open HEIC."""
    import pi_heif

    pi_heif.register_heif_opener()
