"""What a file is, told by its first bytes and not by its name."""

from __future__ import annotations

HEADER_LENGTH = 32

# Brands of the ISO base media file format (ISO/IEC 23008-12, AV1 Image File Format 1.1).
AVIF_BRANDS = {b"avif", b"avis"}
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
)

SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".jp2",
        ".j2k",
        ".j2c",
        ".jpx",
        ".heic",
        ".heif",
    ]
)
"""Suffixes that promise an image: such a file that is none is reported, others are passed over."""


def sniff(header: bytes) -> str | None:
    """Name the image format of a file from its first bytes.

    Args:
        header: the first ``HEADER_LENGTH`` bytes of the file, fewer if the file is shorter.

    Returns:
        ``"JPEG"``, ``"PNG"``, ``"WEBP"``, ``"GIF"``, ``"BMP"``, ``"TIFF"``, ``"AVIF"``, ``"JPEG2000"``,
        ``"HEIF"``, or None if it is none of them.

    Example:
        >>> sniff(b"GIF89a and so on")
        'GIF'
        >>> sniff(b"Dear diary,") is None
        True
    """
    for signature, name in SIGNATURES:
        if header.startswith(signature):
            return name
    if header[:4] == b"RIFF" and header[8:12] == b"WEBP":
        return "WEBP"
    # "BM" alone begins many a text: the four reserved bytes and the size of the information header decide.
    if header[:2] == b"BM" and header[6:10] == bytes(4) and header[14:18] in _BMP_HEADERS:
        return "BMP"
    if header[4:8] == b"ftyp":
        # The major brand, then (after four bytes of version) the compatible ones.
        brands = {header[at : at + 4] for at in (8, 16, 20, 24, 28)}
        if brands & AVIF_BRANDS:
            return "AVIF"
        if brands & HEIF_BRANDS:
            return "HEIF"
    return None


_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124)}
