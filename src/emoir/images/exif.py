"""EXIF and other metadata: which side of a picture is up, and when it was taken."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

from emoir.images.decoder_errors import DECODER_ERRORS

# What brings each EXIF orientation upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = frozenset({UPRIGHT[5], UPRIGHT[6], UPRIGHT[7], UPRIGHT[8]})
# EXIF's own form and ISO 8601's, with their separators mixed as writers do; fractions and zones are skipped.
MOMENT = re.compile(
    r"(\d{4})[:./-](\d{1,2})[:./-](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?"
    r"(?: ?([AaPp])\.?[Mm]\.?)?)? ?(?:Z|UTC|[+-]\d{2}:?\d{2})?"
)
FIRST_YEAR = 1800
# XMP properties, the first that is there holds: as an attribute, or as an element.
XMP_MOMENTS = ("exif:DateTimeOriginal", "photoshop:DateCreated", "exif:DateTimeDigitized", "xmp:CreateDate")
XMP_TAG, DATE_CREATED, TIME_CREATED = 700, (2, 55), (2, 60)


def orientation(image: Image.Image) -> Image.Transpose | None:
    """What brings a picture upright; None where it is, or where its EXIF is damaged, as with browsers."""
    with suppress(*DECODER_ERRORS):
        return UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return None


def moment(image: Image.Image) -> str | None:
    """When a picture was taken.

    The first place that holds a date counts: EXIF (original, digitised), XMP, IPTC, PNG's creation time, and EXIF's
    date of change.

    Args:
        image: as opened.

    Returns:
        ``2019:06:01 12:00:00``, the camera's local time; midnight where only the day is known; None if unknown.

    Example:
        >>> image = Image.new("RGB", (1, 1))
        >>> image.info["xmp"] = b'<x xmp:CreateDate="2019-06-01T12:00:00+02:00">'
        >>> moment(image)
        '2019:06:01 12:00:00'
    """
    for place in (_exif, _xmp, _iptc, _png_text, _changed):
        # One damaged place does not spoil the others.
        with suppress(*DECODER_ERRORS):
            for written in place(image):
                found = parse_moment(written)
                if found is not None:
                    return found
    return None


def parse_moment(written: object) -> str | None:
    """A date as cameras and programs write it, in EXIF's form; None if it is none, such as a camera's zeros.

    Example:
        >>> parse_moment(b"2019-06-01T12:00:00.123+02:00"), parse_moment("0000:00:00 00:00:00")
        ('2019:06:01 12:00:00', None)
    """
    if isinstance(written, bytes):
        written = written.decode("ascii", errors="replace")
    if not isinstance(written, str):
        return None
    match = MOMENT.fullmatch(written.replace("\0", " ").strip())
    if match is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(number or 0) for number in match.groups()[:6])
        if match[7] and 1 <= hour <= 12:
            hour = hour % 12 + 12 * (match[7] in "Pp")
        # A leap second is no second of ours.
        time = datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    return f"{time:%Y:%m:%d %H:%M:%S}" if time.year >= FIRST_YEAR else None


def _exif(image: Image.Image) -> Iterator[object]:
    exif = image.getexif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    for tag in (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized):
        # Some writers put both where the outer tags stand.
        yield inner.get(tag)
        yield exif.get(tag)


def _changed(image: Image.Image) -> Iterator[object]:
    yield image.getexif().get(ExifTags.Base.DateTime)


def _xmp(image: Image.Image) -> Iterator[object]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or _tiff_tag(image, XMP_TAG)
    if isinstance(packet, str):
        packet = packet.encode()
    if not isinstance(packet, bytes):
        return
    for name in XMP_MOMENTS:
        written = re.search(rb"%s\s*(?:=\s*[\"']|>)\s*([^\"'<>]{4,40})" % name.encode(), packet)
        if written:
            yield written[1]


def _tiff_tag(image: Image.Image, tag: int) -> object:
    return getattr(image, "tag_v2", {}).get(tag)


def _iptc(image: Image.Image) -> Iterator[object]:
    if not isinstance(image, ImageFile.ImageFile) or ("photoshop" not in image.info and image.format != "TIFF"):
        return
    fields = IptcImagePlugin.getiptcinfo(image) or {}
    day, time = (fields.get(key, b"") for key in (DATE_CREATED, TIME_CREATED))
    if isinstance(day, bytes) and re.fullmatch(rb"\d{8}", day):
        written = b"%s-%s-%s" % (day[:4], day[4:6], day[6:])
        if isinstance(time, bytes) and re.match(rb"\d{6}", time):
            written += b" %s:%s:%s" % (time[:2], time[2:4], time[4:6])
        yield written


def _png_text(image: Image.Image) -> Iterator[object]:
    written = image.info.get("Creation Time")
    if isinstance(written, str):
        yield written
        # RFC 1123, as the PNG specification recommends.
        fields = email.utils.parsedate(written)
        if fields is not None:
            yield "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*fields[:6])
