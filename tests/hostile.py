"""Hostile image files, the same ones at every run: cut off, flipped, bombs, thin, broken profiles and tags."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from tests.pictures import encoded, linear_rgb_profile, noise

SEED = 20261124
Files = Iterator[tuple[str, bytes]]


def hostile_files() -> Files:
    """More than a thousand files by name, from one seed."""
    random = np.random.default_rng(SEED)
    for kind, content in good_files().items():
        yield from _cut_off(kind, content, random)
        yield from _flipped(kind, content, random)
        yield from _torn(kind, content, random)
        yield from _trailing(kind, content, random)
    yield from _noise_behind_signatures(random)
    yield from _bombs()
    yield from _thin()
    yield from _broken_profiles(random)
    yield from _broken_exif(random)
    yield from _odd_jpegs()
    yield from _odd_tiffs()
    yield from _animations()
    yield from _no_images()


@cache
def good_files() -> dict[str, bytes]:
    """One small whole file of every kind that is read, which the hostile ones are made of."""
    rgb = Image.fromarray(noise(72, 1))
    grey, alpha, cmyk = rgb.convert("L"), rgb.copy(), rgb.convert("CMYK")
    alpha.putalpha(grey)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    # Pillow leaves the settings of one encoder in a picture, where they trip the next: the MPO gets its own.
    frames, more = ([Image.fromarray(noise(48, seed)) for seed in range(2, 5)] for _ in range(2))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:06:01 12:30:00"
    profile = linear_rgb_profile()
    return {
        "baseline.jpg": encoded(rgb, "JPEG", quality=80, exif=exif, icc_profile=profile),
        "progressive.jpg": encoded(rgb, "JPEG", quality=80, progressive=True),
        "restarts.jpg": encoded(rgb, "JPEG", quality=80, restart_marker_blocks=2),
        "grey.jpg": encoded(grey, "JPEG"),
        "cmyk.jpg": encoded(cmyk, "JPEG"),
        "pictures.mpo.jpg": encoded(more[0], "MPO", save_all=True, append_images=more[1:]),
        "rgb.png": encoded(rgb, "PNG", exif=exif, icc_profile=profile),
        "alpha.png": encoded(alpha, "PNG"),
        "palette.png": encoded(rgb.quantize(16), "PNG", transparency=3),
        "deep.png": encoded(deep, "PNG"),
        "animated.png": encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "still.gif": encoded(rgb.quantize(64), "GIF"),
        "animated.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "lossy.webp": encoded(rgb, "WEBP", quality=70, exif=exif, icc_profile=profile),
        "lossless.webp": encoded(alpha, "WEBP", lossless=True),
        "animated.webp": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "rgb.bmp": encoded(rgb, "BMP"),
        "palette.bmp": encoded(rgb.quantize(16), "BMP"),
        "plain.tif": encoded(rgb, "TIFF", icc_profile=profile),
        "lzw.tif": encoded(alpha, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encoded(deep, "TIFF", compression="tiff_adobe_deflate"),
        "jpeg.tif": encoded(rgb, "TIFF", compression="jpeg"),
        "pages.tif": encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
        "big.tif": encoded(rgb, "TIFF", big_tiff=True),
        "float.tif": encoded(Image.fromarray(np.asarray(grey).astype(np.float32) / 255), "TIFF"),
        "picture.avif": encoded(rgb, "AVIF", quality=60, exif=exif),
        "picture.jp2": encoded(rgb, "JPEG2000"),
        "stream.j2k": encoded(rgb, "JPEG2000", no_jp2=True),
        "picture.heic": (Path(__file__).parent / "images" / "files" / "noise.heic").read_bytes(),
    }


def _cut_off(kind: str, content: bytes, random: np.random.Generator) -> Files:
    for place in sorted(random.choice(len(content), 6, replace=False).tolist()):
        yield f"cut_at_{place}_{kind}", content[:place]


def _flipped(kind: str, content: bytes, random: np.random.Generator) -> Files:
    # Half of them in the first 300 bytes, where sizes and tables stand.
    for number in range(10):
        flipped = bytearray(content)
        reach = min(300, len(content)) if number % 2 else len(content)
        for place in random.integers(4, reach, 1 << number // 2).tolist():
            flipped[place] ^= 1 << int(random.integers(8))
        yield f"flipped_{number}_{kind}", bytes(flipped)


def _torn(kind: str, content: bytes, random: np.random.Generator) -> Files:
    for number in range(4):
        first, second = sorted(random.integers(12, len(content), 2).tolist())
        piece = content[first:second]
        yield f"zeroed_{number}_{kind}", content[:first] + bytes(len(piece)) + content[second:]
        yield f"left_out_{number}_{kind}", content[:first] + content[second:]
        yield f"doubled_{number}_{kind}", content[:second] + piece + content[second:]


def _trailing(kind: str, content: bytes, random: np.random.Generator) -> Files:
    yield f"noise_behind_{kind}", content + random.bytes(5000)
    yield f"itself_behind_{kind}", content * 3


def _noise_behind_signatures(random: np.random.Generator) -> Files:
    for kind, content in good_files().items():
        for length in (2, 24):
            yield f"noise_after_{length}_{kind}", content[:length] + random.bytes(2000)


def _bombs() -> Files:
    """Small files that claim, or are, very large pictures."""
    row = zlib.compress(bytes(8000 * 8001), 1)
    yield "claims_4e9.png", _png(65_535, 65_535, b"\x00")
    yield "claims_too_much.png", _png(2**31 - 1, 2**31 - 1, b"\x00")
    yield "is_64_megapixels.png", _png(8000, 8000, row)
    for depth, kind in ((16, 0), (8, 6), (16, 6), (8, 2)):
        # 3.9 million pixels, just below the limit, of every size of pixel.
        samples = {0: 1, 2: 3, 6: 4}[kind]
        lines = (1 + 1950 * samples * depth // 8) * 1950
        yield f"below_the_limit_{depth}_{kind}.png", _png(1950, 1950, zlib.compress(bytes(lines), 1), depth, kind)
    yield "profile_of_100_megabytes.png", _png(4, 4, zlib.compress(bytes(20)), before=_chunk(b"iCCP", _squeezed(100)))
    text = _chunk(b"zTXt", b"comment\0\0" + zlib.compress(bytes(100_000_000), 1))
    yield "text_of_100_megabytes.png", _png(4, 4, zlib.compress(bytes(20)), before=text)
    yield "many_texts.png", _png(4, 4, zlib.compress(bytes(20)), before=_chunk(b"tEXt", b"k\0v") * 20_000)
    jpeg = good_files()["baseline.jpg"]
    size = jpeg.index(b"\xff\xc0") + 5
    yield "claims_4e9.jpg", jpeg[:size] + b"\xff\xff\xff\xff" + jpeg[size + 4 :]
    gif = good_files()["still.gif"]
    yield "claims_4e9.gif", gif[:6] + b"\xff\xff\xff\xff" + gif[10:]
    bmp = good_files()["rgb.bmp"]
    for name, width, height in (("wide", 2**31 - 1, 1), ("high", 1, 2**31 - 1), ("negative", -5, -(2**31))):
        yield f"claims_{name}.bmp", bmp[:18] + struct.pack("<ii", width, height) + bmp[26:]
    picture = good_files()["lossless.webp"][12:]
    canvas = b"WEBPVP8X" + struct.pack("<II", 10, 16) + b"\xff\x3f\0" * 2
    yield "claims_268_megapixels.webp", b"RIFF" + struct.pack("<I", len(canvas + picture)) + canvas + picture
    frames = [Image.new("P", (1900, 2000), number) for number in range(6)]
    yield "below_the_limit.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for mode in ("RGB", "RGBA", "CMYK", "L", "F", "I", "LAB", "1"):
        content = encoded(Image.new(mode, (1950, 1950)), "TIFF", compression="tiff_adobe_deflate")
        yield f"below_the_limit_{mode}.tif", content
    below = Image.new("RGB", (1950, 1950))
    yield "below_the_limit.avif", encoded(below, "AVIF", speed=10)
    yield "below_the_limit.jp2", encoded(below, "JPEG2000")
    yield "below_the_limit.webp", encoded(below, "WEBP", lossless=True, method=0)
    yield "below_the_limit_progressive.jpg", encoded(below, "JPEG", progressive=True)


def _thin() -> Files:
    """Pictures of one pixel's width or height."""
    for width, height in ((1, 1), (1, 65_535), (65_535, 1), (2, 30_000), (30_000, 2), (1, 16_000), (16_000, 1)):
        for format in ("PNG", "TIFF", "BMP", "GIF"):
            yield f"{width}_by_{height}.{format.lower()}", encoded(Image.new("RGB", (width, height), "teal"), format)
        if max(width, height) <= 65_500:
            yield f"{width}_by_{height}.jpg", encoded(Image.new("RGB", (width, height), "teal"), "JPEG")
        if max(width, height) <= 16_383:
            yield f"{width}_by_{height}.webp", encoded(Image.new("RGB", (width, height), "teal"), "WEBP")
            yield f"{width}_by_{height}.jp2", encoded(Image.new("RGB", (width, height), "teal"), "JPEG2000")
    # Pillow cannot write a JPEG of this height, but it is a legal one: a restart marker's worth of nothing follows.
    jpeg = encoded(Image.new("L", (1, 65_500)), "JPEG")
    size = jpeg.index(b"\xff\xc0") + 5
    yield "1_by_65535.jpg", jpeg[:size] + b"\xff\xff\x00\x01" + jpeg[size + 4 :]


def _broken_profiles(random: np.random.Generator) -> Files:
    image, profile = Image.fromarray(noise(40, 9)), linear_rgb_profile()
    for number in range(24):
        broken = bytearray(profile)
        for place in random.integers(0, len(profile), 1 + number).tolist():
            broken[place] = int(random.integers(256))
        cut = bytes(broken) if number % 2 else bytes(broken[: int(random.integers(1, len(profile)))])
        for format in ("JPEG", "PNG", "TIFF", "WEBP"):
            yield f"profile_{number}.{format.lower()}", encoded(image, format, icc_profile=cut)
    for mode in ("L", "CMYK", "I;16"):
        pixels = image.convert("L") if mode == "I;16" else image.convert(mode)
        yield f"profile_of_rgb_on_{mode}.tif", encoded(pixels.convert(mode), "TIFF", icc_profile=profile)


def _broken_exif(random: np.random.Generator) -> Files:
    image = Image.fromarray(noise(40, 10))
    loop = b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08"
    far = b"II*\0\xff\xff\xff\x7f"
    count = b"II*\0\x08\0\0\0\xff\xff" + bytes(40)
    types = [
        b"II*\0\x08\0\0\0\x01\0\x12\x01" + struct.pack("<HII", kind, number, value) + bytes(4)
        for kind in (1, 2, 3, 5, 7, 9, 10, 12, 99)
        for number, value in ((1, 6), (1, 2**32 - 1), (2**31, 8), (0, 0), (4, 26))
    ]
    whole = good_files()["baseline.jpg"]
    start = whole.index(b"Exif\0\0") + 6
    tiff = whole[start : start + struct.unpack(">H", whole[start - 8 : start - 6])[0] - 8]
    flipped = []
    for number in range(30):
        broken = bytearray(tiff)
        for place in random.integers(0, len(tiff), 1 + number // 4).tolist():
            broken[place] = int(random.integers(256))
        flipped.append(bytes(broken))
    for number, exif in enumerate([b"", b"noise", random.bytes(500), loop, far, count, *types, *flipped]):
        yield f"exif_{number}.jpg", encoded(image, "JPEG", exif=b"Exif\0\0" + exif)
        if number % 3 == 0:
            yield f"exif_{number}.png", encoded(image, "PNG", exif=exif)
            yield f"exif_{number}.webp", encoded(image, "WEBP", exif=exif)


def _odd_jpegs() -> Files:
    jpeg, progressive = good_files()["baseline.jpg"], good_files()["progressive.jpg"]
    frame = jpeg.index(b"\xff\xc0")
    yield "twelve_bit.jpg", jpeg[: frame + 4] + b"\x0c" + jpeg[frame + 5 :]
    for marker in (0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xF7):
        yield f"frame_{marker:02x}.jpg", jpeg[: frame + 1] + bytes([marker]) + jpeg[frame + 2 :]
    for components in (0, 2, 4, 255):
        yield f"components_{components}.jpg", jpeg[: frame + 9] + bytes([components]) + jpeg[frame + 10 :]
    yield "no_size.jpg", jpeg[: frame + 5] + bytes(4) + jpeg[frame + 9 :]
    comments = b"\xff\xfe\xff\xff" + bytes(65_533)
    yield "many_comments.jpg", jpeg[:2] + comments * 100 + jpeg[2:]
    scan = progressive[progressive.rindex(b"\xff\xda") : -2]
    yield "a_thousand_scans.jpg", progressive[:-2] + scan * 1000 + progressive[-2:]
    tables = jpeg[jpeg.index(b"\xff\xdb") : frame]
    yield "many_tables.jpg", jpeg[:frame] + tables * 500 + jpeg[frame:]
    yield "only_an_end.jpg", b"\xff\xd8\xff\xd9"
    yield "a_profile_in_255_parts.jpg", jpeg[:2] + b"\xff\xe2\x00\x10ICC_PROFILE\x00\xff\xff" * 400 + jpeg[2:]


def _odd_tiffs() -> Files:
    """Directories written by hand: loops, sizes and compressions that do not fit."""
    usual = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 273: 200, 277: 1, 278: 8, 279: 64}
    for tag in usual:
        for value in (0, 3, 65_535, 2**32 - 1):
            yield f"tag_{tag}_{value}.tif", _tiff({**usual, tag: value})
    for compression in (2, 3, 4, 5, 6, 7, 8, 32_773, 32_946, 34_661, 34_925, 50_000, 50_001):
        yield f"compression_{compression}.tif", _tiff({**usual, 259: compression})
    for photometric in (0, 2, 3, 4, 5, 6, 8, 9, 32_803):
        yield f"photometric_{photometric}.tif", _tiff({**usual, 262: photometric})
    for bits in (1, 2, 4, 12, 16, 24, 32, 64):
        yield f"bits_{bits}.tif", _tiff({**usual, 258: bits})
    yield "loop.tif", _tiff(usual, following=8)
    yield "no_directory.tif", b"II*\0\0\0\0\0"
    yield "tiles_of_nothing.tif", _tiff({**usual, 322: 0, 323: 0, 324: 200, 325: 64})


def _animations() -> Files:
    frames = [Image.new("P", (16, 16), number % 256) for number in range(600)]
    yield "many_frames.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    colours = [Image.new("RGB", (16, 16), (number, 0, 0)) for number in range(200)]
    yield "many_frames.webp", encoded(colours[0], "WEBP", save_all=True, append_images=colours[1:])
    gif = good_files()["animated.gif"]
    frame = gif.index(b"\x2c")
    for name, box in (
        ("outside", (60_000, 60_000, 10, 10)),
        ("empty", (0, 0, 0, 0)),
        ("large", (0, 0, 65_535, 65_535)),
    ):
        yield f"frame_{name}.gif", gif[: frame + 1] + struct.pack("<HHHH", *box) + gif[frame + 9 :]


def _no_images() -> Files:
    texts = {"html": b"<html><body>no picture</body></html>", "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
    texts |= {"pdf": b"%PDF-1.7\n%%EOF", "zip": b"PK\x03\x04" + bytes(60), "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n"}
    texts |= {"ppm": b"P6 99999 99999 255\n", "elf": b"\x7fELF" + bytes(60), "nothing": b"", "byte": b"\xff"}
    for name, content in texts.items():
        yield f"{name}.jpg", content


def _png(width: int, height: int, data: bytes, depth: int = 8, kind: int = 0, before: bytes = b"") -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _squeezed(megabytes: int) -> bytes:
    return b"profile\0\0" + zlib.compress(bytes(megabytes * 1_000_000), 1)


def _tiff(tags: dict[int, int], following: int = 0) -> bytes:
    """A little-endian TIFF of one directory, every tag one long, with 64 bytes of pixels at 200."""
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return (b"II*\0\x08\0\0\0" + directory).ljust(200, b"\0") + bytes(range(64))
