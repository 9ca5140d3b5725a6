"""How far the pre-trained network agrees with its teachers.

    cd benchmarks && python -m weights.teacher_agreement --data DATA --passes PASSES --run RUN --axes AXES

The cosine between what it says and what the teachers say, in the axes of its targets (AXES, which pre-training keeps):
on views that it learnt from, on pictures that are never learnt from, and on rated images, which it never saw. RUN holds
what ``kept_statistics.py`` made. The baseline is the cosine with the answer to another picture of the set.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

import development
from emoir.evaluate import mean_interval
from emoir.evaluate.provenance import provenance
from emoir.training.cache import cached_pixels
from emoir.training.inputs import Inputs
from emoir.training.predict import predict
from weights.distil import axes_of
from weights.embed_views import Embeddings
from weights.pretrained import PRETRAINED, pretrained
from weights.unrated import HELD_OUT, ViewPass

IMAGES = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the pixels")
    parser.add_argument("--passes", type=Path, required=True, help="folder of the passes")
    parser.add_argument("--run", type=Path, required=True, help="folder of the kept statistics")
    parser.add_argument("--axes", type=Path, required=True, help="axes.npz of the pre-training")
    parser.add_argument("--trunk", type=Path, default=PRETRAINED, help="the pre-trained network")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network, axes, draws = pretrained(arguments.trunk), axes_of(arguments.axes), np.random.default_rng(0)
    size = network.config.size
    pictures = {}
    for name, title in (("0", "learnt from"), (HELD_OUT, "of the same sources, never seen")):
        views = ViewPass(arguments.data, arguments.passes, name)
        rows = np.arange(IMAGES)
        pictures[title] = views.pixels(rows, size), Embeddings(views.folder).rows(0, IMAGES)
    for name in development.HUMAN_RATED:
        table = development.load(name)
        rows = np.sort(draws.choice(len(table), min(IMAGES, len(table)), replace=False))
        pixels = np.asarray(cached_pixels([table.paths[row] for row in rows.tolist()], size, arguments.run / "cache"))
        pictures[f"{name}, never seen"] = pixels, np.load(arguments.run / f"{name}.embeddings.npy")[rows]
    print("| pictures | images | agreement | baseline |\n|---|---|---|---|")
    for title, (pixels, embeddings) in pictures.items():
        target = axes(embeddings.astype(np.float32))
        predicted = predict(network, Inputs(pixels))["teacher"]
        predicted = predicted / np.linalg.norm(predicted, axis=1, keepdims=True)
        baseline = (predicted * np.roll(target, 1, axis=0)).sum(axis=1).mean()
        agreement = mean_interval((predicted * target).sum(axis=1))
        print(f"| {title} | {len(pixels)} | {agreement} | {baseline:.3f} |", flush=True)
    print("\n" + provenance("cosine in 384 partly whitened dimensions", "seed 0"))


if __name__ == "__main__":
    main()
