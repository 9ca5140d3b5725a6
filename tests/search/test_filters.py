from __future__ import annotations

import numpy as np
import pytest

from emoir.emotions import MIKELS
from emoir.errors import QueryError
from emoir.index.attributes import Attributes
from emoir.index.layout import RowLayout
from emoir.search.filters import (
    Filters,
    Range,
    class_probability,
    parse_condition,
    parse_days,
    parse_orientation,
    parse_range,
)

LAYOUT = RowLayout({"mikels": MIKELS.names})
INFINITY = float("inf")


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0.6..", 0.6, INFINITY),
        ("..0.4", -INFINITY, 0.4),
        ("0.2..0.5", 0.2, 0.5),
        ("0.3", 0.3, 0.3),
        (" .2 .. .5", 0.2, 0.5),
    ],
)
def test_ranges(text: str, low: float, high: float) -> None:
    assert parse_range(text, "valence") == Range(low, high)


@pytest.mark.parametrize("text", ["", "..", "a..b", "0.5..0.2", "0.1.2", "1...2"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(QueryError, match="valence"):
        parse_range(text, "valence")


def test_a_range_that_nothing_can_lie_in() -> None:
    for text in ("2..", "..-1", "1.5"):
        with pytest.raises(QueryError, match="it goes from 0 to 1"):
            parse_range(text, "valence", 1)
    assert parse_range("0.5..7", "valence", 1) == Range(0.5, 7)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2020", 20200101, 20209999),
        ("2019..2021-06", 20190101, 20210699),
        ("2020-05-03..", 20200503, INFINITY),
        ("..2020", -INFINITY, 20209999),
    ],
)
def test_days(text: str, low: float, high: float) -> None:
    assert parse_days(text) == Range(low, high)


@pytest.mark.parametrize("text", ["", "..", "may", "2021..2020", "20", "2020-13", "2020-02-31", "2019..2020-00"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(QueryError, match="taken"):
        parse_days(text)


@pytest.mark.parametrize("text", ["fear", "fear=0.2", "fear<2", "<0.2", "fear<"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(QueryError, match="with a number from 0 to 1"):
        parse_condition(text)


def rows_and_attributes() -> tuple[np.ndarray, Attributes]:
    rows = np.zeros((3, LAYOUT.length), np.float32)
    rows[:, LAYOUT.distribution("mikels")] = np.sqrt(np.eye(8)[[MIKELS.names.index("awe"), 3, 6]])
    rows[:, LAYOUT.point] = [[0.1, 0.5, 0], [0.5, 0.5, 0], [0.9, 0.5, 0]]
    attributes = Attributes(
        np.array([0.2, 0.5, 0.8], np.float32),
        np.array([True, False, False]),
        np.array([400, 300, 300]),
        np.array([300, 400, 300]),
        np.array([20200101, 20210615, np.nan]),
        np.array(["2020:01:01 00:00:00", "2021:06:15 12:00:00", ""]),
        np.zeros(3, np.uint64),
        np.zeros(3, bool),
    )
    return rows, attributes


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), [0, 1, 2]),
        (Filters(valence=Range(low=0.5)), [1, 2]),
        (Filters(confidence=Range(high=0.5)), [0, 1]),
        (Filters(taken=parse_days("2021")), [1]),
        (Filters(taken=parse_days("..2030")), [0, 1]),
        (Filters(orientation="landscape"), [0]),
        (Filters(orientation="portrait"), [1]),
        (Filters(orientation="square"), [2]),
        (Filters(monochrome=True), [0]),
        (Filters(monochrome=False), [1, 2]),
        (Filters(side=Range(low=301)), []),
        (Filters(emotions=(parse_condition("awe>0.5"),)), [0]),
        (Filters(emotions=(parse_condition("敬畏>0.5"),)), [0]),
        (Filters(emotions=(parse_condition("trust>0.3"),)), [1]),
        (Filters(emotions=(parse_condition("plutchik.fear>0.2"),)), [0, 2]),
        (Filters(emotions=(parse_condition("positive>0.5"), parse_condition("awe<0.5"))), [1]),
    ],
)
def test_filters(filters: Filters, kept: list[int]) -> None:
    rows, attributes = rows_and_attributes()
    assert np.flatnonzero(filters.mask(rows, LAYOUT, lambda: attributes)).tolist() == kept
    assert np.flatnonzero(filters.mask(rows.astype(np.float16), LAYOUT, lambda: attributes)).tolist() == kept


def test_conditions_on_rows_alone_ask_for_no_attributes() -> None:
    def attributes() -> Attributes:
        raise AssertionError("nobody needs them")

    filters = Filters(valence=Range(low=0.4), arousal=Range(low=0.4), emotions=(parse_condition("awe<0.5"),))
    assert np.flatnonzero(filters.mask(rows_and_attributes()[0], LAYOUT, attributes)).tolist() == [1, 2]


def test_unknown_emotions_and_orientations_are_named() -> None:
    shares, _ = rows_and_attributes()
    np.testing.assert_array_equal(class_probability("恐懼", shares, LAYOUT), class_probability("fear", shares, LAYOUT))
    with pytest.raises(QueryError, match="no emotion 'hygge' to filter by; there are amusement"):
        class_probability("hygge", rows_and_attributes()[0], LAYOUT)
    with pytest.raises(QueryError, match="write landscape, portrait, square"):
        parse_orientation("upright")
