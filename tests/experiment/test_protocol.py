"""The protocol in small: settings are chosen without a test image, and stuck runs begin anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emoir.datasets import read_dataset
from emoir.datasets.splits import make_folds
from emoir.experiment.data import ExperimentData
from emoir.experiment.protocol import (
    RESTART_SEED,
    choose_setting,
    final_runs,
    first_runs,
    inner_data,
    is_stuck,
    run_row,
    run_until_learnt,
    setting_of,
    settings_of,
)
from emoir.experiment.results import FoldResult, read_results
from emoir.experiment.rows import ROWS
from emoir.experiment.runs import FoldRun
from emoir.experiment.statistics import picture_statistics, shuffled
from emoir.experiment.variants import ExperimentProtocol
from tests.pictures import noise
from tests.training.test_fine_tune import save_colours

TINY = ExperimentProtocol(epochs=3, batch=8, width=8, blocks=(1, 1))
STATISTICS = next(row for row in ROWS if row.letter == "D")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ExperimentData:
    folder = tmp_path_factory.mktemp("data")
    table = read_dataset(save_colours(folder / "temperature", 40))
    return ExperimentData(table=table, folds=make_folds(table, count=2, seed=1), cache=folder / "cache")


def test_a_setting_is_chosen_without_a_test_image(data: ExperimentData, tmp_path: Path) -> None:
    inner = inner_data(data, 0)
    outer = {data.table.paths[row] for row in data.folds.training_rows(0)}
    assert set(inner.table.paths) == outer
    assert inner.folds.count == 2
    choice = choose_setting(STATISTICS, data, 0, tmp_path, start=TINY)
    chosen = choice.setting
    assert {data.table.paths[row] for row in choice.result.rows} == {
        inner.table.paths[row] for row in inner.folds.test_rows(0)
    }
    axes = dict(settings_of(STATISTICS, TINY.epochs))
    assert all(getattr(chosen, name) in values for name, values in axes.items())
    tried = read_results(tmp_path.glob("*.npz"))
    # The start, half the length, one decay, one mixture: what was tried before is not run again.
    assert len(tried) == 4
    assert all(len(result.curve["epoch"]) == 1 for result in tried.values()), "measured at its end"
    losses = {key.variant: result.curve["test NLL (temperature)"][-1] for key, result in tried.items()}
    words = f"{chosen.learning_rate:g} {chosen.epochs} {chosen.weight_decay:g} {chosen.mixup:g}"
    last = {name: loss for name, loss in losses.items() if name.split()[-3:-1] == words.split()[1:3]}
    assert min(last, key=last.__getitem__).endswith(words), "the last choice is between mixtures"


def test_a_stuck_run_begins_anew_with_another_seed(data: ExperimentData, tmp_path: Path) -> None:
    test, labels = data.folds.test_rows(0), data.table.classes["temperature"]
    same = np.zeros((20, 2))
    result = FoldResult(conditions={}, rows=test, predictions={}, learnt={"temperature": same})
    assert is_stuck(result, data.table), "half of the images are of each class"
    some = np.eye(2)[labels[data.folds.training_rows(0)]] * (np.arange(20) < 16)[:, None]
    assert not is_stuck(replace(result, learnt={"temperature": some}), data.table)
    # With a rate of nothing AlexNet stays at its start, where every image is of the same class.
    run = FoldRun(ROWS[0].variant, 0, 0)
    attempts = run_until_learnt(run, data, replace(TINY, epochs=1, learning_rate=1e-12), tmp_path)
    assert {key.seed for key in read_results(tmp_path.glob("*.npz"))} == {0, RESTART_SEED, 2 * RESTART_SEED}
    final, first = final_runs(attempts), first_runs(attempts)
    assert [*final] == [*first] == [run.key]
    assert final[run.key] is attempts[run.key._replace(seed=2 * RESTART_SEED)]
    assert first[run.key] is attempts[run.key]


def test_statistics_of_pictures() -> None:
    pixels = np.stack([noise(48, seed) for seed in range(6)])
    found = picture_statistics(pixels)
    assert found.shape == (6, 90 + 6 * 17)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(picture_statistics(pixels[2:3])[0], found[2], rtol=1e-4, atol=1e-5)
    # The mean of sRGB stands first among the plane statistics.
    np.testing.assert_allclose(found[:, 90:93], pixels.mean(axis=(1, 2)) / 255, atol=1e-5)
    other = shuffled(found)
    assert sorted(map(tuple, other.tolist())) == sorted(map(tuple, found.tolist()))
    assert not np.array_equal(other, found)


def test_a_row_takes_the_settings_of_another(
    data: ExperimentData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoir.experiment.variants.STEPS", 2)
    row = next(row for row in ROWS if row.letter == "B")
    chosen = run_row(row, data, 0, tmp_path, 1)
    before = {*tmp_path.rglob("*.npz")}
    other = replace(row, variant=replace(row.variant, name="other"), settings_from=row, length=2, rate=0.5)
    assert run_row(other, data, 0, tmp_path, 1) == replace(chosen, epochs=2 * chosen.epochs, learning_rate=1e-3)
    later = [file.name for file in {*tmp_path.rglob("*.npz")} - before]
    assert all(name.startswith("other.fold0") for name in later), "no setting is chosen anew"
    assert later
    # Elsewhere, where no inner run is at hand, the runs of the row say what was chosen.
    finished = read_results([file for file in before if file.parent == tmp_path])
    run_row(other, data, 0, tmp_path / "elsewhere", 1, finished=finished)
    assert {file.name for file in (tmp_path / "elsewhere").rglob("*.npz")} == {*later}
    assert setting_of(row, 1, finished) is None
