"""Salvage: whole pictures out of damaged wrappings, and how much of an incomplete one is there."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from emoir.images.decoder_errors import DECODER_ERRORS
from emoir.images.gif import mend_gif
from emoir.images.jpeg import mend_jpeg
from emoir.images.packed import box_mender, mend_webp
from emoir.images.png import mend_png
from emoir.images.tiff import mend_tiff

# Files longer than this are not searched for what is left of them.
MAX_SALVAGED = 500_000_000
# Less of a picture than this is no picture.
LEAST_SHARE = 0.95
# JPEG 2000 (ISO/IEC 15444-1, table A.2).
START_OF_TILE_PART, END_OF_CODESTREAM = 0xFF90, 0xFFD9


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
    except DECODER_ERRORS:
        return None
    return None if found is None else Salvaged(*found)


def jpeg2000_share(content: bytes) -> float:
    """The share of a JPEG 2000 code stream's bytes that the file holds; decoders blur what is missing, in silence.

    References:
        ISO/IEC 15444-1:2019, A.4.2.
    """
    at = max(content.find(b"\xff\x4f\xff\x51"), 0)
    start, at = at, at + 2
    while at + 12 <= len(content):
        marker, length = struct.unpack_from(">HH", content, at)
        if marker == END_OF_CODESTREAM:
            return 1.0
        if marker == START_OF_TILE_PART:
            part = struct.unpack_from(">I", content, at + 6)[0]
            if part == 0:
                # The last one goes on to the end.
                return 1.0
            at += part
        else:
            at += 2 + length
    return min(1.0, (len(content) - start) / (at - start))


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
}
"""By format: gives a sound file and the share of it that is the picture's own, or None."""
