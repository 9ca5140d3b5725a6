"""Curves of test against training accuracy, compared where they meet."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir.experiment.overfitting import BestEpoch, Curve, best_epoch, curve_gap, plot_curves, write_curves


def curve(train: list[float], test: list[float]) -> Curve:
    return {
        "epoch": np.arange(len(train), dtype=float),
        "train top-1 (mood)": np.array(train),
        "test top-1 (mood)": np.array(test),
        "train NLL (mood)": 1 - np.array(train),
        "test NLL (mood)": 1 - np.array(test),
    }


def test_the_gap_is_taken_where_both_have_points() -> None:
    # From .4 to .6 the first rises from .3 to .4 and the second stays at .25.
    found = curve_gap(curve([0.2, 0.6], [0.2, 0.4]), curve([0.4, 0.9], [0.25, 0.25]), "top-1 (mood)")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.4, 0.6))
    assert (found.mean, found.least) == pytest.approx((0.1, 0.05))


def test_the_gap_turns_its_sign_with_the_order_of_the_curves() -> None:
    first, second = curve([0.2, 0.7], [0.2, 0.5]), curve([0.1, 0.6], [0.3, 0.2])
    there, back = curve_gap(first, second, "top-1 (mood)"), curve_gap(second, first, "top-1 (mood)")
    assert there is not None
    assert back is not None
    assert there.mean == pytest.approx(-back.mean)


def test_epochs_that_forget_are_put_in_order() -> None:
    slow = curve([0.2, 0.4], [0.2, 0.2])
    rising, jumping = curve([0.2, 0.3, 0.4], [0.2, 0.25, 0.3]), curve([0.2, 0.4, 0.3], [0.2, 0.3, 0.25])
    assert curve_gap(jumping, slow, "top-1 (mood)") == curve_gap(rising, slow, "top-1 (mood)")


def test_curves_with_nothing_in_common_have_no_gap() -> None:
    assert curve_gap(curve([0.6, 0.9], [0.5, 0.5]), curve([0.1, 0.3], [0.1, 0.3]), "top-1 (mood)") is None


def test_a_curve_turns_where_it_is_best_the_first_time() -> None:
    bent = curve([0.2, 0.5, 0.8, 0.9], [0.2, 0.4, 0.4, 0.3])
    assert best_epoch(bent, "test top-1 (mood)", lower_is_better=False) == BestEpoch(0.4, 1, 0.3)
    assert best_epoch(bent, "test NLL (mood)", lower_is_better=True) == BestEpoch(0.6, 1, 0.7)


def test_curves_come_back_from_their_file(tmp_path: Path) -> None:
    rising, flat = curve([0.2, 0.7], [0.2, 0.5]), curve([0.1, 0.6], [0.3, 0.2])
    write_curves({"flat": flat, "rising": rising}, tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["row"] for line in lines] == ["flat", "flat", "rising", "rising"]
    for name, values in rising.items():
        assert [float(line[name]) for line in lines[2:]] == pytest.approx(values.tolist())


def test_the_plot_shows_both_curves(tmp_path: Path) -> None:
    one, both = tmp_path / "one.png", tmp_path / "both.png"
    rising, flat = curve([0.2, 0.7], [0.2, 0.5]), curve([0.1, 0.6], [0.3, 0.2])
    plot_curves({"flat": flat}, "top-1 (mood)", "NLL (mood)", "moods", one)
    plot_curves({"flat": flat, "rising": rising}, "top-1 (mood)", "NLL (mood)", "moods", both)
    colours = [len(Image.open(file).convert("RGB").getcolors(1 << 24) or []) for file in (one, both)]
    assert colours[1] > colours[0] > 2
