"""The paper's protocol: its rows, how each row's setting is chosen on inner folds, and stuck runs started anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emoir.datasets import ABSENT_CLASS
from emoir.datasets.splits import Folds, make_hold_out
from emoir.experiment.data import ExperimentData
from emoir.experiment.results import FoldResult, read_results
from emoir.experiment.runs import FoldRun, run_fold
from emoir.experiment.variants import COLOUR, TEXTURE, ExperimentProtocol, ModelVariant, run_length
from emoir.training.loop import Report

FOLD_SEED, INNER_SEED = 1, 1
LENGTHS = (1.0, 2 / 3, 1 / 3)
"""A run may be a third, two thirds or the whole of the longest."""
DECAYS, MIXUPS = (0.3, 0.05), (0.0, 0.2)
RESTARTS, RESTART_SEED = 2, 1_000
STUCK_MARGIN = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolRow:
    """One row of the protocol.

    Args:
        letter: by which endpoints name it.
        variant: the network.
        rates: learning rates to choose from, the first of which is tried with everything else.
        seeds: how often it is trained on the sets that decide; on the others three times.
    """

    letter: str
    variant: ModelVariant
    rates: tuple[float, ...] = (2e-3,)
    seeds: int = 3


ROWS = (
    ProtocolRow(letter="A", variant=ModelVariant(name="A, AlexNet"), rates=(5e-4, 2e-4, 1e-3), seeds=5),
    ProtocolRow(letter="B", variant=ModelVariant(name="B, RGB", planes=("srgb",)), seeds=5),
    ProtocolRow(letter="C", variant=ModelVariant(name="C, planes", planes=(*COLOUR, *TEXTURE))),
    ProtocolRow(
        letter="D",
        variant=ModelVariant(name="D, planes + statistics", planes=(*COLOUR, *TEXTURE), statistics="own"),
        seeds=5,
    ),
    ProtocolRow(letter="E", variant=ModelVariant(name="E, RGB + shuffled", planes=("srgb",), statistics="shuffled")),
)
"""What is trained. Row F averages runs of B, and the fallback of D fuses C with a probe: neither needs a run."""


def settings_of(row: ProtocolRow, longest: int) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """What is chosen on inner folds, one after the other, and the values of each; the first ones are the start.

    Args:
        row: of the protocol.
        longest: epochs of the longest run.

    Example:
        >>> dict(settings_of(ROWS[0], 60))["epochs"]
        (60, 40, 20)
    """
    lengths = tuple(dict.fromkeys(max(1, round(longest * part)) for part in LENGTHS))
    return (("learning_rate", row.rates), ("epochs", lengths), ("weight_decay", DECAYS), ("mixup", MIXUPS))


def inner_data(data: ExperimentData, fold: int) -> ExperimentData:
    """The training images of a fold as a data set of their own, of which fold 0 is held out to choose by.

    Args:
        data: the set with its outer folds.
        fold: the outer fold.
    """
    rows = data.folds.training_rows(fold)
    table = data.table.take(rows.tolist())
    split = make_hold_out(table, seed=INNER_SEED)
    return replace(data, table=table, folds=Folds(data.folds.name, split.digests, split.folds, INNER_SEED))


def choose_setting(
    row: ProtocolRow,
    data: ExperimentData,
    fold: int,
    folder: Path,
    *,
    start: ExperimentProtocol | None = None,
    report: Report | None = None,
) -> ExperimentProtocol:
    """The setting of a row for a fold, chosen on the fold's own training images; a stopped call goes on.

    One setting after the other is chosen, the others as they stand: the value with the lowest loss on the inner
    held-out images after the last epoch; of equals the first. No test image is read.

    Args:
        row: of the protocol.
        data: the set with its outer folds.
        fold: the outer fold.
        folder: receives the inner runs, one file each.
        start: the longest run, and what is not chosen; default: about 2,000 steps.
        report: progress of each run.
    """
    inner = inner_data(data, fold)
    batch, epochs = run_length(len(inner.folds.training_rows(0)))
    chosen = start or ExperimentProtocol(batch=batch, epochs=epochs)
    axes = settings_of(row, chosen.epochs)
    for name, values in axes:
        chosen = replace(chosen, **{name: values[0]})  # type: ignore[arg-type]
    for name, values in axes:
        losses = []
        for value in values:
            tried = replace(chosen, **{name: value})  # type: ignore[arg-type]
            words = f"{tried.learning_rate:g} {tried.epochs} {tried.weight_decay:g} {tried.mixup:g}"
            variant = replace(row.variant, name=f"{row.variant.name} {words}")
            losses.append(_last_loss(_run(FoldRun(variant, 0, INNER_SEED), inner, tried, folder, report)))
        chosen = replace(chosen, **{name: values[int(np.argmin(losses))]})  # type: ignore[arg-type]
    return chosen


def _run(
    run: FoldRun, data: ExperimentData, protocol: ExperimentProtocol, folder: Path, report: Report | None
) -> FoldResult:
    folder.mkdir(parents=True, exist_ok=True)
    run_fold(run, data, protocol, folder, report=report)
    return read_results([folder / f"{run.file}.npz"])[run.key]


def _last_loss(result: FoldResult) -> float:
    names = [name for name in result.curve if name.startswith(("test NLL", "test squared error"))]
    return float(result.curve[names[0]][-1])


def is_stuck(result: FoldResult, data: ExperimentData) -> bool:
    """Whether a run knows no more of its own training images than which class is most frequent.

    A set without classes has no stuck runs by this rule.

    Args:
        result: of the run.
        data: what it learnt from.
    """
    space = next(iter(data.table.classes), None)
    if space is None:
        return False
    labels = data.table.classes[space]
    counts = np.bincount(labels[labels != ABSENT_CLASS])
    return bool(result.curve[f"train top-1 ({space})"][-1] <= counts.max() / counts.sum() + STUCK_MARGIN)


def run_until_learnt(
    run: FoldRun, data: ExperimentData, protocol: ExperimentProtocol, folder: Path, *, report: Report | None = None
) -> FoldResult:
    """Train one fold of a row; a stuck run is started anew with another seed, at most twice; every row alike.

    Args:
        run: row, fold and seed.
        data: the set with its folds.
        protocol: the setting of the row.
        folder: receives one file per run.
        report: progress.

    Returns:
        The first run that is not stuck, or the last; its file is named after the seed that it began with.
    """
    result = _run(run, data, protocol, folder, report)
    for attempt in range(1, RESTARTS + 1):
        if not is_stuck(result, data):
            break
        again = replace(run, seed=run.seed + attempt * RESTART_SEED)
        result = _run(again, data, protocol, folder, report)
    return result
