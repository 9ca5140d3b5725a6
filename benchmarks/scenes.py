"""Generated scenes: some figures of one shape and colour at a place, each with a caption in English and Chinese.

Of the combinations of number, colour, shape and place a fifth is held out, by a seed of its own, before any training.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIDE, DRAWN = 64, 128
COUNTS = {"one": "一个", "two": "两个", "three": "三个", "four": "四个"}
COLOURS = {
    "red": ("红色", (214, 32, 38)),
    "yellow": ("黄色", (250, 214, 20)),
    "green": ("绿色", (22, 130, 52)),
    "blue": ("蓝色", (28, 62, 200)),
    "purple": ("紫色", (140, 40, 160)),
    "white": ("白色", (250, 250, 250)),
}
SHAPES = {
    "circle": "圆形",
    "square": "方形",
    "triangle": "三角形",
    "star": "星形",
    "cross": "十字形",
    "ring": "圆环",
}
# Place to what is above and below its horizon.
PLACES = {
    "on a meadow": ("草地上", (150, 200, 240), (120, 180, 90)),
    "on a beach": ("海滩上", (90, 170, 210), (226, 202, 150)),
    "in the snow": ("雪地里", (196, 208, 224), (236, 240, 246)),
    "on a street": ("街道上", (150, 140, 136), (96, 96, 100)),
    "at night": ("夜里", (16, 18, 48), (30, 30, 40)),
}
HELD_OUT, HELD_OUT_SEED = 0.2, 20261129


@dataclass(frozen=True, slots=True)
class Scene:
    """One combination, by the English words."""

    count: str
    colour: str
    shape: str
    place: str

    @property
    def english(self) -> str:
        """Such as *two red circles on a beach*."""
        many = "es" if self.shape == "cross" else "s"
        return f"{self.count} {self.colour} {self.shape}{'' if self.count == 'one' else many} {self.place}"

    @property
    def chinese(self) -> str:
        """Such as 海滩上的两个红色圆形."""
        return f"{PLACES[self.place][0]}的{COUNTS[self.count]}{COLOURS[self.colour][0]}{SHAPES[self.shape]}"


def split_scenes() -> tuple[list[Scene], list[Scene]]:
    """All combinations: those to learn from, and those held out."""
    scenes = [Scene(*parts) for parts in product(COUNTS, COLOURS, SHAPES, PLACES)]
    order = np.random.default_rng(HELD_OUT_SEED).permutation(len(scenes))
    held_out = set(order[: round(HELD_OUT * len(scenes))].tolist())
    return (
        [scene for at, scene in enumerate(scenes) if at not in held_out],
        [scenes[at] for at in sorted(held_out)],
    )


def draw(scene: Scene, random: np.random.Generator) -> NDArray[np.uint8]:
    """A picture of a scene, (64, 64, 3) uint8: places, sizes, turns, light and noise differ from one to the next."""
    _, above, below = PLACES[scene.place]
    image = Image.new("RGB", (DRAWN, DRAWN), above)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, int(random.integers(30, 60)), DRAWN, DRAWN), fill=below)
    cells = random.permutation(9)[: list(COUNTS).index(scene.count) + 1]
    for cell in cells.tolist():
        centre = (np.array(divmod(cell, 3)) + 0.5) * DRAWN / 3 + random.uniform(-4, 4, 2)
        _figure(pen, scene, (float(centre[0]), float(centre[1])), float(random.uniform(12, 17)), random)
    pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32)
    lit = pixels * random.uniform(0.85, 1.1) + random.normal(0, 6, pixels.shape)
    return np.asarray(lit.clip(0, 255), np.uint8)


def _figure(
    pen: ImageDraw.ImageDraw, scene: Scene, centre: tuple[float, float], radius: float, random: np.random.Generator
) -> None:
    fill, line = COLOURS[scene.colour][1], (10, 10, 10)
    x, y = centre
    box = (x - radius, y - radius, x + radius, y + radius)
    turn = random.uniform(-0.25, 0.25)
    if scene.shape == "circle":
        pen.ellipse(box, fill=fill, outline=line, width=2)
    elif scene.shape == "ring":
        pen.ellipse(box, outline=line, width=9)
        pen.ellipse((x - radius + 2, y - radius + 2, x + radius - 2, y + radius - 2), outline=fill, width=6)
    else:
        pen.polygon([(x + radius * u, y + radius * v) for u, v in _corners(scene.shape, turn)], fill=fill, outline=line)


def _corners(shape: str, turn: float) -> list[tuple[float, float]]:
    if shape == "cross":
        third = 0.34
        arm = [(-third, -1), (third, -1), (third, -third), (1, -third), (1, third), (third, third)]
        plain = arm + [(-u, -v) for u, v in arm]
    else:
        count, reach = {"square": (4, (1.15,)), "triangle": (3, (1.2,)), "star": (10, (1.2, 0.5))}[shape]
        start = np.pi / 4 if shape == "square" else -np.pi / 2
        angles = start + 2 * np.pi * np.arange(count) / count
        plain = [
            (float(np.cos(angle)) * reach[at % len(reach)], float(np.sin(angle)) * reach[at % len(reach)])
            for at, angle in enumerate(angles)
        ]
    cosine, sine = float(np.cos(turn)), float(np.sin(turn))
    return [(u * cosine - v * sine, u * sine + v * cosine) for u, v in plain]
