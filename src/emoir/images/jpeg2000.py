"""JPEG 2000 files: which channel is which colour, and of one that lost its end how much is there, mended."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from PIL import Image

from emoir.images.boxes import boxes, find_box
from emoir.images.decoder_errors import DECODER_ERRORS
from emoir.images.rows import rows_of, written_end

# ISO/IEC 15444-1, table A.2.
START, SIZE, TILE_PART, END = b"\xff\x4f\xff\x51", 0xFF51, 0xFF90, 0xFFD9
TILE_PART_LENGTH = 12
# What is missing of a tile is made up of ones, all of it or so much, and zeros.
ONES = (1, 1 / 4, 1 / 16, 1 / 64, 0)


class CodeStream(NamedTuple):
    """How far a code stream goes.

    Args:
        share: of its tiles that is there; 0 if that is not known.
        cut: where its data ends.
        end: where the tile that is cut should end.
        ended: whether all tiles and the mark of its end are there.
    """

    share: float
    cut: int
    end: int
    ended: bool


def in_order(image: Image.Image, stream: BinaryIO) -> Image.Image:
    """A loaded picture with its colours in their usual order, where its file states another; Pillow does not look.

    References:
        ISO/IEC 15444-1:2019, I.5.3.6.
    """
    stated = dict(boxes(find_box(stream, b"jp2h") or b"")).get(b"cdef", b"")
    channels = list(image.getbands())
    order = list(range(len(channels)))
    for channel, kind, colour in struct.iter_unpack(">3H", stated[2 : 2 + len(stated[2:]) // 6 * 6]):
        if kind == 0 and 1 <= colour <= len(order) and channel < len(order):
            order[colour - 1] = channel
    if image.mode == "P" or order == sorted(order) or sorted(order) != list(range(len(order))):
        return image
    ordered = Image.merge(image.mode, [image.getchannel(channel) for channel in order])
    ordered.info = image.info
    return ordered


def jpeg2000_share(content: bytes) -> float:
    """The share of a JPEG 2000 picture's tiles that the file holds; decoders blur what is missing, in silence."""
    return _follow(content).share


def mend_jpeg2000(content: bytes) -> tuple[bytes, float] | None:
    """A JPEG 2000 file with an end, and the share of its tiles that is there; None if it has an end.

    Ones are what a decoder makes of data that an encoder cut short: they add no detail. Zeros are packets that bring
    nothing. Tiles that never began are black.

    References:
        ISO/IEC 15444-1:2019, A.4.2, B.10.3 and C.3.4.
    """
    share, cut, end, ended = _follow(content)
    if ended or not share:
        return None
    for ones in ONES:
        filler = (b"\xff" * int(ones * (end - cut))).ljust(end - cut, b"\0")
        mended = content[:cut] + filler + struct.pack(">H", END)
        try:
            rows_of(mended, "JPEG2000")
        except DECODER_ERRORS:
            continue
        return mended, share
    return None


def _follow(content: bytes) -> CodeStream:
    """Follow a code stream from tile to tile."""
    written = written_end(content)
    at = max(content.find(START), 0) + 2
    tiles, begun, in_parts, last = 1, 0, False, 0
    while at + 2 <= written:
        (marker,) = struct.unpack_from(">H", content, at)
        if marker == END:
            return CodeStream(1.0, at, at, True)
        if at + TILE_PART_LENGTH > written or (begun and marker != TILE_PART):
            break
        if marker == TILE_PART:
            length, number = struct.unpack_from(">IB", content, at + 6)
            if length == 0:
                # The last one goes on to the end.
                return CodeStream(1.0, written, written, True)
            begun, in_parts, last = begun + 1, in_parts or number > 0, at
            at += length
            continue
        if marker == SIZE:
            right, bottom, _, _, wide, high, left, top = struct.unpack_from(">8I", content, at + 6)
            tiles = -(-(right - left) // wide) * -(-(bottom - top) // high)
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    if not begun or (in_parts and at > written):
        return CodeStream(0.0, written, written, False)
    there = begun if at <= written else begun - 1 + (written - last) / (at - last)
    return CodeStream(min(1.0, there / tiles), min(at, written), at, False)
