"""GIF files: whether the first frame is transparent, and a sound file of what is left of one that lost its end."""

from __future__ import annotations

import struct

from emoir.images.lzw import WIDEST, follow_lzw

EXTENSION, IMAGE, TRAILER, CONTROL = 0x21, 0x2C, 0x3B, b"\xf9"
# Larger frames are not repaired: every code is counted.
MAX_PIXELS = 100_000_000


def is_transparent(head: bytes) -> bool:
    """Whether a colour of the first frame is transparent: of several control extensions before it, the last decides.

    Args:
        head: of a file in which one says so, as far as it is worth reading.
    """
    at, transparent = 13 + _colours(head[10]), True
    while head[at : at + 1] == b"!":
        if head[at + 1 : at + 2] == CONTROL:
            transparent = any(flags & 1 for flags in head[at + 3 : at + 4])
        at = _blocks(head, at + 2)[1]
    return transparent


def mend_gif(content: bytes) -> tuple[bytes, float] | None:
    """A GIF of the first frame of another.

    Args:
        content: of the file.

    Returns:
        The new file, and the share of the frame's pixels that are its own, the others have the first colour; None if
        the frame never began.

    Raises:
        IndexError, struct.error: if it ends before that.

    References:
        GIF89a specification (CompuServe, 1990), appendix F.
    """
    at = 13 + _colours(content[10])
    while content[at] == EXTENSION:
        at = _blocks(content, at + 2)[1]
    if content[at] != IMAGE:
        return None
    width, height, flags = struct.unpack_from("<HHB", content, at + 5)
    at += 10 + _colours(flags)
    packed, _ = _blocks(content, at + 1)
    pixels = width * height
    if not 0 < pixels <= MAX_PIXELS or not 2 <= content[at] <= 8:
        return None
    there = min(pixels, follow_lzw(packed, content[at]).symbols)
    # A code of zeros is the first colour, however many bits it has, also where it begins with those of another code.
    packed += bytes((pixels - there) * WIDEST // 8 + 2)
    parts = (packed[place : place + 255] for place in range(0, len(packed), 255))
    blocks = b"".join(bytes([len(part)]) + part for part in parts)
    return content[: at + 1] + blocks + bytes([0, TRAILER]), there / pixels


def _colours(flags: int) -> int:
    """Bytes of a table of colours."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(content: bytes, at: int) -> tuple[bytes, int]:
    """The data of sub-blocks, as far as they go, and where they end."""
    data = []
    while at < len(content) and content[at]:
        data.append(content[at + 1 : at + 1 + content[at]])
        at += 1 + content[at]
    return b"".join(data), at + 1
