"""The network's time against the JPEG decoder's, on one core: ``python benchmarks/forward_time.py``.

Photographs are those of ``photographs.py``. Printed: the median time of one forward pass, of decoding and resizing
one photograph through the package's own function, their ratio, and the size of the model's files. Nothing else may run.
"""

from __future__ import annotations

import io
import time

import numpy as np
from PIL import Image

from emoir import Model
from emoir.evaluate.provenance import provenance
from emoir.images.decode import decode
from photographs import LARGEST, SMALLEST, photographs

COUNT, REPEATS = 60, 5


def main() -> None:
    model = Model()
    files = list(photographs(COUNT))
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
