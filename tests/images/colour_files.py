"""Small pictures that state their colours and transparency in every way, and the bytes that they are made of."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.images.colour_space import PRIMARIES, ColourSpace, icc_profile
from tests.pictures import encoded, linear_rgb_profile

Chunk = tuple[bytes, bytes]

DISPLAY_P3 = 12
P3_CHUNK = (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
SRGB_CHUNK = (b"sRGB", b"\0")


def samples(mode: str = "RGB") -> Image.Image:
    """32 x 32 pixels: a ramp of grey, and blocks of even colours that survive subsampling."""
    random = np.random.default_rng(20261128)
    blocks = random.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    pixels = np.array(Image.fromarray(blocks).resize((32, 32), Image.Resampling.NEAREST))
    return Image.fromarray(pixels).convert(mode)


def gama(value: float) -> Chunk:
    """A PNG's gAMA chunk."""
    return b"gAMA", struct.pack(">I", round(value * 1e5))


def cicp(primaries: int, transfer: int, matrix: int = 0, full_range: int = 1) -> Chunk:
    """A PNG's cICP chunk."""
    return b"cICP", bytes([primaries, transfer, matrix, full_range])


def iccp(profile: bytes) -> Chunk:
    """A PNG's iCCP chunk."""
    return b"iCCP", b"x\0\0" + zlib.compress(profile)


def png(rows: Sequence[bytes], width: int, *chunks: Chunk, depth: int = 8, kind: int = 2) -> bytes:
    """A PNG file of rows of samples, with any chunks before the pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def png_of(array: NDArray[np.generic], *chunks: Chunk, kind: int = 2) -> bytes:
    """A PNG file of an array of 8 or 16 bits."""
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    rows = [row.tobytes() for row in big_endian]
    return png(rows, array.shape[1], *chunks, depth=8 * array.itemsize, kind=kind)


def grey_profile(gamma: float) -> bytes:
    """An ICC profile of grey, written by hand from ICC.1:2001-04."""
    white = struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv" + struct.pack(">II", 0, 1) + struct.pack(">H", round(gamma * 256))
    tags = [
        (b"desc", b"desc" + struct.pack(">II", 0, 2) + b"x\0" + bytes(78)),
        (b"wtpt", b"XYZ " + bytes(4) + white),
        (b"kTRC", curve),
    ]
    return _profile(b"mntr", b"GRAY", b"XYZ ", tags)


def cmyk_profile() -> bytes:
    """An ICC profile of inks that are not Pillow's: the lightness of the corners of CMYK, in Lab, by hand."""
    corners = b""
    for ink in range(16):
        cyan, magenta, yellow, black = (ink >> bit & 1 for bit in (3, 2, 1, 0))
        lightness = 100 - 25 * cyan - 30 * magenta - 8 * yellow - 35 * black
        a, b = 128 - 30 * cyan + 50 * magenta, 128 - 30 * cyan + 60 * yellow
        corners += bytes([round(lightness * 2.55), a, b])
    ramp = bytes(range(256))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + ramp * 4 + corners + ramp * 3
    tags = [
        (b"desc", b"desc" + struct.pack(">II", 0, 2) + b"x\0" + bytes(78)),
        (b"wtpt", b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)),
        (b"A2B0", table),
    ]
    return _profile(b"prtr", b"CMYK", b"Lab ", tags)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: Sequence[Chunk]) -> bytes:
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for name, content in tags:
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    header = struct.pack(">I4sI", start + len(body), b"", 0x02400000) + kind + space + connection
    header = header.ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def avif(primaries: int, transfer: int, mode: str = "RGB", profile: bytes | None = None) -> bytes:
    """An AVIF file that states code points."""
    content = encoded(samples(mode), "AVIF", quality=98, subsampling="4:4:4", icc_profile=profile)
    return with_code_points(content, primaries, transfer)


def with_code_points(content: bytes, primaries: int, transfer: int) -> bytes:
    """An AVIF or HEIF file with other code points in its nclx boxes."""
    before, *after = content.split(b"nclx")
    return before + b"".join(b"nclx" + struct.pack(">HH", primaries, transfer) + part[4:] for part in after)


def bmp_with_profile(profile: bytes) -> bytes:
    """A BMP file whose header is the fifth version's, with a profile."""
    image = samples()
    pixels = np.asarray(image)[::-1, :, ::-1].tobytes()
    header = bytearray(124)
    struct.pack_into("<IiiHHIIii", header, 0, 124, *image.size, 1, 24, 0, len(pixels), 2835, 2835)
    struct.pack_into("<4I", header, 40, 0xFF0000, 0xFF00, 0xFF, 0)
    header[56:60] = b"DEBM"
    struct.pack_into("<III", header, 108, 4, 124 + len(pixels), len(profile))
    size = 14 + 124 + len(pixels) + len(profile)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, 14 + 124) + bytes(header) + pixels + profile


def gif(width: int, height: int, frame: tuple[int, int, int, int], *, transparent: int | None = None) -> bytes:
    """A GIF file with one frame of four colours at (left, top, width, height); the background is the first colour."""
    colours = bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 32, 64, 96])
    codes = [4]
    for number in range(frame[2] * frame[3]):
        # A clear code after each pixel keeps all codes three bits wide.
        codes += [number % 4, 4]
    bits = "".join(format(code, "03b") for code in reversed([*codes, 5]))
    packed = int(bits, 2).to_bytes((len(bits) + 7) // 8, "little")
    content = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, 0, 0) + colours
    content += b"\x21\xf9\x04" + bytes([transparent is not None, 10, 0, transparent or 0, 0])
    content += b"," + struct.pack("<HHHHB", *frame, 0) + b"\x02"
    for start in range(0, len(packed), 255):
        part = packed[start : start + 255]
        content += bytes([len(part)]) + part
    return content + b"\0;"


def stated_colours() -> Iterator[tuple[str, bytes]]:
    """Pictures by name; the suffix says how a browser is to take them."""
    linear, p3 = linear_rgb_profile(), icc_profile(ColourSpace(PRIMARIES[DISPLAY_P3]))
    rgb = np.asarray(samples())
    statements = {
        "none": [],
        "gamma_1": [gama(1)],
        "gamma_of_srgb": [gama(0.45455)],
        "gamma_0.4": [gama(0.4)],
        "gamma_0.47": [gama(0.47)],
        "gamma_0": [gama(0)],
        "gamma_1_p3": [gama(1), P3_CHUNK],
        "gamma_2.2_p3": [gama(0.45455), P3_CHUNK],
        "p3_alone": [P3_CHUNK],
        "srgb_over_gamma": [gama(1), SRGB_CHUNK],
        "profile_over_gamma": [iccp(linear), gama(0.45455)],
        "p3_profile": [iccp(p3)],
        "cicp_over_profile": [cicp(DISPLAY_P3, 13), iccp(linear)],
        "cicp_limited_range": [cicp(DISPLAY_P3, 13, 0, 0)],
        "srgb_of_no_intent": [gama(1), (b"sRGB", b"\x07")],
        "grey_profile_on_rgb": [iccp(grey_profile(1.0))],
    }
    for name, chunks in statements.items():
        yield f"{name}.png", png_of(rgb, *chunks)
    for name, chunk in {"gamma": gama(1), "profile": iccp(linear), "cicp": cicp(DISPLAY_P3, 13)}.items():
        yield f"{name}_behind_palette.png", png_of(rgb, (b"PLTE", bytes(range(48))), chunk)
    content = png_of(rgb)
    # The last twelve bytes are IEND.
    yield "behind_pixels.png", content[:-12] + png_of(rgb, gama(1))[33:49] + content[-12:]
    for code in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22):
        yield f"primaries_{code}.png", png_of(rgb, cicp(code, 13))
        yield f"primaries_{code}.avif", avif(code, 13)
    for code in (1, 2, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18):
        yield f"transfer_{code}.png", png_of(rgb, cicp(DISPLAY_P3, code))
        yield f"transfer_{code}.avif", avif(DISPLAY_P3, code)
    grey = np.asarray(samples("L"))
    deep = (grey.astype(np.uint16) << 8) + np.arange(32, dtype=np.uint16)
    deep_rgb = (rgb.astype(np.uint16) << 8) + np.arange(32, dtype=np.uint16)[:, None]
    alpha = np.repeat(np.arange(192, 256, 2, dtype=np.uint8)[:, None], 32, axis=1)
    palette = samples().quantize(16)
    plte = (b"PLTE", bytes(palette.getpalette() or [])[:48])
    for name, chunk in {"gamma_1": gama(1), "pq": cicp(9, 16), "rgb_profile": iccp(linear)}.items():
        yield f"{name}_grey.png", png_of(grey, chunk, kind=0)
        yield f"{name}_grey16.png", png_of(deep, chunk, kind=0)
        yield f"{name}_rgb16.png", png_of(deep_rgb, chunk)
        yield f"{name}_palette.png", png_of(np.asarray(palette), chunk, plte, kind=3)
        yield f"{name}_grey_alpha.png", png_of(np.dstack([grey, alpha]), chunk, kind=4)
        if name != "pq":
            # Chromium multiplies by alpha before it maps the tones, and rounds in between.
            yield f"{name}_rgb_alpha.png", png_of(np.dstack([rgb, alpha]), chunk, kind=6)
    profile = iccp(grey_profile(1.0))
    yield "grey_profile_grey.png", png_of(grey, profile, kind=0)
    yield "grey_profile_grey16.png", png_of(deep, profile, kind=0)
    yield "grey_profile_grey_alpha.png", png_of(np.dstack([grey, alpha]), profile, kind=4)
    for name, stated in {"p3": p3, "linear": linear, "grey": grey_profile(1.0), "noise": bytes(200)}.items():
        for mode in ("RGB", "L"):
            for format, options in (("JPEG", {"quality": 95, "subsampling": 0}), ("WEBP", {"lossless": True})):
                suffix = "jpg" if format == "JPEG" else "webp"
                yield f"{name}_{mode}.{suffix}", encoded(samples(mode), format, icc_profile=stated, **options)
    yield "cmyk.jpg", encoded(samples("CMYK"), "JPEG", quality=97)
    yield "cmyk_profile.jpg", encoded(samples("CMYK"), "JPEG", quality=97, icc_profile=cmyk_profile())
    yield "rgb_profile_on_cmyk.jpg", encoded(samples("CMYK"), "JPEG", quality=97, icc_profile=p3)
    segment = b"\xff\xe2" + struct.pack(">H", len(p3) + 16) + b"ICC_PROFILE\0\1\1" + p3
    jpeg = encoded(samples(), "JPEG", quality=95, subsampling=0, icc_profile=linear)
    # The first 20 bytes are the marker of its start and JFIF's.
    yield "two_profiles.jpg", jpeg[:20] + segment + jpeg[20:]
    yield "profile.bmp", bmp_with_profile(linear)
    yield "profile_and_nclx.avif", avif(9, 16, profile=p3)
    yield "grey_pq.avif", avif(9, 16, mode="L")


def transparencies() -> Iterator[tuple[str, bytes]]:
    """Pictures with one transparent level or colour, and animations whose first frame leaves parts open."""
    for depth, row, levels in ((1, b"\x55", (0, 1)), (2, b"\x1b", (0, 1, 2, 3, 0x102)), (4, b"\x05\xaf", (0, 5, 15))):
        for level in levels:
            content = png([row], 8 * len(row) // depth, (b"tRNS", struct.pack(">H", level)), depth=depth, kind=0)
            yield f"grey{depth}_{level}.png", content
    for level in (0, 2, 0x102):
        content = png([bytes([0, 2, 100, 255])], 4, (b"tRNS", struct.pack(">H", level)), kind=0)
        yield f"grey8_{level}.png", content
    deep = struct.pack(">9H", 0x1234, 0x2345, 0x3456, 0x1235, 0x2345, 0x3456, 0, 0, 0)
    colour = (b"tRNS", struct.pack(">3H", 0x1234, 0x2345, 0x3456))
    yield "rgb16.png", png([deep], 3, colour, depth=16)
    yield "rgb8.png", png([bytes([1, 2, 3, 4, 5, 6])], 2, (b"tRNS", struct.pack(">3H", 1, 2, 3)))
    deep_level = (b"tRNS", struct.pack(">H", 0x1234))
    yield "grey16.png", png([struct.pack(">3H", 0x1234, 0x1235, 0)], 3, deep_level, depth=16, kind=0)
    yield "whole.gif", gif(4, 4, (0, 0, 4, 4))
    yield "partial.gif", gif(4, 4, (1, 1, 2, 2))
    yield "partial_transparent.gif", gif(4, 4, (1, 1, 2, 2), transparent=2)
    # A second control extension, without transparency, before the frame.
    before, behind = gif(4, 4, (0, 0, 4, 4), transparent=2).split(b",", 1)
    yield "opaque_after_all.gif", before + b"\x21\xf9\x04\0\n\0\2\0," + behind
    yield "beyond_the_screen.gif", gif(4, 4, (3, 3, 2, 2))
    red, blue, lime = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime"))
    yield "hidden_picture.png", encoded(lime, "PNG", save_all=True, append_images=[red, blue], default_image=True)
    frame = Image.new("RGBA", (8, 8))
    frame.paste((255, 0, 0, 255), (2, 2, 4, 4))
    yield "partial.webp", encoded(frame, "WEBP", save_all=True, append_images=[blue], lossless=True)
