"""ExactVectors is a replica of the store: brought up to date by the change log, and whole whatever it missed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from emoir.extract import Extraction
from emoir.index import SqliteStore, VectorTable
from emoir.index.backup import backup, restore
from emoir.index.change_log import CUT_EVERY
from emoir.index.indexed_model import IndexedModel
from emoir.index.vectors import Candidates, Component, ExactVectors, RowFilter
from emoir.limits import Limits
from tests.index.filled import outcomes

Extractions = list[tuple[bytes, Extraction]]


class WatchedStore(SqliteStore):
    """Notes which rows it is asked for."""

    read: list[list[int] | None]

    def vectors(self, ids: np.ndarray | None = None) -> VectorTable:
        self.read.append(None if ids is None else ids.tolist())
        return super().vectors(ids)


@pytest.fixture
def watched(tmp_path: Path, indexed: IndexedModel) -> WatchedStore:
    store = WatchedStore(tmp_path / "watched.emoir", model=indexed)
    store.read = []
    return store


class Everything:
    """A component that looks at every column."""

    weight = 1.0

    def __init__(self, length: int) -> None:
        self.vector = np.linspace(1, 2, length, dtype=np.float32)


def answer(vectors: ExactVectors, store: SqliteStore) -> Candidates:
    vectors.sync(store)
    component: Component = Everything(store.layout.length)
    return vectors.search([component], RowFilter(), 1)


def assert_like_new(vectors: ExactVectors, store: SqliteStore) -> None:
    found, expected = answer(vectors, store), answer(ExactVectors(), store)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.products, expected.products)
    new = ExactVectors()
    new.sync(store)
    np.testing.assert_array_equal(vectors.rows(found.ids[::-1]), new.rows(found.ids[::-1]))
    np.testing.assert_array_equal(vectors.attributes(found.ids).hash, new.attributes(found.ids).hash)


def test_only_what_came_is_read(watched: WatchedStore, extractions: Extractions) -> None:
    watched.record(outcomes(extractions[:4]), Limits())
    vectors = ExactVectors()
    vectors.sync(watched)
    assert watched.read == [None]
    watched.ratings.add(1, "Ana", emotion="awe", valence=None, arousal=None)
    watched.record(outcomes(extractions[4:5]), Limits())
    with SqliteStore(watched.file) as other:
        other.forget([os.path.split(extractions[1][0])])
    assert answer(vectors, watched).ids.tolist() == [1, 3, 4, 5]
    assert watched.read == [None, [2, 5]]
    assert not vectors.rows(np.array([2])).any()
    assert vectors.sync(watched) == watched.revision
    assert watched.read == [None, [2, 5]]
    assert_like_new(vectors, watched)


def test_rows_stay_in_memory_where_no_image_came_or_went(index: SqliteStore, extractions: Extractions) -> None:
    index.record(outcomes(extractions), Limits())
    vectors = ExactVectors()
    before = answer(vectors, index)
    held = vectors._replica
    path, extraction = extractions[0]
    index.record(outcomes([(path + b" copy", extraction)]), Limits())
    index.forget([os.path.split(path)])
    index.compact()
    np.testing.assert_array_equal(answer(vectors, index).products, before.products)
    assert vectors._replica is held


@pytest.mark.parametrize("entries", [3, 100_000])
def test_after_any_history_it_holds_what_the_store_holds(
    index: SqliteStore, extractions: Extractions, monkeypatch: pytest.MonkeyPatch, entries: int
) -> None:
    monkeypatch.setattr("emoir.index.change_log.LOG_ENTRIES", entries)
    random = np.random.default_rng(entries)
    behind, vectors = [ExactVectors(), ExactVectors()], ExactVectors()
    unknown = 0
    for step in range(40):
        chosen = [extractions[at] for at in random.choice(6, random.integers(1, 4), replace=False)]
        if random.random() < 0.5:
            index.record(outcomes(chosen), Limits())
        else:
            index.forget([os.path.split(path) for path, _ in chosen])
        if random.random() < 0.3:
            index.compact()
        assert_like_new(vectors, index)
        if step % 10 == 9:
            held = behind[0]._replica
            unknown += held is not None and index.changes(held.revision) is None
            assert_like_new(behind[0], index)
    assert_like_new(behind[1], index)
    assert (unknown > 0) == (entries == 3)


def log_of(index: SqliteStore) -> int:
    with closing(sqlite3.connect(index.file)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM changes").fetchone()
    return int(count)


def test_the_log_is_bounded(index: SqliteStore, extractions: Extractions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoir.index.change_log.LOG_ENTRIES", 10)
    index.record(outcomes(extractions), Limits())
    first, longest = index.revision, 0
    for _ in range(CUT_EVERY):
        index.record(outcomes(extractions[:1]), Limits())
        index.forget([os.path.split(extractions[0][0])])
        longest = max(longest, log_of(index))
    assert 10 < longest <= 10 + CUT_EVERY + len(extractions)
    assert index.changes(first) is None
    last = index.revision
    index.record(outcomes(extractions[:1]), Limits())
    index.compact()
    assert log_of(index) <= 10
    found = index.changes(last)
    assert found is not None
    assert len(found) == 1
    # A revision that was never given is of another content.
    assert index.changes(index.revision + 1) is None


def test_what_was_restored_is_read_anew_though_the_numbers_fit(
    index: SqliteStore, extractions: Extractions, tmp_path: Path
) -> None:
    index.record(outcomes(extractions[:3]), Limits())
    backup(index.file, tmp_path / "backup")
    index.record(outcomes(extractions[3:]), Limits())
    vectors = ExactVectors()
    assert answer(vectors, index).ids.tolist() == [1, 2, 3, 4, 5, 6]
    restore(tmp_path / "backup", index.file)
    assert answer(vectors, index).ids.tolist() == [1, 2, 3]
    assert_like_new(vectors, index)


def test_a_copy_in_its_place_is_read_anew_though_the_numbers_fit(
    index: SqliteStore, extractions: Extractions, tmp_path: Path
) -> None:
    index.record(outcomes(extractions[:3]), Limits())
    shutil.copy(index.file, tmp_path / "copy.emoir")
    with SqliteStore(tmp_path / "copy.emoir") as other:
        other.record(outcomes(extractions[5:]), Limits())
    index.record(outcomes(extractions[3:4]), Limits())
    vectors = ExactVectors()
    assert answer(vectors, index).ids.tolist() == [1, 2, 3, 4]
    before = index.revision
    (tmp_path / "copy.emoir").rename(index.file)
    assert_like_new(vectors, index)
    assert answer(vectors, index).ids.tolist() == [1, 2, 3, 4]
    assert vectors.attributes(np.array([4])).hash.tolist() == [extractions[5][1].hash]
    assert index.revision > before
