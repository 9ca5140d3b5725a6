"""Fine-tuning: the shipped network taught a user's own labels, or a new one from scratch."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import make_hold_out
from emoir.emotions.calibration import ConfidenceCurve
from emoir.errors import TrainingError
from emoir.evaluate.intervals import Estimate, mean_interval
from emoir.evaluate.regression import correlation
from emoir.models.model import Model
from emoir.networks import EmotionNet
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.augmentation import Augmentation
from emoir.training.cache import cached_pixels
from emoir.training.calibrate import fit_confidence, fit_temperature
from emoir.training.curve import plot_learning_curve
from emoir.training.export import export_model, load_network
from emoir.training.loop import Report, TrainingConfig, fit
from emoir.training.predict import predict
from emoir.training.targets import Targets, join_targets

FEWEST_PER_CLASS, FEWEST = 10, 40
# A correlation over fewer images says nothing.
FEWEST_RATED = 3
# How many pictures are shown in all: minutes on two cores.
PRESENTATIONS, PRESENTATIONS_FROM_SCRATCH = 8_000, 24_000
EPOCHS = (4, 40)
# Names of the graph's other inputs and outputs.
RESERVED = ("embedding", VALENCE_AROUSAL, "images", "teacher", "features")
LICENCE = "the user's own; the network it began with: research use, see emoir's weights licence"
LICENCE_FROM_SCRATCH = "the user's own"


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What came of a fine-tuning run.

    Args:
        folder: the model folder, for ``--model``.
        training, held_out: images.
        measures: figure on the held-out images, by name, with its floor.
        seen_before: how many held-out images the base had learnt from: if any, the figures flatter.
    """

    folder: Path
    training: int
    held_out: int
    measures: Mapping[str, tuple[Estimate, float]]
    seen_before: int


def check_enough(table: Table) -> None:
    """Refuse a data set that cannot support training.

    Raises:
        TrainingError: naming what is missing.
    """
    if len(table) < FEWEST:
        raise TrainingError(
            f"{table.name}: {len(table)} images; at least {FEWEST} are needed to learn from and to test"
        )
    for space, labels in table.classes.items():
        if space in table.distributions:
            # Votes are learnt, not their favourites.
            continue
        names = table.class_names[space]
        counts = np.bincount(labels[labels != ABSENT_CLASS], minlength=len(names))
        few = [f"{name} ({count})" for name, count in zip(names, counts, strict=True) if count < FEWEST_PER_CLASS]
        if few or len(names) < 2:
            raise TrainingError(
                f"{table.name}: every class needs at least {FEWEST_PER_CLASS} images, and there must be two; "
                f"too few of: {', '.join(few) or 'classes'}"
            )


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
    """Teach a network the labels of a data set and write it as a model folder.

    One fifth of the images is held out (copies of one image on one side); the figures, the temperatures and the
    confidence come from it. Heads for which the data set has no labels learn what the base model says of the
    pictures, so that they stay what they were. A stopped run goes on where it was when called again.

    Args:
        table: with a class, a distribution, or valence and arousal per image.
        out: the model folder to make; ``out/run`` keeps checkpoint, log and cache until it is done.
        base: the model to begin with and to keep up with; default: the shipped one.
        from_scratch: begin with random weights; the base only fills in what the data set does not say.
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
    table = _aligned(table, model.card.class_names)
    check_enough(table)
    run = out / "run" / _digest(table, model)
    split = make_hold_out(table, seed=seed)
    held_out, rows = split.test_rows(0), split.training_rows(0)
    network = _with_heads(load_network(model.folder), table, from_scratch=from_scratch, seed=seed)
    pixels = cached_pixels(table.paths, round(network.config.size * 9 / 8), run / "cache")
    targets = _targets(table, network, model)
    count = PRESENTATIONS_FROM_SCRATCH if from_scratch else PRESENTATIONS
    config = TrainingConfig(
        epochs=epochs or int(np.clip(round(count / len(rows)), *EPOCHS)),
        batch=min(64, max(8, len(rows) // 8)),
        learning_rate=2e-3 if from_scratch else 5e-4,
        ema=0.99,
        seed=seed,
        augmentation=Augmentation(smallest_area=0.5),
    )
    test_pixels = cached_pixels([table.paths[row] for row in held_out], network.config.size, run / "cache")
    tested = table.take(held_out.tolist())

    def measure(current: EmotionNet) -> dict[str, float]:
        return {
            name: estimate.value for name, (estimate, _) in measures_of(tested, predict(current, test_pixels)).items()
        }

    fit(network, pixels, targets, config, run, rows=rows, report=report, measure=measure)
    outputs = predict(network, test_pixels)
    measures = measures_of(tested, outputs)
    if not keep_anyway and not any(estimate.low > floor for estimate, floor in measures.values()):
        shutil.rmtree(out / "run")
        found = "; ".join(f"{name} {estimate}, by guessing {floor:.3f}" for name, (estimate, floor) in measures.items())
        raise TrainingError(
            f"{table.name}: on {len(held_out)} held-out images the network does no better than guessing ({found}). "
            "More images per class, or clearer labels, are needed; --keep-anyway writes the model all the same"
        )
    trained_before = frozenset() if from_scratch else model.training_digests()
    seen_before = sum(split.digests[row] in trained_before for row in held_out.tolist())
    found_out = FineTuned(out, len(rows), len(held_out), measures, seen_before)
    trained_on = [table.paths[row] for row in rows.tolist()]
    _export(network, table, tested, trained_on, outputs, model, found_out, config, from_scratch=from_scratch)
    shutil.copyfile(run / "log.jsonl", out / "log.jsonl")
    plot_learning_curve(out / "log.jsonl", out / "curve.png")
    shutil.rmtree(out / "run")
    return found_out


def _aligned(table: Table, known: Mapping[str, tuple[str, ...]]) -> Table:
    """The table with the classes of a space that the base knows in the base's order.

    Raises:
        TrainingError: if such a space has other classes, or a space has a name that cannot be used.
    """
    distributions, classes, names = dict(table.distributions), dict(table.classes), dict(table.class_names)
    for space in (*table.distributions, *table.classes):
        if not re.fullmatch(r"\w+", space) or hasattr(nn.ModuleDict(), space) or space in RESERVED:
            raise TrainingError(f"{space!r} cannot name a space; choose another with --space, letters and digits alone")
        if space not in known or known[space] == names[space]:
            continue
        if set(known[space]) != set(names[space]):
            raise TrainingError(f"{space} has other classes in the base model; choose another --space for yours")
        order = [names[space].index(name) for name in known[space]]
        if space in distributions:
            distributions[space] = distributions[space][:, order]
        if space in classes:
            place = np.array([*np.argsort(order), ABSENT_CLASS])
            classes[space] = place[classes[space]]
        names[space] = known[space]
    return replace(table, distributions=distributions, classes=classes, class_names=names)


def _digest(table: Table, base: Model) -> str:
    """Of images, labels and base: a run goes on only with those that it began with."""
    digest = hashlib.sha256("\0".join(map(str, table.paths)).encode(errors="surrogateescape"))
    spaces = {space: table.class_names[space] for space in (*table.distributions, *table.classes)}
    digest.update(f"{base.id} {spaces}".encode())
    for values in (*table.distributions.values(), *table.classes.values(), table.valence, table.arousal):
        digest.update(b"" if values is None else values.tobytes())
    return digest.hexdigest()[:12]


def _with_heads(base: EmotionNet, table: Table, *, from_scratch: bool, seed: int) -> EmotionNet:
    """A network with the base's heads and one per new space of the table."""
    spaces = {space: len(table.class_names[space]) for space in (*table.distributions, *table.classes)}
    for space, count in spaces.items():
        if base.config.distributions.get(space, count) != count:
            raise TrainingError(f"{space} has {count} classes here and another number in the base; use another --space")
    torch.manual_seed(seed)
    network = EmotionNet(replace(base.config, distributions={**base.config.distributions, **spaces}))
    if not from_scratch:
        network.load_state_dict({**network.state_dict(), **base.state_dict()})
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _targets(table: Table, network: EmotionNet, model: Model) -> Targets:
    """The table's labels; what the base model says where it has none."""
    own = [*table.distributions, *table.classes]
    joined = join_targets([table], own, [])
    readings = [model.read(path) for path in table.paths]
    distributions = dict(joined.distributions)
    for space in network.config.distributions:
        if space not in own:
            values = [list(reading.distributions[space].values()) for reading in readings]
            distributions[space] = torch.tensor(values, dtype=torch.float32)
    said = torch.tensor([[reading.valence, reading.arousal] for reading in readings], dtype=torch.float32)
    points = torch.where(joined.valence_arousal.isnan(), said, joined.valence_arousal)
    return Targets({space: distributions[space] for space in network.config.distributions}, {}, points)


def measures_of(table: Table, outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, tuple[Estimate, float]]:
    """Figures of a network on a table that it did not learn from, each with what guessing would give.

    Args:
        table: the images' labels.
        outputs: head to (n, K).

    Returns:
        ``accuracy (SPACE)`` against the most frequent class, and Pearson's r of valence and arousal against 0; no
        figure for labels that these images lack.
    """
    found: dict[str, tuple[Estimate, float]] = {}
    for space, (shares, known) in _shares(table).items():
        logits = outputs[space][known]
        right = shares[np.arange(len(shares)), logits.argmax(axis=1)] >= shares.max(axis=1) - 1e-9
        floor = float((shares[:, shares.mean(axis=0).argmax()] >= shares.max(axis=1) - 1e-9).mean())
        groups = None if table.together is None else table.together[known]
        found[f"accuracy ({space})"] = mean_interval(right.astype(float), groups=groups), floor
    if table.valence is not None and table.arousal is not None:
        for column, (name, target) in enumerate((("valence", table.valence), ("arousal", table.arousal))):
            rated = ~np.isnan(target)
            if rated.sum() < FEWEST_RATED:
                continue
            predicted, truth = outputs[VALENCE_AROUSAL][rated, column], target[rated]
            groups = None if table.together is None else table.together[rated]
            found[f"{name} r"] = correlation(predicted, truth, groups=groups), 0.0
    return found


def _shares(table: Table) -> dict[str, tuple[NDArray[np.floating], NDArray[np.bool_]]]:
    """Per label space, the labels as distributions of the rows that have one, and which these are; none without."""
    found = {space: table.shares(space) for space in (*table.distributions, *table.classes)}
    return {space: (shares[known], known) for space, (shares, known) in found.items() if known.any()}


def _export(
    network: EmotionNet,
    table: Table,
    tested: Table,
    trained_on: Sequence[Path],
    outputs: Mapping[str, NDArray[np.float32]],
    model: Model,
    found_out: FineTuned,
    config: TrainingConfig,
    *,
    from_scratch: bool,
) -> None:
    own = _shares(tested)
    # The user's own space goes first: it is the one whose top class is shown, and that the confidence speaks of.
    learnt = (*own, *table.distributions, *table.classes)
    names = {space: table.class_names[space] for space in learnt} | dict(model.card.class_names)
    temperatures = dict.fromkeys(names, 1.0)
    confidence: ConfidenceCurve = model.card.confidence
    for space, (shares, known) in own.items():
        temperatures[space] = fit_temperature(outputs[space][known], shares)
        if space == next(iter(names)):
            top = F.softmax(torch.from_numpy(outputs[space][known] / temperatures[space]), dim=1).numpy()
            right = shares[np.arange(len(shares)), top.argmax(axis=1)] >= shares.max(axis=1) - 1e-9
            confidence = fit_confidence(space, top.max(axis=1), right)
    export_model(
        network,
        found_out.folder,
        name=table.name,
        class_names=names,
        temperatures=temperatures,
        confidence=confidence,
        licence=LICENCE_FROM_SCRATCH if from_scratch else LICENCE,
        trained_on=trained_on,
        # From scratch, too, the base filled in what the data set does not say.
        trained_on_before=model.training_digests(),
        facts={
            "data": {table.name: len(table), "held out": len(tested)},
            "began with": "random weights" if from_scratch else model.id,
            "measured on the held-out images": {
                name: {"value": str(estimate), "by guessing": round(floor, 4)}
                for name, (estimate, floor) in found_out.measures.items()
            },
            "held-out images that the base had learnt from": found_out.seen_before,
            "epochs": config.epochs,
            "seed": config.seed,
            "not measured": "other images than these, other viewers, cultures and groups than those who labelled them",
        },
    )
