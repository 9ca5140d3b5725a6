"""Pre-train the trunk that emoir ships, from our own random start, on what the teachers see in unrated images.

    PYTHONPATH=benchmarks python benchmarks/weights/pretrain.py --run runs/shipped
    PYTHONPATH=benchmarks python benchmarks/weights/pretrain.py --run runs/shipped --first 1

The second form goes on from kept or committed weights.

The first stage begins at random, each later one with the weights before it; small pictures cost half as much, so that
more of them can be seen. The targets are the teachers' embeddings of every view; the sets' weak labels (search words,
tweet sentiment, scenes, objects) help a little. No human-rated image is shown, labelled or not, so that any fold may
be fine-tuned from here. A stopped run goes on where it was. On Linux the allocator settings
MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 GLIBC_TUNABLES=glibc.malloc.hugetlb=1 make it half as
fast again.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import development
from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.augmentation import Augmentation
from emoir.training.config import TrainingConfig
from emoir.training.inputs import Inputs
from emoir.training.loop import fit
from emoir.training.targets import Targets, join_targets
from weights.cut_views import CROPS, unrated_paths, views
from weights.teachers import whitened_targets

SIZE = 128
TEACHER_DIMENSIONS = 384
# The network after pre-training; it has seen no human-rated image.
PRETRAINED = Path(__file__).resolve().parent / "pretrained.safetensors"
CLASSES = ["web16", "tweet_sentiment", "scene", "object"]


@dataclass(frozen=True, slots=True)
class Stage:
    """Passes over all views at one size.

    Args:
        size: side of the square input in pixels.
        epochs: passes.
        learning_rate: peak of the one-cycle schedule.
    """

    size: int
    epochs: int
    learning_rate: float

    @property
    def training(self) -> TrainingConfig:
        """How the stage is trained."""
        return TrainingConfig(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=0.03,
            ema=0.999,
            weights={"teacher": 4.0, "object": 0.1, "scene": 0.1, "web16": 0.15, "tweet_sentiment": 0.1},
            augmentation=Augmentation(smallest_area=0.6),
            bfloat16=True,
        )


STAGES = (Stage(SIZE, 10, 2.5e-3), Stage(96, 8, 2e-3), Stage(SIZE, 1, 8e-4))


def network_config(classes: dict[str, int], size: int = SIZE) -> NetworkConfig:
    """The shipped network; weak heads as given."""
    return NetworkConfig(
        size=size,
        width=32,
        blocks=(2, 2, 2, 2),
        distributions={"mikels": 8, "ekman": 7},
        weak=classes,
        teacher=TEACHER_DIMENSIONS,
        dropout=0.1,
    )


def weak_targets() -> tuple[Targets, dict[str, int]]:
    """Weak labels of the unrated images, one row a view, and the number of classes of each head."""
    wanted = set(unrated_paths())
    tables = []
    for name in development.WEAK:
        table = development.load(name)
        tables.append(table.take([row for row, path in enumerate(table.paths) if path in wanted]))
    targets = join_targets(tables, [], CLASSES)
    sizes = {space: len(next(t.class_names[space] for t in tables if space in t.classes)) for space in CLASSES}
    return targets.take(torch.arange(len(wanted)).repeat_interleave(1 + CROPS)), sizes


def report(step: int, steps: int, loss: float) -> None:
    if step % 100 == 0:
        print(f"{time.strftime('%H:%M:%S')} step {step} of {steps}, loss {loss:.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    parser.add_argument("--teachers", type=Path, default=development.ROOT.parent / "teachers")
    parser.add_argument("--threads", type=int, default=1, help="faster with more, but not to the last bit the same")
    parser.add_argument("--first", type=int, choices=range(len(STAGES)), default=0, help="the stage to begin with")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cached = views(arguments.run, arguments.teachers)
    weak, sizes = weak_targets()
    teacher = torch.from_numpy(whitened_targets(np.asarray(cached.embeddings), TEACHER_DIMENSIONS))
    targets = Targets(weak.distributions, weak.classes, weak.valence_arousal, teacher)
    torch.manual_seed(0)
    before = arguments.run / f"pretrained-{arguments.first - 1}.safetensors"
    if arguments.first:
        weights = load_file(before if before.exists() else PRETRAINED)
    else:
        weights = EmotionNet(network_config(sizes)).state_dict()
    for number, stage in list(enumerate(STAGES))[arguments.first :]:
        network = EmotionNet(network_config(sizes, stage.size))
        network.load_state_dict(weights)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        folder = arguments.run / f"pretraining-{number}"
        weights = fit(network, Inputs(cached.pixels), targets, stage.training, folder, report=report).state_dict()
        keep(weights, arguments.run / f"pretrained-{number}.safetensors")
    keep(weights, PRETRAINED)


def keep(weights: dict[str, torch.Tensor], file: Path) -> None:
    """Keep pre-trained weights as half floats: a later run may go on from them."""
    file.parent.mkdir(exist_ok=True)
    halves = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
    save_file({key: value.contiguous() for key, value in halves.items()}, file)


def pretrained() -> EmotionNet:
    """The pre-trained network, in evaluation mode."""
    network = EmotionNet(network_config(weak_targets()[1])).eval()
    network.load_state_dict(load_file(PRETRAINED))
    return network


if __name__ == "__main__":
    main()
