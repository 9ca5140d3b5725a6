"""Opening an index: of another model, of another format, of another kind, without the right to write."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoir.errors import IndexFileError, IndexVersionError, ModelMismatchError
from emoir.extract import Extraction
from emoir.index import SqliteStore
from emoir.index.backup import backup
from emoir.index.indexed_model import IndexedModel
from emoir.index.repair import repair
from emoir.limits import Limits
from tests.index.filled import outcomes


def test_a_second_model_is_refused_with_two_ways_out(index: SqliteStore, indexed: IndexedModel) -> None:
    other = replace(indexed, id="other-1")
    with pytest.raises(ModelMismatchError, match=r"another file with --index, or .* --rebuild --model NAME --index "):
        SqliteStore(index.file, model=other).require(other.id)
    index.require(other.id, indexed.id)


def test_files_that_are_no_index(tmp_path: Path, indexed: IndexedModel) -> None:
    with pytest.raises(IndexFileError, match=r"begin with: emoir index FOLDER --index .*absent\.emoir"):
        SqliteStore(tmp_path / "absent.emoir")
    assert not (tmp_path / "absent.emoir").exists()
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(IndexFileError, match="is no emoir index; choose another file with --index"):
        SqliteStore(foreign, model=indexed)
    (tmp_path / "empty.emoir").touch()
    with pytest.raises(IndexFileError, match="is no emoir index"):
        SqliteStore(tmp_path / "empty.emoir", model=indexed)
    text = tmp_path / "text.emoir"
    text.write_text("this is no database, " * 100)
    with pytest.raises(IndexFileError, match="or no emoir index"):
        SqliteStore(text, model=indexed)


def test_an_index_that_cannot_be_written_can_be_read(
    index: SqliteStore, extractions: list[tuple[bytes, Extraction]]
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
        with SqliteStore(file) as readable:
            assert len(readable.vectors().ids) == 6
            assert readable.status().images == 6
            with pytest.raises(IndexFileError, match="it is read-only; choose another place with --index"):
                readable.add_root(b"/x")
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        for parent, mode in modes.items():
            parent.chmod(mode)


def test_a_newer_index_is_refused(index: SqliteStore, indexed: IndexedModel) -> None:
    index.close()
    with sqlite3.connect(index.file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(IndexVersionError, match=r"format 99, this emoir reads up to 6; update"):
        SqliteStore(index.file, model=indexed)


# Four pictures, a broken file, a record and a rating (formats 3 and 4), as each version of emoir kept them.
OLDER = Path(__file__).parent / "files"


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
def test_an_older_index_is_brought_forward(tmp_path: Path, version: int) -> None:
    file = tmp_path / "x.emoir"
    shutil.copy(OLDER / f"format-{version}.emoir", file)
    shutil.copy(OLDER / "format-4.emoir", tmp_path / "latest.emoir")
    with SqliteStore(file) as index, SqliteStore(tmp_path / "latest.emoir") as latest:
        metadata, rows = index.rows()
        names = {os.path.basename(entry.path): entry for entry in metadata}
        assert sorted(names) == [b"%04d.jpg" % number for number in range(4)]
        assert not any(entry.incomplete for entry in metadata)
        assert [entry.hash is not None for entry in metadata] == [version > 1] * 4
        assert [name for name, entry in names.items() if entry.record] == ([b"0000.jpg"] if version > 2 else [])
        np.testing.assert_array_equal(rows, latest.rows()[1])
        assert index.layout == latest.layout
        status = index.status()
        assert (status.images, status.files, len(status.failures)) == (4, 4, 1)
        assert [(rating.image, rating.arousal) for rating in index.ratings.all()] == ([(1, 1.0)] if version > 2 else [])
        assert index.ratings.add(2, "Bo", emotion="awe", valence=None, arousal=None).id == (2 if version > 2 else 1)
        assert index.boards.create("sea", [1]).images == (1,)
    assert not repair(file).damaged
    assert backup(file, tmp_path / "backup").ratings == (2 if version > 2 else 1)


@pytest.mark.parametrize("version", [3, 4])
def test_damage_is_still_found_after_an_index_was_brought_forward(tmp_path: Path, version: int) -> None:
    file = tmp_path / "x.emoir"
    shutil.copy(OLDER / f"format-{version}.emoir", file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE segments SET checksum = checksum + 1")
    with pytest.raises(IndexFileError, match="damaged"), SqliteStore(file) as index:
        index.vectors()
    assert repair(file).damaged
    with SqliteStore(file) as index:
        assert [rating.rater for rating in index.ratings.all()] == []
        assert len(index.vectors().ids) == 0
