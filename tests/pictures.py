"""Pictures that tests make for themselves."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def noise(side: int, seed: int) -> NDArray[np.uint8]:
    """Smooth coloured noise, different for every seed: a stand-in for a photograph."""
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC))


def save_photos(folder: Path, count: int, *, first_seed: int = 0, side: int = 64) -> list[Path]:
    """JPEGs of noise, one seed each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{seed:04}.jpg" for seed in range(first_seed, first_seed + count)]
    for seed, path in enumerate(paths, first_seed):
        Image.fromarray(noise(side, seed)).save(path, quality=90)
    return paths


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    """The content of an image file."""
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def linear_rgb_profile() -> bytes:
    """An ICC profile with sRGB's primaries and no gamma: a value of 0.5 is half the light.

    Written by hand from ICC.1:2001-04; the primaries are adapted to D50 as the standard asks.
    """

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def point(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(x) + fixed(y) + fixed(z)

    description = b"linear\0"
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", len(description)) + description + bytes(78)),
        (b"cprt", b"text\0\0\0\0none\0"),
        (b"wtpt", point(0.9642, 1.0, 0.8249)),
        (b"rXYZ", point(0.4360, 0.2225, 0.0139)),
        (b"gXYZ", point(0.3851, 0.7169, 0.0971)),
        (b"bXYZ", point(0.1431, 0.0606, 0.7141)),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags:
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    header = struct.pack(">I4sI4s4s4s12s4s", 0, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ", bytes(12), b"acsp")
    header += bytes(28) + fixed(0.9642) + fixed(1.0) + fixed(0.8249) + bytes(48)
    profile = header + struct.pack(">I", len(tags)) + table + body
    return struct.pack(">I", len(profile)) + profile[4:]
