"""emoir experiment: a quick look that really trains, and the report of a whole run whose training is made up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emoir.cli import experiment
from emoir.cli.app import app
from emoir.datasets import read_dataset
from emoir.experiment import protocol, timing
from emoir.experiment.data import ExperimentData
from emoir.experiment.results import write_results
from emoir.experiment.rows import ProtocolRow
from emoir.experiment.timing import RowCost
from emoir.experiment.variants import ExperimentProtocol
from tests.experiment.test_endpoints import SKILL, made_up, with_probe
from tests.training.test_fine_tune import save_colours


def test_a_quick_look_trains_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "QUICK_ROWS", "BD")
    monkeypatch.setattr(experiment, "QUICK_STEPS", 2)
    folder = save_colours(tmp_path / "temperature", 40)
    command = ["experiment", str(folder), "--quick", "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    assert re.search(r"4 runs of \d+ epochs: about \w+ minutes?", first.stderr)
    assert "| D − B |" in first.stdout
    assert "quick: a look, not a result; 2 folds, seed 1" in first.stdout
    again = CliRunner().invoke(app, command)
    assert again.stdout == first.stdout
    assert "runs of" not in again.stderr, "what is done is not run again"


@pytest.mark.parametrize(("words", "seeds", "hours"), [([], "23232", 3.5), (["--seeds", "2"], "22222", 3.2)])
def test_a_whole_run_is_reported_by_the_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], seeds: str, hours: float
) -> None:
    folder = save_colours(tmp_path / "temperature", 40)
    table = read_dataset(folder)
    asked: list[tuple[str, int, int]] = []

    def run_row(
        row: ProtocolRow, data: ExperimentData, fold: int, out: Path, seeds: int, *, device: str
    ) -> ExperimentProtocol:
        asked.append((row.letter, fold, seeds))
        results = made_up(data.table, data.folds, {row.letter: SKILL[row.letter]}, seeds)
        write_results(with_probe(results, data.table, data.folds), out / f"{row.letter}.npz")
        return ExperimentProtocol(learning_rate=1e-3)

    monkeypatch.setattr(protocol, "run_row", run_row)
    monkeypatch.setattr(timing, "row_cost", lambda *_, **options: RowCost(0.1, 100.0, 260.0))
    done = CliRunner().invoke(app, ["experiment", str(folder), *words, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert len(table) == 40
    assert asked == [
        (letter, fold, int(count)) for letter, count in zip("ABCDE", seeds, strict=True) for fold in range(5)
    ]
    assert f"5 rows on 5 folds: at most about {hours} hours on this machine" in done.stderr
    assert "25 of 25: E, RGB + shuffled, fold 4: rate 0.001, 60 epochs, decay 0.3, mixup 0" in done.stderr
    assert "| 1. D − B, top-1 | 0.03 | " in done.stdout
    assert "| finished runs | A | B | C | D | E |" in done.stdout
    assert "Missing" not in done.stdout
    assert (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8") in done.stdout
