"""Train the weights that emoir ships, from our own random initialisation.

    python benchmarks/train_shipped.py --run runs/shipped

Two runs of the same loop: first all development images with weak labels and the teachers' view of
them as targets, then the human-rated ones alone. One fifth of the human-rated images (by hash of their
file name, OASIS by theme, near-duplicates together) and all of GAPED are never shown, not even
unlabelled: they are what the card's figures and the calibration come from. A stopped run goes on where
it was.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import development
from emoir.datasets import Table
from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.augmentation import Augmentation
from emoir.training.cache import cached_pixels
from emoir.training.distill import teacher_embeddings, whitened_targets
from emoir.training.loop import TrainingConfig, fit
from emoir.training.targets import Targets, join_targets

SIZE = 96
CACHE_SIZE = 112
TEACHER_SIZE = 224
TEACHER_DIMENSIONS = 256
DISTRIBUTIONS = ["mikels", "ekman"]
CLASSES = ["keyword6", "web16", "tweet_sentiment", "scene", "object"]

PRETRAINING = TrainingConfig(
    epochs=9,
    learning_rate=2.5e-3,
    weights={"teacher": 4.0, "object": 0.3, "scene": 0.3, "web16": 0.3, "tweet_sentiment": 0.3, "keyword6": 0.5},
)
FINE_TUNING = TrainingConfig(
    epochs=12,
    learning_rate=5e-4,
    ema=0.99,
    weights={"teacher": 2.0, "keyword6": 0.5, "mikels": 1.5},
    augmentation=Augmentation(smallest_area=0.5),
)


def report(step: int, steps: int, loss: float) -> None:
    if step % 25 == 0:
        print(f"{time.strftime('%H:%M:%S')} step {step} of {steps}, loss {loss:.3f}", flush=True)


def training_tables() -> tuple[list[Table], list[Table]]:
    """The human-rated tables without the held-out fifth, and all tables with those first."""
    human = [development.training_part(name) for name in development.HUMAN_RATED if name != "gaped"]
    return human, [*human, *(development.load(name) for name in development.WEAK)]


def build_network(targets: Targets, tables: list[Table]) -> EmotionNet:
    """The network at its random start, the same every time."""
    torch.manual_seed(0)
    config = NetworkConfig(
        size=SIZE,
        width=24,
        blocks=(2, 2, 2, 2),
        distributions={space: values.shape[1] for space, values in targets.distributions.items()},
        weak={space: len(next(t.class_names[space] for t in tables if space in t.classes)) for space in CLASSES},
        teacher=TEACHER_DIMENSIONS,
    )
    return EmotionNet(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    parser.add_argument("--teachers", type=Path, default=development.ROOT.parent / "teachers")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    human, tables = training_tables()
    paths = [path for table in tables for path in table.paths]
    cache = arguments.run / "cache"
    pixels = cached_pixels(paths, CACHE_SIZE, cache)
    embeddings = cache / "teachers.npy"
    if not embeddings.exists():
        large = cached_pixels(paths, TEACHER_SIZE, cache)
        np.save(embeddings, teacher_embeddings(large, sorted(arguments.teachers.glob("*.onnx"))))
    teacher = torch.from_numpy(whitened_targets(np.load(embeddings), TEACHER_DIMENSIONS))
    joined = join_targets(tables, DISTRIBUTIONS, CLASSES)
    targets = Targets(joined.distributions, joined.classes, joined.valence_arousal, teacher)

    network = build_network(joined, tables)
    rated = np.arange(sum(len(table) for table in human))
    everything = np.concatenate([np.arange(len(paths)), rated])
    fit(network, pixels, targets, PRETRAINING, arguments.run / "pretraining", rows=everything, report=report)
    fit(network, pixels, targets, FINE_TUNING, arguments.run / "fine_tuning", rows=np.tile(rated, 2), report=report)
    torch.save(network.state_dict(), arguments.run / "network.pt")


if __name__ == "__main__":
    main()
