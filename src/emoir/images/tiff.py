"""TIFF files: what Pillow misreads of them, and of one that lost its end a sound one made of what is left."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import TypeAlias

from PIL import Image, ImagePalette, TiffImagePlugin

from emoir.errors import UndecodableImageError
from emoir.images.lzw import follow_lzw
from emoir.images.rows import written_end

COMPRESSION, PLANAR, SAMPLES, BITS, PHOTOMETRIC = 259, 284, 277, 258, 262
WIDTH, HEIGHT, ROWS, TILE_WIDTH, TILE_HEIGHT = 256, 257, 278, 322, 323
# Tags of where the parts of a picture begin, and of how long they are.
PARTS = ((273, 279), (324, 325))
NONE, SEPARATE = 1, 2
SUBFILE_TYPE, REDUCED, MAX_PAGES = 254, 1, 100
COLOUR_MAP = 320
BIG = 43
LZW, DEFLATE, PACK_BITS = 5, {8, 32946}, 32773
YCBCR = 6
# Samples of a tag's values, by the type of the field: short and long.
TYPES = {3: "H", 4: "I"}
MAX_PARTS = 1_000_000
# Every code of a part that is cut is counted.
MAX_COUNTED = 30_000_000
TagValues: TypeAlias = Mapping[int, tuple[int, ...]]
# LZW: begins a table anew, of codes of nine bits, of which so many leave it so small.
CLEAR, CLEAR_WIDTH, CODES = 256, 9, 250


def prepare_tiff(image: Image.Image) -> None:
    """Let Pillow load the picture of a TIFF and not its thumbnail, with its own colours.

    Args:
        image: as opened, not loaded.

    References:
        TIFF revision 6.0 (Adobe, 1992), sections 6 and 8.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    page = 0
    while image.tag_v2.get(SUBFILE_TYPE, 0) & REDUCED and page < MAX_PAGES:
        page += 1
        try:
            image.seek(page)
        except EOFError:
            image.seek(page := 0)
            break
    tags = image.tag_v2
    if tags.get(PLANAR) == SEPARATE and set(tags.get(BITS, ())) == {16} and image.tile[0].codec_name == "raw":
        # Pillow takes 8 bits of each sample.
        order = ";16L" if tags.prefix == b"II" else ";16B"
        planes = [(tile, tile.args) for tile in image.tile if isinstance(tile.args, tuple)]
        image.tile = [tile._replace(args=(args[0] + order, *args[1:])) for tile, args in planes]
    levels = tags.get(COLOUR_MAP, ())
    if image.mode == "P" and 0 < max(levels, default=0) < 256:
        # Levels of 8 bits, where 16 are asked for.
        image.palette = ImagePalette.raw("RGB;L", bytes(levels))


def mend_tiff(content: bytes) -> tuple[bytes, float] | None:
    """A TIFF whose missing parts repeat the last that is there; the part that is cut, and unpacked ones, become black.

    Args:
        content: of the file; its directory lies before the pixels.

    Returns:
        The new file, and the share of its first picture that is the picture's own; None if all parts are there, or
        none.

    Raises:
        UndecodableImageError: if the directory is gone, which says how large the picture is.
        struct.error, KeyError: if it states nothing of the parts.

    References:
        TIFF revision 6.0 (Adobe, 1992), sections 2 and 15.
    """
    order = "<" if content[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", content, 2)[0] == BIG
    (at,) = struct.unpack_from(order + "Q", content, 8) if big else struct.unpack_from(order + "I", content, 4)
    if at + 2 > (end := written_end(content)):
        raise UndecodableImageError(
            "damaged: its end is missing, and with it the directory that says how large the picture is",
        )
    if big:
        return None
    (entries,) = struct.unpack_from(order + "H", content, at)
    fields: dict[int, tuple[str, int]] = {}
    values: dict[int, tuple[int, ...]] = {}
    for place in range(at + 2, at + 2 + 12 * entries, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", content, place)
        if kind in TYPES and count <= MAX_PARTS:
            form = f"{order}{count}{TYPES[kind]}"
            start = place + 8 if struct.calcsize(form) <= 4 else struct.unpack_from(order + "I", content, place + 8)[0]
            fields[tag], values[tag] = (form, start), struct.unpack_from(form, content, start)
    if values.get(SUBFILE_TYPE, (0,))[0] & REDUCED:
        # A thumbnail is not the picture that was lost.
        return None
    begin, length = PARTS[0] if PARTS[0][0] in values else PARTS[1]
    spans = list(zip(values[begin], values[length], strict=True))
    total = sum(size for _, size in spans)
    if values.get(COMPRESSION) == (NONE,):
        there = sum(min(size, max(0, len(content) - start)) for start, size in spans)
        whole = max(start + size for start, size in spans)
        # What a directory asks for may be more than any memory.
        return (content.ljust(whole, b"\0"), there / total) if there < total and whole <= 2 * len(content) else None
    lost = [start + size > end for start, size in spans]
    if not any(lost):
        return None
    begins, lengths, share = list(values[begin]), list(values[length]), 0.0
    mended = bytearray(content)
    cut = next((number for number, (start, size) in enumerate(spans) if start < end < start + size), None)
    found = None if cut is None else _continued(content[begins[cut] : end], values, cut)
    if cut is not None and found is not None:
        begins[cut], lengths[cut], lost[cut] = len(mended), len(found[0]), False
        mended += found[0]
        share = found[1] - 1
    if all(lost):
        return None
    last = len(lost) - 1 - lost[::-1].index(False)
    for tag, new in ((begin, begins), (length, lengths)):
        kept = [new[last if gone else number] for number, gone in enumerate(lost)]
        struct.pack_into(fields[tag][0], mended, fields[tag][1], *kept)
    planes = values.get(SAMPLES, (1,))[0] if values.get(PLANAR) == (SEPARATE,) else 1
    return bytes(mended), max(0.0, 1 - planes * (sum(lost) - share) / len(lost))


def _continued(packed: bytes, values: TagValues, number: int) -> tuple[bytes, float] | None:
    """A part that is cut, made up with zeros, and the share of its pixels that is its own.

    None if it is packed in a way that gives nothing before its end.
    """
    (kind,), size = values[COMPRESSION], _unpacked_length(values, number)
    if size <= 0 or len(packed) > MAX_COUNTED or values.get(PHOTOMETRIC) == (YCBCR,):
        return None
    if kind in DEFLATE:
        pixels = zlib.decompressobj().decompress(packed, size)
        return zlib.compress(pixels.ljust(size, b"\0"), 1), len(pixels) / size
    if kind == PACK_BITS:
        end, there = _follow_pack_bits(packed)
        return packed[:end] + b"\x81\0" * -(-(size - there) // 128), there / size
    if kind == LZW and packed[0] & 0x80:
        there, bits, width = follow_lzw(packed, 8, high_first=True)
        return _with_zeros(packed, bits, width, size - there), there / size
    return None


def _unpacked_length(values: TagValues, number: int) -> int:
    """Bytes of a strip or tile as pixels."""
    bits = sum(values.get(BITS, (1,)))
    if values.get(PLANAR) == (SEPARATE,):
        bits = values.get(BITS, (1,))[0]
    if TILE_WIDTH in values:
        return (values[TILE_WIDTH][0] * bits + 7) // 8 * values[TILE_HEIGHT][0]
    rows = min(values.get(ROWS, values[HEIGHT])[0], values[HEIGHT][0])
    strips = -(-values[HEIGHT][0] // max(1, rows))
    rows = min(rows, values[HEIGHT][0] - number % strips * rows)
    return (values[WIDTH][0] * bits + 7) // 8 * rows


def _follow_pack_bits(packed: bytes) -> tuple[int, int]:
    r"""Where the last whole packet ends, and how many bytes the packets stand for.

    Example:
        >>> _follow_pack_bits(b"\x01ab\xfec\x05d")
        (5, 5)
    """
    at = count = 0
    while at < len(packed):
        length = packed[at]
        end = at + (2 + length if length < 128 else 1 if length == 128 else 2)
        if end > len(packed):
            break
        count += 1 + length if length < 128 else 0 if length == 128 else 257 - length
        at = end
    return at, count


def _with_zeros(packed: bytes, bits: int, width: int, zeros: int) -> bytes:
    """A stream of LZW codes, up to a bit, that goes on with zeros."""
    codes = int.from_bytes(packed, "big") >> (8 * len(packed) - bits)
    codes, bits = codes << width | CLEAR, bits + width
    while bits % 8:
        codes, bits = codes << CLEAR_WIDTH, bits + CLEAR_WIDTH
    # Nine bits a code: eight runs of codes end with a byte.
    run = CLEAR << CLEAR_WIDTH * (CODES - 1)
    runs = sum(run << CLEAR_WIDTH * CODES * place for place in range(8))
    repeated = runs.to_bytes(CLEAR_WIDTH * CODES, "big") * (zeros // (8 * CODES - 8) + 1)
    return codes.to_bytes(bits // 8, "big") + repeated
