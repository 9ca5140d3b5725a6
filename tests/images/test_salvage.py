from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pillow_jxl  # noqa: F401 (lets Pillow write JPEG XL)
import pytest
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.images.decode import Photograph, decode
from emoir.images.salvage import salvage
from tests.images.colour_files import png
from tests.pictures import encoded

SIDE = 512


def photograph() -> Image.Image:
    """Noise that no decoder can take for the end of another picture."""
    random = np.random.default_rng(20261128)
    small = Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    return small.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


JPEGS = {
    "baseline": encoded(photograph(), "JPEG", quality=90),
    "progressive": encoded(photograph(), "JPEG", quality=90, progressive=True),
    "restarts": encoded(photograph(), "JPEG", quality=90, restart_marker_rows=1),
    "grey": encoded(photograph().convert("L"), "JPEG", quality=90),
    "cmyk": encoded(photograph().convert("CMYK"), "JPEG", quality=90),
}
TRAILERS = {
    "nothing": b"",
    "zeros": bytes(5000),
    "ones": b"\xff" * 5000,
    "text": b"the end of a phone's picture" * 200,
    "a false marker": b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" * 20,
    "noise": np.random.default_rng(1).bytes(5000),
}


def rows_apart(photograph: Photograph, content: bytes) -> float:
    """The share of rows that are not the whole picture's."""
    difference = abs(photograph.pixels.astype(int) - decode(content).pixels)
    return float((difference.max(axis=(1, 2)) > 8).mean())


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("kind", JPEGS)
def test_a_whole_jpeg_without_its_end_marker(kind: str, trailer: str) -> None:
    found = decode(JPEGS[kind][:-2] + TRAILERS[trailer])
    assert not found.incomplete
    assert rows_apart(found, JPEGS[kind]) == 0


@pytest.mark.parametrize("ending", [b"", b"\xff\xd9", bytes(5000), b"\xff" * 5000])
@pytest.mark.parametrize("kind", ["baseline", "restarts", "grey", "cmyk"])
def test_a_jpeg_that_lost_its_last_rows(kind: str, ending: bytes) -> None:
    content = JPEGS[kind]
    found = decode(content[: int(len(content) * 0.98)] + ending)
    assert found.incomplete
    assert 0 < rows_apart(found, content) <= 0.07
    for size in (96, None):
        with pytest.raises(UndecodableImageError, match="damaged"):
            decode(content[: int(len(content) * 0.8)] + ending, size=size)


def test_a_progressive_jpeg_is_not_read_from_half_its_scans() -> None:
    content = JPEGS["progressive"]
    scans = [at for at in range(len(content) - 1) if content[at : at + 2] == b"\xff\xda"]
    for at in scans[1:]:
        with pytest.raises(UndecodableImageError, match="damaged"):
            decode(content[:at])
        # What ends as it should is read, and noted.
        assert decode(content[:at] + b"\xff\xd9").incomplete
    with pytest.raises(UndecodableImageError, match="damaged"):
        decode(content[: (scans[-1] + len(content)) // 2])


def test_a_flat_picture_is_whole() -> None:
    for options in ({}, {"progressive": True}, {"optimize": True}):
        content = encoded(Image.new("RGB", (200, 200), "white"), "JPEG", **options)
        assert not decode(content).incomplete
        assert not decode(content[:-2]).incomplete


def pixels_png(*, text: bool = False, depth: int = 8) -> bytes:
    rows = [row.tobytes() for row in np.asarray(photograph())]
    comment = [(b"tEXt", b"Comment\0made by hand")] if text else []
    return png(rows, SIDE, *comment, depth=depth)


def test_a_png_with_a_wrong_sum_beside_its_pixels() -> None:
    content = pixels_png(text=True)
    wrong = content.replace(b"made by hand", b"made by haNd")
    found = decode(wrong)
    assert not found.incomplete
    assert np.array_equal(found.pixels, decode(content).pixels)


def test_a_png_with_a_wrong_sum_of_whole_pixels() -> None:
    content = bytearray(pixels_png())
    at = content.index(b"IDAT")
    length = struct.unpack_from(">I", content, at - 4)[0]
    content[at + 4 + length] ^= 1
    assert np.array_equal(decode(bytes(content)).pixels, np.asarray(photograph()))


def test_a_png_whose_pixels_are_damaged_is_refused() -> None:
    content = bytearray(pixels_png())
    for place in np.random.default_rng(2).integers(content.index(b"IDAT") + 6, len(content) - 20, 40).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 16
        with pytest.raises(UndecodableImageError, match="damaged"):
            decode(bytes(damaged))


@pytest.mark.parametrize("missing", [0, 12, 16, 20])
def test_a_png_without_its_end(missing: int) -> None:
    content = pixels_png()
    found = decode(content[: len(content) - missing])
    assert not found.incomplete
    assert np.array_equal(found.pixels, np.asarray(photograph()))


def test_a_png_that_lost_its_last_rows() -> None:
    for content in (pixels_png(), encoded(photograph().quantize(64), "PNG"), encoded(photograph(), "PNG")):
        whole = decode(content).pixels
        found = decode(content[: int(len(content) * 0.98)])
        assert found.incomplete
        rows = round(SIDE * 0.95)
        assert np.array_equal(found.pixels[:rows], whole[:rows])
        # Missing rows repeat the last one.
        assert np.array_equal(found.pixels[-1], found.pixels[-2])
        with pytest.raises(UndecodableImageError):
            decode(content[: int(len(content) * 0.9)])


def test_an_interlaced_png_without_its_end() -> None:
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    lines = [b"\0" + row.tobytes() for x, y, across, down in passes for row in picture[y::down, x::across]]

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1))
    content = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"".join(lines)))
    assert np.array_equal(decode(content[:-3]).pixels[..., 0], picture)


def test_a_bmp_that_lost_its_end() -> None:
    content = encoded(photograph(), "BMP")
    found = decode(content[: int(len(content) * 0.98)])
    assert found.incomplete
    assert rows_apart(found, content) <= 0.03
    with pytest.raises(UndecodableImageError):
        decode(content[: int(len(content) * 0.9)])


def test_a_gif_that_lost_its_end() -> None:
    for content in (encoded(photograph(), "GIF"), encoded(photograph(), "GIF", interlace=0)):
        found = decode(content[: int(len(content) * 0.98)])
        assert found.incomplete
        assert 0 < rows_apart(found, content) <= 0.06
        with pytest.raises(UndecodableImageError):
            decode(content[: int(len(content) * 0.9)])
        # Its trailer alone, and the end of the last block.
        assert not decode(content[:-2]).incomplete
    frames = encoded(photograph(), "GIF", save_all=True, append_images=[photograph().rotate(90)])
    assert not decode(frames[: int(len(frames) * 0.7)]).incomplete


def strips(packed: list[bytes], compression: int, tiled: bool = False) -> bytes:
    """A TIFF whose directory lies before its pixels, as cameras and Photoshop write it."""
    begins, lengths = (324, 325) if tiled else (273, 279)
    tags = {256: [SIDE], 257: [SIDE], 258: [8, 8, 8], 259: [compression], 262: [2], 277: [3]}
    tags |= {322: [64], 323: [64]} if tiled else {278: [SIDE // len(packed)]}
    tags |= {begins: [0] * len(packed), lengths: [len(part) for part in packed]}
    start = 8 + 2 + 12 * len(tags) + 4
    rest, places = b"", {}
    for tag, values in sorted(tags.items()):
        if len(values) > 1:
            places[tag] = start + len(rest)
            rest += struct.pack(f"<{len(values)}I", *values)
    at = start + len(rest)
    tags[begins] = [at + sum(map(len, packed[:number])) for number in range(len(packed))]
    entries = b""
    for tag, values in sorted(tags.items()):
        entries += struct.pack("<HHII", tag, 4, len(values), places.get(tag, values[0]))
        if tag == begins and len(values) > 1:
            offset = places[tag] - start
            rest = rest[:offset] + struct.pack(f"<{len(values)}I", *values) + rest[offset + 4 * len(values) :]
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + rest + b"".join(packed)


@pytest.mark.parametrize("kind", ["plain", "deflate", "tiles"])
def test_a_tiff_that_lost_its_end(kind: str) -> None:
    pixels = np.asarray(photograph())
    parts = [part.tobytes() for part in np.split(pixels, 64)]
    if kind == "tiles":
        parts = [tile.tobytes() for row in np.split(pixels, 8) for tile in np.split(row, 8, axis=1)]
    content = strips(
        parts if kind == "plain" else list(map(zlib.compress, parts)), 1 if kind == "plain" else 8, kind == "tiles"
    )
    assert np.array_equal(decode(content).pixels, pixels)
    for missing in (bytes(0), bytes(len(content) // 50)) if kind != "plain" else (bytes(0),):
        found = decode(content[: int(len(content) * 0.98)] + missing)
        assert found.incomplete
        assert 0 < rows_apart(found, content) <= (0.13 if kind == "tiles" else 0.04)
        with pytest.raises(UndecodableImageError):
            decode(content[: int(len(content) * 0.9)] + missing)
    # A directory that asks for more than there can be.
    assert salvage("TIFF", content[:100]) is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Truncated File")
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_a_tiff_that_lost_its_directory_says_so(compression: str) -> None:
    content = encoded(photograph(), "TIFF", compression=compression)
    assert not decode(content).incomplete
    (at,) = struct.unpack_from("<I", content, 4)
    for kept in (at, at - 1, at // 2):
        for ending in (b"", bytes(len(content) - kept), b"\xff" * 5000):
            with pytest.raises(UndecodableImageError, match="its end is missing, and with it the directory") as caught:
                decode(content[:kept] + ending)
            assert "目录" in caught.value.chinese
    with pytest.raises(UndecodableImageError, match="its end is missing, and with it the directory"):
        decode(b"II+\0\x08\0\0\0" + struct.pack("<Q", 10**9) + bytes(1000))


def test_jpegs_in_a_tiff_whose_shared_tables_were_never_written() -> None:
    content = encoded(photograph(), "TIFF", compression="jpeg")
    for missing in (2, 10, 20, 50):
        with pytest.raises(UndecodableImageError, match="damaged"):
            decode(content[:-missing] + bytes(missing))


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"use_container": True}], ids=str)
def test_a_cut_jpeg_xl_is_refused_in_plain_words(options: dict[str, Any]) -> None:
    content = encoded(photograph(), "JXL", **options)
    assert not decode(content).incomplete
    for missing in (1, 2, 10, len(content) // 50, len(content) // 2):
        for ending in (b"", b"\xff" * missing, b"\xff\xd9"):
            with pytest.raises(UndecodableImageError, match="JPEG XL is read whole or not at all"):
                decode(content[:-missing] + ending)


def packed_strip(pixels: NDArray[np.uint8], compression: str) -> bytes:
    """One strip as libtiff packs it."""
    stream = BytesIO(encoded(Image.fromarray(pixels), "TIFF", compression=compression, strip_size=1 << 24))
    with Image.open(stream) as image:
        [start], [length] = image.tag_v2[273], image.tag_v2[279]  # type: ignore[attr-defined]
    return stream.getvalue()[start : start + length]


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize(("name", "number"), [("tiff_lzw", 5), ("tiff_adobe_deflate", 8), ("packbits", 32773)])
def test_a_packed_tiff_is_read_up_to_where_it_is_cut(name: str, number: int, count: int) -> None:
    pixels = np.asarray(photograph())
    content = strips([packed_strip(part, name) for part in np.split(pixels, count)], number)
    assert np.array_equal(decode(content).pixels, pixels)
    for kept in (0.96, 0.98, 0.9999):
        for ending in (b"", bytes(len(content)), b"\xff" * 5000):
            found = decode(content[: int(len(content) * kept)] + ending)
            assert found.incomplete
            # All of the rows before it are the picture's own.
            rows = int(SIDE * (kept - 0.01))
            assert np.array_equal(found.pixels[:rows], pixels[:rows])
    with pytest.raises(UndecodableImageError):
        decode(content[: int(len(content) * 0.9)])


@pytest.mark.parametrize("format", ["BMP", "TIFF"])
@pytest.mark.parametrize("ending", [b"\0", b"\xff"])
def test_unpacked_pixels_that_were_never_written(format: str, ending: bytes) -> None:
    for picture in (photograph(), photograph().convert("L")):
        content = encoded(picture, format)
        for kept in (0.9623, 0.9833):
            cut = int(len(content) * kept)
            found = decode(content[:cut] + ending * (len(content) - cut))
            assert found.incomplete
        cut = int(len(content) * 0.9)
        with pytest.raises(UndecodableImageError, match=r"only (89|90)% of the picture"):
            decode(content[:cut] + ending * (len(content) - cut))


def test_dark_and_white_ends_are_whole() -> None:
    for value in (0, 255):
        pixels = np.array(photograph())
        pixels[SIDE // 2 :] = value
        bordered = np.full((SIDE, SIDE, 3), value, np.uint8)
        bordered[100:400, 100:400] = pixels[:300, :300]
        slanted = np.where(np.tri(SIDE, dtype=bool)[::-1, :, None], pixels[:1], np.uint8(value)).astype(np.uint8)
        for whole in (pixels, bordered, slanted, np.full_like(pixels, value)):
            for format in ("BMP", "TIFF"):
                assert not decode(encoded(Image.fromarray(whole), format)).incomplete


JPEG_2000: dict[str, dict[str, Any]] = {
    "without loss": {},
    "layers": {"irreversible": True, "quality_mode": "rates", "quality_layers": [40, 20, 10]},
    "tiles": {"tile_size": (64, 64)},
    "bare": {"no_jp2": True, "progression": "CPRL"},
}


@pytest.mark.parametrize("kind", JPEG_2000)
def test_a_jpeg_2000_that_lost_its_end(kind: str) -> None:
    content = encoded(photograph(), "JPEG2000", **JPEG_2000[kind])
    whole = decode(content)
    for kept in (0.96, 0.99, 0.9999):
        for ending in (b"", bytes(5000), b"\xff" * 5000):
            found = decode(content[: int(len(content) * kept)] + ending)
            assert found.incomplete
            assert (abs(found.pixels.astype(int) - whole.pixels).max(axis=2) > 8).mean() < 0.12
    # Its end mark alone.
    assert not decode(content[:-2]).incomplete
    with pytest.raises(UndecodableImageError, match="damaged"):
        decode(content[: int(len(content) * 0.9)])


def test_an_avif_that_lost_its_end() -> None:
    content = encoded(photograph(), "AVIF", speed=9)
    whole = decode(content)
    for kept in (0.97, 0.98, 0.99):
        found = decode(content[: int(len(content) * kept)])
        assert found.incomplete
        assert 0 < (abs(found.pixels.astype(int) - whole.pixels).max(axis=2) > 8).mean() < 0.05
    with pytest.raises(UndecodableImageError):
        decode(content[: int(len(content) * 0.9)])


PACKED = {
    "WebP": encoded(photograph(), "WEBP"),
    "WebP, lossless": encoded(photograph(), "WEBP", lossless=True),
}


@pytest.mark.parametrize("kind", PACKED)
def test_packed_pictures_that_lost_their_end(kind: str) -> None:
    content = PACKED[kind]
    for kept in (0.9995, 0.98):
        there = content[: int(len(content) * kept)]
        for lost in (there, content[:-32] + bytes(32)):
            found = decode(lost)
            assert found.incomplete
            assert 0 < rows_apart(found, content) <= 0.06
    with pytest.raises(UndecodableImageError):
        decode(content[: int(len(content) * 0.8)])


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
def test_pictures_in_boxes_are_incomplete_or_refused(format: str) -> None:
    # Made from noise with pillow-heif 1.8 at quality 30.
    heic = Path(__file__).parent / "files" / "tall.heic"
    content = encoded(photograph(), "AVIF", speed=9) if format == "AVIF" else heic.read_bytes()
    outcomes = set()
    for lost in (1, 2, 3, 5, 8, 13, 20, 30, 50):
        for damaged in (content[:-lost], content[:-lost] + bytes(lost)):
            try:
                found = decode(damaged)
            except UndecodableImageError:
                outcomes.add("refused")
                continue
            outcomes.add("incomplete" if found.incomplete else "read")
            if damaged == content[:-lost] or lost >= 16:
                assert found.incomplete or rows_apart(found, content) == 0
            assert rows_apart(found, content) <= 0.06
    assert "incomplete" in outcomes


def test_a_webp_whose_last_rows_are_of_one_colour() -> None:
    # Its data ends in zeros, as space does that was never written.
    picture = Image.new("RGB", (1500, 1000))
    picture.paste(photograph())
    for options in ({}, {"lossless": True}):
        content = encoded(picture, "WEBP", **options)
        assert not decode(content).incomplete
        assert rows_apart(decode(content), content) == 0


def test_a_webp_that_lost_what_stands_behind_its_pixels() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    content = encoded(photograph().crop((0, 0, 512, 256)), "WEBP", exif=turned, xmp=b"<x/>" * 20)
    # A half of the XMP: nothing that is shown.
    assert not decode(content[:-40]).incomplete
    assert decode(content[:-40]).pixels.shape == (512, 256, 3)
    # How it is to be turned.
    assert decode(content[: content.index(b"EXIF") + 10]).incomplete
    frames = encoded(photograph(), "WEBP", save_all=True, append_images=[photograph().rotate(90)])
    assert not decode(frames[: int(len(frames) * 0.7)]).incomplete


@pytest.mark.parametrize("format", ["WEBP", "AVIF", "JPEG2000"])
def test_files_that_were_never_written_to_their_end(format: str) -> None:
    content = encoded(photograph(), format)
    assert not decode(content).incomplete
    assert not decode(content + bytes(5000)).incomplete
    kept = int(len(content) * 0.7)
    for damaged in (content[:kept], content[:kept] + bytes(len(content) - kept)):
        with pytest.raises(UndecodableImageError, match="damaged"):
            decode(damaged)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP", b"iTXt", b"tEXt"])
def test_a_png_with_a_text_or_profile_beyond_all_bounds(name: bytes) -> None:
    long = bytes(3_000_000)
    data = {
        b"zTXt": b"Comment\0\0" + zlib.compress(long),
        b"iCCP": b"x\0\0" + zlib.compress(long),
        b"iTXt": b"Comment\0\1\0\0\0" + zlib.compress(long),
        b"tEXt": b"Comment\0" + long,
    }[name]
    rows = [row.tobytes() for row in np.asarray(photograph())]
    found = decode(png(rows, SIDE, (name, data)))
    assert not found.incomplete
    assert np.array_equal(found.pixels, np.asarray(photograph()))


def test_lengths_that_lie_ask_for_no_memory() -> None:
    content = bytearray(encoded(photograph(), "WEBP"))
    struct.pack_into("<I", content, 16, 0xFFFFFFF0)
    with pytest.raises(UndecodableImageError):
        decode(bytes(content))
    assert salvage("WEBP", bytes(content)) is None
    avif = bytearray(encoded(photograph(), "AVIF", speed=9))
    struct.pack_into(">I", avif, avif.index(b"mdat") - 4, 0x7FFFFFFF)
    assert salvage("AVIF", bytes(avif)) is None


def test_nothing_to_mend() -> None:
    assert salvage("GIF", b"GIF89a") is None
    assert salvage("JPEG", b"\xff\xd8") is None
    assert salvage("PNG", b"\x89PNG\r\n\x1a\n") is None
    assert salvage("BMP", b"BM") is None
