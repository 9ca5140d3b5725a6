"""What a file states of its colours: an ICC profile, code points, or a gamma and primaries."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO, TypeAlias

from PIL import Image

from emoir.images.boxes import MAX_DESCRIPTION, boxes, find_box, primary_properties
from emoir.images.colour_space import HLG, PQ, PRIMARIES, SRGB, ColourSpace, from_cicp, rgb_to_xyz

Statement: TypeAlias = "bytes | ColourSpace | None"
"""An ICC profile, a colour space, or None for sRGB."""

# Where ``note_statement`` leaves what it found; Pillow hands an image's info on to its parts.
KEY = "colour_statement"
PNG_SIGNATURE_LENGTH = 8
# Of the bitmap file header, and of BITMAPV5HEADER, which may name a profile.
BMP_HEADER_AT, BMP_V5_LENGTH = 14, 124
# Transfer functions (ITU-T H.273, table 3) that AVIF and HEIF are shown with sRGB's for.
AS_SRGB = {1, 2, 6, 14, 15}
# PNG: what states colours where it stands before the pixels (third edition, 5.6), by its key in the info.
PNG_STATEMENTS = {"icc_profile": b"iCCP", "srgb": b"sRGB", "gamma": b"gAMA", "chromaticity": b"cHRM"}
INTENTS = range(4)
ONE_PROFILE = b"ICC_PROFILE\0\1\1"
# PNG: a gamma this near to 1/2.2 is how older writers said sRGB (libpng's threshold).
SRGB_GAMMA, SRGB_GAMMA_TOLERANCE = 2.2, 0.05


def note_statement(image: Image.Image, stream: BinaryIO) -> None:
    """Leave what Pillow does not read of a file's colours in ``image.info``, where ``statement_of`` finds it.

    Args:
        image: as opened, not loaded.
        stream: the file; its place is kept.

    Raises:
        struct.error, ValueError, IndexError: if the description is damaged.
    """
    at = stream.tell()
    try:
        found: Statement = None
        if image.format == "PNG":
            # What stands elsewhere Pillow reads later.
            image.info[KEY] = _png_statement(image, stream)
            return
        elif image.format in ("AVIF", "HEIF"):
            found = _heif_code_points(stream)
            if "icc_profile" in image.info:
                # Only the matrix of the code points holds beside a profile.
                found = None
        elif image.format in ("JPEG", "MPO"):
            found = _first_profile(image)
        elif image.format == "BMP":
            found = _bmp_profile(stream)
        elif image.format == "JPEG2000":
            found = _jpeg2000_profile(stream)
        else:
            return
    finally:
        stream.seek(at)
    if found is not None:
        image.info[KEY] = found


def statement_of(image: Image.Image) -> Statement:
    """What an image's colours are, by the precedence of PNG (third edition, 4.3) and of browsers.

    Args:
        image: as Pillow opened it, perhaps after ``note_statement``.

    Returns:
        See ``Statement``.

    Example:
        >>> image = Image.new("RGB", (1, 1))
        >>> image.info["gamma"] = 1.0
        >>> statement_of(image).gamma
        1.0
    """
    if KEY in image.info:
        noted: Statement = image.info[KEY]
        return noted
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        return _hdr_of_profile(profile) or profile
    gamma = image.info.get("gamma")
    if image.info.get("srgb") in INTENTS or not isinstance(gamma, float) or gamma <= 0:
        return None
    x_y = image.info.get("chromaticity")
    if x_y is None:
        near = abs(gamma * SRGB_GAMMA - 1) <= SRGB_GAMMA_TOLERANCE
        return None if near else ColourSpace(PRIMARIES[1], gamma=1 / gamma)
    try:
        rgb_to_xyz(tuple(x_y))
    except ValueError:
        return None
    return ColourSpace(tuple(x_y), gamma=1 / gamma)


def _png_statement(image: Image.Image, stream: BinaryIO) -> Statement:
    stream.seek(PNG_SIGNATURE_LENGTH)
    seen: set[bytes] = set()
    while len(header := stream.read(8)) == 8:
        length, name = struct.unpack(">I4s", header)
        if name == b"IDAT":
            break
        if name == b"cICP" and length == 4 and b"PLTE" not in seen:
            primaries, transfer, matrix, full_range = stream.read(4)
            found = from_cicp(primaries, transfer) if (matrix, full_range) == (0, 1) else None
            if found is not None:
                return found
            stream.seek(4, os.SEEK_CUR)
            continue
        seen.add(name)
        stream.seek(length + 4, os.SEEK_CUR)
    for key, name in PNG_STATEMENTS.items():
        if name not in seen:
            image.info.pop(key, None)
    return statement_of(image)


def _first_profile(image: Image.Image) -> bytes | None:
    """The first of several profiles of a JPEG, which Pillow takes for parts of one."""
    segments = () if image.info.get("icc_profile") else getattr(image, "applist", ())
    return next((data[len(ONE_PROFILE) :] for _, data in segments if data.startswith(ONE_PROFILE)), None)


def _heif_code_points(stream: BinaryIO) -> ColourSpace | None:
    for name, content in primary_properties(find_box(stream, b"meta") or b""):
        if name == b"colr" and content[:4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", content, 4)
            # Browsers take what is not stated for BT.709, and the curves of television for that of sRGB.
            return from_cicp(1 if primaries == 2 else primaries, SRGB if transfer in AS_SRGB else transfer)
    return None


def _bmp_profile(stream: BinaryIO) -> bytes | None:
    stream.seek(BMP_HEADER_AT)
    header = stream.read(BMP_V5_LENGTH)
    if len(header) < BMP_V5_LENGTH or header[:4] != struct.pack("<I", BMP_V5_LENGTH) or header[56:60] != b"DEBM":
        return None
    at, length = struct.unpack_from("<II", header, 112)
    end = stream.seek(0, os.SEEK_END)
    stream.seek(BMP_HEADER_AT + at)
    return stream.read(min(length, MAX_DESCRIPTION, end))


def _jpeg2000_profile(stream: BinaryIO) -> bytes | None:
    for name, content in boxes(find_box(stream, b"jp2h") or b""):
        # Method 2 and 3: a restricted or any ICC profile.
        if name == b"colr" and content[:1] in (b"\2", b"\3"):
            return content[3:]
    return None


def _hdr_of_profile(profile: bytes) -> ColourSpace | None:
    """The colour space that a profile's ``cicp`` tag (ICC.1:2022, 9.2.17) states, if that is PQ or HLG."""
    for number in range(min(int.from_bytes(profile[128:132], "big"), 100)):
        tag = profile[132 + 12 * number : 144 + 12 * number]
        if tag[:4] == b"cicp":
            at = int.from_bytes(tag[4:8], "big")
            codes = profile[at + 8 : at + 10]
            return from_cicp(*codes) if len(codes) == 2 and codes[1] in (PQ, HLG) else None
    return None
