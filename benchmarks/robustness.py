"""How far a reading moves when the picture hardly changes: ``python benchmarks/robustness.py``.

On all of GAPED, which the shipped model never saw, and for large photographs on scikit-image's own. The change of the
top emotion's probability and of valence, and how often the top emotion stays, beside the spread between pictures.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageOps

import development
from emoir import Model
from emoir.emotions import EmotionReading
from emoir.evaluate.provenance import provenance

LARGE = (4000, 3000)


def encoded(image: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG quality 30": lambda image: encoded(image, 30),
    "half the size": lambda image: encoded(image.resize((image.width // 2, image.height // 2)), 92),
    "mirrored": lambda image: encoded(ImageOps.mirror(image), 92),
    "in greys": lambda image: encoded(image.convert("L").convert("RGB"), 92),
}


def line(name: str, before: list[EmotionReading], after: list[EmotionReading]) -> None:
    tops = [reading.top("mikels") for reading in before]
    p = np.array([r.distributions["mikels"][top] for r, top in zip(before, tops, strict=True)])
    q = np.array([r.distributions["mikels"][top] for r, top in zip(after, tops, strict=True)])
    v, w = np.array([r.valence for r in before]), np.array([r.valence for r in after])
    same = np.mean([r.top("mikels") == top for r, top in zip(after, tops, strict=True)])
    print(
        f"| {name} | {len(before)} | {abs(p - q).mean():.3f} / {np.quantile(abs(p - q), 0.95):.3f} | {same:.2f} | "
        f"{abs(v - w).mean():.3f} / {np.quantile(abs(v - w), 0.95):.3f} |"
    )


def main() -> None:
    model = Model()
    images = [Image.open(path).convert("RGB") for path in development.load("gaped").paths]
    before = [model.read(encoded(image, 92)) for image in images]
    print("| change | images | top emotion's probability: mean / 95 % | top stays | valence: mean / 95 % |")
    print("|---|---|---|---|---|")
    for name, change in CHANGES.items():
        line(name, before, [model.read(change(image)) for image in images])
    folder = Path(skimage.__file__).parent / "data"
    large, small = [], []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg")):
        with Image.open(path) as image:
            if min(image.size) < 256 or image.mode not in ("RGB", "L"):
                continue
            original = image.convert("RGB").resize(LARGE, Image.Resampling.LANCZOS)
        scale = 256 / min(LARGE)
        reduced = original.resize((round(LARGE[0] * scale), round(LARGE[1] * scale)), Image.Resampling.LANCZOS)
        large.append(model.read(encoded(original, 90)))
        small.append(model.read(encoded(reduced, 90)))
    line("12 megapixels against shorter side 256", large, small)
    tops = np.array([reading.distributions["mikels"][reading.top("mikels")] for reading in before])
    valence = np.array([reading.valence for reading in before])
    print(f"\ndeviation between pictures: top emotion's probability {tops.std():.3f}, valence {valence.std():.3f}")
    print("\n" + provenance(f"model {model.id}", "GAPED; scikit-image's, enlarged"))


if __name__ == "__main__":
    main()
