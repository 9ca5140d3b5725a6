"""Mutated pictures: crashes, wrong pictures without a word, peak memory and time.

Files of a photograph of scikit-image, in every format that is read, are cut off, overwritten at their end with zeros,
ones or noise, closed too early, followed by a trailer, and changed in single bits. A real process decodes each; what it
gives is compared with the whole picture, pixel by pixel. Printed are the table of docs/reliability.md and one line of
how it was made.

    python benchmarks/hostile_pictures.py [--mutations 5200]
"""

from __future__ import annotations

import argparse
import resource
import struct
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_jxl  # noqa: F401 (lets Pillow write JPEG XL)
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import UndecodableImageError
from emoir.extract.memory import memory_limit
from emoir.images.decode import decode
from emoir.limits import DEFAULT_LIMITS

SEED, SIDE = 20261128, 192
# Pixels that differ by more than this are another picture's; so many of them may be missing from an incomplete one.
LEVELS, MISSING = 8, 0.08
# A picture of which more is there than this is to be read.
NEARLY_ALL = 0.95
END_OF_JPEG = b"\xff\xd9"
STRIP_OFFSETS = 273
# Noise: the encoder is no dependency.
HEIC = Path(__file__).parent.parent / "tests" / "images" / "files" / "tall.heic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file."""

    verdict: str
    wrong: float
    seconds: float
    peak: int


def formats() -> dict[str, bytes]:
    """One whole file of every kind."""
    rgb = Image.fromarray(skimage.data.astronaut()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    grey, frames = rgb.convert("L"), [rgb.rotate(90), rgb.rotate(180)]
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    return {
        "JPEG, baseline": encoded(rgb, "JPEG", quality=88),
        "JPEG, progressive": encoded(rgb, "JPEG", quality=88, progressive=True),
        "JPEG, restart markers": encoded(rgb, "JPEG", quality=88, restart_marker_rows=1),
        "JPEG, grey": encoded(grey, "JPEG"),
        "JPEG, CMYK": encoded(rgb.convert("CMYK"), "JPEG"),
        "PNG, RGB": encoded(rgb, "PNG"),
        "PNG, palette": encoded(rgb.quantize(64), "PNG"),
        "PNG, 16 bits": encoded(deep, "PNG"),
        "GIF": encoded(rgb, "GIF"),
        "GIF, animated": encoded(rgb, "GIF", save_all=True, append_images=frames),
        "BMP": encoded(rgb, "BMP"),
        "TIFF": encoded(rgb, "TIFF"),
        "TIFF, LZW": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "TIFF, LZW, directory first": directory_first(encoded(rgb, "TIFF", compression="tiff_lzw")),
        "TIFF, deflate, directory first": directory_first(encoded(rgb, "TIFF", compression="tiff_adobe_deflate")),
        "TIFF, PackBits, directory first": directory_first(encoded(rgb, "TIFF", compression="packbits")),
        "WebP": encoded(rgb, "WEBP"),
        "WebP, lossless": encoded(rgb, "WEBP", lossless=True),
        "AVIF": encoded(rgb, "AVIF"),
        "HEIC": HEIC.read_bytes(),
        "JPEG 2000": encoded(rgb, "JPEG2000"),
        "JPEG XL": encoded(rgb, "JXL"),
    }


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    """The content of an image file."""
    stream = BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def directory_first(content: bytes) -> bytes:
    """A TIFF of libtiff's with its directory, and all the values in it, before the pixels instead of behind them."""
    (at,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, at)
    directory, values = bytearray(content[at : at + 2 + 12 * count + 4]), bytearray()
    fields = []
    for place in range(2, 2 + 12 * count, 12):
        tag, kind, number, value = struct.unpack_from("<HHII", directory, place)
        length = number * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}[kind]
        fields.append((place, tag, value, length if length > 4 else 0))
    moved = len(directory) + sum(length for *_, length in fields)
    for place, tag, value, length in fields:
        kept = content[value : value + length]
        if tag == STRIP_OFFSETS and length:
            kept = b"".join(struct.pack("<I", offset + moved) for (offset,) in struct.iter_unpack("<I", kept))
        if length or tag == STRIP_OFFSETS:
            struct.pack_into("<I", directory, place + 8, 8 + len(directory) + len(values) if length else value + moved)
        values += kept
    return bytes(content[:4] + struct.pack("<I", 8) + directory + values + content[8:at])


def mutations(content: bytes, count: int, random: np.random.Generator) -> Iterator[tuple[str, float, bytes]]:
    """Files made of a whole one: what was done, the share of its bytes that is there, and the file."""
    for number in range(count):
        kept = int(len(content) * (random.uniform(0.9, 1) if number % 2 else random.uniform(0.05, 1)))
        rest = len(content) - kept
        match number % 7:
            case 0:
                yield "cut off", kept / len(content), content[:kept]
            case 1:
                yield "cut off", kept / len(content), content[:kept] + (b"\0" if number % 4 else b"\xff") * (rest + 64)
            case 2:
                yield "trailer", 1, content + random.bytes(int(random.integers(1, 5000)))
            case 3:
                yield "end marker lost", 1, content[:-2] + random.bytes(int(random.integers(0, 3000)))
            case 4:
                yield "closed too early", 1, content[:kept] + END_OF_JPEG
            case _:
                changed = bytearray(content)
                for place in random.integers(0, len(content), int(random.integers(1, 9))).tolist():
                    changed[place] ^= 1 << int(random.integers(8))
                yield "bits changed", 1, bytes(changed)


def look(content: bytes, whole: NDArray[np.uint8]) -> Outcome:
    """Decode a file, in the process that does so."""
    began = time.process_time()
    wrong = 0.0
    try:
        found = decode(content)
        verdict = "incomplete" if found.incomplete else "read"
        same = found.pixels.shape == whole.shape
        wrong = float((abs(found.pixels.astype(int) - whole).max(axis=2) > LEVELS).mean()) if same else 1.0
    except UndecodableImageError:
        verdict = "refused"
    seconds = time.process_time() - began
    return Outcome(
        verdict=verdict,
        wrong=wrong,
        seconds=seconds,
        peak=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=5200)
    total = parser.parse_args().mutations
    random = np.random.default_rng(SEED)
    files = formats()
    each = -(-total // len(files))
    heads = (
        "read whole",
        "incomplete",
        "refused",
        "cut late: read",
        "wrong, noticed",
        "wrong, unnoticed: bits",
        "others",
    )
    print("| format | files | " + " | ".join(heads) + " |")
    print("|---|---" + "|---" * len(heads) + "|")
    slowest, peak, crashes, made = 0.0, 0, 0, 0
    pool = ProcessPoolExecutor(1)
    for name, content in files.items():
        whole = decode(content).pixels
        counts = Counter[str]()
        for kind, share, mutated in mutations(content, each, random):
            made += 1
            try:
                outcome = pool.submit(look, mutated, whole).result()
            except BrokenProcessPool:
                crashes, pool = crashes + 1, ProcessPoolExecutor(1)
                continue
            slowest, peak = max(slowest, outcome.seconds), max(peak, outcome.peak)
            counts[outcome.verdict] += 1
            if kind == "cut off" and share >= NEARLY_ALL:
                counts["late"] += 1
                counts["late, read"] += outcome.verdict != "refused"
            if outcome.verdict == "incomplete" and outcome.wrong > MISSING:
                counts["noticed"] += 1
            if outcome.verdict == "read" and outcome.wrong > 0:
                counts["bits" if kind == "bits changed" else "others"] += 1
        late = f"{counts['late, read']} of {counts['late']}"
        before, behind = ("read", "incomplete", "refused"), ("noticed", "bits", "others")
        cells = [*(counts[key] for key in before), late, *(counts[key] for key in behind)]
        print(f"| {name} | {each} | " + " | ".join(map(str, cells)) + " |", flush=True)
    pool.shutdown()
    cost = f"at most {peak / 1e6:.0f} MB and {slowest:.2f} s of computing"
    limits = f"{memory_limit(DEFAULT_LIMITS) / 1e6:,.0f} MB and {DEFAULT_LIMITS.seconds_per_file:g} s are allowed"
    print(f"\n> {made:,} files, {crashes} crashes; {cost} ({limits}); seed {SEED}.")


if __name__ == "__main__":
    main()
