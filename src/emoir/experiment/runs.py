"""The runs of an experiment: a row on a fold with a seed, which can be stopped and goes on."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from emoir.datasets import ABSENT_CLASS, Table
from emoir.evaluate.retrieval import average_precision, leave_one_out, precision_at, same_class
from emoir.experiment.data import ExperimentData
from emoir.experiment.overfitting import Curve
from emoir.experiment.results import FoldResult, RunKey, read_results, write_results
from emoir.experiment.variants import SIZE, ExperimentProtocol, ModelVariant, build_network, measured_every
from emoir.models.card import WEIGHTS
from emoir.networks import EmotionNet, Network
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.cache import cached_pixels
from emoir.training.inputs import Inputs
from emoir.training.loop import CurveMeasure, Report, fit
from emoir.training.predict import predict
from emoir.training.state import seeded

CACHE_SIZE = 144


@dataclass(frozen=True, slots=True)
class FoldRun:
    """One row on one fold with one seed."""

    variant: ModelVariant
    fold: int
    seed: int

    @property
    def key(self) -> RunKey:
        """What its result is stored under."""
        return RunKey(self.variant.name, self.fold, self.seed)

    @property
    def file(self) -> str:
        """Name of its result's file, without suffix."""
        words = "".join(letter if letter.isalnum() else "-" for letter in self.variant.name)
        return f"{words}.fold{self.fold}.seed{self.seed}"


def run_fold(
    run: FoldRun,
    data: ExperimentData,
    protocol: ExperimentProtocol,
    folder: Path,
    *,
    report: Report | None = None,
    device: str = "cpu",
    measured: int | None = None,
) -> None:
    """Train one row on one fold and keep its predictions for the images held out; nothing if that is done already.

    Args:
        run: what to run.
        data: what it learns from and is tested on.
        protocol: shared by all rows.
        folder: receives ``NAME.npz``: predictions on the test fold, retrieval inside it, and the curve: figures on
            the test fold and on as many training images without augmentation. A few kilobytes.
        report: progress.
        device: that torch trains on; a result does not depend on it but for rounding.
        measured: epochs between two points of the curve; default: as ``measured_every`` says.

    Raises:
        TrainingError: if it is done already, but with another protocol, other images or other weights.
    """
    file = folder / f"{run.file}.npz"
    wanted = conditions(run, data, protocol)
    if file.exists():
        read_results([file])[run.key].check(wanted, str(file))
        return
    table = data.table
    train_rows, test = data.folds.training_rows(run.fold), data.folds.test_rows(run.fold)
    exact = Inputs(cached_pixels(table.paths, SIZE, data.cache), data.statistics(run.variant))

    def measure(current: Network) -> dict[str, float]:
        # As many as are tested are enough to see the gap.
        seen = train_rows[:: max(1, len(train_rows) // max(1, len(test)))]
        return {
            f"{part} {name}": value
            for part, chosen in (("test", test), ("train", seen))
            for name, value in measures_of(table, chosen, predict(current, exact.take(chosen))).items()
        }

    running = folder / "running" / run.file
    network = train(
        run,
        data,
        protocol,
        running,
        rows=data.training_rows(run.fold),
        report=report,
        curve=CurveMeasure(measure, measured or measured_every(protocol.epochs)),
        device=device,
    )
    heads = (*table.classes, VALENCE_AROUSAL)
    outputs, known = predict(network, exact.take(test)), predict(network, exact.take(train_rows))
    kept: dict[str, NDArray[np.floating]] = {name: outputs[name] for name in heads}
    for space, labels in table.classes.items():
        kept |= _retrieval(space, labels[test], outputs["features"])
    result = FoldResult(
        conditions=wanted,
        rows=test,
        predictions=kept,
        curve=_curve(running / "log.jsonl"),
        # Of many images, and only for means over them.
        learnt={name: known[name].astype(np.float16) for name in heads},
    )
    write_results({run.key: result}, file)
    shutil.rmtree(running)


def train(
    run: FoldRun,
    data: ExperimentData,
    protocol: ExperimentProtocol,
    folder: Path,
    *,
    rows: NDArray[np.intp],
    report: Report | None = None,
    curve: CurveMeasure[Network] | None = None,
    device: str = "cpu",
) -> Network:
    """A row's network, trained with a seed; a stopped call goes on.

    Args:
        run: row and seed.
        data: what it learns from.
        protocol: the row's setting.
        folder: receives checkpoint and log.
        rows: of ``data.pixels`` to learn from.
        report: progress.
        curve: what to measure between epochs.
        device: that torch trains on.

    Returns:
        With averaged weights, in evaluation mode.
    """
    statistics = data.statistics(run.variant)
    length = 0 if statistics is None else statistics.shape[1]
    with seeded(run.seed):
        network = build_network(run.variant, protocol, data.heads, data.pretrained, length)
    if statistics is not None and isinstance(network, EmotionNet) and network.branch is not None:
        network.branch.standardise(torch.from_numpy(statistics[rows]))
    placed: Network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return fit(
        placed,
        Inputs(data.pixels(CACHE_SIZE), statistics),
        data.targets(),
        protocol.training(run.variant, run.seed),
        folder,
        rows=rows,
        report=report,
        curve=curve,
    )


def conditions(run: FoldRun, data: ExperimentData, protocol: ExperimentProtocol) -> dict[str, object]:
    """Everything that a run's result depends on beside its key, fit for JSON.

    Args:
        run: row, fold and seed.
        data: what it learns from.
        protocol: shared by all rows.
    """
    values: dict[str, object] = asdict(protocol)
    values |= {"blocks": list(protocol.blocks), **data.identity(), "begins with": None}
    if run.variant.pretrained and data.pretrained is not None:
        values["begins with"] = hashlib.sha256((data.pretrained / WEIGHTS).read_bytes()).hexdigest()[:12]
    return values


def _curve(log: Path) -> Curve:
    """What the log of a run measured, and under ``epoch`` after how many epochs."""
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    measured = [{"epoch": record["epoch"], **record["measures"]} for record in records if "measures" in record]
    return {name: np.array([point[name] for point in measured]) for name in measured[0]}


def _retrieval(space: str, labels: NDArray[np.int64], features: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
    """Retrieval inside one test fold by what the class head reads, at unit length; NaN where an image has no label."""
    known = labels != ABSENT_CLASS
    vectors = features[known] / np.maximum(np.linalg.norm(features[known], axis=1, keepdims=True), 1e-12)
    inside = leave_one_out(vectors, same_class(labels[known]))
    found = {}
    for name, values in (("P@10 (b)", precision_at(inside, 10)), ("mAP (b)", average_precision(inside))):
        column = found[f"{space} {name}"] = np.full(len(labels), np.nan)
        column[known] = values
    return found


def measures_of(table: Table, rows: NDArray[np.intp], outputs: Mapping[str, NDArray[np.float32]]) -> dict[str, float]:
    """Top-1 and NLL per class space, and the squared error of the point, over some rows.

    Args:
        table: the data set.
        rows: of the table.
        outputs: head to (n, K) for these rows.

    Returns:
        Name to value, NLL in nats.
    """
    found: dict[str, float] = {}
    for space in table.classes:
        labels = torch.from_numpy(table.classes[space][rows])
        known = labels != ABSENT_CLASS
        logits = torch.from_numpy(outputs[space])[known]
        found[f"top-1 ({space})"] = float((logits.argmax(dim=1) == labels[known]).float().mean())
        found[f"NLL ({space})"] = float(F.cross_entropy(logits, labels[known]))
    if table.valence is not None and table.arousal is not None:
        truth = np.stack([table.valence[rows], table.arousal[rows]], axis=1)
        found["squared error"] = float(np.nanmean((outputs[VALENCE_AROUSAL] - truth) ** 2))
    return found
