"""What helps a top that learns on the frozen distilled trunk.

    PYTHONPATH=benchmarks python benchmarks/weights/head_ablation.py --run runs/top

The trunk's pooled statistics of all pictures are kept once; then a top (fusion, embedding, heads) learns in a minute.
Trials are judged on validation folds: with every test fold, the next fold is read, and the other three are learnt from,
labels and soft labels alike. No test fold of the shipped figures takes part in its own reading.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import development
from cross_fit import CALIBRATED_BY, FOLDS
from emoir.datasets import Table
from emoir.emotions.spaces import EKMAN, MIKELS
from emoir.evaluate.compute import headline
from emoir.evaluate.metric import MetricKey
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.networks import EmotionNet
from emoir.networks.base import NetworkOutput
from emoir.training.augmentation import Augmentation, augment
from emoir.training.cache import cached_pixels
from emoir.training.calibrate import fit_temperature
from emoir.training.loop import losses_per_head
from emoir.training.probes import DistributionProbe, PointProbe, fit_reduction
from emoir.training.targets import Targets, join_targets
from probes import shares_of
from weights.cut_views import CACHE_SIZE, report, unrated_paths
from weights.fine_tune import SETS, SOFT, WORDS, soft_targets
from weights.pretrain import PRETRAINED, SIZE, pretrained
from weights.views import cached_views

AUGMENTATION = Augmentation(smallest_area=0.5)
RATED_DRAWS, UNRATED_DRAWS = 5, 3
TASKS = {"mikels": len(MIKELS.names), "ekman": len(EKMAN.names), WORDS: len(development.KEYWORDS)}
FEATURES, EMBEDDING = 384, 128
SHOWN = (
    ("emotion6", MetricKey("keyword6", "top-1")),
    ("emotion6", MetricKey("ekman", "KL")),
    ("emotion6", MetricKey("valence", "r")),
    ("emotion6", MetricKey("arousal", "r")),
    ("oasis", MetricKey("valence", "r")),
    ("oasis", MetricKey("arousal", "r")),
    ("fi_subset", MetricKey("mikels", "top-1")),
    ("abstract_paintings", MetricKey("mikels", "KL")),
)
BATCH, LEARNING_RATE, WEIGHT_DECAY = 128, 1e-3, 0.05

Rows = Mapping[str, NDArray[np.intp]]
HeadPredictions = dict[str, dict[str, NDArray[np.float32]]]
"""Set to head to (n, K), one row an image."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to train the top.

    Args:
        name: in the table.
        repeats: how often an epoch shows a rated image (OASIS, of which there are fewer, half as often again,
            rounded down).
        epochs: passes.
        unrated: whether the unrated pictures are shown, with soft labels.
        direct: whether the embedding sees the standardised statistics besides the features.
    """

    name: str
    repeats: int
    epochs: int = 4
    unrated: bool = True
    direct: bool = False


CHOSEN = Trial("twice", repeats=2)
TRIALS = (
    Trial("rated images alone, 8 times", repeats=8, unrated=False),
    Trial("rated images 8 times, unrated once", repeats=8),
    CHOSEN,
    Trial("once", repeats=1),
    Trial("twice, with a direct path", repeats=2, direct=True),
)


class Top(nn.Module):
    """Fusion, embedding and heads of EmotionNet, which begin as pre-training left them, over kept statistics."""

    def __init__(self, statistics: Tensor, *, direct: bool) -> None:
        super().__init__()
        length = statistics.shape[1]
        stored = {key: value.float() for key, value in load_file(PRETRAINED).items()}
        self.fusion = nn.Sequential(nn.LayerNorm(length), nn.Linear(length, FEATURES), nn.GELU())
        self.fusion.load_state_dict({k[len("fusion.") :]: v for k, v in stored.items() if k.startswith("fusion.")})
        self.dropout = nn.Dropout(0.1)
        self.embedding = nn.Linear(FEATURES, EMBEDDING)
        self.direct = nn.Linear(length, EMBEDDING, bias=False) if direct else None
        if self.direct is not None:
            nn.init.normal_(self.direct.weight, std=0.01)
        self.mean, self.deviation = statistics.mean(dim=0), statistics.std(dim=0) + 1e-4
        self.distributions = nn.ModuleDict({name: nn.Linear(EMBEDDING, classes) for name, classes in TASKS.items()})
        self.scale = nn.ParameterDict({name: torch.tensor(8.0) for name in TASKS})
        self.valence_arousal = nn.Linear(EMBEDDING, 2)

    def forward(self, statistics: Tensor) -> NetworkOutput:
        features = self.fusion(statistics)
        embedding = self.embedding(self.dropout(features))
        if self.direct is not None:
            embedding = embedding + self.direct((statistics - self.mean) / self.deviation)
        embedding = F.normalize(embedding, dim=1)
        heads = {name: head(embedding) * self.scale[name] for name, head in self.distributions.items()}
        heads["valence_arousal"] = torch.sigmoid(4 * self.valence_arousal(embedding))
        return NetworkOutput(features, embedding, heads)


class Kept:
    """Statistics of all pictures and the teachers' embeddings of the unrated ones, made on first use."""

    def __init__(self, run: Path) -> None:
        self.sets = {name: development.folds(name) for name in SETS}
        self.rated: dict[str, NDArray[np.float16]] = {}
        for name, (table, _) in self.sets.items():
            file = run / f"{name}.npy"
            if not file.exists():
                whole = cached_pixels(table.paths, SIZE, run / "cache")
                larger = cached_pixels(table.paths, CACHE_SIZE, run / "cache")
                sides = [statistics_of(self.trunk, side) for side in (whole, whole[:, :, ::-1])]
                np.save(file, np.stack(sides + drawn(self.trunk, larger, RATED_DRAWS, seed=0), axis=1))
            self.rated[name] = np.load(file)
        models = sorted((development.ROOT.parent / "teachers").glob("*.onnx"))
        views = cached_views(unrated_paths(), models, run / "whole", crops=0, size=CACHE_SIZE, report=report)
        self.embeddings = np.asarray(views.embeddings)
        file = run / "unrated.npy"
        if not file.exists():
            np.save(file, np.stack(drawn(self.trunk, views.pixels, UNRATED_DRAWS, seed=1), axis=1))
        self.unrated: NDArray[np.float16] = np.load(file)

    @cached_property
    def trunk(self) -> EmotionNet:
        """The pre-trained network; nothing reads it once the statistics are kept."""
        return pretrained()


def statistics_of(
    network: EmotionNet, pixels: NDArray[np.uint8], draws: torch.Generator | None = None
) -> NDArray[np.float16]:
    """Pooled statistics of all stages of the trunk (n, 1096); of one augmentation of each picture if drawn."""
    kept: list[NDArray[np.float16]] = []
    hook = network.fusion.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0].half().numpy()))
    with hook, torch.no_grad():
        for at in range(0, len(pixels), 32):
            batch = torch.from_numpy(np.array(pixels[at : at + 32])).permute(0, 3, 1, 2).float() / 255
            network(batch if draws is None else augment(batch, SIZE, AUGMENTATION, draws))
    return np.concatenate(kept)


def drawn(network: EmotionNet, pixels: NDArray[np.uint8], count: int, *, seed: int) -> list[NDArray[np.float16]]:
    """Statistics of several augmentations of every picture."""
    draws = torch.Generator().manual_seed(seed)
    return [statistics_of(network, pixels, draws) for _ in range(count)]


def train(kept: Kept, trial: Trial, rows: Rows) -> Top:
    """The top that learns from some rows of the rated sets."""
    parts = {name: (kept.sets[name][0], chosen) for name, chosen in rows.items()}
    rated = join_targets([table.take(chosen.tolist()) for table, chosen in parts.values()], list(SOFT), [])
    inputs = [torch.from_numpy(kept.rated[name][chosen]) for name, chosen in rows.items()]
    repeats = [trial.repeats * (3 if name == "oasis" else 2) // 2 for name in rows]
    count = sum(map(len, inputs))
    shown = np.repeat(np.arange(count), np.repeat(repeats, list(map(len, inputs))))
    targets = rated
    if trial.unrated:
        soft = soft_targets(parts, kept.embeddings)
        distributions = {space: torch.cat([rated.distributions[space], soft.distributions[space]]) for space in SOFT}
        targets = Targets(distributions, {}, torch.cat([rated.valence_arousal, soft.valence_arousal]))
        # Rated and unrated pictures were drawn differently often: all get as many columns.
        unrated = torch.from_numpy(kept.unrated)
        inputs.append(unrated[:, torch.arange(inputs[0].shape[1]) % unrated.shape[1]])
        shown = np.concatenate([shown, np.arange(len(unrated)) + count])
    statistics = torch.cat(inputs)
    torch.manual_seed(0)
    top = Top(statistics[:, 0].float(), direct=trial.direct)
    matrices = [p for p in top.parameters() if p.ndim > 1]
    others = [p for p in top.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, fused=True)
    steps = len(shown) // BATCH * trial.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps + 1, pct_start=0.1)
    average = AveragedModel(top, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    draws = torch.Generator().manual_seed(0)
    order = torch.cat(
        [torch.from_numpy(shown)[torch.randperm(len(shown), generator=draws)] for _ in range(trial.epochs)]
    )
    for chosen in order[: steps * BATCH].split(BATCH):
        sides = torch.randint(statistics.shape[1], (len(chosen),), generator=draws)
        losses = losses_per_head(top(statistics[chosen, sides].float()), targets.take(chosen))
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(top.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(top)
    module: Any = average.module
    assert isinstance(module, Top)  # torch types it as a tensor or a module
    return module.eval()


def rows_of_folds(kept: Kept, *, four: bool = False) -> Iterator[tuple[Rows, Rows]]:
    """Rows to learn from and rows to read: three folds and the validation fold, or all four and the test fold."""
    folds = {name: split.folds for name, (_, split) in kept.sets.items()}
    for test in range(FOLDS):
        read = test if four else (test + 1) % FOLDS
        yield (
            {name: np.flatnonzero((fold != test) & (fold != read)) for name, fold in folds.items()},
            {name: np.flatnonzero(fold == read) for name, fold in folds.items()},
        )


def validate(kept: Kept, trial: Trial, *, four: bool = False) -> HeadPredictions:
    """What tops say of every rated image while its fold was read."""
    predicted: HeadPredictions = {name: {} for name in SETS}
    for learnt, read in rows_of_folds(kept, four=four):
        top = train(kept, trial, learnt)
        for name, rows in read.items():
            with torch.no_grad():
                output = top(torch.from_numpy(kept.rated[name][rows, 0]).float())
            for head, values in {**output.heads, "embedding": output.embedding}.items():
                keep(predicted, kept, name, head, rows, values.numpy())
    return predicted


def validate_probes(kept: Kept, groups: Sequence[Sequence[str]]) -> HeadPredictions:
    """The same of linear probes on the statistics of a picture and its mirror image, a group of sets sharing one."""
    predicted: HeadPredictions = {name: {} for name in SETS}
    for learnt, read in rows_of_folds(kept):
        for group in groups:
            seen = {name: kept.rated[name][:, :2].reshape(len(kept.rated[name]), -1) for name in group}
            reduce = fit_reduction(np.concatenate([seen[name][learnt[name]] for name in group]).astype(np.float32))
            reduced = {name: reduce(values.astype(np.float32)) for name, values in seen.items()}
            for space, known in SOFT.items():
                if not (names := [name for name in group if name in known]):
                    continue
                x = np.concatenate([reduced[name][learnt[name]] for name in names]).astype(np.float64)
                shares, rated = zip(*(shares_of(kept.sets[n][0], space, learnt[n]) for n in names), strict=True)
                labelled = np.concatenate(rated)
                probe = DistributionProbe.fit(x[labelled], np.concatenate(shares)[labelled])
                for name in names:
                    logits = np.log(np.maximum(probe(reduced[name][read[name]].astype(np.float64)), 1e-7))
                    keep(predicted, kept, name, space, read[name], logits)
            if names := [name for name in group if kept.sets[name][0].valence is not None]:
                x = np.concatenate([reduced[name][learnt[name]] for name in names]).astype(np.float64)
                points = PointProbe.fit(x, np.concatenate([points_of(kept.sets[n][0])[learnt[n]] for n in names]))
                for name in names:
                    values = points(reduced[name][read[name]].astype(np.float64))
                    keep(predicted, kept, name, "valence_arousal", read[name], values)
            for name in group:
                keep(predicted, kept, name, "embedding", read[name], reduced[name][read[name], :EMBEDDING])
    return predicted


def points_of(table: Table) -> NDArray[np.float64]:
    """Valence and arousal (n, 2)."""
    return np.stack([np.asarray(table.valence), np.asarray(table.arousal)], axis=1)


def keep(
    predicted: HeadPredictions, kept: Kept, name: str, head: str, rows: NDArray[np.intp], values: NDArray[np.floating]
) -> None:
    """Put what is said of some rows of a set in their place."""
    whole = predicted[name].setdefault(head, np.zeros((len(kept.sets[name][0]), values.shape[1]), np.float32))
    whole[rows] = values


def out_of_fold(kept: Kept, name: str, predicted: HeadPredictions) -> OutOfFold:
    """Readings with one temperature a head, fitted on all validation readings of the sets that calibrate it."""
    table, split = kept.sets[name]
    probabilities = {}
    for space in table.class_names:
        logits, shares = [], []
        for calibrating in CALIBRATED_BY[space]:
            labels, known = shares_of(kept.sets[calibrating][0], space, np.arange(len(kept.sets[calibrating][0])))
            logits.append(predicted[calibrating][space][known])
            shares.append(labels[known])
        temperature = fit_temperature(np.concatenate(logits), np.concatenate(shares))
        probabilities[space] = softmax(predicted[name][space] / temperature, axis=1)
    points = predicted[name]["valence_arousal"] if table.valence is not None else None
    return OutOfFold(
        digests=split.digests,
        folds=split.folds,
        probabilities=probabilities,
        points=points,
        embeddings=predicted[name]["embedding"],
    )


def show(kept: Kept, name: str, predicted: HeadPredictions) -> None:
    """Print a row of the table."""
    lines = {each: headline(kept.sets[each][0], out_of_fold(kept, each, predicted)) for each in SETS}
    print(f"| {name} | {' | '.join(str(lines[each][measure]) for each, measure in SHOWN)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, default=Path("runs/top"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = Kept(arguments.run)
    print(f"| top | {' | '.join(f'{name}: {measure}' for name, measure in SHOWN)} |\n|{'---|' * (1 + len(SHOWN))}")
    show(kept, "linear probes, a set each", validate_probes(kept, [(name,) for name in SETS]))
    show(kept, "linear probes, all sets together", validate_probes(kept, [SETS]))
    for trial in TRIALS:
        show(kept, trial.name, validate(kept, trial))
    # Not to choose by: beside the shipped figures, which were read in the same way.
    show(kept, f"{CHOSEN.name}, learnt from four folds, read on the fifth", validate(kept, CHOSEN, four=True))
    print("\n" + provenance("development parts", "validation folds, learnt from three others, seed 0"))


if __name__ == "__main__":
    main()
