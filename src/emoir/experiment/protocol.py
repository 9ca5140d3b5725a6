"""The paper's protocol: how each row's setting is chosen on inner folds, and stuck runs started anew."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds, make_hold_out
from emoir.experiment.data import ExperimentData
from emoir.experiment.fusion import fused_runs
from emoir.experiment.results import FoldResult, Results, RunKey, read_results, write_results
from emoir.experiment.rows import ROWS, ProtocolRow
from emoir.experiment.runs import FoldRun, run_fold
from emoir.experiment.variants import ExperimentProtocol, run_length
from emoir.training.loop import Report

FOLD_SEED, INNER_SEED = 1, 1
LENGTHS = (1.0, 1 / 2)
"""A run may be the whole or half of the longest."""
DECAYS, MIXUPS = (0.3, 0.05), (0.0, 0.2)
RESTARTS, RESTART_SEED = 2, 1_000
STUCK_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a row and a fold.

    Args:
        setting: to train the fold's runs with.
        result: of the inner run with this setting; its rows, held out inside the fold, are rows of the whole table.
    """

    setting: ExperimentProtocol
    result: FoldResult


def settings_of(row: ProtocolRow, longest: int) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """What is chosen on inner folds, one after the other, and the values of each; the first ones are the start.

    Args:
        row: of the protocol.
        longest: epochs of the longest run.

    Example:
        >>> dict(settings_of(ROWS[0], 60))["epochs"]
        (60, 30)
    """
    lengths = tuple(dict.fromkeys(max(1, round(longest * part)) for part in LENGTHS))
    return (("learning_rate", row.rates), ("epochs", lengths), ("weight_decay", DECAYS), ("mixup", MIXUPS))


def setting_of(row: ProtocolRow, fold: int, finished: Results) -> ExperimentProtocol | None:
    """The setting that a row's runs on a fold were trained with, None if there is no such run.

    Args:
        row: of the protocol, which has chosen its own setting.
        fold: the outer fold.
        finished: runs of the set.

    Example:
        >>> from dataclasses import asdict
        >>> given = asdict(ExperimentProtocol(epochs=8))
        >>> run = FoldResult(conditions=given, rows=np.arange(2), predictions={})
        >>> found = setting_of(ROWS[0], 0, {RunKey("A, AlexNet", 0, 0): run})
        >>> found == ExperimentProtocol(epochs=8)
        True
    """
    for key, result in finished.items():
        if (key.variant, key.fold) == (row.variant.name, fold):
            kept: dict[str, Any] = {field.name: result.conditions[field.name] for field in fields(ExperimentProtocol)}
            return ExperimentProtocol(**{**kept, "blocks": tuple(kept["blocks"])})
    return None


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
    device: str = "cpu",
) -> Choice:
    """The setting of a row for a fold, chosen on the fold's own training images; a stopped call goes on.

    One setting after the other is chosen, the others as they stand: the value with the lowest loss on the inner
    held-out images after the last epoch; of equals the first. No test image is read.

    Args:
        row: of the protocol.
        data: the set with its outer folds.
        fold: the outer fold.
        folder: receives the inner runs, one file each.
        start: the longest run, and what is not chosen; default: about 400 steps.
        report: progress of each run.
        device: that torch trains on.
    """
    inner = inner_data(data, fold)
    batch, epochs = run_length(len(inner.folds.training_rows(0)))
    chosen = start or ExperimentProtocol(batch=batch, epochs=epochs)
    axes = settings_of(row, chosen.epochs)
    for name, values in axes:
        chosen = replace(chosen, **{name: values[0]})  # type: ignore[arg-type]
    for name, values in axes:
        tried = [replace(chosen, **{name: value}) for value in values]  # type: ignore[arg-type]
        results = [_inner_run(row, one, inner, folder, report, device) for one in tried]
        best = int(np.argmin([_last_loss(result) for result in results]))
        chosen, result = tried[best], results[best]
    return Choice(chosen, replace(result, rows=data.folds.training_rows(fold)[result.rows]))


def _inner_run(
    row: ProtocolRow,
    tried: ExperimentProtocol,
    inner: ExperimentData,
    folder: Path,
    report: Report | None,
    device: str,
) -> FoldResult:
    words = f"{tried.learning_rate:g} {tried.epochs} {tried.weight_decay:g} {tried.mixup:g}"
    variant = replace(row.variant, name=f"{row.variant.name} {words}")
    # What comes of it is read after its last epoch, so its curve needs no other point.
    return _run(FoldRun(variant, 0, INNER_SEED), inner, tried, folder, report, device, measured=tried.epochs)


def _run(
    run: FoldRun,
    data: ExperimentData,
    protocol: ExperimentProtocol,
    folder: Path,
    report: Report | None,
    device: str,
    measured: int | None = None,
) -> FoldResult:
    folder.mkdir(parents=True, exist_ok=True)
    run_fold(run, data, protocol, folder, report=report, device=device, measured=measured)
    return read_results([folder / f"{run.file}.npz"])[run.key]


def _last_loss(result: FoldResult) -> float:
    names = [name for name in result.curve if name.startswith(("test NLL", "test squared error"))]
    return float(result.curve[names[0]][-1])


def is_stuck(result: FoldResult, table: Table) -> bool:
    """Whether a run knows no more of its own training images than which class is most frequent.

    A set without classes has no stuck runs by this rule.

    Args:
        result: of the run.
        table: the data set.
    """
    space = next(iter(table.classes), None)
    if space is None:
        return False
    labels = np.delete(table.classes[space], result.rows)
    known = labels != ABSENT_CLASS
    right = (result.learnt[space].argmax(axis=1) == labels)[known].mean()
    return bool(right <= np.bincount(labels[known]).max() / known.sum() + STUCK_MARGIN)


def final_runs(results: Results) -> dict[RunKey, FoldResult]:
    """Of every run the last attempt, under the seed that the first began with.

    Args:
        results: of first runs, and of those that were started again.

    Example:
        >>> first, again = (FoldResult(conditions={}, rows=np.arange(n), predictions={}) for n in (1, 2))
        >>> results = {RunKey("A", 0, 0): first, RunKey("A", 0, 1_000): again, RunKey("A", 1, 0): first}
        >>> [len(result.rows) for result in final_runs(results).values()]
        [2, 1]
    """
    last = {RunKey(variant, fold, seed % RESTART_SEED): seed for variant, fold, seed in sorted(results)}
    return {key: results[key._replace(seed=seed)] for key, seed in last.items()}


def first_runs(results: Results) -> dict[RunKey, FoldResult]:
    """Of every run the first attempt, stuck or not.

    Args:
        results: of first runs, and of those that were started again.
    """
    return {key: result for key, result in results.items() if key.seed < RESTART_SEED}


def run_until_learnt(
    run: FoldRun,
    data: ExperimentData,
    protocol: ExperimentProtocol,
    folder: Path,
    *,
    report: Report | None = None,
    device: str = "cpu",
) -> dict[RunKey, FoldResult]:
    """Train one fold of a row; a stuck run is started anew with another seed, at most twice; every row alike.

    Args:
        run: row, fold and seed.
        data: the set with its folds.
        protocol: the setting of the row.
        folder: receives one file per run.
        report: progress.
        device: that torch trains on.

    Returns:
        All attempts (see ``final_runs``), each under the seed that it began with.
    """
    attempts: dict[RunKey, FoldResult] = {}
    for attempt in range(RESTARTS + 1):
        again = replace(run, seed=run.seed + attempt * RESTART_SEED)
        attempts[again.key] = _run(again, data, protocol, folder, report, device)
        if not is_stuck(attempts[again.key], data.table):
            break
    return attempts


def run_row(
    row: ProtocolRow,
    data: ExperimentData,
    fold: int,
    folder: Path,
    seeds: int,
    *,
    finished: Results | None = None,
    report: Report | None = None,
    device: str = "cpu",
) -> ExperimentProtocol:
    """Choose the setting of a row for a fold, train all its seeds, and fuse C with a probe; a stopped call goes on.

    Args:
        row: of the protocol.
        data: the set with its outer folds.
        fold: the outer fold.
        folder: receives one file per run, those of inner runs in a folder per fold.
        seeds: how many.
        finished: runs of the set. A row that takes another row's setting takes it from that row's runs, if there are
            any here; nothing is chosen anew.
        report: progress of each run.
        device: that torch trains on.

    Returns:
        The setting that was chosen, with the factors of its row.
    """
    setting = None if row.settings_from is None else setting_of(row.settings_from, fold, finished or {})
    if setting is None:
        inner = folder / f"inner{fold}"
        choice = choose_setting(row.settings_from or row, data, fold, inner, report=report, device=device)
        setting = choice.setting
    setting = replace(setting, epochs=row.length * setting.epochs)
    if setting.learning_rate:
        setting = replace(setting, learning_rate=row.rate * setting.learning_rate)
    attempts: dict[RunKey, FoldResult] = {}
    for seed in range(seeds):
        run = FoldRun(row.variant, fold, seed)
        attempts |= run_until_learnt(run, data, setting, folder, report=report, device=device)
    if row.letter == "C" and data.table.classes:
        numbers = data.statistics(ROWS[3].variant)
        assert numbers is not None, "D is given some"
        fused = fused_runs(final_runs(attempts), choice.result, numbers, data.table)
        write_results(fused, folder / f"fused.fold{fold}.npz")
    return setting
