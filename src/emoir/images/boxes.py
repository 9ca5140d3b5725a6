"""Boxes of the ISO base media file format: what AVIF, HEIF and JPEG 2000 files say beside their pixels."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

# Longer descriptions than this are no photograph's.
MAX_DESCRIPTION = 16_000_000


def find_box(stream: BinaryIO, name: bytes) -> bytes | None:
    r"""The content of the first box of that name at the top of a file; None if there is none.

    Example:
        >>> from io import BytesIO
        >>> find_box(BytesIO(b"\0\0\0\x08free\0\0\0\x0ametaHi"), b"meta")
        b'Hi'
    """
    end = stream.seek(0, os.SEEK_END)
    at = 0
    while at + 8 <= end:
        stream.seek(at)
        length, kind = struct.unpack(">I4s", stream.read(8))
        header = 8
        if length == 1:
            length, header = int.from_bytes(stream.read(8), "big"), 16
        elif length == 0:
            length = end - at
        if length < header:
            return None
        if kind == name:
            return stream.read(min(length - header, MAX_DESCRIPTION, end - at))
        at += length
    return None


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    r"""Name and content of each box in another's content.

    Example:
        >>> list(boxes(b"\0\0\0\x09freeA\0\0\0\x08skip"))
        [(b'free', b'A'), (b'skip', b'')]
    """
    at = 0
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        length = length or len(content) - at
        if length < 8:
            return
        yield kind, content[at + 8 : at + length]
        at += length


def primary_properties(meta: bytes) -> list[tuple[bytes, bytes]]:
    """Name and content of the properties of a HEIF file's primary item, in the order in which they are named.

    Args:
        meta: content of the file's ``meta`` box.

    References:
        ISO/IEC 23008-12:2022, 9.3.
    """
    inside = dict(boxes(meta[4:]))
    pitm, iprp = inside.get(b"pitm", b""), dict(boxes(inside.get(b"iprp", b"")))
    primary = int.from_bytes(pitm[4:], "big")
    properties = list(boxes(iprp.get(b"ipco", b"")))
    return [properties[place - 1] for place in _associations(iprp.get(b"ipma", b""), primary) if place]


def _associations(ipma: bytes, item: int) -> list[int]:
    """Numbers of the properties of an item, from 1."""
    if len(ipma) < 8:
        return []
    version, flags = ipma[0], int.from_bytes(ipma[1:4], "big")
    wide_id, wide_place = 4 if version else 2, 2 if flags & 1 else 1
    at = 8
    for _ in range(int.from_bytes(ipma[4:8], "big")):
        number, count = int.from_bytes(ipma[at : at + wide_id], "big"), ipma[at + wide_id]
        at += wide_id + 1
        if number == item:
            # The highest bit says that a reader must understand the property.
            mask = (1 << (8 * wide_place - 1)) - 1
            places = (ipma[at + wide_place * k : at + wide_place * (k + 1)] for k in range(count))
            return [int.from_bytes(place, "big") & mask for place in places]
        at += wide_place * count
    return []
