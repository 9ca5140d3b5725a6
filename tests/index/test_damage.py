"""Single bytes changed, anywhere in the file: every change that a command could show is noticed, and repaired."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from emoir import Collection
from emoir.errors import IndexFileError, IndexVersionError
from emoir.extract import Extraction
from emoir.index import change_log
from emoir.index.backup import backup, restore
from emoir.index.checksums import blob_checksum, holds, sealed
from emoir.index.damage import find_damage, find_hidden
from emoir.index.repair import repair
from emoir.index.schema import connect
from emoir.index.segments import load_vectors
from emoir.index.store import SqliteStore
from emoir.index.tables import COLUMNS
from emoir.limits import Limits
from tests.index.filled import outcomes
from tests.pictures import save_photos

FLIPS = 1000


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index that has a row in every table."""
    folder = tmp_path_factory.mktemp("whole")
    save_photos(folder / "photos", 12)
    (folder / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (folder / "records.csv").write_text("file,title\n0000.jpg,Harvest\n0001.jpg,Ernte\n")
    with Collection(folder / "x.emoir") as photos:
        photos.index(folder / "photos", workers=1, catalogue=folder / "records.csv")
        for image in range(1, 6):
            photos.ratings.add(image, "Ana", emotion="awe", valence=0.5, arousal=image / 10)
            photos.boards.create(f"board {image}", [image])
            photos.boards.save_search(f"search {image}", "?q=awe")
            photos.marks.set(image, True)
    with closing(sqlite3.connect(folder / "x.emoir")) as connection:
        for table in (*COLUMNS, "segments", "changes", "revision"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() != (0,), table
    return folder / "x.emoir"


def shown(file: Path) -> object:
    """Everything that any command could show of an index."""
    with SqliteStore(file) as store:
        metadata, rows = store.rows()
        status = store.status()
        return (
            metadata,
            rows.tobytes(),
            store.attributes(store.vectors().ids).moment.tolist(),
            (status.model, status.roots, status.images, status.files, status.failures, status.catalogues),
            store.ratings.all(),
            [store.files_of(entry.id) for entry in metadata],
            [store.directories(root) for root in status.roots],
            [store.ids_below([root]).tolist() for root in status.roots],
            [store.id_of(entry.path) for entry in metadata],
            (store.boards.all(), store.boards.searches()),
        )


def test_flipped_bytes_are_noticed(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, content = shown(whole), whole.read_bytes()
    random = np.random.default_rng(7)
    file = tmp_path / "x.emoir"
    noticed = 0
    for flip in range(FLIPS):
        # Two of three as in an index that is too large to be read to its end when it is opened.
        monkeypatch.setattr("emoir.index.file.SMALL_BYTES", 0 if flip % 3 else 2**21)
        damaged = bytearray(content)
        # The head, where one byte can change everything, gets a tenth.
        at = int(random.integers(100) if flip % 10 == 0 else random.integers(len(content)))
        damaged[at] ^= int(random.integers(1, 256))
        for left in tmp_path.glob("x.emoir*"):
            left.unlink()
        file.write_bytes(damaged)
        try:
            seen = shown(file)
        except IndexFileError:
            noticed += 1
        else:
            assert seen == expected, f"byte {at:,} was changed without a word"
    assert noticed > FLIPS // 10


def test_a_record_under_another_name_is_noticed(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoir.index.file.SMALL_BYTES", 0)
    shutil.copy(whole, tmp_path / "x.emoir")
    with closing(sqlite3.connect(tmp_path / "x.emoir")) as connection, connection:
        connection.execute("UPDATE records SET key = CAST('0009.jpe' AS BLOB) WHERE key = CAST('0001.jpg' AS BLOB)")
    with pytest.raises(IndexFileError, match="1 rows of records"):
        shown(tmp_path / "x.emoir")


def test_flipped_bytes_are_repaired(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    random = np.random.default_rng(8)
    file = tmp_path / "x.emoir"
    kept, beyond = [], []
    for _ in range(60):
        damaged = bytearray(content)
        damaged[int(random.integers(len(content)))] ^= int(random.integers(1, 256))
        for left in tmp_path.glob("x.emoir*"):
            left.unlink()
        file.write_bytes(damaged)
        try:
            result = repair(file)
        except IndexVersionError:
            raise AssertionError("a damaged index was called a newer one") from None
        except IndexFileError as error:
            # Of the few bytes that describe the tables and the model, nothing is written twice.
            beyond.append(str(error))
            continue
        assert not repair(file).damaged
        if result.damaged:
            assert result.problems
            kept.append((result.images, result.ratings))
        with SqliteStore(file) as store:
            assert len(store.rows()[0]) <= (result.images if result.damaged else 12)
        backup(file, tmp_path / "backup")
    # One changed byte may cost the one block of vectors. All ratings of so few lie on one page: its head is 8 bytes.
    assert kept
    assert all("not even its model" in line or "beyond repair" in line for line in beyond), beyond
    assert sum(ratings < 4 for _, ratings in kept) <= 1


@pytest.mark.parametrize("head", [b"", bytes(16), bytes(100)])
def test_a_spoilt_head_is_mended(whole: Path, tmp_path: Path, head: bytes) -> None:
    file = tmp_path / "x.emoir"
    file.write_bytes(head + whole.read_bytes()[len(head) :])
    result = repair(file)
    assert result.damaged == bool(head)
    assert shown(file) == shown(whole)


def test_a_file_that_ends_too_soon(whole: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.emoir"
    backup(whole, tmp_path / "backup")
    file.write_bytes(whole.read_bytes()[:-8192])
    with pytest.raises(IndexFileError, match="--repair"):
        shown(file)
    # What SQLite keeps at the end differs: it may be what says which model it was. A backup always helps.
    with contextlib.suppress(IndexFileError):
        assert repair(file).damaged
        assert not repair(file).damaged
    restore(tmp_path / "backup", file)
    assert shown(file) == shown(whole)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM segments",
        "DELETE FROM meta WHERE key = 'layout'",
        "UPDATE meta SET value = '{' WHERE key = 'scores'",
        "UPDATE images SET taken = CAST(x'ff41' AS TEXT) WHERE id = 2",
        "UPDATE segments SET affect = x'00'",
        "UPDATE segments SET ids = x'0102'",
        "UPDATE records SET record = '[' WHERE key = CAST('0000.jpg' AS BLOB)",
        "UPDATE ratings SET emotion = 'joy'",
        "DROP TRIGGER file_added",
        "DELETE FROM revision",
        "PRAGMA user_version = -3",
        "PRAGMA user_version = 4",
        "PRAGMA user_version = 1",
    ],
)
def test_whatever_is_spoilt_is_one_line(whole: Path, tmp_path: Path, statement: str) -> None:
    file = tmp_path / "x.emoir"
    shutil.copy(whole, file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
    with pytest.raises(IndexFileError) as caught:
        shown(file)
    assert "\n" not in str(caught.value)
    if "layout" in statement:
        with pytest.raises(IndexFileError, match="not even its model"):
            repair(file)
        return
    assert repair(file).problems
    shown(file)
    assert not repair(file).damaged


def test_checksums_tell_rows_apart() -> None:
    row = sealed("files", (1, b"a.jpg", 10, 20, 3, None, None, None))
    assert holds("files", row)
    for at, value in enumerate((2, b"b.jpg", 11, 21, 4, "", "", 0.0)):
        assert not holds("files", (*row[:at], value, *row[at + 1 :])), at
    image = sealed("images", (1, bytes(32), 64, 48, None, 0.5, 0, None, 0))
    assert holds("images", image)
    for at, value in enumerate((2, b"\1" + bytes(31), 65, 49, "", 0.25, 1, 0, 1)):
        assert not holds("images", (*image[:at], value, *image[at + 1 :])), at
    for at, value in enumerate(("1", bytes(31), None, 0.5, b"", None, 2, "x", 2)):
        assert not holds("images", (*image[:at], value, *image[at + 1 :])), at
    assert blob_checksum(b"ab", b"c") == blob_checksum(b"abc") == 0x352441C2


@contextlib.contextmanager
def written_before(connection: sqlite3.Connection, statement: str, write: Callable[[], object]) -> Iterator[None]:
    """Another process writes just before a statement that begins so."""
    written: list[object] = []

    def watch(sql: str) -> None:
        if sql.startswith(statement) and not written:
            written.append(True)
            write()

    connection.set_trace_callback(watch)
    yield
    assert written


def test_what_others_write_during_a_look_is_no_damage(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]]
) -> None:
    index.record(outcomes(extractions[:4]), Limits())
    folder, name = os.path.split(extractions[0][0])
    with closing(connect(index.file)) as connection:
        more = partial(index.record, outcomes(extractions[4:]), Limits())
        with written_before(connection, "SELECT DISTINCT image FROM files", more):
            assert find_damage(connection) == []
        less = partial(index.forget, [(folder, name)])
        with written_before(connection, "SELECT directory, name, image FROM files INDEXED BY", less):
            assert find_hidden(connection, "files") == []
    index.close()


def test_rows_are_read_while_another_process_compacts(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]]
) -> None:
    for extraction in extractions:
        index.record(outcomes([extraction]), Limits())
    expected = index.vectors().appearance

    def compact() -> None:
        index.forget([os.path.split(path) for path, _ in extractions[:3]])
        index.compact()

    with closing(connect(index.file)) as connection:
        table = load_vectors(index.layout, lambda: nullcontext(connection))
        with written_before(connection, "SELECT ids, appearance", compact):
            assert np.array_equal(table.appearance, expected)
    index.close()


def test_no_change_is_missed_while_another_process_cuts_the_log(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]], monkeypatch: pytest.MonkeyPatch
) -> None:
    index.record(outcomes(extractions[:2]), Limits())
    seen = index.revision
    index.record(outcomes(extractions[2:]), Limits())
    monkeypatch.setattr(change_log, "LOG_ENTRIES", 0)
    with closing(connect(index.file)) as connection:
        with written_before(connection, "SELECT DISTINCT image FROM changes", index.compact):
            assert change_log.changes_since(connection, seen) == pytest.approx([3, 4, 5, 6])
        # Cut now: all rows must be read again.
        assert change_log.changes_since(connection, seen) is None
    index.close()
