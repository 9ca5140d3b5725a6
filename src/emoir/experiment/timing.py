"""How long an experiment will take on this machine, measured on a few training steps of every row."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from emoir.experiment.data import ExperimentData
from emoir.experiment.runs import FoldRun, run_fold
from emoir.experiment.variants import ExperimentProtocol, ModelVariant

WARM_STEPS, TIMED_STEPS = 1, 3


class _EnoughStepsError(Exception):
    """The steps that are timed are done."""


def seconds_per_step(
    variant: ModelVariant, data: ExperimentData, protocol: ExperimentProtocol, *, steps: int = TIMED_STEPS
) -> float:
    """Seconds per training step of a row, the first one left out; only decoded pixels are kept.

    Args:
        variant: the row.
        data: what it learns from.
        protocol: shared by all rows.
        steps: number of steps to time.
    """
    times: list[float] = []

    def report(step: int, total: int, loss: float) -> None:
        times.append(time.perf_counter())
        if step == min(WARM_STEPS + steps, total):
            raise _EnoughStepsError

    with tempfile.TemporaryDirectory() as folder, suppress(_EnoughStepsError):
        run_fold(FoldRun(variant, 0, 0), data, protocol, Path(folder), report=report)
    return (times[-1] - times[0]) / max(1, len(times) - 1)


def estimated_seconds(runs: Sequence[FoldRun], data: ExperimentData, protocol: ExperimentProtocol) -> float:
    """Seconds that runs will take, without what is measured between epochs, which adds about a fifth.

    Args:
        runs: to be done.
        data: what they learn from.
        protocol: shared by all rows.
    """
    by_row = {run.variant: 0.0 for run in runs}
    for variant in by_row:
        by_row[variant] = seconds_per_step(variant, data, protocol)
    steps = {fold: len(data.training_rows(fold)) // protocol.batch * protocol.epochs for fold in {r.fold for r in runs}}
    return sum(by_row[run.variant] * steps[run.fold] for run in runs)
