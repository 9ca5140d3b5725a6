"""TIFF files that lost their end: a sound one made of the strips or tiles that are left."""

from __future__ import annotations

import struct

COMPRESSION, PLANAR, SAMPLES = 259, 284, 277
# Tags of where the parts of a picture begin, and of how long they are.
PARTS = ((273, 279), (324, 325))
NONE, SEPARATE = 1, 2
# Samples of a tag's values, by the type of the field: short and long.
TYPES = {3: "H", 4: "I"}
# A run of zeros as long as this at the end of packed pixels is space that was never written.
UNWRITTEN = 64
MAX_PARTS = 1_000_000


def mend_tiff(content: bytes) -> tuple[bytes, float] | None:
    """A TIFF whose missing parts repeat the last that is there, or are black if its pixels are not packed.

    Args:
        content: of the file; its directory lies before the pixels.

    Returns:
        The new file, and the share of its first picture that is the picture's own; None if all parts are there, or
        none.

    Raises:
        struct.error, KeyError: if the directory is gone, or is that of a BigTIFF.

    References:
        TIFF revision 6.0 (Adobe, 1992), sections 2 and 15.
    """
    order = "<" if content[:2] == b"II" else ">"
    if struct.unpack_from(order + "H", content, 2)[0] != 42:
        return None
    (at,) = struct.unpack_from(order + "I", content, 4)
    (entries,) = struct.unpack_from(order + "H", content, at)
    fields: dict[int, tuple[str, int]] = {}
    values: dict[int, tuple[int, ...]] = {}
    for place in range(at + 2, at + 2 + 12 * entries, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", content, place)
        if kind in TYPES and count <= MAX_PARTS:
            form = f"{order}{count}{TYPES[kind]}"
            start = place + 8 if struct.calcsize(form) <= 4 else struct.unpack_from(order + "I", content, place + 8)[0]
            fields[tag], values[tag] = (form, start), struct.unpack_from(form, content, start)
    begin, length = PARTS[0] if PARTS[0][0] in values else PARTS[1]
    spans = list(zip(values[begin], values[length], strict=True))
    total = sum(size for _, size in spans)
    if values.get(COMPRESSION) == (NONE,):
        there = sum(min(size, max(0, len(content) - start)) for start, size in spans)
        end = max(start + size for start, size in spans)
        # What a directory asks for may be more than any memory.
        return (content.ljust(end, b"\0"), there / total) if there < total and end <= 2 * len(content) else None
    written = content.rstrip(b"\0")
    end = len(written) if len(content) - len(written) >= UNWRITTEN else len(content)
    lost = [start + size > end for start, size in spans]
    if not any(lost) or all(lost):
        return None
    mended = bytearray(content)
    last = len(lost) - 1 - lost[::-1].index(False)
    for tag in (begin, length):
        kept = [values[tag][last if gone else number] for number, gone in enumerate(lost)]
        struct.pack_into(fields[tag][0], mended, fields[tag][1], *kept)
    planes = values.get(SAMPLES, (1,))[0] if values.get(PLANAR) == (SEPARATE,) else 1
    return bytes(mended), max(0.0, 1 - planes * sum(lost) / len(lost))
