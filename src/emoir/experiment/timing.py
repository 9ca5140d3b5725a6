"""How long an experiment will take on this machine, measured on a few training steps of every row."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from emoir.experiment.data import ExperimentData
from emoir.experiment.protocol import DECAYS, LENGTHS, MIXUPS
from emoir.experiment.rows import ProtocolRow
from emoir.experiment.runs import FoldRun, run_fold
from emoir.experiment.variants import ExperimentProtocol, ModelVariant, run_length

WARM_STEPS, TIMED_STEPS = 1, 3


@dataclass(frozen=True, slots=True)
class RowCost:
    """What a row of the protocol costs on this machine, at the longest lengths.

    Args:
        step: seconds per training step.
        run: seconds of one run.
        inner: seconds of the runs that choose a fold's setting.
    """

    step: float
    run: float
    inner: float

    def fold(self, seeds: int) -> float:
        """Seconds of a fold with all its seeds."""
        return self.inner + seeds * self.run


class _EnoughStepsError(Exception):
    """The steps that are timed are done."""


def seconds_per_step(
    variant: ModelVariant,
    data: ExperimentData,
    protocol: ExperimentProtocol,
    *,
    steps: int = TIMED_STEPS,
    device: str = "cpu",
) -> float:
    """Seconds per training step of a row, the first one left out; only decoded pixels are kept.

    Args:
        variant: the row.
        data: what it learns from.
        protocol: shared by all rows.
        steps: number of steps to time.
        device: that torch trains on.
    """
    times: list[float] = []

    def report(step: int, total: int, loss: float) -> None:
        times.append(time.perf_counter())
        if step == min(WARM_STEPS + steps, total):
            raise _EnoughStepsError

    with tempfile.TemporaryDirectory() as folder, suppress(_EnoughStepsError):
        run_fold(FoldRun(variant, 0, 0), data, protocol, Path(folder), report=report, device=device)
    return (times[-1] - times[0]) / max(1, len(times) - 1)


def row_cost(row: ProtocolRow, data: ExperimentData, *, steps: int = TIMED_STEPS, device: str = "cpu") -> RowCost:
    """Time a few steps of a row, and count what the protocol asks for.

    Args:
        row: of the protocol.
        data: what it learns from.
        steps: number of steps to time.
        device: that torch trains on.

    Returns:
        Without what is measured between epochs, which adds about a fifth.
    """
    images = len(data.folds.training_rows(0))
    batch, epochs = run_length(images)
    protocol = ExperimentProtocol(batch=batch, epochs=epochs)
    step = seconds_per_step(row.variant, data, protocol, steps=steps, device=device)
    # Rates at full length, the shorter lengths, then one more value of each other setting.
    tried = len(row.rates) + sum(LENGTHS[1:]) + len(DECAYS) - 1 + len(MIXUPS) - 1
    run = step * (images // batch) * epochs
    return RowCost(step, run, tried * run * 4 / 5)
