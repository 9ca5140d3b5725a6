"""What the distilled trunk knows before any rating.

    PYTHONPATH=benchmarks python benchmarks/weights/distilled_probe.py --run runs/shipped

Linear probes on its frozen features, on the frozen folds, after the first stage of pre-training and after the last, and
on the statistics of all its stages together with those features, beside the same probes on the teachers. Readings are
kept; those of the first stage were taken when it ended.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

import development
import kept_readings
from baselines import readings_of
from emoir.evaluate.compute import headline
from emoir.evaluate.provenance import provenance
from emoir.networks import EmotionNet
from emoir.training.cache import cached_pixels
from emoir.training.inputs import Inputs
from emoir.training.predict import predict
from probes import probe
from weights.pretrain import SIZE, pretrained

FIRST, LAST, DEEPER = "distilled-first-stage", "distilled-last-stage", "distilled-statistics"


def numbers_of(network: EmotionNet, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, 384), and the statistics of every stage that they are made of (n, 1096)."""
    statistics: list[np.ndarray] = []
    with network.fusion.register_forward_pre_hook(lambda _, inputs: statistics.append(inputs[0].numpy())):
        features = predict(network, Inputs(pixels))["features"]
    return features, np.concatenate(statistics)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network: EmotionNet | None = None
    print(
        "| set | measure | baseline | teachers + probe | first stage, frozen + probe | last stage, frozen + probe | "
        "with the statistics of all stages |"
    )
    print("|---|---|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        if not (kept_readings.has(name, LAST) and kept_readings.has(name, DEEPER)):
            network = network or pretrained()
            pixels = cached_pixels(table.paths, SIZE, arguments.run / "cache")
            sides = [numbers_of(network, side) for side in (pixels, pixels[:, :, ::-1])]
            features, statistics = (np.concatenate(parts, axis=1) for parts in zip(*sides, strict=True))
            kept_readings.save(name, LAST, probe(table, folds, features))
            both = np.concatenate([features, statistics], axis=1)
            kept_readings.save(name, DEEPER, probe(table, folds, both))
        ours, first, all_stages = (
            headline(table, kept_readings.load(name, recipe, folds.digests)) for recipe in (LAST, FIRST, DEEPER)
        )
        teachers = headline(table, readings_of(name, "teachers", table, folds))
        for measure, result in ours.items():
            columns = (line[measure] for line in (teachers, first, ours, all_stages))
            print(f"| {name} ({len(table)}) | {measure} | {result.baseline} | {' | '.join(map(str, columns))} |")
    print("\n" + provenance("development parts", "5 frozen folds, seed 0"))


if __name__ == "__main__":
    main()
