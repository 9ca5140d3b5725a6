"""PNG files as chunks: whether they are sound, and a sound one made of what is left of another."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

# Pixels of more bytes than this are not repaired.
MAX_UNPACKED = 500_000_000


# A run of zeros as long as this at the end of a file is space that was never written.
UNWRITTEN = 64
# Pillow refuses a file with a longer text or colour profile: PngImagePlugin.MAX_TEXT_CHUNK.
MAX_TEXT = 2**20
# What states colours, which counts before the pixels alone.
COLOURS = {b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"}


def png_is_sound(content: bytes) -> bool:
    """Whether the check sums of a PNG's pixels are right; decoders of pixels alone do not look at them."""
    return all(whole for name, _, whole in _chunks(content) if name == b"IDAT")


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bool | None]]:
    """Name, data and soundness of each chunk of a PNG; None where the file ends before the chunk does."""
    at = 8
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        data = content[at + 8 : end - 4]
        right = content[end - 4 : end] == struct.pack(">I", zlib.crc32(name + data))
        yield name, data, right if end <= len(content) else None
        at = end


def mend_png(content: bytes) -> tuple[bytes, float] | None:
    """A PNG made anew of what is sound in another.

    Args:
        content: of the file.

    Returns:
        The new file, and the share of its pixels that are the picture's own; None if there is no saying what they
        were.

    Raises:
        KeyError, struct.error, zlib.error: if it has no header.
    """
    written = content.rstrip(b"\0")
    if len(content) - len(written) >= UNWRITTEN:
        content = written
    kept: list[tuple[bytes, bytes]] = []
    packed, sound, cut_off = b"", True, True
    for name, data, whole in _chunks(content):
        if name == b"IDAT":
            packed += data
            sound &= whole is not False
            cut_off = whole is None
        elif name == b"IEND":
            cut_off = False
        elif packed and name in COLOURS:
            continue
        elif whole and not _is_bomb(name, data):
            kept.append((name, data))
        elif name in (b"IHDR", b"PLTE", b"tRNS"):
            return None
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", dict(kept)[b"IHDR"])
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    passes = _adam7(width, height) if interlaced else [(width, height)]
    lines = [1 + (wide * bits + 7) // 8 for wide, high in passes for _ in range(high)]
    expected = sum(lines)
    if expected > MAX_UNPACKED:
        return None
    unpacker = zlib.decompressobj()
    pixels, finished = b"", False
    try:
        pixels = unpacker.decompress(packed, expected)
        # The sum of zlib's own stands behind the pixels.
        unpacker.decompress(unpacker.unconsumed_tail)
        finished = unpacker.eof
    except zlib.error:
        if not pixels:
            return None
    if len(pixels) == expected and not finished and not sound:
        return None
    if len(pixels) < expected and not (sound and cut_off):
        return None
    share = len(pixels) / expected
    pixels = _filled(pixels, lines)
    parts = [*kept, (b"IDAT", zlib.compress(pixels, 1)), (b"IEND", b"")]
    mended = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return content[:8] + mended, share


def _is_bomb(name: bytes, data: bytes) -> bool:
    """Whether a text or a colour profile is longer than any decoder takes, or may be once it is unpacked."""
    if name not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
        return False
    if name == b"tEXt":
        return len(data) > MAX_TEXT
    packed = data.partition(b"\0")[2][1:]
    if name == b"iTXt":
        if not data.partition(b"\0")[2][:1].strip(b"\0"):
            return len(data) > MAX_TEXT
        packed = packed[1:].partition(b"\0")[2].partition(b"\0")[2]
    try:
        return len(zlib.decompressobj().decompress(packed, MAX_TEXT + 1)) > MAX_TEXT
    except zlib.error:
        return True


def _filled(pixels: bytes, lines: list[int]) -> bytes:
    """Missing lines repeat the one above: filter type 2 and no difference."""
    missing, place, rest = b"", 0, []
    for length in lines:
        if place + length > len(pixels):
            rest.append((place, length))
        place += length
    if not rest:
        return pixels
    start = rest[0][0]
    missing = b"".join(b"\x02" + bytes(length - 1) for _, length in rest)
    return pixels[:start] + missing


def _adam7(width: int, height: int) -> list[tuple[int, int]]:
    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    sizes = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in steps]
    return [(wide, high) for wide, high in sizes if wide > 0 and high > 0]
