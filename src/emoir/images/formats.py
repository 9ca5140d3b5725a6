"""The format of a file, by its first bytes, whatever its name."""

from __future__ import annotations

import struct
from typing import BinaryIO

HEADER_LENGTH = 32
RAW, JPEG_XL = "raw", "JPEG XL"

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
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JPEG_XL),
    (b"\xff\x0a", JPEG_XL),
    # Fujifilm, Olympus, Panasonic, Minolta, Sigma, Canon before 2004.
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\x00", RAW),
    (b"\x00MRM", RAW),
    (b"FOVb", RAW),
    (b"II\x1a\x00\x00\x00HEAPCCDR", RAW),
    (b"8BPS", "Photoshop"),
    (b"gimp xcf", "GIMP"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
)
# Kinds of pictures that are known and not read, or only with another package: what to do.
REMEDIES = {
    RAW: "pip install rawpy",
    JPEG_XL: "pip install pillow-jxl-plugin",
    "Photoshop": "export them as JPEG or PNG",
    "GIMP": "export them as JPEG or PNG",
    "OpenEXR": "export them as JPEG or PNG",
    "Radiance HDR": "export them as JPEG or PNG",
}
# TIFF: tags of the first directory that only raw files have, and the photometric interpretations of their sensors.
SUBFILE_TYPE, COMPRESSION, PHOTOMETRIC, SUB_IFDS, DNG_VERSION = 254, 259, 262, 330, 50706
SENSOR = {32803, 34892}
RAW_COMPRESSIONS = {34713, 32767, 65535}
TIFF_ENTRIES = 200

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
        ".hif",
        ".jxl",
        ".psd",
        *(".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".srf", ".sr2", ".raf", ".orf", ".rw2", ".rwl"),
        *(".pef", ".srw", ".x3f", ".3fr", ".fff", ".iiq", ".mef", ".mos", ".mrw", ".erf", ".kdc", ".dcr"),
    ]
)
"""Suffixes that promise an image: such a file that is none is reported, others are skipped."""


def identify(stream: BinaryIO) -> str | None:
    """Name the image format of a file.

    Args:
        stream: at its start, where it is left.

    Returns:
        As ``sniff``; but a TIFF that holds a camera's raw data is ``raw``: its first picture is a small preview.
    """
    header = stream.read(HEADER_LENGTH)
    name = sniff(header)
    if name == "TIFF" and (header[8:10] == b"CR" or _is_raw(_first_directory(header, stream))):
        name = RAW
    stream.seek(0)
    return name


def _first_directory(header: bytes, stream: BinaryIO) -> dict[int, int]:
    """Tag to value (or its place, if it is longer) of a TIFF's first directory; empty for BigTIFF."""
    order = "<" if header[:2] == b"II" else ">"
    if header[2:4] not in (b"*\x00", b"\x00*") or len(header) < 8:
        return {}
    stream.seek(struct.unpack_from(order + "I", header, 4)[0])
    length = stream.read(2)
    entries = stream.read(12 * min(struct.unpack(order + "H", length)[0], TIFF_ENTRIES)) if len(length) == 2 else b""
    found: dict[int, int] = {}
    for at in range(0, len(entries) - 11, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", entries, at)
        found[tag] = struct.unpack_from(order + ("H" if kind == 3 and count <= 2 else "I"), entries, at + 8)[0]
    return found


def _is_raw(tags: dict[int, int]) -> bool:
    reduced = bool(tags.get(SUBFILE_TYPE, 0) & 1) and SUB_IFDS in tags
    sensor = tags.get(PHOTOMETRIC) in SENSOR or tags.get(COMPRESSION) in RAW_COMPRESSIONS
    return DNG_VERSION in tags or reduced or sensor


def sniff(header: bytes) -> str | None:
    """Name the image format of a file from its first bytes.

    Args:
        header: the first ``HEADER_LENGTH`` bytes of the file, fewer if the file is shorter.

    Returns:
        ``"JPEG"``, ``"PNG"``, ``"WEBP"``, ``"GIF"``, ``"BMP"``, ``"TIFF"``, ``"AVIF"``, ``"JPEG2000"``,
        ``"HEIF"``, one of ``REMEDIES``, or None if it is none of them.

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
    # "BM" alone begins many a text: the size of the information header and its number of planes, always 1, decide.
    planes = header[22:24] if header[14:15] == b"\x0c" else header[26:28]
    if header[:2] == b"BM" and header[14:18] in _BMP_HEADERS and planes == b"\x01\0":
        return "BMP"
    if header[4:8] == b"ftyp":
        # The major brand, then (after four bytes of version) the compatible ones.
        brands = {header[at : at + 4] for at in (8, 16, 20, 24, 28)}
        if b"crx " in brands:
            # Canon's CR3.
            return RAW
        if brands & AVIF_BRANDS:
            return "AVIF"
        if brands & HEIF_BRANDS:
            return "HEIF"
    return None


_BMP_HEADERS = {size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124)}
