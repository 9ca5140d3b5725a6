from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir.images.boxes import boxes, find_box
from emoir.images.colour_space import BT2020_CODE, HLG, PQ, PRIMARIES, ColourSpace, from_cicp, icc_profile, rgb_to_xyz
from emoir.images.decode import decode
from emoir.images.hdr import hdr_to_srgb
from tests.images.colour_files import (
    bmp_with_profile,
    cicp,
    gama,
    grey_profile,
    iccp,
    png_of,
    samples,
    stated_colours,
    transparencies,
    with_code_points,
)
from tests.pictures import encoded, linear_rgb_profile

HEIC = Path(__file__).parent / "files" / "blocks.heic"
RGB = np.asarray(samples())
# What 8-bit linear light is in sRGB.
LINEAR = np.arange(256) / 255
AS_SRGB = 255 * np.where(LINEAR <= 0.0031308, 12.92 * LINEAR, 1.055 * LINEAR ** (1 / 2.4) - 0.055)


def linear_to_srgb(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(AS_SRGB[pixels])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(png_of(RGB, gama(1)), id="gamma"),
        pytest.param(png_of(RGB, cicp(1, 8)), id="code points"),
        pytest.param(png_of(RGB, iccp(linear_rgb_profile())), id="profile"),
        pytest.param(png_of(RGB, iccp(icc_profile(ColourSpace(PRIMARIES[1], 8)))), id="profile of ours"),
        pytest.param(bmp_with_profile(linear_rgb_profile()), id="BMP"),
        pytest.param(encoded(samples(), "TIFF", icc_profile=linear_rgb_profile()), id="TIFF"),
        pytest.param(encoded(samples(), "WEBP", lossless=True, icc_profile=linear_rgb_profile()), id="WebP"),
    ],
)
def test_linear_light(content: bytes) -> None:
    assert np.abs(decode(content).pixels - linear_to_srgb(RGB)).max() <= 2


def test_a_profile_is_judged_by_its_numbers_and_not_by_its_name() -> None:
    # "GIMP built-in Linear sRGB" is linear; "photo" may be sRGB.
    named = linear_rgb_profile().replace(b"linear\0", b"l sRGB\0")
    assert np.abs(decode(png_of(RGB, iccp(named))).pixels - linear_to_srgb(RGB)).max() <= 2
    srgb = icc_profile(ColourSpace(PRIMARIES[1]))
    assert decode(png_of(RGB, iccp(srgb))).pixels.tolist() == RGB.tolist()


def test_display_p3_of_every_container() -> None:
    # Worked out with the matrices of CSS Color 4: P3 to XYZ, XYZ to sRGB.
    p3 = np.array([[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0, 0.0451134, 1.0439444]])
    srgb = np.array(
        [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
    )
    linear = np.where(RGB <= 10, RGB / 255 / 12.92, ((RGB / 255 + 0.055) / 1.055) ** 2.4)
    light = np.clip(linear @ (np.linalg.inv(srgb) @ p3).T, 0, 1)
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    profile = icc_profile(ColourSpace(PRIMARIES[12]))
    avif = with_code_points(encoded(samples(), "AVIF", quality=100, subsampling="4:4:4"), 12, 13)
    for name, content, tolerance in (
        ("png", png_of(RGB, cicp(12, 13)), 2),
        ("png profile", png_of(RGB, iccp(profile)), 2),
        ("tiff", encoded(samples(), "TIFF", icc_profile=profile), 2),
        ("avif", avif, 4),
        ("jpeg 2000", jpeg2000_with_profile(profile), 2),
    ):
        assert np.abs(decode(content).pixels - expected).max() <= tolerance, name


def jpeg2000_with_profile(profile: bytes) -> bytes:
    """A lossless JP2 file whose colour specification is a restricted ICC profile (ISO/IEC 15444-1, I.5.3.3)."""
    content = encoded(samples(), "JPEG2000")
    plain = struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 16)
    stated = struct.pack(">I4sBBB", 11 + len(profile), b"colr", 2, 0, 0) + profile
    assert content.count(plain) == 1
    at = content.index(b"jp2h") - 4
    length = struct.unpack_from(">I", content, at)[0] + len(stated) - len(plain)
    return (content[:at] + struct.pack(">I", length) + content[at + 4 :]).replace(plain, stated)


def test_heic_by_its_code_points() -> None:
    content = HEIC.read_bytes()
    plain = decode(with_code_points(content, 1, 13)).pixels
    linear = decode(with_code_points(content, 1, 8)).pixels
    assert np.abs(linear - linear_to_srgb(plain)).max() <= 2
    assert decode(with_code_points(content, 2, 2)).pixels.tolist() == plain.tolist()
    assert abs(decode(with_code_points(content, 1, 16)).pixels.astype(int) - plain).max() > 50


@pytest.mark.parametrize(
    ("transfer", "level", "expected"),
    # By the formulas of BT.2100: 100 nits, white, and the peak of 1,000 nits of PQ; 75 % and 100 % of HLG.
    [
        (PQ, 0, 0),
        (PQ, 130, 137),
        (PQ, 148, 188),
        (PQ, 192, 254),
        (PQ, 255, 255),
        (HLG, 0, 0),
        (HLG, 191, 187),
        (HLG, 255, 255),
    ],
)
def test_hdr_grey(transfer: int, level: int, expected: int) -> None:
    grey = Image.new("RGB", (1, 1), (level, level, level))
    pixel = hdr_to_srgb(grey, ColourSpace(PRIMARIES[BT2020_CODE], transfer)).getpixel((0, 0))
    assert np.abs(np.array(pixel) - expected).max() <= 2


def test_pq_stated_by_a_tag_of_a_profile() -> None:
    profile = icc_profile(ColourSpace(PRIMARIES[BT2020_CODE]))
    count = int.from_bytes(profile[128:132], "big")
    tag = b"cicp" + bytes(4) + bytes([9, 16, 0, 1])
    # One more entry moves the others' places by twelve.
    entries = b""
    for number in range(count):
        name, at, length = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        entries += struct.pack(">4sII", name, at + 12, length)
    entries += struct.pack(">4sII", b"cicp", len(profile) + 12, len(tag))
    tagged = struct.pack(">I", len(profile) + 12 + len(tag)) + profile[4:128] + struct.pack(">I", count + 1)
    tagged += entries + profile[132 + 12 * count :] + tag
    stated = decode(png_of(RGB, iccp(tagged))).pixels
    assert stated.tolist() == decode(png_of(RGB, cicp(9, 16))).pixels.tolist()


def test_grey_with_profiles_of_grey_and_of_rgb() -> None:
    grey = np.asarray(samples("L"))
    for profile in (grey_profile(1.0), linear_rgb_profile()):
        pixels = decode(png_of(grey, iccp(profile), kind=0)).pixels
        assert np.abs(pixels - linear_to_srgb(grey)[..., None]).max() <= 2


def test_cielab_tiff() -> None:
    # L* of 50 is a grey of 119 in sRGB.
    image = Image.new("LAB", (4, 4), (round(50 * 2.55), 128, 128))
    assert np.abs(decode(encoded(image, "TIFF")).pixels.astype(int) - 119).max() <= 3


def test_damaged_statements_are_none() -> None:
    for chunks in (
        [(b"cICP", b"\x01")],
        [(b"cICP", b"\xff\xff\0\1")],
        [gama(1), (b"cHRM", bytes(32))],
        [(b"gAMA", bytes(4))],
    ):
        assert decode(png_of(RGB, *chunks)).pixels.tolist() == RGB.tolist()


def test_every_stated_picture_is_read_in_pieces_as_in_one() -> None:
    # resize_square works on bands, which must not lose what the file states.
    for name, content in stated_colours():
        assert decode(content, size=32).pixels.tolist() == decode(content).pixels.tolist(), name
    for name, content in transparencies():
        assert decode(content).pixels.shape[2] == 3, name


def test_primaries_of_the_standards() -> None:
    # Lindbloom's matrix of sRGB, adapted to D50.
    expected = [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
    assert np.abs(rgb_to_xyz(PRIMARIES[1]) - expected).max() < 5e-4
    for primaries in PRIMARIES.values():
        assert np.abs(rgb_to_xyz(primaries).sum(axis=1) - [0.9642, 1, 0.8249]).max() < 1e-6
    with pytest.raises(ValueError, match="span no colours"):
        rgb_to_xyz((0.3127, 0.329, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3))
    assert from_cicp(1, 2) is None
    assert from_cicp(0, 13) is None


def test_boxes_of_damaged_files() -> None:
    assert list(boxes(b"\0\0\0\4free" + bytes(20))) == []
    assert find_box(BytesIO(bytes(100)), b"meta") is None
