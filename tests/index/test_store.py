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

from emoir import EmotionReadings
from emoir.emotions.calibration import ScoreCurve
from emoir.extract import Extraction, Failure
from emoir.images.places import FileStat
from emoir.index import FileOutcome, KnownImage, NotAnImage, SqliteStore
from emoir.index.base import FEW_TIMES
from emoir.index.indexed_model import IndexedModel
from emoir.limits import Limits, RetryReason
from tests.index.filled import outcomes

STAT = FileStat(1, 1)


def test_what_goes_in_comes_out(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    index.record(outcomes(extractions), Limits())
    ids = index.vectors().ids.tolist()
    metadata = index.metadata(ids)
    assert [entry.path for entry in metadata] == [path for path, _ in extractions]
    again, rows = index.rows()
    assert again == metadata
    for reading, (_, extraction) in zip(index.readings(metadata, rows), extractions, strict=True):
        np.testing.assert_allclose(reading.embedding, extraction.reading.embedding, atol=2e-4)
        assert reading.confidence == pytest.approx(extraction.reading.confidence, abs=1e-6)
        assert reading.valence == pytest.approx(extraction.reading.valence, abs=5e-4)
    assert index.files(os.path.dirname(extractions[0][0])) == {
        os.path.basename(path): extraction.stat for path, extraction in extractions
    }


def test_one_row_an_image_one_path_a_file(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    path, extraction = extractions[0]
    index.record([FileOutcome(path, STAT, extraction), FileOutcome(path + b"2", STAT, extraction)], Limits())
    index.record([FileOutcome(b"/elsewhere/x.jpg", STAT, KnownImage(1, extraction.digest))], Limits())
    status = index.status()
    assert (status.images, status.files) == (1, 3)
    assert len(index.vectors().ids) == 1
    assert index.metadata([1])[0].path == b"/elsewhere/x.jpg"
    assert index.metadata([1], [os.path.dirname(path)])[0].path == path
    assert index.id_of(path + b"2") == 1
    assert index.id_of(b"/nowhere") is None


def test_a_batch_is_all_or_nothing(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    good = outcomes(extractions[:2])
    broken = replace(extractions[2][1], palette=np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="array"):
        index.record([*good, FileOutcome(b"/x.jpg", STAT, broken)], Limits())
    assert index.status().files == 0
    index.record(good, Limits())
    assert index.status().files == 2


def test_failures_and_other_files(index: SqliteStore) -> None:
    index.record(
        [FileOutcome(b"/p/a.jpg", STAT, Failure("damaged: no")), FileOutcome(b"/p/notes.txt", STAT, NotAnImage())],
        Limits(),
    )
    [failure] = index.status().failures
    assert (failure.path, failure.cause) == (b"/p/a.jpg", "damaged: no")
    assert set(index.files(b"/p")) == {b"a.jpg", b"notes.txt"}
    assert len(index.vectors().ids) == 0


def test_which_failures_are_retryable(index: SqliteStore) -> None:
    limits = {"pixels": RetryReason.PIXELS, "seconds": RetryReason.SECONDS}
    causes = {**limits, "permission": RetryReason.ENVIRONMENT, "damaged": None}
    outcomes = [FileOutcome(f"/p/{name}".encode(), STAT, Failure(name, by)) for name, by in causes.items()]
    index.record(outcomes, Limits(max_pixels=100, seconds_per_file=5))
    assert index.retryable_failures(Limits(max_pixels=100, seconds_per_file=5)) == {b"/p/permission"}
    assert index.retryable_failures(Limits(max_pixels=101, seconds_per_file=5)) == {b"/p/permission", b"/p/pixels"}
    assert index.retryable_failures(Limits(max_pixels=99, seconds_per_file=6)) == {b"/p/permission", b"/p/seconds"}


def test_a_known_image_that_another_process_dropped_is_left_for_the_next_run(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]]
) -> None:
    index.record([FileOutcome(b"/p/a.jpg", STAT, KnownImage(77, b"gone")), *outcomes(extractions[:1])], Limits())
    assert index.files(b"/p") == {}
    assert index.status().images == 1


def test_rows_and_facts_agree_while_another_process_deletes(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]]
) -> None:
    index.record(outcomes(extractions), Limits())
    folder = os.path.dirname(extractions[0][0])
    stop = threading.Event()

    def churn() -> None:
        with SqliteStore(index.file) as other:
            while not stop.is_set():
                other.forget([(folder, os.path.basename(extractions[0][0]))])
                other.compact()
                other.record(outcomes(extractions[:1]), Limits())

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(200):
            metadata, rows = index.rows()
            assert len(metadata) == len(rows) >= 5
            assert len(index.readings(metadata, rows)) == len(metadata)
    finally:
        stop.set()
        thread.join()


def test_forgotten_images_leave_no_rows(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    for outcome in outcomes(extractions):
        index.record([outcome], Limits())
    folder = os.path.dirname(extractions[0][0])
    before = index.vectors()
    index.forget([(folder, os.path.basename(extractions[2][0]))])
    assert index.vectors().ids.tolist() == [1, 2, 4, 5, 6]
    index.compact()
    after = index.vectors()
    assert after.ids.tolist() == [1, 2, 4, 5, 6]
    np.testing.assert_array_equal(after.rows, before.rows[[0, 1, 3, 4, 5]])
    with sqlite3.connect(index.file) as connection:
        assert connection.execute("SELECT count(*), sum(length(ids)) FROM segments").fetchone() == (1, 5 * 8)
    connection.close()
    index.forget([], [folder])
    index.compact()
    assert index.status().images == 0
    # An id is never given twice.
    index.record(outcomes(extractions[:1]), Limits())
    assert index.vectors().ids.tolist() == [7]


def test_another_process_s_changes_are_seen(
    index: SqliteStore, indexed: IndexedModel, extractions: list[tuple[bytes, Extraction]]
) -> None:
    assert len(index.vectors().ids) == 0
    with SqliteStore(index.file, model=indexed) as other:
        other.record(outcomes(extractions), Limits())
    assert len(index.vectors().ids) == 6


OPEN_AT_ONCE = """
import sys
from pathlib import Path
from emoir.errors import IndexFileError
from emoir.index import RowLayout, SqliteStore
from emoir.index.indexed_model import IndexedModel
from emoir.index.repair import repair
model = IndexedModel(id="m", layout=RowLayout({"a": ("x", "y")}), licence="none")
for line in sys.stdin:
    file = Path(line.strip())
    if sys.argv[1] == "write":
        with SqliteStore(file, model=model) as index:
            index.add_root(b"/x")
    else:
        while not file.exists():
            pass
        with SqliteStore(file) as index:
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


def test_folders_by_prefix(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
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


def test_roots_cover_each_other(index: SqliteStore) -> None:
    for root in (b"/p/a", b"/p/b", b"/q", b"/p", b"/p/c"):
        index.add_root(root)
    assert index.roots() == [b"/p", b"/q"]
    index.remove_root(b"/p")
    assert index.roots() == [b"/q"]


def test_looks_are_read_when_asked_for(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    for outcome in outcomes(extractions):
        index.record([outcome], Limits())
    matrix = index.vectors()
    whole = index.layout.pack(
        EmotionReadings.stack([extraction.reading for _, extraction in extractions]),
        np.stack([extraction.palette for _, extraction in extractions]),
    ).astype(np.float32)
    np.testing.assert_array_equal(matrix.affect, whole[:, index.layout.affect])
    np.testing.assert_array_equal(matrix.take(np.array([4, 1, 4])), whole[[4, 1, 4]])
    assert not vars(matrix).keys() & {"looks", "rows"}
    # Meanwhile another process joins the segments and an image goes: rows are found where they are now.
    with SqliteStore(index.file) as other:
        gone = extractions[2][0]
        other.forget([os.path.split(gone)])
        other.compact()
    np.testing.assert_array_equal(matrix.take(np.array([0, 5])), whole[[0, 5]])
    assert not matrix.take(np.array([2]))[:, index.layout.appearance].any()
    whole[2, index.layout.appearance] = 0
    np.testing.assert_array_equal(matrix.rows, whole)


def test_small_segments_are_joined_a_few_at_a_time(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoir.index.segments.SEGMENT_ROWS", 4)
    for outcome in outcomes(extractions):
        index.record([outcome], Limits())
    before = index.vectors()
    index.compact()
    after = index.vectors()
    assert after.ids.tolist() == before.ids.tolist()
    np.testing.assert_array_equal(after.rows, before.rows)
    with sqlite3.connect(index.file) as connection:
        lengths = [length // 8 for (length,) in connection.execute("SELECT length(ids) FROM segments ORDER BY id")]
    connection.close()
    assert lengths == [4, 2]


def test_an_index_takes_over_how_its_model_is_calibrated_today(index: SqliteStore, indexed: IndexedModel) -> None:
    assert index.model.scores == {}
    curve = ScoreCurve(0.1, (0.0, 1.0), (0.0, 0.5))
    today = replace(indexed, id="test-2", scores={"point": curve}, unsure_below=0.7)
    index.recalibrate(today)
    assert index.model == indexed
    index.recalibrate(today, [indexed.id])
    with SqliteStore(index.file) as again:
        again.require("test-2")
        assert again.model.scores["point"](np.array([0.5])).tolist() == [0.25]
        assert again.readings(*again.rows()).unsure_below == 0.7


def test_looks_are_kept_after_a_few_times(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]], monkeypatch: pytest.MonkeyPatch
) -> None:
    index.record(outcomes(extractions), Limits())
    matrix = index.vectors()
    first = matrix.take(np.array([1, 2]))
    for _ in range(FEW_TIMES - 1):
        matrix.take(np.array([1, 2]))
    assert "appearance" not in vars(matrix)
    np.testing.assert_array_equal(matrix.take(np.array([1, 2])), first)
    assert "appearance" in vars(matrix)
    many = index.vectors().rows[np.arange(6).repeat(3)]
    monkeypatch.setattr("emoir.index.base.BLOCK_ROWS", 4)
    np.testing.assert_array_equal(matrix.take(np.arange(6).repeat(3)), many)


def test_whether_rows_are_dead_is_noted(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    def noted() -> bool:
        with closing(sqlite3.connect(index.file)) as connection:
            return connection.execute("SELECT 1 FROM meta WHERE key = 'compact'").fetchone() is not None

    index.record(outcomes(extractions), Limits())
    assert not noted()
    index.compact()
    assert noted()
    index.forget([os.path.split(extractions[0][0])])
    assert not noted()
    # Five of six rows live: the segment is not worth rewriting, and its dead row must stay unseen.
    index.compact()
    assert not noted()
    assert len(index.vectors().ids) == 5
    index.record(outcomes(extractions[:1]), Limits())
    assert len(index.vectors().ids) == 6


def test_very_many_folders(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    index.record(outcomes(extractions), Limits())
    [folder] = {os.path.dirname(path) for path, _ in extractions}
    many = [b"%s/%d" % (folder, number) for number in range(1200)]
    assert not index.all_below(many)
    assert index.all_below([*many, folder, folder])
    assert len(index.ids_below([*many, folder])) == len(extractions)


def changes(index: SqliteStore, since: int) -> list[int]:
    found = index.changes(since)
    assert found is not None
    return [int(id) for id in found]


def test_revision_and_change_log(index: SqliteStore, extractions: list[tuple[bytes, Extraction]]) -> None:
    index.record(outcomes(extractions), Limits())
    before = index.revision
    assert changes(index, 0) == [1, 2, 3, 4, 5, 6]
    assert changes(index, before) == []
    folder, name = os.path.split(extractions[2][0])
    index.forget([(folder, name)])
    index.compact()
    assert index.revision == before + 2
    assert changes(index, before) == [3]
    # A file that holds another image now is a change of both; a rating is none of any row.
    path, extraction = extractions[3]
    index.record([FileOutcome(path, extraction.stat, KnownImage(5, extractions[4][1].digest))], Limits())
    assert changes(index, before + 2) == [4, 5]
    rated = index.revision
    index.ratings.add(1, "Ana", emotion="awe", valence=None, arousal=None)
    assert index.revision == rated + 1
    assert changes(index, rated) == []
