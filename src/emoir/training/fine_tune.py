"""Fine-tuning: the shipped network taught a user's own labels, or a new one from scratch."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from emoir.datasets import Table
from emoir.datasets.splits import make_hold_out
from emoir.errors import TrainingError
from emoir.evaluate.intervals import Estimate
from emoir.evaluate.leakage import seen_in_training
from emoir.files import move_over
from emoir.models.card import CARD
from emoir.models.model import Model
from emoir.networks import EmotionNet
from emoir.training.augmentation import Augmentation
from emoir.training.cache import cached_pixels
from emoir.training.config import TrainingConfig
from emoir.training.curve import plot_learning_curve
from emoir.training.export import ModelDescription, export_model, load_network
from emoir.training.held_out import held_out_calibration, held_out_metrics
from emoir.training.inputs import Inputs
from emoir.training.labels import align_classes, check_enough, label_distributions
from emoir.training.loop import CurveMeasure, Report, fit
from emoir.training.predict import predict
from emoir.training.state import seeded
from emoir.training.targets import complete_targets

# How many pictures are shown in all: minutes on two cores.
PRESENTATIONS, PRESENTATIONS_FROM_SCRATCH = 8_000, 24_000
EPOCHS = (4, 40)
BATCH = 32
LICENCE = "the user's own; the network it began with: research use, see emoir's weights licence"
LICENCE_FROM_SCRATCH = "the user's own"


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuned:
    """The result of a fine-tuning run.

    Args:
        folder: the model folder, for ``--model``.
        training, held_out: images.
        metrics: metric on the held-out images, by name, with its baseline.
        seen_before: how many held-out images the base had learnt from: if any, the metrics flatter the network.
    """

    folder: Path
    training: int
    held_out: int
    metrics: Mapping[str, tuple[Estimate, float]]
    seen_before: int


def fine_tune(
    table: Table,
    out: Path,
    *,
    base: Path | None = None,
    from_scratch: bool = False,
    epochs: int | None = None,
    keep_anyway: bool = False,
    seed: int = 0,
    report: Report | None = None,
) -> FineTuned:
    """Fine-tune a network on the labels of a data set and write it as a model folder.

    One fifth of the images is held out (copies of one image on one side); the figures, the temperatures and the
    confidence come from it. Heads for which the data set has no labels learn the base model's readings of the pictures,
    so that they stay as they were. A stopped run continues when called again. An earlier model in the folder stays
    until the new one is whole.

    Args:
        table: with a class, a distribution, or valence and arousal per image.
        out: the model folder to make; ``out/run`` keeps checkpoint, log and cache until it is done.
        base: the model to begin with and to keep up with; default: the shipped one.
        from_scratch: begin with random weights; the base only fills in labels that the data set lacks.
        epochs: passes over the images; default: by their number.
        keep_anyway: write the model even if it is no better than guessing.
        seed: of split, order and augmentation.
        report: progress.

    Returns:
        Where the model is and how good it is.

    Raises:
        TrainingError: if there are too few images, or the held-out images show no learning.
    """
    model = Model(base)
    table = align_classes(table, model.card.class_names, reserved=dir(nn.ModuleDict()))
    check_enough(table)
    run = out / "run" / _digest(table, model)
    split = make_hold_out(table, seed=seed)
    held_out, rows = split.test_rows(0), split.training_rows(0)
    base_network = load_network(model.folder)
    network = _with_heads(base_network, table, list(model.card.class_names), from_scratch=from_scratch, seed=seed)
    pixels = cached_pixels(table.paths, round(network.config.size * 9 / 8), run / "cache")

    def read(wanted: NDArray[np.intp]) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
        exact = cached_pixels([table.paths[row] for row in wanted], model.card.size, run / "cache")
        parts = [model.read_pixels(np.asarray(exact[at : at + BATCH])) for at in range(0, len(exact), BATCH)]
        spaces = {
            space: np.concatenate([part.distributions[space] for part in parts]) for space in parts[0].distributions
        }
        points = np.concatenate([np.stack([part.valence, part.arousal], axis=1) for part in parts])
        return spaces, points

    targets = complete_targets(table, list(network.config.distributions), read)
    count = PRESENTATIONS_FROM_SCRATCH if from_scratch else PRESENTATIONS
    config = TrainingConfig(
        epochs=epochs or int(np.clip(round(count / len(rows)), *EPOCHS)),
        batch=min(64, max(8, len(rows) // 8)),
        learning_rate=2e-3 if from_scratch else 5e-4,
        ema=0.99,
        seed=seed,
        augmentation=Augmentation(smallest_area=0.5),
    )
    tests = Inputs(cached_pixels([table.paths[row] for row in held_out], network.config.size, run / "cache"))
    tested = table.take(held_out.tolist())

    def measure(current: EmotionNet) -> dict[str, float]:
        metrics = held_out_metrics(tested, predict(current, tests))
        return {name: estimate.value for name, (estimate, _) in metrics.items()}

    fit(network, Inputs(pixels), targets, config, run, rows=rows, report=report, curve=CurveMeasure(measure))
    outputs = predict(network, tests)
    metrics = held_out_metrics(tested, outputs)
    if not keep_anyway and not any(estimate.low > baseline for estimate, baseline in metrics.values()):
        _forget(run)
        raise TrainingError(_no_better(table.name, len(held_out), metrics))
    result = FineTuned(
        folder=out,
        training=len(rows),
        held_out=len(held_out),
        metrics=metrics,
        seen_before=0 if from_scratch else int(seen_in_training(tested.paths, model).sum()),
    )
    # The user's own space goes first: its top class is shown, and the confidence is of it.
    learnt = dict.fromkeys([*label_distributions(tested), *table.distributions, *table.classes])
    names = {space: table.class_names[space] for space in learnt} | dict(model.card.class_names)
    temperatures, confidence = held_out_calibration(tested, outputs, next(iter(names)))
    description = ModelDescription(
        name=table.name,
        class_names=names,
        temperatures={space: {space: temperatures.get(space, 1.0)} for space in names},
        confidence=confidence or model.card.confidence,
        licence=LICENCE_FROM_SCRATCH if from_scratch else LICENCE,
        trained_on=[table.paths[row] for row in rows.tolist()],
        # A network from scratch also learnt from the base's readings.
        began_with=model,
        notes=_facts(result, config)
        | {
            "data": {table.name: len(table), "held out": len(tested)},
            "began with": "random weights" if from_scratch else model.id,
        },
    )
    # Made beside an earlier model, which stays whole until this one is.
    made = run / "model"
    export_model(network, made, description)
    shutil.copyfile(run / "log.jsonl", made / "log.jsonl")
    plot_learning_curve(made / "log.jsonl", made / "curve.png")
    move_over(made, out, last=CARD)
    _forget(run)
    return result


def _forget(run: Path) -> None:
    """Remove a run that is over, and all others: at once, for nothing could go on from a half of one."""
    run.rename(Path(tempfile.mkdtemp(dir=run.parent)) / run.name)
    shutil.rmtree(run.parent)


def _no_better(name: str, held_out: int, metrics: Mapping[str, tuple[Estimate, float]]) -> str:
    found = "; ".join(f"{metric} {value}, baseline {baseline:.3f}" for metric, (value, baseline) in metrics.items())
    return (
        f"{name}: on {held_out} held-out images the network does no better than guessing ({found}). "
        "More images per class, or clearer labels, are needed; --keep-anyway writes the model all the same"
    )


def _facts(result: FineTuned, config: TrainingConfig) -> dict[str, object]:
    """Entries of the model card about the run."""
    return {
        "measured on the held-out images": {
            name: {"value": str(estimate), "by guessing": round(baseline, 4)}
            for name, (estimate, baseline) in result.metrics.items()
        },
        "held-out images that the base had learnt from": result.seen_before,
        "epochs": config.epochs,
        "seed": config.seed,
        "not measured": "other images than these, other viewers, cultures and groups than those who labelled them",
    }


def _digest(table: Table, base: Model) -> str:
    """Of images, labels and base: a run goes on only with those that it began with."""
    digest = hashlib.sha256("\0".join(map(str, table.paths)).encode(errors="surrogateescape"))
    spaces = {space: table.class_names[space] for space in (*table.distributions, *table.classes)}
    digest.update(f"{base.id} {spaces}".encode())
    for values in (*table.distributions.values(), *table.classes.values(), table.valence, table.arousal):
        digest.update(b"" if values is None else values.tobytes())
    return digest.hexdigest()[:12]


def _with_heads(
    base: EmotionNet, table: Table, spaces_of_base: Sequence[str], *, from_scratch: bool, seed: int
) -> EmotionNet:
    """A network with a head per space that the base shows and one per new space of the table."""
    spaces = {space: len(table.class_names[space]) for space in (*table.distributions, *table.classes)}
    for space, count in spaces.items():
        if base.config.distributions.get(space, count) != count:
            raise TrainingError(f"{space} has {count} classes here and another number in the base; use another --space")
    heads = {space: base.config.distributions[space] for space in spaces_of_base} | spaces
    with seeded(seed):
        network = EmotionNet(replace(base.config, distributions=heads)) if from_scratch else base.with_heads(heads)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
