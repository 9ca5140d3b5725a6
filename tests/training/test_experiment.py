"""A comparison in small: every row runs, a stopped one goes on, the tables hold what the pieces say."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emoir.datasets import Table, read_dataset
from emoir.datasets.splits import Folds, make_folds
from emoir.errors import TrainingError
from emoir.evaluate.classification import right_at
from emoir.networks import AlexNet, EmotionNet
from emoir.training import comparison
from emoir.training.experiment import CONTENDERS, Contender, Piece, Protocol, build, history, pieces, run_piece
from tests.training.test_fine_tune import save_colours

TINY = Protocol(epochs=2, batch=8, width=8, blocks=(1, 1), seeds=(0,))
RGB, BOTH = CONTENDERS[2], CONTENDERS[5]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Table, Folds]:
    table = read_dataset(save_colours(tmp_path_factory.mktemp("data") / "temperature", 40))
    return table, make_folds(table, count=2)


def test_all_rows_are_there_and_headlines_have_every_seed() -> None:
    names = [contender.name for contender in CONTENDERS]
    assert names[0] == "original"
    assert names[-1].endswith("distilled")
    todo = pieces(CONTENDERS, 5, (0, 1, 2))
    assert len(todo) == 5 * (len(CONTENDERS) + 2 * 3)
    assert len({piece.file for piece in todo}) == len(todo)


def test_what_each_row_sees() -> None:
    heads = {"mood": 3}
    assert isinstance(build(CONTENDERS[0], TINY, heads, None), AlexNet)
    for contender in CONTENDERS[2:6]:
        network = build(contender, TINY, heads, None)
        assert isinstance(network, EmotionNet)
        assert network.config.planes == contender.planes
        assert "srgb" in contender.planes
    with pytest.raises(TrainingError, match="name the distilled weights"):
        build(CONTENDERS[6], TINY, heads, None)
    assert TINY.training(CONTENDERS[0], 0).published
    assert not TINY.training(CONTENDERS[1], 0).published
    assert len({TINY.training(contender, 0).epochs for contender in CONTENDERS}) == 1


def test_pieces_become_tables(data: tuple[Table, Folds], tmp_path: Path) -> None:
    table, folds = data
    for piece in pieces([RGB, BOTH], 2, (0,)):
        run_piece(piece, table, folds, TINY, tmp_path)
    lines = [comparison.line_of(row, table, folds, tmp_path, (0,)) for row in (RGB, BOTH)]
    first, second = (line for line in lines if line is not None)
    said = np.zeros((40, 2))
    for fold in range(2):
        with np.load(tmp_path / f"{Piece(RGB, fold, 0).file}.npz") as stored:
            assert stored["rows"].tolist() == folds.test_rows(fold).tolist()
            said[stored["rows"]] = stored["temperature"]
    right = right_at(np.exp(said), table.classes["temperature"])
    assert first.per_image["top-1"].tolist() == right.astype(float).tolist()
    gap = comparison.difference(second, first, "top-1")
    assert gap.value == pytest.approx(second.per_image["top-1"].mean() - first.per_image["top-1"].mean())
    epochs = history(tmp_path, Piece(RGB, 0, 0))
    assert [epoch["epoch"] for epoch in epochs] == [2], "every third, and the last"
    assert {"test top-1 (temperature)", "train top-1 (temperature)", "test NLL (temperature)"} <= set(epochs[0])
    assert "difference" not in comparison.report([first], table, tmp_path, facts="in small")
    text = comparison.report([first, second], table, tmp_path, facts="in small")
    assert "| (2) colour + texture minus RGB, same network |" in text
    assert "Floor of top-1: 0.500" in text
    with (tmp_path / "comparison.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["row"] for row in rows] == [RGB.name, BOTH.name]
    assert json.loads((tmp_path / "comparison.json").read_text())[0]["seeds"] == "1"
    assert "| at equal top-1 on training images |" in text
    assert (tmp_path / "comparison.png").stat().st_size > 5_000


def test_the_rows_of_the_claims_run_first() -> None:
    order = [piece.contender.name for piece in pieces(CONTENDERS, 1, (0, 1))]
    assert order == [
        "original",
        "ours, RGB",
        "ours, colour + texture",
        "ours, colour + texture, distilled",
        "original + our recipe",
        "ours, colour",
        "ours, texture",
        "original",
        "ours, RGB",
        "ours, colour + texture",
    ]


def test_a_stopped_piece_goes_on_and_a_finished_one_is_left_alone(data: tuple[Table, Folds], tmp_path: Path) -> None:
    table, folds = data
    piece = Piece(BOTH, 0, 0)

    def stop(step: int, steps: int, loss: float) -> None:
        if step > steps // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_piece(piece, table, folds, TINY, tmp_path / "cut", report=stop)
    assert not list((tmp_path / "cut").glob("*.npz"))
    run_piece(piece, table, folds, TINY, tmp_path / "cut")
    run_piece(piece, table, folds, TINY, tmp_path / "whole")
    with (
        np.load(tmp_path / "cut" / f"{piece.file}.npz") as cut,
        np.load(tmp_path / "whole" / f"{piece.file}.npz") as whole,
    ):
        np.testing.assert_array_equal(cut["temperature"], whole["temperature"])
    run_piece(piece, table, folds, TINY, tmp_path / "cut", report=stop)


def test_ratings_and_extra_images(data: tuple[Table, Folds], tmp_path: Path) -> None:
    table, folds = data
    rated = Table("rated", table.paths, valence=np.linspace(0, 1, 40), arousal=np.linspace(0, 1, 40) ** 2)
    for fold in range(2):
        run_piece(Piece(RGB, fold, 0), rated, folds, TINY, tmp_path, extra=table)
    line = comparison.line_of(RGB, rated, folds, tmp_path, (0,))
    assert line is not None
    assert set(line.correlations) == {"valence r", "arousal r"}
    assert line.per_image == {}
    other = replace(line, contender=BOTH, points=np.stack([line.points[:, 1], line.points[:, 0]], axis=1))
    gap = comparison.correlation_difference(other, line, rated, "arousal r")
    truth = rated.arousal
    assert truth is not None
    expected = np.corrcoef(line.points[:, 0], truth)[0, 1] - np.corrcoef(line.points[:, 1], truth)[0, 1]
    assert gap.value == pytest.approx(expected, abs=1e-6)
    text = comparison.report([line, other], rated, tmp_path, facts="in small")
    assert "| difference | valence r | arousal r | in valence r |" in text
    valence = comparison.correlation_difference(other, line, rated, "valence r")
    assert f"| (2) colour + texture minus RGB, same network | {valence} | {gap} |" in text
    assert not (tmp_path / "comparison.png").exists(), "a plot of classes without classes"


def test_the_published_recipe_is_plain_gradient_descent(data: tuple[Table, Folds], tmp_path: Path) -> None:
    table, folds = data
    run_piece(Piece(Contender("original", published=True), 0, 0), table, folds, TINY, tmp_path)
    assert comparison.line_of(CONTENDERS[0], table, folds, tmp_path, (0,)) is None
    assert history(tmp_path, Piece(CONTENDERS[0], 0, 0))[-1]["epoch"] == 2
