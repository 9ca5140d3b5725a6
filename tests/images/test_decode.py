from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from emoir.errors import ShapeError, UndecodableImageError
from emoir.images.decode import decode, from_pillow
from emoir.limits import Limits
from tests.pictures import encoded, linear_rgb_profile, noise


def first_pixel(content: bytes) -> list[int]:
    return [int(value) for value in decode(content).pixels[0, 0]]


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"quality": 98, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"big_tiff": True}),
        ("AVIF", {"quality": 100}),
        ("JPEG2000", {}),
        ("JPEG2000", {"no_jp2": True}),
    ],
)
def test_every_format_keeps_a_flat_colour(format: str, options: dict[str, object]) -> None:
    photograph = decode(encoded(Image.new("RGB", (40, 24), (200, 100, 50)), format, **options))
    assert photograph.pixels.shape == (24, 40, 3)
    assert (photograph.width, photograph.height) == (40, 24)
    assert abs(photograph.pixels.astype(int) - [200, 100, 50]).max() <= 2


def test_heic() -> None:
    # Made from tests.pictures.noise(72, 1) with pillow-heif 1.8 at quality 60.
    photograph = decode((Path(__file__).parent / "files" / "noise.heic").read_bytes())
    assert photograph.pixels.shape == (72, 72, 3)
    assert abs(photograph.pixels.astype(int) - noise(72, 1)).mean() <= 6


def test_content_counts_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encoded(Image.new("RGB", (3, 3), (1, 2, 3)), "PNG"))
    assert decode(path).pixels[1, 1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_by_exif(orientation: int) -> None:
    # Upright, the picture is 2 wide, 3 high, red at the top left and blue at the top right.
    upright = np.zeros((3, 2, 3), np.uint8)
    upright[0, 0], upright[0, 1] = (255, 0, 0), (0, 0, 255)
    # How a camera that was held so stores it: the inverse of what the orientation asks for (EXIF 2.32, 4.6.4).
    store: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a.transpose(1, 0, 2), 2),
        8: lambda a: np.rot90(a, -1),
    }
    image = Image.fromarray(np.ascontiguousarray(store[orientation](upright)))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    photograph = decode(encoded(image, "PNG", exif=exif))
    assert photograph.pixels.tolist() == upright.tolist()
    assert (photograph.width, photograph.height) == (2, 3)


def test_icc_profile_to_srgb() -> None:
    # Half the light is 188 in sRGB: 255 * (1.055 * (128/255)^(1/2.4) - 0.055).
    expected = [round(255 * (1.055 * (level / 255) ** (1 / 2.4) - 0.055)) for level in (128, 64, 200)]
    image = Image.new("RGB", (4, 4), (128, 64, 200))
    pixel = first_pixel(encoded(image, "PNG", icc_profile=linear_rgb_profile()))
    assert np.abs(np.array(pixel) - expected).max() <= 2


def test_a_broken_icc_profile_is_ignored() -> None:
    image = Image.new("RGB", (4, 4), (128, 64, 200))
    assert first_pixel(encoded(image, "PNG", icc_profile=b"no profile")) == [128, 64, 200]


def test_alpha_over_white() -> None:
    # A quarter of red over white: 255 * 3/4 + 255 * 1/4, and 255 * 3/4 for the others.
    pixel = first_pixel(encoded(Image.new("RGBA", (2, 2), (255, 0, 0, 64)), "PNG"))
    assert np.abs(np.array(pixel) - [255, 191, 191]).max() <= 2


def test_grey_with_alpha() -> None:
    pixel = first_pixel(encoded(Image.new("LA", (2, 2), (0, 128)), "PNG"))
    assert np.abs(np.array(pixel) - 127).max() <= 2


def test_palette_with_a_transparent_colour() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    pixels = decode(encoded(image, "PNG", transparency=0)).pixels
    assert pixels[0].tolist() == [[255, 255, 255], [200, 100, 50]]


def test_cmyk() -> None:
    # Without a profile: 255 - min(255, ink + black).
    content = encoded(Image.new("CMYK", (8, 8), (255, 102, 0, 51)), "TIFF")
    assert np.abs(np.array(first_pixel(content)) - [0, 122, 204]).max() <= 2


def test_one_bit() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert decode(encoded(image, "PNG")).pixels[0].tolist() == [[0, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("format", ["PNG", "TIFF", "JPEG2000"])
def test_sixteen_bit_grey_is_scaled_not_clipped(format: str) -> None:
    # 25,700 of 65,535 is 100 of 255.
    image = Image.fromarray(np.full((16, 16), 25_700, np.uint16))
    assert np.abs(np.array(first_pixel(encoded(image, format))) - 100).max() <= 2


def test_floating_point_grey_with_a_hole() -> None:
    image = Image.fromarray(np.array([[0.5, np.nan, np.inf]], np.float32))
    assert decode(encoded(image, "TIFF")).pixels[0, :, 0].tolist() == [128, 0, 0]


def test_sixteen_bit_grey_that_counts_from_white() -> None:
    image = Image.fromarray(np.full((4, 4), 25_700, np.uint16))
    content = encoded(image, "TIFF", tiffinfo={262: 0})
    assert abs(first_pixel(content)[0] - 155) <= 2


def test_signed_grey_is_as_light_as_its_greatest_sample() -> None:
    # 12,850 of 32,767 is 100 of 255; the tag 339 says that samples are signed.
    for value, level in ((12_850, 100), (32_767, 255), (-5, 0)):
        image = Image.fromarray(np.full((4, 4), value, np.int16).view(np.uint16))
        assert abs(first_pixel(encoded(image, "TIFF", tiffinfo={339: 2}))[0] - level) <= 1


def test_transparent_levels_of_grey() -> None:
    deep = Image.fromarray(np.array([[25_700, 9]], np.uint16))
    pixels = decode(encoded(deep, "PNG", transparency=9)).pixels
    assert np.abs(pixels[0].astype(int) - [[100] * 3, [255] * 3]).max() <= 2
    bits = Image.new("1", (2, 1))
    bits.putpixel((1, 0), 1)
    assert decode(encoded(bits, "PNG", transparency=0)).pixels[0].tolist() == [[255, 255, 255], [255, 255, 255]]


def test_names_that_no_file_can_have() -> None:
    for name in ("x" * 300 + ".jpg", "a\0b.jpg"):
        with pytest.raises(UndecodableImageError, match="cannot be read: "):
            decode(Path(name))


def test_an_image_without_pixels() -> None:
    with pytest.raises(ShapeError, match="0 x 5 pixels has nothing to read"):
        from_pillow(Image.new("RGB", (0, 5)))


@pytest.mark.parametrize(("value", "level"), [(0.5, 128), (100.0, 100), (25_700.0, 100)])
def test_floating_point_grey(value: float, level: int) -> None:
    image = Image.fromarray(np.array([[value, 0.0]], np.float32))
    assert abs(first_pixel(encoded(image, "TIFF"))[0] - level) <= 1


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    for format in ("GIF", "WEBP"):
        content = encoded(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
        assert np.abs(np.array(first_pixel(content)) - [255, 0, 0]).max() <= 2


def test_moment_from_exif() -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:06:01 12:30:00"
    image = Image.new("RGB", (8, 8))
    assert decode(encoded(image, "JPEG", exif=exif)).taken == "2019:06:01 12:30:00"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "last summer"
    assert decode(encoded(image, "JPEG", exif=exif)).taken is None


def test_resize_square_averages() -> None:
    # A 64 x 64 checkerboard of single pixels is even grey at any smaller size.
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    pixels = from_pillow(Image.fromarray(board), size=16).pixels
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels[2:-2, 2:-2].astype(int) - 128).max() <= 3


def test_reduced_decoding_gives_nearly_the_same() -> None:
    content = encoded(Image.fromarray(noise(1600, 3)), "JPEG", quality=95)
    reduced = decode(content, size=96).pixels.astype(int)
    full = from_pillow(Image.open(BytesIO(content)), size=96).pixels.astype(int)
    assert np.abs(reduced - full).mean() < 1.5


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "the file is empty"),
        (b"Dear diary, today I saw a photo.", "not an image: no known signature in its first bytes"),
        (encoded(Image.fromarray(noise(64, 1)), "JPEG")[:900], "damaged: image file is truncated"),
        (encoded(Image.fromarray(noise(64, 1)), "PNG")[:900], "damaged: "),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged, or a kind of PNG that cannot be read"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "damaged, or a kind of JPEG that cannot be read"),
    ],
)
def test_causes(content: bytes, cause: str) -> None:
    with pytest.raises(UndecodableImageError, match=f"^{cause}"):
        decode(content)


def test_pixel_limit_names_the_option() -> None:
    content = encoded(Image.new("L", (100, 50)), "PNG")
    with pytest.raises(UndecodableImageError, match=r"100 x 50 is over the limit of 4,999 pixels; .* --max-pixels"):
        decode(content, limits=Limits(max_pixels=4999))
    assert decode(content, limits=Limits(max_pixels=5000)).width == 100


def test_missing_file_folder_and_no_permission(tmp_path: Path) -> None:
    with pytest.raises(UndecodableImageError, match="no such file"):
        decode(tmp_path / "nowhere.jpg")
    with pytest.raises(UndecodableImageError, match="it is a folder"):
        decode(tmp_path)
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(Image.new("L", (4, 4)), "PNG"))
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(UndecodableImageError, match="no permission to read it"):
            decode(path)
    finally:
        os.seteuid(user)
