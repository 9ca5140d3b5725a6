"""The estimate counts every run's steps by what a step of its row takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from emoir.datasets import read_dataset
from emoir.datasets.splits import make_folds
from emoir.experiment.data import ExperimentData
from emoir.experiment.rows import ROWS
from emoir.experiment.timing import row_cost, seconds_per_step
from emoir.experiment.variants import ExperimentProtocol
from tests.training.test_fine_tune import save_colours

TINY = ExperimentProtocol(epochs=2, batch=5, width=8, blocks=(1, 1))
RGB = ROWS[1].variant


def test_an_estimate_grows_with_the_runs_and_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    table = read_dataset(save_colours(tmp_path / "temperature", 40))
    data = ExperimentData(table=table, folds=make_folds(table, count=2), cache=tmp_path / "cache")
    assert seconds_per_step(RGB, data, TINY) > 0
    assert {file.suffix for file in (tmp_path / "cache").iterdir()} == {".npy"}
    monkeypatch.setattr("emoir.experiment.timing.seconds_per_step", lambda *_, **options: 0.5)
    # 20 training images fill one batch of 16 in each of 320 epochs.
    alexnet, other = (row_cost(row, data) for row in ROWS[:2])
    assert other.run == 0.5 * 320
    # All and half of the length, a second decay and a second mixture, on four fifths of the images.
    assert other.inner == pytest.approx(3.5 * other.run * 4 / 5)
    assert alexnet.inner == pytest.approx(5.5 * other.run * 4 / 5), "and two rates more"
    assert other.fold(3) == pytest.approx(other.inner + 3 * other.run)
