"""WebP, AVIF and HEIF files that lost their end: what of the picture is there whatever followed."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from emoir.images.decoder_errors import DECODER_ERRORS
from emoir.images.rows import filled, rows_of

# A run of zeros (or of ones, on flash memory) as long as this is space that was never written.
UNWRITTEN = 16
SPARE, ROOM, MAX_ROOM = 64, 10_000, 16_000_000
# WebP codes blocks of this many rows; lossy areas of one colour differ by at most the second number.
BLOCK, LEVELS = 16, 8
# WebP: where the flags of an extended file stand, and the flag of EXIF.
FLAGS, HAS_EXIF = 20, 8
# What counts as there where it is lost how the picture is turned.
UNTURNED = 0.99


def seems_unfinished(format: str, content: bytes) -> bool:
    """Whether a WebP, AVIF or HEIF file lacks its end, or ends as space does that was never written."""
    _, end = _pixel_data(format, content)
    tail = content[max(0, end - UNWRITTEN) : end]
    return end > len(content) or not tail.strip(b"\0") or not tail.strip(b"\xff")


def _pixel_data(format: str, content: bytes) -> tuple[int, int]:
    """Where the pixels of a WebP, AVIF or HEIF file begin, and where they should end; (0, 0) if they never begin."""
    at, found = 12 if format == "WEBP" else 0, (0, 0)
    while at + 8 <= len(content):
        if format == "WEBP":
            name, length = struct.unpack_from("<4sI", content, at)
            end = at + 8 + length
            if name in (b"VP8 ", b"VP8L", b"ANMF"):
                # Of an animation, the first frame counts.
                return at + 8, end
            end += length % 2
        else:
            length, name = struct.unpack_from(">I4s", content, at)
            end = at + length if length >= 8 else len(content)
            if name == b"mdat":
                found = at + 8, end
        at = end
    return found


def mend_webp(content: bytes) -> tuple[bytes, float] | None:
    """A WebP of the chunks that are whole, with noise for what its pixels lack, and the share that is not noise.

    Where EXIF is stated and lost, the picture may lie on its side: it counts as almost all there.
    """
    start, end = _pixel_data("WEBP", content)
    if not end or end > 2 * len(content):
        return None
    share, stated, end = 1.0, end, end + end % 2
    behind, turned = _whole_chunks(content, end)
    pixels = _sized(content[:stated].ljust(end, b"\0"), end)
    if seems_unfinished("WEBP", content):
        there, length = content[:stated].rstrip(b"\0"), end
        if content[start - 8 : start - 4] != b"ANMF":
            # Noise takes more room than the data that it stands for, zeros that are data stand for much.
            room = end - len(there) if len(content) < stated else ROOM * (end - len(there))
            length += 2 * (min(room, MAX_ROOM) // 2 + SPARE)
            there = there[: start - 4] + struct.pack("<I", length - start) + there[start:]
        found = filled(_sized(there, length), length, "WEBP")
        if found is None:
            return None
        if len(content) < stated or not _ends_in_one_colour(pixels, found[1]):
            pixels, share = found
    if content[12:16] == b"VP8X" and content[FLAGS] & HAS_EXIF and not turned:
        share = min(share, UNTURNED)
    return _sized(pixels + behind, len(pixels + behind)), share


def _sized(content: bytes, length: int) -> bytes:
    """A RIFF file that states its length."""
    return content[:4] + struct.pack("<I", length - 8) + content[8:]


def _whole_chunks(content: bytes, at: int) -> tuple[bytes, bool]:
    """The chunks from some place on that are whole, and whether EXIF is one of them."""
    start, has_exif = at, False
    while at + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length + length % 2
        if end > len(content) or not name.strip(b"\0"):
            break
        at, has_exif = end, has_exif or name == b"EXIF"
    return content[start:at], has_exif


def _ends_in_one_colour(content: bytes, share: float) -> bool:
    """Whether the rows of a WebP behind a share of them are of one colour each: the zeros at its end are their own."""
    try:
        rows = rows_of(content, "WEBP")
    except DECODER_ERRORS:
        return False
    last = rows[round(share * len(rows)) + BLOCK :]
    return len(last) > 0 and int(np.ptp(last, axis=1).max()) <= LEVELS


def box_mender(format: str) -> Callable[[bytes], tuple[bytes, float] | None]:
    """Gives a function that fills the end of an AVIF or HEIF file with noise, and the share that is not noise."""

    def mend(content: bytes) -> tuple[bytes, float] | None:
        start, end = _pixel_data(format, content)
        if not seems_unfinished(format, content) or end > 2 * len(content):
            return None
        # On flash memory, what was never written is ones.
        written = content[:end].rstrip(b"\0")
        written = written.rstrip(b"\xff") if len(written) == len(content[:end]) else written
        found = filled(written, end, format) if len(written) > start else None
        return found and (found[0] + content[end:], found[1])

    return mend
