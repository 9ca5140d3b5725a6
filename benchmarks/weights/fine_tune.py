"""Fine-tune the pre-trained network on human ratings, once per fold and once on all.

    PYTHONPATH=benchmarks python benchmarks/weights/fine_tune.py --run runs/shipped --fold 0     (0 to 4, then all)
    PYTHONPATH=benchmarks python benchmarks/weights/fine_tune.py --run runs/rated-8-times --repeats rated-8-times \\
        --fold 0     (weights 0.3)

Every run begins with the pre-trained trunk, which has seen no human-rated image. Its labels: the ratings of the
training folds (Emotion6, OASIS, the FI part, abstract paintings; never GAPED), and, for the unrated views, soft labels
of probes on the teachers' embeddings that were fitted on the same training folds. A run of a fold then reads the
images of its fold; these readings make every figure. A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

import development
from emoir.datasets import Table
from emoir.networks import EmotionNet
from emoir.training.augmentation import Augmentation
from emoir.training.cache import cached_pixels
from emoir.training.config import TrainingConfig
from emoir.training.inputs import Inputs
from emoir.training.loop import fit
from emoir.training.predict import predict
from emoir.training.probes import DistributionProbe, PointProbe, fit_reduction
from emoir.training.targets import Targets, join_targets
from probes import shares_of, teacher_features
from weights.cut_views import CACHE_SIZE, views
from weights.pretrain import PRETRAINED, SIZE, TEACHER_DIMENSIONS, network_config
from weights.teachers import whitened_targets

SETS = ("emotion6", "oasis", "fi_subset", "abstract_paintings")
# A head that training needs for Emotion6's search words; it is not exported.
WORDS = "keyword6"
SOFT = {"mikels": ("fi_subset", "abstract_paintings"), "ekman": ("emotion6",), WORDS: ("emotion6",)}
Parts = Mapping[str, tuple[Table, NDArray[np.intp]]]
UNRATED_PER_EPOCH = 18_000
# How often an epoch shows a rated image.
REPEATS = {
    # Chosen on validation folds, with the trunk frozen: head_ablation.py. OASIS and the paintings are few.
    "shipped": {"emotion6": 2, "oasis": 3, "fi_subset": 2, "abstract_paintings": 3},
    "rated-8-times": {"emotion6": 8, "oasis": 8, "fi_subset": 8, "abstract_paintings": 12},
}

FINE_TUNING = TrainingConfig(
    epochs=2,
    learning_rate=1e-3,
    weight_decay=0.05,
    ema=0.998,
    weights={"teacher": 1.0},
    augmentation=Augmentation(smallest_area=0.5),
    bfloat16=True,
)


def report(step: int, steps: int, loss: float) -> None:
    if step % 100 == 0:
        print(f"{time.strftime('%H:%M:%S')} step {step} of {steps}, loss {loss:.3f}", flush=True)


def training_rows(name: str, fold: int | None) -> tuple[Table, NDArray[np.intp]]:
    """A human-rated set and the rows that a fold's network may learn from; all rows for None."""
    table, folds = development.folds(name)
    return table, np.arange(len(table)) if fold is None else folds.training_rows(fold)


def soft_targets(parts: Parts, embeddings: NDArray[np.float32]) -> Targets:
    """What probes on the teachers' embeddings, fitted on some rows of the rated sets, say of the unrated views.

    Args:
        parts: name of a rated set to its table and the rows that may be learnt from.
        embeddings: of the unrated views.
    """
    features = {name: teacher_features(name)[rows] for name, (_, rows) in parts.items()}
    reduce = fit_reduction(np.concatenate(list(features.values())))
    unrated = reduce(embeddings).astype(np.float64)
    distributions = {}
    for space, names in SOFT.items():
        x, y = [], []
        for name in names:
            shares, known = shares_of(parts[name][0], space, parts[name][1])
            x.append(reduce(features[name][known]))
            y.append(shares[known])
        probe = DistributionProbe.fit(np.concatenate(x).astype(np.float64), np.concatenate(y))
        distributions[space] = torch.from_numpy(probe(unrated)).float()
    x, y = [], []
    for name in ("emotion6", "oasis"):
        table, rows = parts[name]
        x.append(reduce(features[name]).astype(np.float64))
        y.append(np.stack([np.asarray(table.valence)[rows], np.asarray(table.arousal)[rows]], axis=1))
    point = PointProbe.fit(np.concatenate(x), np.concatenate(y))(unrated).clip(0, 1)
    return Targets(distributions, {}, torch.from_numpy(point).float())


def joined(first: Targets, second: Targets, teacher: torch.Tensor) -> Targets:
    """Rows of both, one after the other."""
    return Targets(
        {space: torch.cat([first.distributions[space], second.distributions[space]]) for space in SOFT},
        {},
        torch.cat([first.valence_arousal, second.valence_arousal]),
        teacher,
    )


def beginning() -> EmotionNet:
    """The network with the pre-trained trunk and teacher's head; emotion heads at their random start."""
    torch.manual_seed(1)
    network = EmotionNet(network_config({WORDS: len(development.KEYWORDS)}))
    stored = load_file(PRETRAINED)
    own = network.state_dict()
    fresh = ("weak.", "distributions.", "logit_scale.", "valence_arousal.", "embedding.")
    kept = {key: value for key, value in stored.items() if key in own and not key.startswith(fresh)}
    network.load_state_dict({**own, **kept})
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def train(run: Path, teachers: Path, fold: int | None, recipe: str = "shipped") -> EmotionNet:
    """The network of one fold, or of all ratings for None."""
    cached = views(run, teachers)
    parts = {name: training_rows(name, fold) for name in SETS}
    tables = [table.take(rows.tolist()) for table, rows in parts.values()]
    rated = join_targets(tables, list(SOFT), [])
    everything = np.concatenate([cached_pixels(table.paths, CACHE_SIZE, run / "cache") for table in tables])
    count = len(everything)
    embeddings = np.asarray(cached.embeddings)
    features = [teacher_features(name)[rows] for name, (_, rows) in parts.items()]
    # In the very axes of the pre-training, which the teacher's head knows.
    seen = np.concatenate([*features, embeddings])
    teacher = torch.from_numpy(whitened_targets(seen, TEACHER_DIMENSIONS, fitted_on=embeddings))
    targets = joined(rated, soft_targets(parts, embeddings), teacher)
    pixels = np.concatenate([everything, cached.pixels])
    chosen = np.random.default_rng(0).choice(len(cached.pixels), UNRATED_PER_EPOCH, replace=False) + count
    repeats = np.repeat([REPEATS[recipe][name] for name in SETS], [len(table) for table in tables])
    rows = np.concatenate([np.repeat(np.arange(count), repeats), chosen])
    folder = run / f"fine_tuning-{'all' if fold is None else fold}"
    return fit(beginning(), Inputs(pixels), targets, FINE_TUNING, folder, rows=rows, report=report)


def read_fold(network: EmotionNet, run: Path, fold: int) -> dict[str, NDArray[np.float32]]:
    """Outputs for the images that a fold holds out."""
    result: dict[str, NDArray[np.float32]] = {}
    for name in SETS:
        table, folds = development.folds(name)
        result |= read_images(network, run, name, [table.paths[row] for row in folds.test_rows(fold)])
    return result


def read_images(network: EmotionNet, run: Path, name: str, paths: Sequence[Path]) -> dict[str, NDArray[np.float32]]:
    """Logits, points and embeddings of images of one set, keyed by set and output."""
    predicted = predict(network, Inputs(cached_pixels(paths, SIZE, run / "cache")))
    return {f"{name}.{head}": predicted[head] for head in (*SOFT, "valence_arousal", "embedding")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    parser.add_argument("--teachers", type=Path, default=development.ROOT.parent / "teachers")
    parser.add_argument("--fold", choices=["0", "1", "2", "3", "4", "all"], required=True)
    parser.add_argument("--repeats", choices=list(REPEATS), default="shipped", help="how often rated images are shown")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fold = None if arguments.fold == "all" else int(arguments.fold)
    network = train(arguments.run, arguments.teachers, fold, arguments.repeats)
    torch.save(network.state_dict(), arguments.run / f"network-{arguments.fold}.pt")
    if fold is not None:
        np.savez(arguments.run / f"fold-{fold}.npz", allow_pickle=False, **read_fold(network, arguments.run, fold))


if __name__ == "__main__":
    main()
