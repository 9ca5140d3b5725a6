"""JPEG XL: its size, before anything is decoded, and its decoder."""

from __future__ import annotations

import importlib.util
from typing import BinaryIO

from emoir.errors import UndecodableImageError
from emoir.images.boxes import find_box

# ISO/IEC 18181-1, table B.1: widths over heights.
RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
SIZE_BITS = (9, 13, 18, 30)
HEADER_LENGTH = 16


def register_jpeg_xl() -> bool:
    """Let Pillow open JPEG XL; False without the package that does it."""
    if importlib.util.find_spec("pillow_jxl") is None:
        return False
    import pillow_jxl  # noqa: F401 (registers itself)

    return True


def jpeg_xl_size(stream: BinaryIO) -> tuple[int, int]:
    r"""Width and height of a JPEG XL file: its decoder decodes the picture as soon as it is opened.

    Args:
        stream: the file; its place is kept.

    Raises:
        ValueError: if it states none.

    References:
        ISO/IEC 18181-1:2022, B.2.

    Example:
        >>> from io import BytesIO
        >>> jpeg_xl_size(BytesIO(b"\xff\x0a\x41" + bytes(9)))
        (8, 8)
    """
    at = stream.tell()
    try:
        stream.seek(0)
        start = stream.read(HEADER_LENGTH)
        if not start.startswith(b"\xff\x0a"):
            whole, part = find_box(stream, b"jxlc"), find_box(stream, b"jxlp")
            start = (whole or (part or b"")[4:])[:HEADER_LENGTH]
    finally:
        stream.seek(at)
    if not start.startswith(b"\xff\x0a") or len(start) < 12:
        raise ValueError("no size is stated")
    bits = int.from_bytes(start[2:], "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    def side() -> int:
        return 8 * (take(5) + 1) if small else take(SIZE_BITS[take(2)]) + 1

    small = bool(take(1))
    height = side()
    ratio = RATIOS.get(take(3))
    return (side() if ratio is None else height * ratio[0] // ratio[1]), height


def mend_jpeg_xl(content: bytes) -> None:
    """Say what a failure of the decoder means: it gives no part of a picture.

    Args:
        content: of the file, which is not looked at.

    Raises:
        UndecodableImageError: always.
    """
    raise UndecodableImageError(
        "damaged: its end is missing or bytes were changed; JPEG XL is read whole or not at all",
    )
