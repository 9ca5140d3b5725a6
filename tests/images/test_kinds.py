"""Pictures of kinds that need another package, or that are not read at all."""

from __future__ import annotations

import struct
import sys
from io import BytesIO

import numpy as np
import pillow_jxl  # noqa: F401 (lets Pillow write JPEG XL)
import pytest
from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.images.decode import decode
from emoir.images.formats import REMEDIES, identify, sniff
from emoir.images.jpeg_xl import jpeg_xl_size
from emoir.limits import Limits, RetryReason
from tests.pictures import encoded, noise

RED, BLUE = (200, 30, 40), (0, 0, 255)


def dng(preview: bytes, side: tuple[int, int], *, orientation: int = 1) -> bytes:
    """A raw photograph: a blue thumbnail of 160 x 120 first, then a JPEG preview, then samples of a sensor.

    Adobe DNG specification 1.4; the sensor has 640 x 480 pixels.
    """
    body = b""

    def put(content: bytes) -> int:
        nonlocal body
        at = 8 + len(body)
        body += content + bytes(len(content) % 2)
        return at

    small = Image.new("RGB", (160, 120), BLUE).tobytes()
    sensor = (np.arange(640 * 480) % 4000).astype("<u2").tobytes()
    small_at, preview_at, sensor_at = put(small), put(preview), put(sensor)
    matrix = put(struct.pack("<18i", *([1, 1, 0, 1, 0, 1] * 3)))
    bits, name = put(struct.pack("<3H", 8, 8, 8)), put(b"Maker Model\0")

    def directory(*entries: tuple[int, int, int, int | bytes]) -> bytes:
        packed = struct.pack("<H", len(entries))
        for tag, kind, count, value in entries:
            content = value if isinstance(value, bytes) else struct.pack("<I", value)
            packed += struct.pack("<HHI", tag, kind, count) + content.ljust(4, b"\0")
        return packed + bytes(4)

    start = 8 + len(body)
    # The sizes of the three directories, which have 16, 9 and 12 entries.
    first, second = 6 + 12 * 16, 6 + 12 * 9
    subs_at = start + first + second + 6 + 12 * 12
    content = directory(
        *((254, 4, 1, 1), (256, 4, 1, 160), (257, 4, 1, 120), (258, 3, 3, bits), (259, 3, 1, 1), (262, 3, 1, 2)),
        *((271, 2, 12, name), (272, 2, 12, name), (273, 4, 1, small_at), (274, 3, 1, orientation), (277, 3, 1, 3)),
        *((278, 4, 1, 120), (279, 4, 1, len(small)), (330, 4, 2, subs_at), (50706, 1, 4, bytes([1, 4, 0, 0]))),
        (50721, 10, 9, matrix),
    )
    content += directory(
        *((254, 4, 1, 1), (256, 4, 1, side[0]), (257, 4, 1, side[1]), (258, 3, 3, bits), (259, 3, 1, 7)),
        *((262, 3, 1, 6), (273, 4, 1, preview_at), (277, 3, 1, 3), (279, 4, 1, len(preview))),
    )
    content += directory(
        *((254, 4, 1, 0), (256, 4, 1, 640), (257, 4, 1, 480), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 32803)),
        *((273, 4, 1, sensor_at), (277, 3, 1, 1), (278, 4, 1, 480), (279, 4, 1, len(sensor))),
        *((33421, 3, 2, struct.pack("<HH", 2, 2)), (33422, 1, 4, bytes([0, 1, 1, 2]))),
    )
    places = struct.pack("<2I", start + first, start + first + second)
    return b"II*\0" + struct.pack("<I", start) + body + content + places


def preview(side: tuple[int, int] = (640, 480)) -> bytes:
    return encoded(Image.new("RGB", side, RED), "JPEG", quality=95)


def test_a_raw_photograph_is_its_preview_and_not_its_thumbnail() -> None:
    photograph = decode(dng(preview(), (640, 480)))
    assert (photograph.width, photograph.height) == (640, 480)
    assert abs(photograph.pixels.astype(int) - RED).max() <= 2


def test_a_raw_photograph_is_turned_as_its_first_directory_says() -> None:
    photograph = decode(dng(preview(), (640, 480), orientation=6))
    assert (photograph.width, photograph.height) == (480, 640)


def test_a_raw_photograph_without_rawpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(UndecodableImageError, match="raw needs one more package: pip install rawpy") as caught:
        decode(dng(preview(), (640, 480)))
    assert caught.value.retry_when is RetryReason.ENVIRONMENT
    assert caught.value.kind == "raw"


def test_a_damaged_raw_photograph() -> None:
    with pytest.raises(UndecodableImageError, match="damaged: no preview in it"):
        decode(b"FUJIFILMCCD-RAW " + bytes(500))


@pytest.mark.parametrize("orders", ["<", ">"])
@pytest.mark.parametrize("tags", [{50706: 0}, {254: 1, 330: 8}, {262: 32803}, {262: 34892}, {259: 34713}])
def test_raw_data_in_a_tiff(orders: str, tags: dict[int, int]) -> None:
    mark = b"II*\0" if orders == "<" else b"MM\0*"
    entries = b"".join(struct.pack(orders + "HHII", tag, 4, 1, value) for tag, value in tags.items())
    content = mark + struct.pack(orders + "IH", 8, len(tags)) + entries + bytes(40)
    assert identify(BytesIO(content)) == "raw"


def test_tiffs_that_are_pictures() -> None:
    for options in ({}, {"compression": "jpeg"}, {"compression": "tiff_lzw"}, {"big_tiff": True}):
        stream = BytesIO(encoded(Image.fromarray(noise(32, 1)), "TIFF", **options))
        assert identify(stream) == "TIFF"
        assert stream.tell() == 0
    assert identify(BytesIO(b"II*\0")) == "TIFF"


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "raw"),
        (b"FUJIFILMCCD-RAW 0201FF383501", "raw"),
        (b"IIRO\x08\0\0\0", "raw"),
        (b"IIRS\x08\0\0\0", "raw"),
        (b"MMOR\0\0\0\x08", "raw"),
        (b"IIU\0\x18\0\0\0", "raw"),
        (b"FOVb\0\0\2\0", "raw"),
        (b"8BPS\0\1", "Photoshop"),
        (b"8BPS\0\2", "Photoshop"),
        (b"gimp xcf v011", "GIMP"),
        (b"v/1\x01\x02", "OpenEXR"),
        (b"#?RADIANCE\n", "Radiance HDR"),
        (b"\xff\x0a\xfa", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    ],
)
def test_kinds_by_their_first_bytes(header: bytes, kind: str) -> None:
    assert sniff(header) == kind
    assert kind in REMEDIES


def test_kinds_that_are_not_read() -> None:
    with pytest.raises(UndecodableImageError, match="Photoshop is not read; export them as JPEG or PNG") as caught:
        decode(b"8BPS\0\1" + bytes(100))
    assert (caught.value.kind, caught.value.retry_when) == ("Photoshop", None)


@pytest.mark.parametrize("size", [(8, 8), (640, 480), (100, 33), (256, 256), (1920, 1080), (16, 9), (257, 511)])
@pytest.mark.parametrize("container", [False, True])
def test_sizes_of_jpeg_xl(size: tuple[int, int], container: bool) -> None:
    content = encoded(Image.new("RGB", size, RED), "JXL", use_container=container)
    assert jpeg_xl_size(BytesIO(content)) == size
    photograph = decode(content)
    assert (photograph.width, photograph.height) == size
    assert abs(photograph.pixels.astype(int) - RED).max() <= 4


def test_jpeg_xl_is_measured_before_it_is_decoded() -> None:
    content = encoded(Image.new("RGB", (100, 50), RED), "JXL")
    with pytest.raises(UndecodableImageError, match="100 x 50 is over the limit of 4,999 pixels"):
        decode(content, limits=Limits(max_pixels=4999))
    with pytest.raises(UndecodableImageError, match="damaged: no size is stated"):
        decode(b"\xff\x0a")


def test_jpeg_xl_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(UndecodableImageError, match="JPEG XL needs one more package: pip install pillow-jxl-plugin"):
        decode(b"\xff\x0a" + bytes(50))


def tiff(*pages: tuple[dict[int, int | tuple[int, ...]], list[bytes]], order: str = "<") -> bytes:
    """A TIFF of pages, each a directory's short values by tag and its strips; TIFF 6.0, section 2."""
    content = bytearray(struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 0))
    link = 4
    for tags, strips in pages:
        values: dict[int, tuple[str, tuple[int, ...]]] = {}
        for tag, value in tags.items():
            values[tag] = "H", value if isinstance(value, tuple) else (value,)
        begins = tuple(len(content) + sum(map(len, strips[:number])) for number in range(len(strips)))
        values |= {273: ("I", begins), 279: ("I", tuple(map(len, strips)))}
        content += b"".join(strips)
        entries = b""
        for tag, (form, numbers) in sorted(values.items()):
            packed = struct.pack(f"{order}{len(numbers)}{form}", *numbers)
            if len(packed) > 4:
                packed, long = struct.pack(order + "I", len(content)), packed
                content += long
            entries += struct.pack(order + "HHI", tag, 3 if form == "H" else 4, len(numbers)) + packed.ljust(4, b"\0")
        struct.pack_into(order + "I", content, link, len(content))
        content += struct.pack(order + "H", len(values)) + entries + bytes(4)
        link = len(content) - 4
    return bytes(content)


def grey(
    bits: int, pixel: bytes, *, side: int = 2, **tags: int
) -> tuple[dict[int, int | tuple[int, ...]], list[bytes]]:
    """A page of one level."""
    stated: dict[int, int | tuple[int, ...]] = {
        256: side,
        257: side,
        258: bits,
        259: 1,
        262: 1,
        277: 1,
        278: side,
        254: tags.get("reduced", 0),
    }
    return stated, [pixel * (side * side * bits // 8 // len(pixel))]


RGB_16: dict[int, int | tuple[int, ...]] = {256: 2, 257: 1, 258: (16,) * 3, 259: 1, 262: 2, 277: 3, 278: 1, 284: 2}
PALETTE = {256: 2, 257: 1, 258: 8, 259: 1, 262: 3, 277: 1, 278: 1}


@pytest.mark.parametrize(
    ("content", "pixel"),
    [
        # 100, 200 and 50 of 255 as 16 bits, each colour in a plane of its own: Pillow reads their bytes as samples.
        (tiff((RGB_16, [b"\x64\x64" * 2, b"\xc8\xc8" * 2, b"\x32\x32" * 2])), [100, 200, 50]),
        (tiff((RGB_16, [b"\0\x64" * 2, b"\0\xc8" * 2, b"\0\x32" * 2])), [100, 200, 50]),
        (tiff((RGB_16, [b"\x64\0" * 2, b"\xc8\0" * 2, b"\x32\0" * 2]), order=">"), [100, 200, 50]),
        # 1,606 of 4,095 is 100 of 255: 0x646, two of them in three bytes.
        (tiff(grey(12, b"\x64\x66\x46")), [100] * 3),
        # 3,000,000,000, which has no room in 32 bits with a sign, is the largest level, and white.
        (tiff(grey(32, struct.pack("<I", 3_000_000_000))), [255] * 3),
        # A palette of 8 bits where 16 are asked for.
        (tiff(({**PALETTE, 320: (100,) * 256 + (200,) * 256 + (50,) * 256}, [b"\1\2"])), [100, 200, 50]),
        # Grey with premultiplied alpha: 50 at half cover, over white.
        (tiff(({**PALETTE, 258: (8, 8), 262: 1, 277: 2, 338: 1}, [b"\x32\x80" * 2])), [177] * 3),
        # A thumbnail before the picture.
        (tiff(grey(8, b"\x0a", reduced=1), grey(8, b"\xc8", side=3)), [200] * 3),
        # A picture that only calls itself a thumbnail.
        (tiff(grey(8, b"\xc8", reduced=1)), [200] * 3),
    ],
    ids=["planes", "planes_le", "planes_be", "12_bits", "32_bits", "palette", "premultiplied", "thumbnail", "alone"],
)
def test_tiffs_that_pillow_misreads(content: bytes, pixel: list[int]) -> None:
    for size in (None, 2):
        assert abs(decode(content, size=size).pixels[0, 0].astype(int) - pixel).max() <= 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Truncated File")
def test_a_thumbnail_is_not_taken_for_a_picture_that_is_cut_off() -> None:
    content = tiff(grey(8, b"\x0a", reduced=1), grey(8, b"\xc8", side=64))
    for length in range(150, len(content) - 50, 20):
        with pytest.raises(UndecodableImageError):
            decode(content[:length])


def test_colours_of_a_jpeg_2000_in_another_order() -> None:
    content = encoded(Image.new("RGB", (16, 16), (50, 100, 200)), "JPEG2000", mct=0)
    # ISO/IEC 15444-1, I.5.3.6: blue is the first channel, red the last.
    definition = struct.pack(">I4s10H", 28, b"cdef", 3, 0, 0, 3, 1, 0, 2, 2, 0, 1)
    at = content.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", content, at)
    inner = content[at + 8 : at + length] + definition
    changed = content[:at] + struct.pack(">I4s", len(inner) + 8, b"jp2h") + inner + content[at + length :]
    assert decode(changed).pixels[0, 0].tolist() == [200, 100, 50]
