"""File or bytes to upright sRGB pixels."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from emoir.errors import ShapeError, UndecodableImageError
from emoir.files import open_regular
from emoir.images.colour import to_srgb
from emoir.images.colour_statement import note_statement
from emoir.images.formats import HEADER_LENGTH, sniff
from emoir.images.resize_square import resize_square_to_srgb
from emoir.images.transparency import load_with_transparency
from emoir.limits import DEFAULT_LIMITS, Limits, RetryReason

Pixels: TypeAlias = NDArray[np.uint8]

# What brings each EXIF orientation upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = frozenset({UPRIGHT[5], UPRIGHT[6], UPRIGHT[7], UPRIGHT[8]})
MOMENT = re.compile(r"\d{4}:\d{2}:\d{2} \d{2}:\d{2}:\d{2}")

# Decoders meet hostile bytes with any of these; each means that the file cannot be decoded.
DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError,
                  OverflowError, struct.error, zlib.error, RuntimeError, NotImplementedError)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Photograph:
    """A decoded image and what its file says of it.

    Args:
        pixels: (H, W, 3) uint8 sRGB, upright; a square if a size was asked for.
        width, height: of the original, upright, in pixels.
        taken: the moment in EXIF's own words (``2019:06:01 12:00:00``, local time), or None.
    """

    pixels: Pixels
    width: int
    height: int
    taken: str | None


def decode(
    source: Path | bytes | BinaryIO, *, size: int | None = None, fit: int | None = None, limits: Limits = DEFAULT_LIMITS
) -> Photograph:
    """Decode an image file, or its bytes, to upright sRGB.

    Args:
        source: a path, the content of a file, or an open binary file that can seek.
        size: if given, the result is resized to a square of this side (see ``resize_square``), and JPEGs are
            decoded at a reduced scale of at least twice that side.
        fit: if given instead, the result keeps its proportions, and neither side is longer than this.
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
    try:
        if isinstance(source, Path):
            with open_regular(source) as stream:
                return _decode_stream(stream, size, fit, limits)
        return _decode_stream(BytesIO(source) if isinstance(source, bytes) else source, size, fit, limits)
    except UndecodableImageError:
        raise
    except FileNotFoundError as error:
        raise UndecodableImageError("no such file") from error
    except IsADirectoryError as error:
        raise UndecodableImageError("it is a folder") from error
    except MemoryError as error:
        raise UndecodableImageError(
            "not enough memory to decode it; a worker takes more if --max-pixels is higher",
            chinese="内存不足，无法解码；提高 --max-pixels 可让工作进程使用更多内存",
            retry_when=RetryReason.PIXELS,
        ) from error
    except (OSError, ValueError) as error:
        raise unreadable(error) from error


def unreadable(error: OSError | ValueError) -> UndecodableImageError:
    """The cause of a file that the system would not give: permissions, the disk, an impossible name."""
    if isinstance(error, PermissionError):
        return UndecodableImageError("no permission to read it", retry_when=RetryReason.ENVIRONMENT)
    cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UndecodableImageError(f"cannot be read: {cause}", retry_when=RetryReason.ENVIRONMENT)


def lift_pillow_limit() -> None:
    """Let our own pixel limit be the only one in this process; for processes that are emoir's alone."""
    Image.MAX_IMAGE_PIXELS = None


def from_pillow(
    image: Image.Image, *, size: int | None = None, fit: int | None = None, original: tuple[int, int] | None = None
) -> Photograph:
    """A Pillow image as ``decode`` gives it for a file.

    Args:
        image: of any mode.
        size: side of the square to which it is resized, if given.
        fit: longest side of the result, which keeps its proportions, if given instead.
        original: width and height as stored, if decoding has reduced them.

    Returns:
        The pixels, turned as EXIF says; size and time.

    Raises:
        UndecodableImageError: if its pixels cannot be loaded.
        ShapeError: if it has none.
    """
    if not all(image.size):
        raise ShapeError(f"an image of {image.width} x {image.height} pixels has nothing to read")
    width, height = original or image.size
    with _decoder_errors():
        turn, taken = _turn_and_moment(image)
        colours = resize_square_to_srgb(image, size) if size else to_srgb(image)
        if fit and not size:
            colours.thumbnail((fit, fit), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if turn is not None:
            colours = colours.transpose(turn)
        if turn in SIDEWAYS:
            width, height = height, width
        return Photograph(np.asarray(colours), width, height, taken)


def _decode_stream(stream: BinaryIO, size: int | None, fit: int | None, limits: Limits) -> Photograph:
    header = stream.read(HEADER_LENGTH)
    stream.seek(0)
    if not header:
        raise UndecodableImageError("the file is empty", chinese="文件是空的")
    name = sniff(header)
    if name is None:
        raise UndecodableImageError(
            "not an image: no known signature in its first bytes", chinese="不是图片：开头没有任何已知图片格式的标记"
        )
    if name == "HEIF":
        _register_heif()
    with _decoder_errors(name), Image.open(stream, formats=[name]) as image:
        width, height = image.size
        if width * height > limits.max_pixels:
            raise UndecodableImageError(
                f"{width} x {height} is over the limit of {limits.max_pixels:,} pixels; raise it with --max-pixels",
                chinese=f"{width} × {height} 超过了 {limits.max_pixels:,} 像素的上限；可用 --max-pixels 提高",
                retry_when=RetryReason.PIXELS,
            )
        with suppress(*DECODER_ERRORS):
            # A damaged statement is none.
            note_statement(image, stream)
        if size:
            image.draft("RGB", (2 * size, 2 * size))
        elif fit:
            image.draft("RGB", (fit, fit))
        loaded = load_with_transparency(image, stream)
        return from_pillow(loaded, size=size, fit=fit, original=(width, height))


def _turn_and_moment(image: Image.Image) -> tuple[Image.Transpose | None, str | None]:
    """What EXIF says of a picture; where it is damaged, nothing, as with browsers: the picture itself is whole."""
    turn = taken = None
    with suppress(*DECODER_ERRORS):
        exif = image.getexif()
        turn = UPRIGHT.get(exif.get(ExifTags.Base.Orientation, 1))
        taken = _moment(exif)
    return turn, taken


def _moment(exif: Image.Exif) -> str | None:
    """When the picture was taken, as the camera wrote it; None if absent or not of the standard's form."""
    written = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
    if not isinstance(written, str) or not MOMENT.fullmatch(written):
        return None
    try:
        # Cameras without a clock write zeros.
        datetime.strptime(written, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return written


@contextmanager
def _decoder_errors(name: str = "image") -> Iterator[None]:
    """Turn whatever a decoder raises on damaged data into one cause in plain words."""
    try:
        yield
    except UndecodableImageError:
        raise
    except Image.DecompressionBombError as error:
        raise UndecodableImageError(
            "over Pillow's own pixel limit; raise PIL.Image.MAX_IMAGE_PIXELS", retry_when=RetryReason.PIXELS
        ) from error
    except UnidentifiedImageError as error:
        raise UndecodableImageError(
            f"damaged, or a kind of {name} that cannot be read", chinese=f"文件已损坏，或是无法读取的一种 {name}"
        ) from error
    except DECODER_ERRORS as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UndecodableImageError(f"damaged: {cause}", chinese=f"文件已损坏：{cause}") from error


def _register_heif() -> None:
    import pi_heif

    pi_heif.register_heif_opener()
