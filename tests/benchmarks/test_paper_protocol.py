"""The protocol's run: its order, its packed results, and what travels to another machine."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import development
import paper_protocol
from emoir.experiment.data import ExperimentData
from emoir.experiment.results import FoldResult, RunKey, read_results, write_results
from emoir.experiment.set_results import TRAINED
from tests.experiment.test_endpoints import SKILL, made_up, moods, with_probe


def test_what_decides_comes_first_and_pre_training_last() -> None:
    names = ["gaped", "emotion6", "fi_subset"]
    order = [(name, row.letter) for name, row, fold in paper_protocol.units(names, [*TRAINED]) if not fold]
    assert order == [
        *[("emotion6", letter) for letter in "BDA"],
        *[("fi_subset", letter) for letter in "BDA"],
        *[(name, letter) for name in ("emotion6", "fi_subset") for letter in ("C", "E", "A×2")],
        *[("gaped", letter) for letter in "BDACE"],
        *[(name, letter) for name in ("emotion6", "fi_subset") for letter in ("A′", "D′")],
    ]


def test_rows_with_pre_training_begin_with_what_was_made_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    table, folds = moods(30, "few")
    begun: list[Path | None] = []
    monkeypatch.setattr(paper_protocol, "data_of", lambda name: ExperimentData(table=table, folds=folds, cache=Path()))
    monkeypatch.setattr(
        paper_protocol, "run_row", lambda row, data, *_, finished, device: begun.append(data.pretrained)
    )
    for letter in ("A", "D′"):
        paper_protocol.run_unit("few", TRAINED[letter], 0, "cpu")
    assert begun == [None, paper_protocol.PRETRAINED / "D"]


def test_finished_runs_are_packed_beside_those_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, folds = moods(30, "few")
    data = ExperimentData(table=table, folds=folds, cache=tmp_path / "cache")
    monkeypatch.setattr(paper_protocol, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(paper_protocol, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(paper_protocol, "TITLES", {"few": "few"})
    monkeypatch.setattr(paper_protocol, "data_of", lambda name: data)
    (tmp_path / "results").mkdir()
    paper_protocol.pack("few")
    assert not paper_protocol.packed_file("few").exists()
    first = made_up(table, folds, {"B": 1.0}, 1)
    write_results(first, paper_protocol.packed_file("few"))
    (tmp_path / "runs" / "few" / "inner0").mkdir(parents=True)
    later = with_probe(made_up(table, folds, SKILL, 3), table, folds)
    write_results(later, tmp_path / "runs" / "few" / "later.npz")
    inner = {RunKey("B, RGB 0.002", 0, 1): FoldResult(conditions={}, rows=np.arange(2), predictions={})}
    write_results(inner, tmp_path / "runs" / "few" / "inner0" / "one.npz")
    paper_protocol.pack("few")
    assert {*read_results([paper_protocol.packed_file("few")])} == {*first, *later}, "inner runs stay where they are"
    found = paper_protocol.results_of("few")
    assert found.runs["E"] == (4, 4), "two folds, two seeds on sets that are described"
    assert found.has("A", "F", "C + probe")
    assert not found.has("A′")


def test_what_is_committed_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, folds = moods(30, "few")
    data = ExperimentData(table=table, folds=folds, cache=tmp_path / "cache")
    monkeypatch.setattr(paper_protocol, "RESULTS", tmp_path)
    monkeypatch.setattr(paper_protocol, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(paper_protocol, "data_of", lambda name: data)
    row, again = TRAINED["C"], 1_000
    begun: list[tuple[str, str, int]] = []
    monkeypatch.setattr(
        paper_protocol, "run_unit", lambda name, row, fold, device: begun.append((name, row.letter, fold))
    )
    results = made_up(table, folds, {"C": 1.0}, 2)
    but_one = {key: one for key, one in results.items() if key.fold == 0 or key.seed < 1}
    write_results(but_one, paper_protocol.packed_file("few"))
    assert paper_protocol.is_finished("few", row, 0)
    assert not paper_protocol.is_finished("few", row, 1), "the second seed is not there"
    assert not paper_protocol.is_finished("few", TRAINED["D"], 0)
    knows_nothing = replace(results[RunKey(row.variant.name, 0, 1)], learnt={"mood": np.zeros((15, 3), np.float16)})
    for attempts, finished in ((1, False), (2, False), (3, True)):
        stuck = {RunKey(row.variant.name, 0, 1 + number * again): knows_nothing for number in range(attempts)}
        write_results({**but_one, **stuck}, paper_protocol.packed_file("few"))
        assert paper_protocol.is_finished("few", row, 0) is finished, f"{attempts} attempts, all of them stuck"
    write_results(results, paper_protocol.packed_file("few"))
    monkeypatch.setattr(paper_protocol, "units", lambda names, letters: [("few", row, 0), ("few", TRAINED["D"], 0)])
    paper_protocol.run(["few"], ["C", "D"], "cpu")
    assert begun == [("few", "D", 0)]


def test_what_travels_comes_out_as_it_lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_protocol, "PIECE", 100_000)
    monkeypatch.setattr(paper_protocol, "RUNS", Path("runs"))
    monkeypatch.setattr(development, "ROOT", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    files = {Path("data/few/images") / f"{number}.jpg": bytes([number]) * 30_000 for number in range(8)}
    files[Path("data/near_duplicates.csv")] = b"set_a"
    files[Path("runs/few/inner0/one.npz")] = b"result"
    for file, content in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    paper_protocol.bundle(Path("out"), ["few"], finished_alone=False)
    tars = sorted(Path("out").iterdir())
    assert all(tar.stat().st_size <= 100_000 for tar in tars)
    assert tars[0].name == "few.finished.0.tar"
    (tmp_path / "there" / "data").mkdir(parents=True)
    for tar in tars:
        place = tmp_path / "there" / ("" if "finished" in tar.name else "data")
        subprocess.run(["tar", "xf", tar.resolve(), "-C", place], check=True)
    for file, content in files.items():
        assert (tmp_path / "there" / file).read_bytes() == content
