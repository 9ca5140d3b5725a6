"""Salvage: whole pictures out of damaged wrappings, and how much of an incomplete one is there."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.images.boxes import boxes
from emoir.images.decoder_errors import DECODER_ERRORS
from emoir.images.png import mend_png

# Files longer than this are not searched for what is left of them.
MAX_SALVAGED = 500_000_000
# Less of a picture than this is no picture.
LEAST_SHARE = 0.95
# JPEG (ITU-T T.81, table B.1): segments that may follow a scan, frames, and what ends entropy-coded data.
FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
SEGMENTS = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)}
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
START_OF_TILE_PART, END_OF_CODESTREAM = 0xFF90, 0xFFD9
# Entropy-coded data of any kind; whether a picture changes by it says where its own data ended.
FILLER = b"\x55\xa9\x3c" * 2000
# Pixels of progressive pictures that are compared at half their size.
LARGE = 25_000_000
# Larger ones are not compared at all: two of them would stand in memory.
MAX_COMPARED = 200_000_000
# A run of zeros (or of ones, on flash memory) as long as this is space that was never written.
UNWRITTEN, UNWRITTEN_BOX = 64, 256


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
        The file with a sound wrapping; None if there is nothing to mend, or no saying what the picture was.

    Example:
        >>> stream = BytesIO()
        >>> Image.new("L", (64, 64), 90).save(stream, "JPEG")
        >>> salvage("JPEG", stream.getvalue()[:-2]).share
        1.0
    """
    menders: dict[str, Callable[[bytes], tuple[bytes, float] | None]] = {"JPEG": _jpeg, "PNG": mend_png, "BMP": _bmp}
    mend = menders.get(format)
    try:
        found = None if mend is None else mend(content)
    except DECODER_ERRORS:
        return None
    return None if found is None else Salvaged(*found)


def jpeg_share(content: bytes) -> float:
    """The share of a JPEG's rows that its own data makes; decoders fill the rest with one colour, in silence.

    A file whose scans leave out coefficients counts as almost all there: it shows all of the picture, but coarsely.
    """
    if not has_all_scans(content):
        return LEAST_SHARE
    found = _jpeg(content)
    return 0.0 if found is None else found[1]


def has_all_scans(content: bytes) -> bool:
    """Whether the scans of a JPEG bring every coefficient to its last bit, as progressive ones do one by one."""
    return _end_of_scans(content) is not None


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


def is_unwritten(format: str, content: bytes) -> bool:
    """Whether the end of a WebP, AVIF or HEIF file is space that was never written: their data has no such runs."""
    if format == "WEBP":
        at, end = 12, len(content)
        while at + 8 <= len(content):
            name, length = struct.unpack_from("<4sI", content, at)
            at += 8 + length + length % 2
            if name in (b"VP8 ", b"VP8L"):
                end = at
        return end > UNWRITTEN and not content[end - UNWRITTEN : end].strip(b"\0")
    last = next((body for name, body in reversed(list(boxes(content))) if name == b"mdat"), b"")
    tail = last[-UNWRITTEN_BOX:]
    return len(last) > UNWRITTEN_BOX and (not tail.strip(b"\0") or not tail.strip(b"\xff"))


def _jpeg(content: bytes) -> tuple[bytes, float] | None:
    end = _end_of_scans(content)
    if end is None:
        return None
    body = content[:end]
    written = body.rstrip(b"\0\xff")
    if len(body) - len(written) >= UNWRITTEN:
        body = written
    whole = body + b"\xff\xd9"
    one, other = (_rows(file) for file in (whole, body + FILLER + b"\xff\xd9"))
    same = (one == other).all(axis=(1, 2))
    rows = len(same) if same.all() else int(same.argmin())
    return whole, rows / len(same)


def _rows(content: bytes) -> NDArray[np.uint8]:
    """The pixels of a JPEG, smaller where that shows the same: baseline files lose all of a block or nothing."""
    with Image.open(BytesIO(content), formats=["JPEG"]) as image:
        if image.width * image.height > MAX_COMPARED:
            raise ValueError("too large to be compared")
        if "progressive" not in image.info:
            image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
        elif image.width * image.height > LARGE:
            image.draft("RGB", (image.width // 2, image.height // 2))
        return np.asarray(image.convert("RGB"))


def _end_of_scans(content: bytes) -> int | None:
    """Where the entropy-coded data of the last scan ends; None if coefficients of some component never came."""
    at, end = 2, None
    # Component to the lowest bit that is known of each of its 64 coefficients.
    known: dict[int, list[int]] = {}
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack_from(">H", content, at + 2)[0]
        if marker == 0xFF:
            at += 1
            continue
        body = content[at + 4 : at + 2 + length]
        if len(body) != length - 2:
            break
        if marker in FRAMES:
            known = {body[6 + 3 * number]: [16] * 64 for number in range(body[5])}
        elif marker == START_OF_SCAN:
            count = body[0]
            components = [body[1 + 2 * number] for number in range(count)]
            if length != 6 + 2 * count or not known.keys() >= set(components):
                break
            first, last, bits = body[1 + 2 * count : 4 + 2 * count]
            if all(known[component][first] == 0 for component in components):
                # Nothing is left to be said of them: this is no scan.
                break
            for component in components:
                known[component][first : last + 1] = [bits & 15] * (min(last, 63) + 1 - first)
            found = MARKER.search(content, at + 2 + length)
            end = at = len(content) if found is None else found.start()
            continue
        elif marker not in SEGMENTS:
            break
        at += 2 + length
    complete = known and all(bit == 0 for bits in known.values() for bit in bits)
    return end if complete else None


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
