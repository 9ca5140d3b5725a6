"""The unrated pictures as one collection, and the views of them that one pass of pre-training shows."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.errors import TrainingError
from emoir.files import atomic_write
from emoir.images.resize_square import resize_square
from weights.sources import SOURCES

# Of the pictures of every source, by the name of their object: never learnt from.
HELD_OUT_EVERY = 100
DEFAULT_SIDE = 144
# How often a pass shows the pictures of a source; 1 where not named. The rated sets resemble people, animals, objects
# and what people post more than scenes.
SHARES = {"miniplaces": 0.4, "mini_imagenet84": 0.7, "web": 2.0, "tweets": 2.0, "flickr8k": 2.0, "coco_sub": 2.0}
SMALLEST_AREA, ASPECT = 0.3, 4 / 3
WHOLE = 0.2
HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pixels of one source, mapped from disk, and which rows may be learnt from."""

    pixels: NDArray[np.uint8]
    learnt: NDArray[np.intp]
    held_out: NDArray[np.intp]

    @classmethod
    def open(cls, folder: Path, source: str) -> Pictures:
        """The pictures that ``pictures.py`` took."""
        side = SOURCES[source].side if source in SOURCES else DEFAULT_SIDE
        with (folder / f"{source}.csv").open(newline="") as table:
            names = [row["object"] for row in csv.DictReader(table)]
        pixels = np.memmap(folder / f"{source}.pixels", np.uint8, "r").reshape(-1, side, side, 3)
        if len(names) != len(pixels):
            raise TrainingError(f"{folder / source}.pixels holds {len(pixels)} pictures, its table names {len(names)}")
        kept = np.array([zlib.crc32(name.encode()) % HELD_OUT_EVERY == 0 for name in names])
        return cls(pixels, np.flatnonzero(~kept), np.flatnonzero(kept))


@dataclass(frozen=True, slots=True)
class View:
    """A box of a picture: left, top, right, bottom in [0, 1]."""

    source: str
    row: int
    box: tuple[float, float, float, float]


def cut(image: Image.Image, box: tuple[float, float, float, float]) -> Image.Image:
    """The part of a picture inside left, top, right, bottom in [0, 1], rounded to whole pixels.

    Example:
        >>> cut(Image.new("RGB", (10, 20)), (0.1, 0.5, 0.6, 1.0)).size
        (5, 10)
    """
    left, top, right, bottom = box
    edges = (left * image.width, top * image.height, right * image.width, bottom * image.height)
    return image.crop(tuple(round(edge) for edge in edges))  # type: ignore[arg-type]


def draw_box(generator: np.random.Generator) -> tuple[float, float, float, float]:
    """The whole picture in one case of five, else a box with 0.3 to 1 of its area.

    Example:
        >>> left, top, right, bottom = draw_box(np.random.default_rng(0))
        >>> 0 <= left < right <= 1 and 0 <= top < bottom <= 1
        True
    """
    if generator.uniform() < WHOLE:
        return 0.0, 0.0, 1.0, 1.0
    side, stretch = np.sqrt(generator.uniform(SMALLEST_AREA, 1)), ASPECT ** generator.uniform(-0.5, 0.5)
    width, height = min(1.0, float(side * stretch)), min(1.0, float(side / stretch))
    left, top = generator.uniform(0, 1 - width), generator.uniform(0, 1 - height)
    return left, top, left + width, top + height


class ViewPass:
    """The views of one pass, in an order of its own: one a picture, more or less for some sources.

    What sources there were when the pass was begun is written down, so that it stays what it is when others come.

    Args:
        data: folder of the pixels.
        folder: of the passes.
        name: a pass's number, or ``HELD_OUT``: the pictures that are never learnt from.
    """

    def __init__(self, data: Path, folder: Path, name: str) -> None:
        self.data, self.folder, self.name = data, folder / name, name
        self.folder.mkdir(parents=True, exist_ok=True)
        manifest = self.folder / "sources.json"
        if not manifest.exists():
            there = {file.stem: len(Pictures.open(data, file.stem).pixels) for file in sorted(data.glob("*.pixels"))}
            if not there:
                raise TrainingError(f"{data} holds no pixels; run weights.pictures first")
            with atomic_write(manifest) as partial:
                partial.write_text(json.dumps(there))
        self.counts: Mapping[str, int] = json.loads(manifest.read_text())

    @cached_property
    def pictures(self) -> dict[str, Pictures]:
        """Per source its pictures.

        Raises:
            TrainingError: if a source is not what it was when the pass was begun.
        """
        found = {source: Pictures.open(self.data, source) for source in self.counts}
        changed = [source for source in found if len(found[source].pixels) != self.counts[source]]
        if changed:
            raise TrainingError(f"{self.folder} was begun with other pictures of {', '.join(changed)}")
        return found

    @cached_property
    def rows(self) -> list[tuple[str, int]]:
        """Source and row of every view."""
        seed = 0 if self.name == HELD_OUT else 1 + int(self.name)
        generator = np.random.default_rng([seed, 0])
        drawn: list[tuple[str, int]] = []
        for source, pictures in self.pictures.items():
            if self.name == HELD_OUT:
                chosen = pictures.held_out
            else:
                count = round(SHARES.get(source, 1.0) * len(pictures.learnt))
                rounds = [generator.permutation(pictures.learnt) for _ in range(-(-count // len(pictures.learnt)))]
                chosen = np.concatenate(rounds)[:count]
            drawn += [(source, int(row)) for row in chosen]
        return [drawn[at] for at in generator.permutation(len(drawn))]

    def __len__(self) -> int:
        return len(self.rows)

    def view(self, number: int) -> View:
        """The view of the given number: always the same one."""
        seed = 0 if self.name == HELD_OUT else 1 + int(self.name)
        source, row = self.rows[number]
        return View(source, row, draw_box(np.random.default_rng([seed, 1, number])))

    def pixels(self, numbers: NDArray[np.intp], side: int) -> NDArray[np.uint8]:
        """The views of the given numbers as (n, side, side, 3)."""
        parts = []
        for number in numbers.tolist():
            view = self.view(number)
            picture = Image.fromarray(self.pictures[view.source].pixels[view.row])
            parts.append(np.asarray(resize_square(cut(picture, view.box), side)))
        return np.stack(parts)
