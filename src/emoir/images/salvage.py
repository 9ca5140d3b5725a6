"""Salvage: whole pictures out of damaged wrappings, and how much of an incomplete one is there."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.images.decoder_errors import DECODER_ERRORS
from emoir.images.formats import JPEG_XL
from emoir.images.gif import mend_gif
from emoir.images.jpeg import has_all_scans, jpeg_share, mend_jpeg
from emoir.images.jpeg2000 import jpeg2000_share, mend_jpeg2000
from emoir.images.jpeg_xl import mend_jpeg_xl
from emoir.images.packed import box_mender, mend_webp, seems_unfinished
from emoir.images.png import mend_png, png_is_sound
from emoir.images.rows import UNWRITTEN, written_share
from emoir.images.tiff import mend_tiff

# Files longer than this are not searched for what is left of them.
MAX_SALVAGED = 500_000_000
# Less of a picture than this is no picture.
LEAST_SHARE = 0.95
# TIFF: the tables that JPEGs in it share, which end as a JPEG does.
JPEG_TABLES, END_OF_JPEG = 347, b"\xff\xd9"
# How Pillow names pixels that are not packed, in TIFF and in BMP.
UNPACKED = ("raw", 0, 3)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What is left of a file.

    Args:
        content: a file that can be decoded.
        share: of the picture's rows that are the picture's own, 1 if it is whole.
    """

    content: bytes
    share: float


def salvage(format: str, content: bytes) -> Salvaged | None:
    """Make a damaged file one that can be decoded.

    Args:
        format: as ``sniff`` names it.
        content: of the file.

    Returns:
        The file with a sound wrapping; None if there is nothing to repair, or the picture cannot be known.

    Raises:
        UndecodableImageError: if what is missing makes the rest worthless, with the cause.

    Example:
        >>> from io import BytesIO
        >>> from PIL import Image
        >>> stream = BytesIO()
        >>> Image.new("L", (64, 64), 90).save(stream, "JPEG")
        >>> salvage("JPEG", stream.getvalue()[:-2]).share
        1.0
    """
    mend = MENDERS.get(format)
    try:
        found = None if mend is None else mend(content)
    except UndecodableImageError:
        raise
    except DECODER_ERRORS:
        return None
    return None if found is None else Salvaged(*found)


def share_there(format: str, loaded: Image.Image, stream: BinaryIO) -> float:
    """How much of a picture there is, where its decoder does not complain of what is missing.

    Args:
        format: as ``sniff`` names it.
        loaded: what its decoder made of the file.
        stream: the file.

    Raises:
        ValueError: if a check sum is wrong.
    """
    look = LOOKS.get(format)
    if look is None or stream.seek(0, os.SEEK_END) > MAX_SALVAGED:
        return 1.0
    return look(loaded, stream)


def _jpeg_share(loaded: Image.Image, stream: BinaryIO) -> float:
    if "progressive" in loaded.info:
        return 1.0 if has_all_scans(_content(stream)) else LEAST_SHARE
    return jpeg_share(_content(stream)) if _ends_unwritten(stream) or _ends_in_one_colour(loaded) else 1.0


def _ends_in_one_colour(jpeg: Image.Image) -> bool:
    """Whether its last row does, as where the data ended early."""
    corner = jpeg.crop((jpeg.width - max(1, jpeg.width // 16), jpeg.height - 1, *jpeg.size)).getextrema()
    ranges = corner if isinstance(corner[0], tuple) else (corner,)
    return jpeg.width >= 32 and all(low == high for low, high in ranges)


def _png_share(loaded: Image.Image, stream: BinaryIO) -> float:
    if not png_is_sound(_content(stream)):
        raise ValueError("wrong check sum of its pixels")
    return 1.0


def _tiff_share(loaded: Image.Image, stream: BinaryIO) -> float:
    tables = getattr(loaded, "tag_v2", {}).get(JPEG_TABLES)
    if tables is not None and not tables.endswith(END_OF_JPEG):
        # Zeros in their place make another picture, of which the decoder says nothing.
        raise ValueError("the end of its tables is missing")
    if loaded.info.get("compression") in UNPACKED:
        return written_share(loaded)
    left = salvage("TIFF", _content(stream)) if _ends_unwritten(stream) else None
    return 1.0 if left is None else left.share


def _bmp_share(loaded: Image.Image, stream: BinaryIO) -> float:
    stream.seek(14)
    header, _, height = struct.unpack("<Iii", stream.read(12))
    packed = loaded.info.get("compression") not in UNPACKED
    return 1.0 if packed else written_share(loaded, upwards=header < 40 or height > 0)


def _packed_share(format: str) -> Callable[[Image.Image, BinaryIO], float]:
    return lambda loaded, stream: 0.0 if seems_unfinished(format, _content(stream)) else 1.0


def _ends_unwritten(stream: BinaryIO) -> bool:
    """Whether a file ends as space does that was never written."""
    stream.seek(-min(UNWRITTEN, stream.seek(0, os.SEEK_END)), os.SEEK_END)
    tail = stream.read()
    return not tail.strip(b"\0") or not tail.strip(b"\xff")


def _content(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


LOOKS: dict[str, Callable[[Image.Image, BinaryIO], float]] = {
    "JPEG": _jpeg_share,
    "JPEG2000": lambda loaded, stream: jpeg2000_share(_content(stream)),
    "PNG": _png_share,
    "BMP": _bmp_share,
    "TIFF": _tiff_share,
    "WEBP": _packed_share("WEBP"),
    "AVIF": _packed_share("AVIF"),
    "HEIF": _packed_share("HEIF"),
}
"""By format: how much of a picture there is."""


def _bmp(content: bytes) -> tuple[bytes, float] | None:
    """An uncompressed BMP that is cut off: its missing rows are those at the top, and become black."""
    start, header = struct.unpack_from("<II", content, 10)
    if header < 40:
        return None
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", content, 18)
    if compression not in (0, 3) or width <= 0:
        return None
    expected = (width * bits + 31) // 32 * 4 * abs(height)
    there = len(content) - start
    if not 0 < there < expected <= MAX_SALVAGED:
        return None
    return content + bytes(expected - there), there / expected


MENDERS: dict[str, Callable[[bytes], tuple[bytes, float] | None]] = {
    "JPEG": mend_jpeg,
    "PNG": mend_png,
    "BMP": _bmp,
    "GIF": mend_gif,
    "TIFF": mend_tiff,
    "WEBP": mend_webp,
    "AVIF": box_mender("AVIF"),
    "HEIF": box_mender("HEIF"),
    "JPEG2000": mend_jpeg2000,
    JPEG_XL: mend_jpeg_xl,
}
"""By format: gives a sound file and the share of it that is the picture's own, or None."""
