"""Realistic JPEGs for figures of speed: ``python benchmarks/photographs.py FOLDER [COUNT]``.

Made from scikit-image's photographs: enlarged to 640 to 4,000 px (widths even on a logarithmic scale) with grain,
quality 85, 4:2:0; the grain is as strong as brings the file to 0.2 to 0.35 bytes a pixel, as cameras' files have.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

SMALLEST, LARGEST = 640, 4000
BYTES_PER_PIXEL = (0.2, 0.35)
TRIES = 8


def photographs(count: int, seed: int = 0) -> Iterator[bytes]:
    """JPEGs of many sizes, the same ones for the same seed."""
    random = np.random.default_rng(seed)
    originals = sources()
    for number in range(count):
        source = originals[number % len(originals)]
        width = int(np.exp(random.uniform(np.log(SMALLEST), np.log(LARGEST))))
        size = (width, max(1, round(width * source.height / source.width)))
        pixels = np.asarray(source.resize(size, Image.Resampling.LANCZOS)).astype(np.float32)
        grain = random.standard_normal((size[1], size[0], 1), dtype=np.float32)
        wanted = random.uniform(*BYTES_PER_PIXEL)
        strength = 2.0
        for _ in range(TRIES):
            content = _encoded(pixels + grain * strength)
            share = len(content) / (size[0] * size[1])
            if BYTES_PER_PIXEL[0] <= share <= BYTES_PER_PIXEL[1]:
                break
            strength *= wanted / share
        yield content


def photograph_folder(folder: Path, count: int) -> list[Path]:
    """The same as files; made once."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:05}.jpg" for number in range(count)]
    if not all(path.exists() for path in paths):
        for path, content in zip(paths, photographs(count), strict=True):
            path.write_bytes(content)
    return paths


def sources() -> list[Image.Image]:
    """scikit-image's photographs, and its other colour pictures of some size."""
    folder = Path(skimage.__file__).parent / "data"
    found = []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg")):
        with Image.open(path) as image:
            if image.mode == "RGB" and min(image.size) >= 300:
                found.append(image.convert("RGB"))
    return found


def _encoded(pixels: NDArray[np.float32]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=85, subsampling="4:2:0")
    return stream.getvalue()


if __name__ == "__main__":
    photograph_folder(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
