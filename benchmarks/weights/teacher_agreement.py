"""How far the pre-trained network agrees with its teachers.

    PYTHONPATH=benchmarks python benchmarks/weights/teacher_agreement.py

The cosine between what it says and what the teachers say, in the axes of its targets: on views that it learnt from, on
new crops of the same images, and on rated images, which it never saw. The baseline is the cosine with the answer to
another picture of the set. What is lost from the first to the second is a matter of views, from there on one of images.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import development
from emoir.evaluate import mean_interval
from emoir.evaluate.provenance import provenance
from emoir.images.decode import decode
from emoir.images.resize_square import resize_square
from emoir.training.cache import cached_pixels
from emoir.training.inputs import Inputs
from emoir.training.predict import predict
from probes import teacher_features
from weights.cut_views import CROPS, unrated_paths, views
from weights.pretrain import SIZE, TEACHER_DIMENSIONS, pretrained
from weights.teachers import teacher_embeddings, whitened_targets
from weights.views import cut, random_boxes

IMAGES = 400
TEACHER_SIZE = 224
# Seeds of the views that were learnt from are the images' numbers.
FRESH = 1_000_000


def resized(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cached views at the network's size."""
    return np.stack([np.asarray(resize_square(Image.fromarray(view), SIZE)) for view in pixels])


def fresh_crops(paths: list[Path], rows: NDArray[np.intp], teachers: Path) -> tuple[NDArray[np.uint8], np.ndarray]:
    """A crop of every image that was not among its views, and the teachers' embeddings of it."""
    small, large = [], []
    for row in rows.tolist():
        crop = cut(Image.fromarray(decode(paths[row]).pixels), random_boxes(1, [FRESH + row])[1])
        small.append(np.asarray(resize_square(crop, SIZE)))
        large.append(np.asarray(resize_square(crop, TEACHER_SIZE)))
    return np.stack(small), teacher_embeddings(np.stack(large), sorted(teachers.glob("*.onnx")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    parser.add_argument("--teachers", type=Path, default=development.ROOT.parent / "teachers")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network, draws = pretrained().eval(), np.random.default_rng(0)
    cached, paths = views(arguments.run, arguments.teachers), unrated_paths()
    learnt = np.asarray(cached.embeddings)
    some = np.sort(draws.choice(len(paths), IMAGES, replace=False))
    pictures: dict[str, tuple[NDArray[np.uint8], np.ndarray]] = {}
    for view, name in ((0, "learnt from, whole"), (1, "learnt from, a crop")):
        rows = some * (1 + CROPS) + view
        pictures[name] = resized(cached.pixels[rows]), learnt[rows]
    pictures["the same images, a new crop"] = fresh_crops(paths, some, arguments.teachers)
    for name in development.HUMAN_RATED:
        table = development.load(name)
        rows = np.sort(draws.choice(len(table), min(IMAGES, len(table)), replace=False))
        pixels = cached_pixels([table.paths[row] for row in rows], SIZE, arguments.run / "cache")
        pictures[f"{name}, never seen"] = pixels, teacher_features(name)[rows]
    print("| pictures | images | agreement | baseline |\n|---|---|---|---|")
    for name, (pixels, embeddings) in pictures.items():
        target = whitened_targets(np.concatenate([learnt, embeddings]), TEACHER_DIMENSIONS, fitted_on=learnt)[
            len(learnt) :
        ]
        predicted = predict(network, Inputs(pixels))["teacher"]
        predicted = predicted / np.linalg.norm(predicted, axis=1, keepdims=True)
        baseline = (predicted * np.roll(target, 1, axis=0)).sum(axis=1).mean()
        agreement = mean_interval((predicted * target).sum(axis=1))
        print(f"| {name} | {len(pixels)} | {agreement} | {baseline:.3f} |", flush=True)
    print("\n" + provenance("cosine in 384 partly whitened dimensions", "seed 0"))


if __name__ == "__main__":
    main()
