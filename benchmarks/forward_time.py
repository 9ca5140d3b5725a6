"""The network's time against the JPEG decoder's, on one core: ``python benchmarks/forward_time.py``.

Photographs are made from scikit-image's: enlarged to 640 to 4,000 px with grain, 4:2:0, 0.2 to 0.35 bytes a pixel.
Printed: the median time of one forward pass, of decoding and resizing one photograph through the package's own
function, their ratio, and the size of the model's files. Nothing else may run.
"""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

from emoir import Model
from emoir.evaluate.figures import provenance
from emoir.images import decode

COUNT, REPEATS = 60, 5
SMALLEST, LARGEST = 640, 4000
BYTES_PER_PIXEL = (0.2, 0.35)


def photographs() -> list[bytes]:
    """JPEGs of many sizes; grain is added until their size is that of camera files."""
    random = np.random.default_rng(0)
    folder = Path(skimage.__file__).parent / "data"
    sources = []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg")):
        with Image.open(path) as image:
            if image.mode == "RGB" and min(image.size) >= 300:
                sources.append(image.convert("RGB"))
    made = []
    for number in range(COUNT):
        source = sources[number % len(sources)]
        width = int(np.exp(random.uniform(np.log(SMALLEST), np.log(LARGEST))))
        size = (width, max(1, round(width * source.height / source.width)))
        pixels = np.asarray(source.resize(size, Image.Resampling.LANCZOS)).astype(np.float32)
        grain = random.normal(0, 1, (size[1], size[0], 1)).astype(np.float32)
        wanted = random.uniform(*BYTES_PER_PIXEL)
        strength = 2.0
        for _ in range(8):
            noisy = Image.fromarray((pixels + grain * strength).clip(0, 255).astype(np.uint8))
            stream = io.BytesIO()
            noisy.save(stream, "JPEG", quality=85, subsampling="4:2:0")
            share = len(stream.getvalue()) / (size[0] * size[1])
            if BYTES_PER_PIXEL[0] <= share <= BYTES_PER_PIXEL[1]:
                break
            strength *= wanted / share
        made.append(stream.getvalue())
    return made


def main() -> None:
    model = Model()
    files = photographs()
    shares = [len(file) / np.prod(Image.open(io.BytesIO(file)).size) for file in files]
    pixels = [decode(file, size=model.card.size).pixels for file in files]
    decoding, reading = [], []
    for _ in range(REPEATS):
        for file, image in zip(files, pixels, strict=True):
            start = time.perf_counter()
            decode(file, size=model.card.size)
            middle = time.perf_counter()
            model.read_pixels(image[None])
            decoding.append(middle - start)
            reading.append(time.perf_counter() - middle)
    by_photograph = np.median(np.array(reading).reshape(REPEATS, -1), axis=0) / np.median(
        np.array(decoding).reshape(REPEATS, -1), axis=0
    )
    size = (model.folder / "model.onnx").stat().st_size / 1e6
    print(f"{COUNT} photographs, {SMALLEST} to {LARGEST} px wide, {np.median(shares):.2f} bytes a pixel (median)")
    print(f"decode and resize {np.mean(decoding) * 1e3:.2f} ms, forward {np.mean(reading) * 1e3:.2f} ms (means)")
    ratio = np.mean(reading) / np.mean(decoding)
    print(f"ratio of the means {ratio:.2f}; median over photographs {np.median(by_photograph):.2f}")
    print(f"model.onnx {size:.1f} MB")
    print("\n" + provenance(f"model {model.id}", "one thread"))


if __name__ == "__main__":
    main()
