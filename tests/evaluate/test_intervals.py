from __future__ import annotations

import numpy as np
import pytest

from emoir.errors import ShapeError
from emoir.evaluate import Estimate, bootstrap, bootstrap_mean, paired_difference

RANDOM = np.random.default_rng(3)


def test_interval_of_a_mean_is_the_textbook_s() -> None:
    values = RANDOM.normal(size=500)
    estimate = bootstrap_mean(values)
    error = values.std() / np.sqrt(500)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert estimate.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


def test_groups_widen_the_interval() -> None:
    # Ten groups of fifty equal numbers know as much as ten numbers.
    groups = np.repeat(np.arange(10), 50)
    values = RANDOM.normal(size=10)[groups]
    alone, grouped = bootstrap_mean(values), bootstrap_mean(values, groups=groups)
    assert grouped.high - grouped.low > 4 * (alone.high - alone.low)
    error = values.std() / np.sqrt(10)
    assert grouped.high - grouped.low == pytest.approx(2 * 1.96 * error, rel=0.2)


def test_coverage() -> None:
    inside = 0
    for draw in range(200):
        values = np.random.default_rng(draw).normal(size=60)
        estimate = bootstrap(lambda rows, values=values: float(values[rows].mean()), 60, draws=300, seed=draw)  # type: ignore[misc]
        inside += estimate.low <= 0 <= estimate.high
    assert 0.88 <= inside / 200 <= 0.99


def test_paired_differences_see_what_two_intervals_do_not() -> None:
    hard = RANDOM.normal(size=300)
    first, second = hard + RANDOM.normal(size=300) * 0.1 + 0.05, hard + RANDOM.normal(size=300) * 0.1
    one, other = bootstrap_mean(first), bootstrap_mean(second)
    assert one.low < other.high
    difference = paired_difference(lambda rows: float(first[rows].mean()), lambda rows: float(second[rows].mean()), 300)
    assert difference.excludes_zero
    assert difference.outcome() == "higher"
    assert bootstrap_mean(second - first).outcome() == "lower"
    assert bootstrap_mean(first - first).outcome() == "not resolved"


def test_missing_numbers_are_left_out() -> None:
    assert bootstrap_mean(np.array([1.0, np.nan, 3.0] * 20)).value == 2


def test_seeded() -> None:
    values = RANDOM.normal(size=40)
    assert bootstrap_mean(values) == bootstrap_mean(values)


def test_printed() -> None:
    assert str(Estimate(-0.05, -0.1, 0.004)) == "-.050 [-.100, .004]"
    assert str(Estimate(1.25, 1.0, 2.0)) == "1.250 [1.000, 2.000]"


def test_nothing_to_draw_from() -> None:
    with pytest.raises(ShapeError, match="no image"):
        bootstrap_mean(np.zeros(0))
