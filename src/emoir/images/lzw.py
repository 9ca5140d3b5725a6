"""LZW streams of GIF and TIFF: how much of a picture the codes of one stand for."""

from __future__ import annotations

from typing import NamedTuple

# Codes have at most so many bits.
WIDEST = 12


class LzwEnd(NamedTuple):
    """Where a stream ends.

    Args:
        symbols: that its codes stand for.
        bits: of the stream up to its last whole code.
        width: of the code that would come next.
    """

    symbols: int
    bits: int
    width: int


def follow_lzw(packed: bytes, bits: int, *, high_first: bool = False) -> LzwEnd:
    """Count the symbols that the codes of an LZW stream stand for.

    Args:
        packed: the stream, or its beginning.
        bits: of a symbol.
        high_first: as in TIFF, where the highest bits of a byte come first, and codes grow one symbol earlier.

    References:
        GIF89a specification (CompuServe, 1990), appendix F; TIFF revision 6.0 (Adobe, 1992), section 13.

    Example:
        >>> codes = (0b100, 0b000, 0b000, 0b110, 0b101)  # clear, a pixel, another, both again, end
        >>> stream = sum(code << 3 * place for place, code in enumerate(codes))
        >>> follow_lzw(stream.to_bytes(2, "little"), 2).symbols
        4
    """
    clear, early = 1 << bits, int(high_first)
    lengths, width, previous = [1] * clear + [0, 0], bits + 1, 0
    value = held = count = used = 0
    for byte in packed:
        value = value << 8 | byte if high_first else value | byte << held
        held += 8
        while held >= width:
            held -= width
            if high_first:
                code, value = value >> held, value & ((1 << held) - 1)
            else:
                code, value = value & ((1 << width) - 1), value >> width
            if code == clear + 1 or (code > len(lengths) and code != clear):
                return LzwEnd(count, used, width)
            used += width
            if code == clear:
                lengths, width, previous = [1] * clear + [0, 0], bits + 1, 0
                continue
            length = lengths[code] if code < len(lengths) else previous + 1
            if previous and len(lengths) < 1 << WIDEST:
                lengths.append(previous + 1)
                if len(lengths) + early == 1 << width and width < WIDEST:
                    width += 1
            count += length
            previous = length
    return LzwEnd(count, used, width)
