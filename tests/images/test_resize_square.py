from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir.images.bands import BAND_PIXELS, bands
from emoir.images.colour import to_srgb
from emoir.images.decode import decode
from emoir.images.resize_square import resize_square, resize_square_to_srgb
from tests.pictures import encoded, linear_rgb_profile, noise


def large(mode: str) -> Image.Image:
    """A picture of several bands whose sides no factor divides, brightest in its last band."""
    side = 1301
    if mode in ("I", "F", "I;16"):
        values = np.asarray(Image.fromarray(noise(side, 4)).convert("L")).astype(np.float64)
        values[-3:, 5] = 300
        if mode == "F":
            values[7, 7], values[8, 8] = np.nan, np.inf
        return Image.fromarray(values.astype({"I": np.int32, "F": np.float32, "I;16": np.uint16}[mode]))
    picture = Image.fromarray(noise(side, 4))
    if mode in ("RGBA", "LA"):
        picture.putalpha(picture.convert("L"))
    return picture.quantize(50) if mode == "P" else picture.convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "LAB", "I", "I;16", "F"])
def test_bands_change_nothing(mode: str) -> None:
    picture = large(mode)
    assert len(list(bands(picture))) == 2
    whole = resize_square(to_srgb(picture), 96)
    assert resize_square_to_srgb(picture, 96).tobytes() == whole.tobytes()


def test_bands_keep_profile_transparency_and_the_order_of_levels() -> None:
    for content in (
        encoded(large("RGB"), "PNG", icc_profile=linear_rgb_profile()),
        encoded(large("P"), "PNG", transparency=3),
        encoded(large("I;16"), "TIFF", tiffinfo={262: 0}),
    ):
        picture = Image.open(BytesIO(content))
        assert resize_square_to_srgb(picture, 96).tobytes() == resize_square(to_srgb(picture), 96).tobytes()


@pytest.mark.parametrize("size", [(1, BAND_PIXELS + 1), (BAND_PIXELS + 1, 1), (2_000, 997)])
def test_bands_of_any_shape(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    assert resize_square_to_srgb(picture, 96).tobytes() == resize_square(to_srgb(picture), 96).tobytes()
    rows = [(top, np.asarray(band)) for top, band in bands(picture, 3)]
    assert all(top % 3 == 0 for top, _ in rows)
    np.testing.assert_array_equal(np.concatenate([band for _, band in rows]), pixels)


def test_damaged_exif_is_ignored() -> None:
    image = Image.fromarray(noise(40, 1))
    photograph = decode(encoded(image, "PNG", exif=b"MMH*\0\0\0\xb6"))
    assert (photograph.pixels.shape, photograph.taken) == ((40, 40, 3), None)


WITH_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from emoir.errors import UndecodableImageError
from emoir.images.decode import decode
_, hard = resource.getrlimit(resource.RLIMIT_DATA)
resource.setrlimit(resource.RLIMIT_DATA, (300_000_000, hard))
try:
    decode(Path(sys.argv[1]), size=96)
except UndecodableImageError as error:
    print(error.retry_when, error)
"""


def test_too_little_memory_is_a_cause_that_a_limit_lifts(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="only Unix limits a process's memory")
    # Half a gigabyte of pixels in half a megabyte.
    Image.new("RGB", (12_000, 12_000)).save(tmp_path / "black.png", compress_level=1)
    command = [sys.executable, "-W", "ignore", "-c", WITH_LITTLE_MEMORY, str(tmp_path / "black.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("max_pixels not enough memory to decode it; a worker takes more if --max-pixels")
