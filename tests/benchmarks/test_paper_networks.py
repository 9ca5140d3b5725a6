"""Networks of the protocol kept as half floats, and a set read with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import paper_networks
from emoir.datasets import read_dataset
from emoir.datasets.splits import make_folds
from emoir.errors import DatasetError
from emoir.experiment.data import ExperimentData
from emoir.experiment.results import FoldResult, RunKey
from emoir.experiment.set_results import TRAINED
from emoir.experiment.variants import ExperimentProtocol
from tests.training.test_fine_tune import save_colours

TINY = ExperimentProtocol(epochs=1, batch=8, width=8, blocks=(1, 1))


def test_the_value_that_most_folds_chose_is_kept() -> None:
    row = TRAINED["A"]
    chosen = [(5e-4, 40), (2e-4, 40), (2e-4, 60), (5e-4, 20), (1e-3, 40)]
    results = {
        RunKey(row.variant.name, fold, 0): FoldResult(
            conditions={"learning_rate": rate, "epochs": epochs, "weight_decay": 0.05, "mixup": 0.2},
            rows=np.arange(1),
            predictions={},
        )
        for fold, (rate, epochs) in enumerate(chosen)
    }
    setting = paper_networks.most_chosen(row, results, 5, 1_000)
    assert (setting.learning_rate, setting.epochs, setting.weight_decay, setting.mixup) == (5e-4, 40, 0.05, 0.2)
    assert setting.batch == 32


def test_a_set_is_read_with_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.set_num_threads(1)
    table = read_dataset(save_colours(tmp_path / "temperature", 40))
    data = ExperimentData(table=table, folds=make_folds(table, count=2), cache=tmp_path / "cache")
    monkeypatch.setattr(paper_networks, "TRAINED_AGAIN", tmp_path / "again")
    monkeypatch.setattr(paper_networks, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(paper_networks, "RUNS", tmp_path)
    for letter in "BD":
        file = paper_networks.file_of("colours", letter)
        paper_networks.train_on_all(TRAINED[letter], data, TINY, file)
        assert file.stat().st_size < 1_500_000
    kept = paper_networks.load(tmp_path / "kept" / "colours.D.safetensors", is_alexnet=False)
    assert kept.network.config.statistics == 192
    assert kept.classes == table.class_names["temperature"]
    first = paper_networks.read(kept, table, tmp_path / "cache")
    assert first.keys() >= {"top-1", "NLL", "P@10 (a)"}
    names, labels = table.class_names["temperature"], table.classes["temperature"]
    turned = replace(table, class_names={"mood": names[::-1]}, classes={"mood": 1 - labels})
    assert paper_networks.read(kept, turned, tmp_path / "cache")["NLL"].value == pytest.approx(first["NLL"].value)
    with pytest.raises(DatasetError, match="has the classes x, y, not"):
        paper_networks.read(kept, replace(table, class_names={"temperature": ("x", "y")}), tmp_path / "cache")
    monkeypatch.setattr(paper_networks, "load", lambda file, is_alexnet: kept)
    paper_networks.print_readings("colours", table)
    printed = capsys.readouterr().out
    assert f"| {TRAINED['A'].variant.name} | {first['top-1']} |" in printed
    assert "| D − B | .000 [.000, .000] |" in printed
