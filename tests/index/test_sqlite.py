from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoir import EmotionReadings, Model
from emoir.emotions.calibration import ScoreCurve
from emoir.errors import IndexFileError, IndexVersionError, ModelMismatchError
from emoir.extract import Extraction, Failure, extract
from emoir.images.walk import FileStat
from emoir.index import FileOutcome, KnownImage, NotAnImage, RowLayout, SqliteIndex
from emoir.index.base import FEW_TIMES, IndexedModel
from emoir.index.repair import repair
from emoir.limits import BY_CIRCUMSTANCES, BY_PIXELS, BY_SECONDS, MAX_PIXELS, Limits
from tests.index.older import make_older
from tests.pictures import save_photos

STAT = FileStat(1, 1)


@pytest.fixture
def indexed(model: Model) -> IndexedModel:
    return IndexedModel(model.id, RowLayout(model.card.class_names), model.card.licence)


@pytest.fixture
def index(tmp_path: Path, indexed: IndexedModel) -> SqliteIndex:
    return SqliteIndex(tmp_path / "test.emoir", model=indexed)


@pytest.fixture
def extractions(model: Model, tmp_path: Path) -> list[tuple[bytes, Extraction]]:
    paths = save_photos(tmp_path / "photos", 6)
    return [(os.fsencode(path), extract(path, model, max_pixels=MAX_PIXELS)) for path in paths]


def outcomes(extractions: list[tuple[bytes, Extraction]]) -> list[FileOutcome]:
    return [FileOutcome(path, extraction.stat, extraction) for path, extraction in extractions]


def test_what_goes_in_comes_out(index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]) -> None:
    index.record(outcomes(extractions), Limits())
    ids = index.matrix().ids.tolist()
    facts = index.facts(ids)
    assert [fact.path for fact in facts] == [path for path, _ in extractions]
    again, rows = index.rows()
    assert again == facts
    for reading, (_, extraction) in zip(index.readings(facts, rows), extractions, strict=True):
        np.testing.assert_allclose(reading.embedding, extraction.reading.embedding, atol=2e-4)
        assert reading.confidence == pytest.approx(extraction.reading.confidence, abs=1e-6)
        assert reading.valence == pytest.approx(extraction.reading.valence, abs=5e-4)
    assert index.files(os.path.dirname(extractions[0][0])) == {
        os.path.basename(path): extraction.stat for path, extraction in extractions
    }


def test_one_row_an_image_one_path_a_file(index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]) -> None:
    path, extraction = extractions[0]
    index.record([FileOutcome(path, STAT, extraction), FileOutcome(path + b"2", STAT, extraction)], Limits())
    index.record([FileOutcome(b"/elsewhere/x.jpg", STAT, KnownImage(1, extraction.digest))], Limits())
    status = index.status()
    assert (status.images, status.files) == (1, 3)
    assert len(index.matrix().ids) == 1
    assert index.facts([1])[0].path == b"/elsewhere/x.jpg"
    assert index.facts([1], [os.path.dirname(path)])[0].path == path
    assert index.id_of(path + b"2") == 1
    assert index.id_of(b"/nowhere") is None


def test_a_batch_is_all_or_nothing(index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]) -> None:
    good = outcomes(extractions[:2])
    broken = replace(extractions[2][1], palette=np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="array"):
        index.record([*good, FileOutcome(b"/x.jpg", STAT, broken)], Limits())
    assert index.status().files == 0
    index.record(good, Limits())
    assert index.status().files == 2


def test_failures_and_other_files(index: SqliteIndex) -> None:
    index.record(
        [FileOutcome(b"/p/a.jpg", STAT, Failure("damaged: no")), FileOutcome(b"/p/notes.txt", STAT, NotAnImage())],
        Limits(),
    )
    [failure] = index.status().failures
    assert (failure.path, failure.cause) == (b"/p/a.jpg", "damaged: no")
    assert set(index.files(b"/p")) == {b"a.jpg", b"notes.txt"}
    assert len(index.matrix().ids) == 0


def test_failures_that_are_worth_another_try(index: SqliteIndex) -> None:
    causes = {"pixels": BY_PIXELS, "seconds": BY_SECONDS, "permission": BY_CIRCUMSTANCES, "damaged": None}
    outcomes = [FileOutcome(f"/p/{name}".encode(), STAT, Failure(name, by)) for name, by in causes.items()]
    index.record(outcomes, Limits(max_pixels=100, seconds_per_file=5))
    assert index.worth_another_try(Limits(100, 5)) == {b"/p/permission"}
    assert index.worth_another_try(Limits(101, 5)) == {b"/p/permission", b"/p/pixels"}
    assert index.worth_another_try(Limits(99, 6)) == {b"/p/permission", b"/p/seconds"}


def test_a_known_image_that_another_process_dropped_is_left_for_the_next_run(
    index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]
) -> None:
    index.record([FileOutcome(b"/p/a.jpg", STAT, KnownImage(77, b"gone")), *outcomes(extractions[:1])], Limits())
    assert index.files(b"/p") == {}
    assert index.status().images == 1


def test_rows_and_facts_agree_while_another_process_deletes(
    index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]
) -> None:
    index.record(outcomes(extractions), Limits())
    folder = os.path.dirname(extractions[0][0])
    stop = threading.Event()

    def churn() -> None:
        with SqliteIndex(index.file) as other:
            while not stop.is_set():
                other.forget([(folder, os.path.basename(extractions[0][0]))])
                other.tidy()
                other.record(outcomes(extractions[:1]), Limits())

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(200):
            facts, rows = index.rows()
            assert len(facts) == len(rows) >= 5
            assert len(index.readings(facts, rows)) == len(facts)
    finally:
        stop.set()
        thread.join()


def test_forgotten_images_leave_no_rows(index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]) -> None:
    for outcome in outcomes(extractions):
        index.record([outcome], Limits())
    folder = os.path.dirname(extractions[0][0])
    before = index.matrix()
    index.forget([(folder, os.path.basename(extractions[2][0]))])
    assert index.matrix().ids.tolist() == [1, 2, 4, 5, 6]
    index.tidy()
    after = index.matrix()
    assert after.ids.tolist() == [1, 2, 4, 5, 6]
    np.testing.assert_array_equal(after.rows, before.rows[[0, 1, 3, 4, 5]])
    with sqlite3.connect(index.file) as connection:
        assert connection.execute("SELECT count(*), sum(length(ids)) FROM segments").fetchone() == (1, 5 * 8)
    connection.close()
    index.forget([], [folder])
    index.tidy()
    assert index.status().images == 0
    # An id is never given twice.
    index.record(outcomes(extractions[:1]), Limits())
    assert index.matrix().ids.tolist() == [7]


def test_another_process_s_changes_are_seen(
    index: SqliteIndex, indexed: IndexedModel, extractions: list[tuple[bytes, Extraction]]
) -> None:
    assert len(index.matrix().ids) == 0
    with SqliteIndex(index.file, model=indexed) as other:
        other.record(outcomes(extractions), Limits())
    assert len(index.matrix().ids) == 6


OPEN_AT_ONCE = """
import sys
from pathlib import Path
from emoir.errors import IndexFileError
from emoir.index import RowLayout, SqliteIndex
from emoir.index.base import FEW_TIMES, IndexedModel
from emoir.index.repair import repair
model = IndexedModel("m", RowLayout({"a": ("x", "y")}), "none")
for line in sys.stdin:
    file = Path(line.strip())
    if sys.argv[1] == "write":
        with SqliteIndex(file, model=model) as index:
            index.add_root(b"/x")
    else:
        while not file.exists():
            pass
        with SqliteIndex(file) as index:
            index.status()
    print("opened", flush=True)
"""


def test_a_new_index_that_several_processes_open_at_once(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_AT_ONCE, role], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for role in ("write", "write", "read", "read")
    ]
    try:
        for number in range(40):
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(f"{tmp_path / str(number)}.emoir\n")
                process.stdin.flush()
            for process in processes:
                assert process.stdout is not None
                assert process.stdout.readline() == "opened\n"
    finally:
        for process in processes:
            process.communicate()
    # Nothing is left of the names under which they were made; SQLite keeps logs of its own.
    assert {path.name for path in tmp_path.iterdir() if path.suffix == ".emoir"} == {f"{n}.emoir" for n in range(40)}
    assert not list(tmp_path.glob(".*"))


def test_folders_by_prefix(index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]) -> None:
    names = [b"/a/1.jpg", b"/a/b/2.jpg", b"/ab/3.jpg", b"/a\xff/4.jpg", b"/5.jpg"]
    index.record(
        [FileOutcome(name, STAT, extraction) for name, (_, extraction) in zip(names, extractions, strict=False)],
        Limits(),
    )
    assert index.ids_below([b"/a"]).tolist() == [1, 2]
    assert index.ids_below([b"/a/b", b"/ab"]).tolist() == [2, 3]
    assert index.ids_below([b"/"]).tolist() == [1, 2, 3, 4, 5]
    assert index.ids_below([b"/c"]).tolist() == []
    assert index.all_below([b"/"])
    assert index.all_below([b"/a", b"/", b"/ab"])
    assert not index.all_below([b"/a", b"/ab"])
    assert not index.all_below([])
    index.set_devices({b"/a": 7, b"/new": 8})
    assert index.directories(b"/a") == {b"/a": 7, b"/a/b": 0}


def test_roots_cover_each_other(index: SqliteIndex) -> None:
    for root in (b"/p/a", b"/p/b", b"/q", b"/p", b"/p/c"):
        index.add_root(root)
    assert index.roots() == [b"/p", b"/q"]
    index.remove_root(b"/p")
    assert index.roots() == [b"/q"]


def test_a_second_model_is_refused_with_two_ways_out(index: SqliteIndex, indexed: IndexedModel) -> None:
    other = replace(indexed, id="other-1")
    with pytest.raises(ModelMismatchError, match=r"use another file with --index, or .* emoir index --rebuild"):
        SqliteIndex(index.file, model=other).require(other.id)
    index.require(other.id, indexed.id)
    index.rebuild(other)
    reopened = SqliteIndex(index.file)
    reopened.require(other.id)
    assert reopened.status().model == other


def test_files_that_are_no_index(tmp_path: Path, indexed: IndexedModel) -> None:
    with pytest.raises(IndexFileError, match="begin with: emoir index FOLDER"):
        SqliteIndex(tmp_path / "absent.emoir")
    assert not (tmp_path / "absent.emoir").exists()
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(IndexFileError, match="is no emoir index; choose another file with --index"):
        SqliteIndex(foreign, model=indexed)
    (tmp_path / "empty.emoir").touch()
    with pytest.raises(IndexFileError, match="is no emoir index"):
        SqliteIndex(tmp_path / "empty.emoir", model=indexed)
    text = tmp_path / "text.emoir"
    text.write_text("this is no database, " * 100)
    with pytest.raises(IndexFileError, match="or no emoir index"):
        SqliteIndex(text, model=indexed)


def test_an_index_that_cannot_be_written_can_be_read(
    index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]
) -> None:
    index.record(outcomes(extractions), Limits())
    index.close()
    folder, user = index.file.parent / "archive", os.geteuid()
    folder.mkdir()
    file = index.file.rename(folder / "index.emoir")
    file.chmod(0o444)
    folder.chmod(0o555)
    # Every folder above must be open to the user that a test run by root becomes.
    parents = [parent for parent in folder.parents if parent.stat().st_uid == user and parent.stat().st_mode & 5 != 5]
    modes = {parent: parent.stat().st_mode for parent in parents}
    for parent in parents:
        parent.chmod(0o755)
    if user == 0:
        os.seteuid(65534)
    try:
        with SqliteIndex(file) as readable:
            assert len(readable.matrix().ids) == 6
            assert readable.status().images == 6
            with pytest.raises(IndexFileError, match="it is read-only; choose another place with --index"):
                readable.add_root(b"/x")
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        for parent, mode in modes.items():
            parent.chmod(mode)


def test_a_newer_index_is_refused(index: SqliteIndex, indexed: IndexedModel) -> None:
    index.close()
    with sqlite3.connect(index.file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(IndexVersionError, match=r"format 99, this emoir reads up to 4; update"):
        SqliteIndex(index.file, model=indexed)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_index_is_brought_forward(
    index: SqliteIndex, extractions: list[tuple[bytes, Extraction]], version: int
) -> None:
    index.record(outcomes(extractions), Limits())
    hashes = index.attributes(index.matrix()).hash.tolist()
    assert hashes == [extraction.hash for _, extraction in extractions]
    before = index.matrix().rows
    index.close()
    make_older(index.file, version)
    with SqliteIndex(index.file) as again:
        attributes = again.attributes(again.matrix())
        assert attributes.hashed.all() == (version > 1)
        assert attributes.width.tolist() == [extraction.width for _, extraction in extractions]
        np.testing.assert_array_equal(again.rows()[1], before)
    with SqliteIndex(index.file) as third:
        assert third.status().images == len(extractions)
    assert not repair(index.file).damaged


def test_damage_is_still_found_after_an_index_was_brought_forward(
    index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]
) -> None:
    index.record(outcomes(extractions), Limits())
    index.close()
    make_older(index.file, 3)
    with closing(sqlite3.connect(index.file)) as connection, connection:
        connection.execute("UPDATE segments SET checksum = checksum + 1")
    SqliteIndex(index.file).close()
    assert repair(index.file).damaged


def test_looks_are_read_when_asked_for(index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]) -> None:
    for outcome in outcomes(extractions):
        index.record([outcome], Limits())
    matrix = index.matrix()
    whole = index.layout.pack(
        EmotionReadings.stack([extraction.reading for _, extraction in extractions]),
        np.stack([extraction.palette for _, extraction in extractions]),
    ).astype(np.float32)
    np.testing.assert_array_equal(matrix.feelings, whole[:, index.layout.feeling])
    np.testing.assert_array_equal(matrix.take(np.array([4, 1, 4])), whole[[4, 1, 4]])
    assert not vars(matrix).keys() & {"looks", "rows"}
    # Meanwhile another process joins the segments and an image goes: rows are found where they are now.
    with SqliteIndex(index.file) as other:
        gone = extractions[2][0]
        other.forget([os.path.split(gone)])
        other.tidy()
    np.testing.assert_array_equal(matrix.take(np.array([0, 5])), whole[[0, 5]])
    assert not matrix.take(np.array([2]))[:, index.layout.look].any()
    whole[2, index.layout.look] = 0
    np.testing.assert_array_equal(matrix.rows, whole)


def test_small_segments_are_joined_a_few_at_a_time(
    index: SqliteIndex, extractions: list[tuple[bytes, Extraction]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoir.index.segments.SEGMENT_ROWS", 4)
    for outcome in outcomes(extractions):
        index.record([outcome], Limits())
    before = index.matrix()
    index.tidy()
    after = index.matrix()
    assert after.ids.tolist() == before.ids.tolist()
    np.testing.assert_array_equal(after.rows, before.rows)
    with sqlite3.connect(index.file) as connection:
        lengths = [length // 8 for (length,) in connection.execute("SELECT length(ids) FROM segments ORDER BY id")]
    connection.close()
    assert lengths == [4, 2]


def test_an_index_takes_over_how_its_model_is_calibrated_today(index: SqliteIndex, indexed: IndexedModel) -> None:
    assert index.model.scores == {}
    today = replace(indexed, id="test-2", scores={"point": ScoreCurve(0.1, (0.0, 1.0), (0.0, 0.5))})
    index.recalibrate(today)
    assert index.model == indexed
    index.recalibrate(today, [indexed.id])
    with SqliteIndex(index.file) as again:
        again.require("test-2")
        assert again.model.scores["point"](np.array([0.5])).tolist() == [0.25]
        # What another process read again with another model stays as it is.
        again.rebuild(replace(indexed, id="other-1"))
        index.recalibrate(replace(today, scores={}), [indexed.id])
        assert again.status().model.id == "other-1"
    with SqliteIndex(index.file) as third:
        assert third.model.id == "other-1"


def test_looks_are_kept_after_a_few_times(
    index: SqliteIndex, extractions: list[tuple[bytes, Extraction]], monkeypatch: pytest.MonkeyPatch
) -> None:
    index.record(outcomes(extractions), Limits())
    matrix = index.matrix()
    first = matrix.take(np.array([1, 2]))
    for _ in range(FEW_TIMES - 1):
        matrix.take(np.array([1, 2]))
    assert "looks" not in vars(matrix)
    np.testing.assert_array_equal(matrix.take(np.array([1, 2])), first)
    assert "looks" in vars(matrix)
    many = index.matrix().rows[np.arange(6).repeat(3)]
    monkeypatch.setattr("emoir.index.base.BLOCK_ROWS", 4)
    np.testing.assert_array_equal(matrix.take(np.arange(6).repeat(3)), many)


def test_whether_rows_are_dead_is_noted(index: SqliteIndex, extractions: list[tuple[bytes, Extraction]]) -> None:
    def noted() -> bool:
        with closing(sqlite3.connect(index.file)) as connection:
            return connection.execute("SELECT 1 FROM facts WHERE key = 'whole'").fetchone() is not None

    index.record(outcomes(extractions), Limits())
    assert not noted()
    index.tidy()
    assert noted()
    index.forget([os.path.split(extractions[0][0])])
    assert not noted()
    # Five of six rows live: the segment is not worth rewriting, and its dead row must stay unseen.
    index.tidy()
    assert not noted()
    assert len(index.matrix().ids) == 5
    index.record(outcomes(extractions[:1]), Limits())
    assert len(index.matrix().ids) == 6
