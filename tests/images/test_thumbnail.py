from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.images.thumbnail import ThumbnailCache, thumbnail
from tests.pictures import encoded, noise


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize(
    ("size", "expected"), [((1200, 300), (240, 60)), ((300, 1200), (60, 240)), ((100, 50), (100, 50))]
)
def test_proportions_are_kept_and_nothing_is_enlarged(size: tuple[int, int], expected: tuple[int, int]) -> None:
    small = opened(thumbnail(encoded(Image.new("RGB", size, "teal"), "JPEG"), 240))
    assert (small.format, small.size) == ("WEBP", expected)


def test_it_looks_like_the_picture() -> None:
    picture = noise(512, 3)
    small = np.asarray(opened(thumbnail(encoded(Image.fromarray(picture), "PNG"), 128)).convert("RGB")).astype(float)
    reduced = np.asarray(Image.fromarray(picture).resize((128, 128), Image.Resampling.LANCZOS)).astype(float)
    assert np.abs(small - reduced).mean() < 4


def test_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[274] = 6
    content = encoded(Image.new("RGB", (400, 200)), "JPEG", exif=exif)
    assert opened(thumbnail(content, 100)).size == (50, 100)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(UndecodableImageError):
        thumbnail(b"nothing", 100)


def test_the_cache_keeps_what_it_was_given(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "cache")
    assert cache.find(b"\x01" * 32, 48) is None
    cache.keep(b"\x01" * 32, 48, b"small")
    assert cache.find(b"\x01" * 32, 48) == b"small"
    assert cache.find(b"\x01" * 32, 24) is None


def test_what_was_not_asked_for_the_longest_goes_first(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "cache")
    for number in range(3):
        cache.keep(bytes([number]) * 32, 48, b"x" * 100)
    files = sorted((tmp_path / "cache").glob("*/*"))
    for age, file in zip((10, 30, 20), files, strict=True):
        os.utime(file, (1_000_000 - age, 1_000_000 - age))
    ThumbnailCache(tmp_path / "cache", limit=200)
    assert sorted((tmp_path / "cache").glob("*/*")) == [files[0], files[2]]


def test_a_cache_that_cannot_be_written_costs_speed_only(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "cache")
    # A file stands where the folder of this digest belongs.
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "02").write_bytes(b"")
    cache.keep(b"\x02" * 32, 48, b"small")
    assert cache.find(b"\x02" * 32, 48) is None
