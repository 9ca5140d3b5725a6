from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from emoir.emotions import MIKELS
from emoir.errors import QueryError
from emoir.index.attributes import Attributes
from emoir.index.layout import RowLayout
from emoir.index.vectors import RowFilter, passing, scalar_column
from emoir.search.filters import class_columns, filter_conditions
from emoir.search.option_text import (
    Range,
    parse_days,
    parse_emotion_bound,
    parse_id,
    parse_orientation,
    parse_range,
)
from emoir.search.options import FilterOptions, SearchOptions

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
        parse_emotion_bound(text)


def rows_and_attributes() -> tuple[np.ndarray, Attributes]:
    rows = np.zeros((3, LAYOUT.length), np.float32)
    rows[:, LAYOUT.distribution("mikels")] = np.sqrt(np.eye(8)[[MIKELS.names.index("awe"), 3, 6]])
    rows[:, LAYOUT.point] = [[0.1, 0.5, 0], [0.5, 0.5, 0], [0.9, 0.5, 0]]
    attributes = Attributes(
        confidence=np.array([0.2, 0.5, 0.8], np.float32),
        monochrome=np.array([True, False, False]),
        width=np.array([400, 300, 300]),
        height=np.array([300, 400, 300]),
        day=np.array([20200101, 20210615, np.nan]),
        moment=np.array(["2020:01:01 00:00:00", "2021:06:15 12:00:00", ""]),
        hash=np.zeros(3, np.uint64),
        hashed=np.zeros(3, bool),
    )
    return rows, attributes


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (FilterOptions(), [0, 1, 2]),
        (FilterOptions(valence=Range(low=0.5)), [1, 2]),
        (FilterOptions(confidence=Range(high=0.5)), [0, 1]),
        (FilterOptions(taken=parse_days("2021")), [1]),
        (FilterOptions(taken=parse_days("..2030")), [0, 1]),
        (FilterOptions(orientation="landscape"), [0]),
        (FilterOptions(orientation="portrait"), [1]),
        (FilterOptions(orientation="square"), [2]),
        (FilterOptions(monochrome=True), [0]),
        (FilterOptions(monochrome=False), [1, 2]),
        (FilterOptions(side=Range(low=301)), []),
        (FilterOptions(emotion=(parse_emotion_bound("awe>0.5"),)), [0]),
        (FilterOptions(emotion=(parse_emotion_bound("敬畏>0.5"),)), [0]),
        (FilterOptions(emotion=(parse_emotion_bound("trust>0.3"),)), [1]),
        (FilterOptions(emotion=(parse_emotion_bound("plutchik.fear>0.2"),)), [0, 2]),
        (FilterOptions(emotion=(parse_emotion_bound("positive>0.5"), parse_emotion_bound("awe<0.5"))), [1]),
    ],
)
def test_filters(filters: FilterOptions, kept: list[int]) -> None:
    rows, attributes = rows_and_attributes()
    assert passing_rows(filters, rows, lambda: attributes) == kept


def passing_rows(filters: FilterOptions, rows: np.ndarray, attributes: Callable[[], Attributes]) -> list[int]:
    where = RowFilter(conditions=filter_conditions(filters, LAYOUT))
    mask = passing(where, np.arange(len(rows)), lambda name: scalar_column(name, rows, LAYOUT, attributes))
    return np.flatnonzero(mask).tolist()


def test_conditions_on_rows_alone_ask_for_no_attributes() -> None:
    def attributes() -> Attributes:
        raise AssertionError("nobody needs them")

    filters = FilterOptions(valence=Range(low=0.4), arousal=Range(low=0.4), emotion=(parse_emotion_bound("awe<0.5"),))
    assert passing_rows(filters, rows_and_attributes()[0], attributes) == [1, 2]


def test_unknown_emotions_and_orientations_are_named() -> None:
    assert class_columns("恐懼", LAYOUT) == class_columns("fear", LAYOUT) == {"mikels.fear": 1.0}
    with pytest.raises(QueryError, match="no emotion 'hygge' to filter by; there are amusement"):
        class_columns("hygge", LAYOUT)
    with pytest.raises(QueryError, match="write landscape, portrait, square"):
        parse_orientation("upright")


def test_full_width_signs_mean_their_ascii_twins() -> None:
    assert parse_range("０.２..０．５", "valence") == Range(0.2, 0.5)
    assert parse_days("２０１９..２０２１－０６") == parse_days("2019..2021-06")
    assert parse_emotion_bound("恐惧＜０.２") == parse_emotion_bound("恐惧<0.2")
    assert parse_id("ｉｄ：１７") == 17


def test_a_condition_may_be_negated_and_ids_listed() -> None:
    rows, attributes = rows_and_attributes()
    [condition] = filter_conditions(FilterOptions(taken=parse_days("2021")), LAYOUT)

    def among(where: RowFilter) -> list[int]:
        mask = passing(where, np.arange(3), lambda name: scalar_column(name, rows, LAYOUT, lambda: attributes))
        return np.flatnonzero(mask).tolist()

    # An unknown date lies in no range, so it lies outside of each.
    assert among(RowFilter(conditions=(replace(condition, negated=True),))) == [0, 2]
    assert among(RowFilter(ids=np.array([0, 2, 9]))) == [0, 2]


def test_options_are_read_from_texts() -> None:
    options = SearchOptions.parse({"n": 3, "valence": "0.6..", "emotion": ["fear<0.2"], "sort": "", "positive_ids": []})
    assert options == SearchOptions(
        n=3, filters=FilterOptions(valence=Range(low=0.6), emotion=(parse_emotion_bound("fear<0.2"),))
    )
    assert SearchOptions.parse({"monochrome": False, "min_score": 0.0}) == SearchOptions(
        filters=FilterOptions(monochrome=False), min_score=0
    )
    with pytest.raises(QueryError, match="start is -1"):
        SearchOptions(start=-1)
