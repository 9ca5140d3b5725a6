from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from emoir.images.decode import decode
from emoir.images.exif import parse_moment
from tests.pictures import encoded

TAKEN = "2019:06:01 12:30:00"
IMAGE = Image.new("RGB", (8, 8))


@pytest.mark.parametrize(
    "written",
    [
        "2019:06:01 12:30:00",
        "2019:06:01 12:30:00\0",
        "2019:06:01 12:30:00   ",
        " 2019:06:01  12:30:00\0\0",
        b"2019:06:01 12:30:00\0",
        "2019-06-01 12:30:00",
        "2019/06/01 12:30:00",
        "2019.06.01 12:30:00",
        "2019-06-01T12:30:00",
        "2019-06-01T12:30:00Z",
        "2019-06-01T12:30:00.123",
        "2019-06-01T12:30:00+02:00",
        "2019-06-01T12:30:00.123456-0700",
        "2019:06:01 12:30:00+02:00",
        "2019:06:01 12:30",
        "2019:6:1 12:30:00",
        "2019-06-01T12:30:00 UTC",
        "2019:06:01 12:30:00 PM",
        "2019/06/01 12:30:00pm",
    ],
)
def test_spellings(written: object) -> None:
    assert parse_moment(written) == TAKEN


def test_a_day_alone_begins_at_midnight() -> None:
    assert parse_moment("2019-06-01") == "2019:06:01 00:00:00"
    assert parse_moment("2019:06:01 12:00:00 AM") == "2019:06:01 00:00:00"
    assert parse_moment("2019:06:01 01:30 p.m.") == "2019:06:01 13:30:00"
    assert parse_moment("2016:12:31 23:59:60") == "2016:12:31 23:59:59"


@pytest.mark.parametrize(
    "written",
    [
        *(
            "0000:00:00 00:00:00",
            "    :  :     :  :  ",
            "",
            "last summer",
            "2019:13:01 12:30:00",
            "2019:06:31 12:30:00",
        ),
        *("2019:06:01 25:30:00", "0001:01:01 00:00:00", "2019", None, 20190601, b"\xff\xfe", "9" * 40),
    ],
)
def test_no_dates(written: object) -> None:
    assert parse_moment(written) is None


def with_exif(tag: int, *, inner: bool, value: object = TAKEN) -> Image.Exif:
    exif = Image.Exif()
    # Pillow writes no inner directory without anything outside.
    exif[ExifTags.Base.Make] = "Maker"
    (exif.get_ifd(ExifTags.IFD.Exif) if inner else exif)[tag] = value
    return exif


@pytest.mark.parametrize(
    ("tag", "inner", "value"),
    [
        (ExifTags.Base.DateTimeOriginal, True, TAKEN),
        (ExifTags.Base.DateTimeDigitized, True, TAKEN),
        (ExifTags.Base.DateTimeOriginal, False, TAKEN),
        (ExifTags.Base.DateTime, False, TAKEN),
        (ExifTags.Base.DateTimeOriginal, True, "2019-06-01T12:30:00+02:00"),
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_places_of_exif(tag: int, inner: bool, value: str, format: str) -> None:
    assert decode(encoded(IMAGE, format, exif=with_exif(tag, inner=inner, value=value))).taken == TAKEN


@pytest.mark.parametrize(
    "packet",
    [
        b'<rdf:Description exif:DateTimeOriginal="2019-06-01T12:30:00+02:00"/>',
        b"<exif:DateTimeOriginal>2019-06-01T12:30:00</exif:DateTimeOriginal>",
        b"<photoshop:DateCreated>2019-06-01T12:30:00Z</photoshop:DateCreated>",
        b"<rdf:Description xmp:CreateDate='2019-06-01T12:30:00.25'/>",
        b"<xmp:ModifyDate>2020-01-01T00:00:00</xmp:ModifyDate><exif:DateTimeDigitized> 2019-06-01T12:30:00 <",
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
def test_xmp(packet: bytes, format: str) -> None:
    assert decode(encoded(IMAGE, format, xmp=b"<x:xmpmeta>" + packet + b"</x:xmpmeta>")).taken == TAKEN


def test_xmp_of_tiff_and_png() -> None:
    packet = '<x:xmpmeta><rdf:Description xmp:CreateDate="2019-06-01T12:30:00"/></x:xmpmeta>'
    assert decode(encoded(IMAGE, "TIFF", tiffinfo={700: packet.encode()})).taken == TAKEN
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet)
    assert decode(encoded(IMAGE, "PNG", pnginfo=texts)).taken == TAKEN


@pytest.mark.parametrize("written", ["Sat, 01 Jun 2019 12:30:00 +0200", "2019-06-01T12:30:00"])
def test_creation_time_of_png(written: str) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Creation Time", written)
    assert decode(encoded(IMAGE, "PNG", pnginfo=texts)).taken == TAKEN


def test_iptc() -> None:
    def field(number: int, value: bytes) -> bytes:
        return b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value

    record = field(55, b"20190601") + field(60, b"123000+0200")
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + bytes(len(record) % 2)
    segment = b"Photoshop 3.0\0" + resource
    content = encoded(IMAGE, "JPEG")
    content = content[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + content[2:]
    assert decode(content).taken == TAKEN


def test_the_first_place_counts_and_a_bad_one_does_not() -> None:
    exif = with_exif(ExifTags.Base.DateTimeOriginal, inner=True)
    exif[ExifTags.Base.DateTime] = "2022:01:01 00:00:00"
    assert decode(encoded(IMAGE, "JPEG", exif=exif)).taken == TAKEN
    zeros = with_exif(ExifTags.Base.DateTimeOriginal, inner=True, value="0000:00:00 00:00:00")
    packet = b'<x:xmpmeta xmp:CreateDate="2019-06-01T12:30:00"/>'
    assert decode(encoded(IMAGE, "JPEG", exif=zeros, xmp=packet)).taken == TAKEN


def test_heic_without_a_date() -> None:
    assert decode(Path(__file__).parent / "files" / "noise.heic").taken is None
