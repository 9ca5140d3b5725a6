"""From which score on a picture has a colour: ``python benchmarks/search_colour_cut.py``.

600 pictures are cut at random from the photographs that come with scikit-image and scikit-learn, half of them with
their hues turned. A picture has a colour if one pixel in fifty is called by it: of a word, one whose nearest name is a
shade of it; of ``near:``, one that lies within 15 of it in CIELAB. The score from which on a search shows a picture is
the one of the largest F-measure on half of the pictures, the mean over colours, words and ``near:``. Printed:
precision, recall and F-measure on the other half, against showing all pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import sklearn
from numpy.typing import NDArray
from PIL import Image, ImageColor

from emoir.emotions import MIKELS
from emoir.evaluate.provenance import provenance
from emoir.images.colour_names import colour_name, shades
from emoir.images.lab import srgb_to_lab
from emoir.images.palette import palette_histogram
from emoir.index.layout import RowLayout
from emoir.search.component import COLOUR_FITS_FROM, QueryComponent
from emoir.search.terms.colours import colour_component, parse_colour, shades_component
from photographs import sources

COUNT = 600
SIDE = 96
HAS_FROM = 0.02
REACH = 15.0
WORDS = ("black", "grey", "white", "red", "pink", "brown", "orange", "yellow", "green", "blue", "purple")
CUTS = np.arange(0, 0.61, 0.02)
LAYOUT = RowLayout({"mikels": MIKELS.names}, 128)
TITLES = ("precision", "recall", "F-measure", "of all images")


def pictures(random: np.random.Generator) -> list[NDArray[np.uint8]]:
    """(SIDE, SIDE, 3) sRGB each."""
    folder = Path(sklearn.__file__).parent / "datasets" / "images"
    photographs = [*sources(), *(Image.open(path).convert("RGB") for path in sorted(folder.glob("*.jpg")))]
    found = []
    for number in range(COUNT):
        source = photographs[number % len(photographs)]
        side = int(random.uniform(0.15, 0.9) * min(source.size))
        left, top = (int(random.integers(0, length - side + 1)) for length in source.size)
        cut = source.resize((SIDE, SIDE), box=(left, top, left + side, top + side))
        if number % 2:
            hue, *others = cut.convert("HSV").split()
            turn = int(random.integers(0, 256))
            turned = hue.point([(value + turn) % 256 for value in range(256)])
            cut = Image.merge("HSV", (turned, *others)).convert("RGB")
        found.append(np.asarray(cut))
    return found


def named(pixels: NDArray[np.uint8], word: str) -> float:
    """The share of pixels whose nearest name is a shade of a colour."""
    colours, counts = np.unique(pixels.reshape(-1, 3) // 8 * 8 + 4, axis=0, return_counts=True)
    names = shades(word)
    called = [_name(*colour) in names for colour in colours.tolist()]
    return float(counts[called].sum() / counts.sum())


@cache
def _name(red: int, green: int, blue: int) -> str:
    return colour_name(f"#{red:02x}{green:02x}{blue:02x}")


def near(pixels: NDArray[np.uint8], word: str) -> float:
    """The share of pixels that lie close to a colour."""
    colour = np.array([ImageColor.getrgb(word)[:3]], np.uint8)
    return float((np.linalg.norm(srgb_to_lab(pixels.reshape(-1, 3)) - srgb_to_lab(colour), axis=1) <= REACH).mean())


def figures(scores: NDArray[np.float64], has: NDArray[np.bool_], cut: float) -> NDArray[np.float64]:
    """(w, 4) of each colour with pictures that have it: see ``TITLES``."""
    found = []
    for score, truly in zip(scores, has, strict=True):
        shown = score >= cut
        if truly.any():
            both = (shown & truly).sum()
            found.append(
                (both / max(shown.sum(), 1), both / truly.sum(), 2 * both / (shown.sum() + truly.sum()), shown.mean())
            )
    return np.array(found)


def main() -> None:
    found = pictures(np.random.default_rng(0))
    rows = np.zeros((COUNT, LAYOUT.length), np.float32)
    rows[:, LAYOUT.palette] = np.sqrt([palette_histogram(pixels) for pixels in found])
    rows = rows.astype(np.float16).astype(np.float32)
    chosen_on = np.arange(COUNT) // 2 % 2 == 0
    asked: dict[str, tuple[Callable[[str], QueryComponent], Callable[[NDArray[np.uint8], str], float]]] = {
        "words": (lambda word: shades_component([word], LAYOUT), named),
        "`near:`": (lambda word: colour_component((str(parse_colour(word)),), LAYOUT), near),
    }
    scores, has = {}, {}
    for title, (component, share) in asked.items():
        scores[title] = np.array([rows @ component(word).vector for word in WORDS], np.float64)
        has[title] = np.array([[share(pixels, word) >= HAS_FROM for pixels in found] for word in WORDS])
    means = [
        np.mean([figures(scores[one][:, chosen_on], has[one][:, chosen_on], cut)[:, 2].mean() for one in asked])
        for cut in CUTS.tolist()
    ]
    best = float(CUTS[int(np.argmax(means))])
    print(f"| {(~chosen_on).sum()} pictures | colours | {' | '.join(TITLES)} |")
    print("|---|---|---|---|---|---|")
    for title in asked:
        for name, cut in (("all pictures", 0.0), ("the chosen score", best)):
            values = figures(scores[title][:, ~chosen_on], has[title][:, ~chosen_on], cut)
            cells = " | ".join(f"{value:.3f}" for value in values.mean(axis=0))
            print(f"| {title}, {name} | {len(values)} | {cells} |")
    print(f"\nchosen: {best:.2f}; in the program: {COLOUR_FITS_FROM:.2f}\n")
    print(provenance("photographs of scikit-image and scikit-learn, random cuts, half with hues turned; seed 0"))


if __name__ == "__main__":
    main()
