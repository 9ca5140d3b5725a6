"""Scans, drawings, screenshots, grey photographs: do they get loud emotions? ``python benchmarks/neutral_pictures.py``.

Pictures are generated here, 40 of a kind, and grey copies made of scikit-image's photographs; beside them, GAPED's
photographs. Printed: the mean probability of the top Mikels emotion, how often it passes 0.5, mean confidence, the mean
share of neutral, and how many are flagged monochrome.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageFont

import development
from emoir import Model
from emoir.evaluate.provenance import provenance

COUNT, SIZE = 40, (640, 480)
# Paper, ink and panel of a screen.
DARK = (30, 30, 34), (220, 220, 225), (48, 50, 58)
LIGHT = (250, 250, 252), (40, 40, 48), (230, 233, 240)


def word(random: np.random.Generator, length: int) -> str:
    return "".join(map(chr, random.integers(97, 123, length)))


def scan(random: np.random.Generator) -> Image.Image:
    """A page of text, slightly turned, on paper that is not quite white."""
    image = Image.new("RGB", SIZE, (246, 244, 238))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(int(random.integers(12, 22)))
    for row in range(20, SIZE[1] - 20, 26):
        words = (word(random, int(random.integers(2, 9))) for _ in range(11))
        draw.text((30, row), " ".join(words), (40, 40, 45), font=font)
    return image.rotate(random.uniform(-1.5, 1.5), fillcolor=(246, 244, 238))


def drawing(random: np.random.Generator) -> Image.Image:
    """Black lines and ellipses on white."""
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = random.integers(0, SIZE[0], 2), random.integers(0, SIZE[1], 2)
        box = (int(min(x)), int(min(y)), int(max(x)) + 2, int(max(y)) + 2)
        if random.random() < 0.5:
            draw.ellipse(box, outline="black", width=3)
        else:
            draw.line((int(x[0]), int(y[0]), int(x[1]), int(y[1])), fill="black", width=3)
    return image


def screenshot(random: np.random.Generator) -> Image.Image:
    """A window with a bar, a list and panels."""
    dark = random.random() < 0.5
    paper, ink, panel = (
        ((30, 30, 34), (220, 220, 225), (48, 50, 58)) if dark else ((250, 250, 252), (40, 40, 48), (230, 233, 240))
    )
    image = Image.new("RGB", SIZE, paper)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    draw.rectangle((0, 0, SIZE[0], 30), fill=panel)
    draw.rectangle((0, 30, 160, SIZE[1]), fill=panel)
    for row in range(44, SIZE[1] - 20, 24):
        draw.text((12, row), "".join(map(chr, random.integers(97, 123, random.integers(4, 14)))), ink, font=font)
        draw.text(
            (180, row), " ".join(["".join(map(chr, random.integers(97, 123, 6))) for _ in range(8)]), ink, font=font
        )
    draw.rectangle((SIZE[0] - 120, SIZE[1] - 50, SIZE[0] - 20, SIZE[1] - 20), fill=(60, 120, 220))
    return image


def flat(random: np.random.Generator) -> Image.Image:
    """One colour with a little noise, as a covered lens gives."""
    colour = random.integers(20, 236, 3)
    noise = random.normal(0, 3, (SIZE[1], SIZE[0], 3))
    return Image.fromarray(np.clip(colour + noise, 0, 255).astype(np.uint8))


KINDS: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "scans of text": scan,
    "line drawings": drawing,
    "screenshots": screenshot,
    "flat colours": flat,
}


def line(model: Model, name: str, images: list[Image.Image]) -> None:
    readings = [model.read(image) for image in images]
    top = np.array([reading.distributions["mikels"][reading.top("mikels")] for reading in readings])
    neutral = np.mean([reading.distributions["ekman"]["neutral"] for reading in readings])
    sure = np.mean([reading.confidence for reading in readings])
    grey = sum(reading.monochrome for reading in readings)
    cells = [len(images), f"{top.mean():.2f}", f"{(top > 0.5).mean():.2f}", f"{sure:.2f}", f"{neutral:.2f}", grey]
    print(f"| {name} | " + " | ".join(map(str, cells)) + " |")


def photographs() -> list[Image.Image]:
    folder = Path(skimage.__file__).parent / "data"
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg"))
    opened = [Image.open(path) for path in paths]
    return [image.convert("RGB") for image in opened if min(image.size) >= 200 and image.mode == "RGB"]


def main() -> None:
    model = Model()
    print("| pictures | number | top emotion | above 0.5 | confidence | neutral | monochrome |")
    print("|---|---|---|---|---|---|---|")
    for seed, (name, make) in enumerate(KINDS.items()):
        random = np.random.default_rng(seed)
        line(model, name, [make(random) for _ in range(COUNT)])
    line(model, "grey photographs", [image.convert("L").convert("RGB") for image in photographs()])
    line(model, "the same in colour", photographs())
    paths = development.load("gaped").paths
    line(model, "GAPED", [Image.open(path).convert("RGB") for path in paths])
    print("\n" + provenance(f"model {model.id}", "generated pictures, seeds 0 to 3"))


if __name__ == "__main__":
    main()
