"""The estimate counts every run's steps by what a step of its row takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from emoir.datasets import read_dataset
from emoir.datasets.splits import make_folds
from emoir.experiment.data import ExperimentData
from emoir.experiment.runs import FoldRun
from emoir.experiment.timing import estimated_seconds, seconds_per_step
from emoir.experiment.variants import VARIANTS, ExperimentProtocol
from tests.training.test_fine_tune import save_colours

TINY = ExperimentProtocol(epochs=2, batch=5, width=8, blocks=(1, 1))
RGB = VARIANTS[2]


def test_an_estimate_grows_with_the_runs_and_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    table = read_dataset(save_colours(tmp_path / "temperature", 40))
    data = ExperimentData(table=table, folds=make_folds(table, count=2), cache=tmp_path / "cache")
    assert seconds_per_step(RGB, data, TINY) > 0
    assert {file.suffix for file in (tmp_path / "cache").iterdir()} == {".npy"}
    monkeypatch.setattr("emoir.experiment.timing.seconds_per_step", lambda variant, data, protocol: 0.5)
    runs = [FoldRun(RGB, fold, seed) for fold in range(2) for seed in range(3)]
    # 20 training images are four steps an epoch.
    assert estimated_seconds(runs, data, TINY) == 6 * 0.5 * 8
