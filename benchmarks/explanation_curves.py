"""Whether the maps point at what matters: deletion and insertion curves, ``python benchmarks/explanation_curves.py``.

On 120 images of GAPED, which the shipped model never saw. Deletion: the cells of an 8 x 8 grid are covered by blur in
the order of the map, the most important first, and the mean probability of the top emotion over the steps is taken
(lower is better). Insertion: the same cells are uncovered on a blurred picture (higher is better). Beside: dense
occlusion, which covers all 25 windows of half the side and all 81 of a quarter, and a random order.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from numpy.typing import NDArray

import development
from emoir import Model
from emoir.emotions.reading import EmotionReadings
from emoir.evaluate import mean_interval
from emoir.evaluate.provenance import provenance
from emoir.explain import explain
from emoir.explain.occlusion import COARSE, FINE, blurred, occlusion_map, window_means, window_scores, windows

IMAGES, TIMED, GRID, STEPS = 120, 30, 8, 8


def cell_means(where: NDArray[np.floating]) -> NDArray[np.float64]:
    """(64,) mean of a map over the cells."""
    side = len(where) // GRID
    cells = where[: side * GRID, : side * GRID].reshape(GRID, side, GRID, side)
    return np.asarray(cells.mean(axis=(1, 3)).ravel(), dtype=np.float64)


def areas(model: Model, pixels: NDArray[np.uint8], order: NDArray[np.intp], column: int) -> tuple[float, float]:
    """Area under the deletion and the insertion curve."""
    side, cover = len(pixels) // GRID, blurred(pixels)
    deleted, inserted = pixels.copy(), cover.copy()
    batch = [deleted.copy(), inserted.copy()]
    for chunk in np.array_split(order, STEPS):
        for cell in chunk:
            rows = slice(cell // GRID * side, (cell // GRID + 1) * side)
            columns = slice(cell % GRID * side, (cell % GRID + 1) * side)
            deleted[rows, columns], inserted[rows, columns] = cover[rows, columns], pixels[rows, columns]
        batch += [deleted.copy(), inserted.copy()]
    p = model.read_pixels(np.stack(batch)).distributions["mikels"][:, column]
    return float(p[::2].mean()), float(p[1::2].mean())


def dense_map(model: Model, pixels: NDArray[np.uint8], column: int) -> NDArray[np.float32]:
    """The fall of a probability, with every window covered: 107 readings."""
    side, score = len(pixels), partial(_share, column)
    boxes = windows(side, COARSE) + windows(side, FINE)
    whole = float(score(model.read_pixels(pixels[None]))[0])
    falls = whole - window_scores(pixels, blurred(pixels), boxes, model.read_pixels, score)
    return window_means(side, boxes, falls)


def _share(column: int, readings: EmotionReadings) -> NDArray[np.float32]:
    return readings.distributions["mikels"][:, column]


def main() -> None:
    model = Model()
    generator = np.random.default_rng(0)
    paths = generator.choice(np.array(development.load("gaped").paths), IMAGES, replace=False)
    found: dict[str, list[tuple[float, float]]] = {"occlusion map": [], "dense occlusion": [], "random": []}
    seconds: dict[str, list[float]] = {"occlusion map": [], "dense occlusion": [], "explanation": []}
    for number, path in enumerate(paths):
        pixels = model.load(path).pixels
        column = int(model.read_pixels(pixels[None]).distributions["mikels"][0].argmax())
        makers = {
            "occlusion map": partial(occlusion_map, pixels, model.read_pixels, partial(_share, column)),
            "dense occlusion": partial(dense_map, model, pixels, column),
        }
        orders = {}
        for name, make in makers.items():
            start = time.process_time()
            orders[name] = cell_means(make())
            seconds[name].append(time.process_time() - start)
        if number < TIMED:
            start = time.process_time()
            explain(path, model)
            seconds["explanation"].append(time.process_time() - start)
        orders["random"] = generator.random(GRID**2)
        for name, importance in orders.items():
            found[name].append(areas(model, pixels, np.argsort(-importance, kind="stable"), column))
    print("| order | deletion, lower is better | insertion, higher is better |\n|---|---|---|")
    for name, values in found.items():
        deletion, insertion = (mean_interval(np.array(side)) for side in zip(*values, strict=True))
        print(f"| {name} | {deletion} | {insertion} |")
    print("\n| occlusion map against | deletion, difference | insertion, difference |\n|---|---|---|")
    for name in ("dense occlusion", "random"):
        gaps = np.array(found["occlusion map"]) - np.array(found[name])
        print(f"| {name} | {mean_interval(gaps[:, 0])} | {mean_interval(gaps[:, 1])} |")
    print("\n| computing time on one core | median, s | most, s |\n|---|---|---|")
    for name, values_of in seconds.items():
        print(f"| {name} | {np.median(values_of):.2f} | {max(values_of):.2f} |")
    print("\n" + provenance(f"model {model.id}", f"{IMAGES} images of GAPED, seed 0"))


if __name__ == "__main__":
    main()
