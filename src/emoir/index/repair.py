"""Repair: what can still be read of a damaged index, as a new one."""

from __future__ import annotations

import glob
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emoir.errors import IndexFileError
from emoir.index.exchange import copy_database, exchange, free_name, open_raw, work_folder
from emoir.index.layout import RowLayout
from emoir.index.migrations import split_segment
from emoir.index.schema import appear, connect, create, sqlite_errors
from emoir.index.segments import ID_TYPE, ROW_TYPE, checksum, insert_segment

Row = tuple[Any, ...]
# Tables whose rows have numbers, with their columns.
NUMBERED = {
    "directories": "id, path, device",
    "images": "id, digest, width, height, taken, confidence, monochrome, hash",
    "segments": "id, ids, feelings, looks, checksum",
    "segments of format 3": "id, ids, rows, checksum",
    "ratings": "id, digest, rater, emotion, valence, arousal, moment",
}
FILES = "directory, name, size, mtime_ns, image, failure, lifted_by, limit_then"


@dataclass(frozen=True, slots=True)
class Repair:
    """What came of a repair.

    Args:
        images: readings that were kept.
        files: files that were kept; others are looked at again by the next run.
        kept_as: where the damaged file lies now; None if nothing was wrong and nothing was done.
    """

    images: int
    files: int
    kept_as: Path | None

    @property
    def damaged(self) -> bool:
        """Whether anything was wrong."""
        return self.kept_as is not None


def repair(file: Path) -> Repair:
    """Salvage an index: rows that can be read take the place of what the file held.

    A reading is kept only if image and row vector are both there; what is lost is read again by the next
    ``emoir index``. The damaged content is kept beside under another name. Others may use the index meanwhile: what
    they commit is kept as well, and they go on with the salvaged content.

    Args:
        file: the index.

    Returns:
        What was kept.

    Raises:
        IndexFileError: if it is no index, or not even its model can be read.
    """
    if not file.exists():
        _bring_back(file)
    # To format 4, every segment must be read, which may be what cannot be done.
    with closing(connect(file, forward_to=3)) as old:
        if is_whole(old):
            return Repair(0, 0, None)
    counted = (0, 0)

    def salvage(old: sqlite3.Connection, folder: Path) -> Path:
        nonlocal counted
        facts: dict[str, str] = {key: value for key, value in _salvaged(old, "SELECT key, value FROM facts")}
        if not {"model", "layout", "licence"} <= set(facts):
            raise IndexFileError(
                f"index {file}: not even its model can be read any more; move the file away and run emoir index again"
            )
        made = folder / "salvaged"
        create(made, {key: value for key, value in facts.items() if key != "whole"})
        with closing(connect(made)) as new, sqlite_errors(made):
            counted = _copy(old, new, RowLayout.from_json(facts["layout"]))
        return made

    kept_as = free_name(file, "damaged")
    with sqlite_errors(file):
        exchange(file, salvage, kept_as)
    return Repair(*counted, kept_as)


def _bring_back(file: Path) -> None:
    """Put back a damaged index that a repair was killed over, as earlier versions left it.

    Raises:
        IndexFileError: if there is none.
    """
    left = sorted(file.parent.glob(f"{glob.escape(file.name)}.damaged*"), key=lambda found: found.stat().st_mtime)
    left = [found for found in left if not found.name.endswith(("-wal", "-shm"))]
    if not left:
        raise IndexFileError(f"there is no index {file} to repair")
    with closing(open_raw(left[-1])) as damaged, work_folder(file) as folder, sqlite_errors(file):
        copy_database(damaged, folder / "again")
        appear(folder / "again", file)


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether everything in an index can be read and is what was written."""
    try:
        if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            return False
        (layout,) = connection.execute("SELECT value FROM facts WHERE key = 'layout'").fetchone()
        return all(whole for *_, whole in _segments(connection, RowLayout.from_json(layout)))
    except (sqlite3.DatabaseError, TypeError):
        return False


def _segments(connection: sqlite3.Connection, layout: RowLayout) -> Iterator[tuple[bytes, bytes, bytes, bool]]:
    """Every segment that can be read: ids, feelings, looks, and whether its checksum holds."""
    if connection.execute("PRAGMA user_version").fetchone() == (3,):
        for _, ids, rows, expected in _numbered(connection, "segments of format 3"):
            yield ids, *split_segment(ids, rows, expected, layout)
    else:
        for _, ids, affect, looks, expected in _numbered(connection, "segments"):
            yield ids, affect, looks, expected == checksum(ids, affect, looks)


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, layout: RowLayout) -> tuple[int, int]:
    """Copy what can be read and belongs together, in one transaction."""
    new.execute("PRAGMA foreign_keys = OFF")
    new.execute("BEGIN")
    new.executemany("INSERT INTO roots VALUES (?)", _salvaged(old, "SELECT path FROM roots"))
    for catalogue in _salvaged(old, "SELECT id, root, source FROM catalogues"):
        new.execute("INSERT INTO catalogues VALUES (?, ?, ?)", catalogue)
        records = _salvaged(old, "SELECT catalogue, key, record FROM records WHERE catalogue = ?", catalogue[:1])
        new.executemany("INSERT INTO records VALUES (?, ?, ?)", records)
    directories = list(_numbered(old, "directories"))
    new.executemany("INSERT INTO directories (id, path, device) VALUES (?, ?, ?)", directories)
    images = {row[0]: row for row in _numbered(old, "images")}
    kept: set[int] = set()
    for id_blob, affect, looks, whole in _segments(old, layout):
        ids = np.frombuffer(id_blob, ID_TYPE)
        # A vector whose image is lost would answer for the next image that gets its number.
        rows = np.flatnonzero([whole and id in images and id not in kept for id in ids.tolist()])
        if len(rows):
            columns = (np.frombuffer(blob, ROW_TYPE).reshape(len(ids), -1)[rows] for blob in (affect, looks))
            insert_segment(new, ids[rows].tobytes(), *(values.tobytes() for values in columns))
            kept.update(ids[rows].tolist())
    marks = ", ".join("?" * 8)
    new.executemany(
        f"INSERT INTO images ({NUMBERED['images']}) VALUES ({marks})", [images[image] for image in sorted(kept)]
    )
    files = 0
    for directory, *_ in directories:
        entries = [
            row
            for row in _salvaged(old, f"SELECT {FILES} FROM files WHERE directory = ?", (directory,))
            if row[4] is None or row[4] in kept
        ]
        new.executemany(f"INSERT OR IGNORE INTO files ({FILES}) VALUES ({marks})", entries)
        files += len(entries)
    statement = f"INSERT INTO ratings ({NUMBERED['ratings']}) VALUES ({', '.join('?' * 7)})"
    ratings = list(_numbered(old, "ratings"))
    new.executemany(statement, ratings)
    # What is read again must not get a number that meant another image.
    given = {"images": max(images, default=0), "ratings": max((row[0] for row in ratings), default=0)}
    for name, last in _salvaged(old, "SELECT name, seq FROM sqlite_sequence"):
        if name in given:
            given[name] = max(given[name], last)
    for name, last in given.items():
        new.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        new.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))
    new.execute("COMMIT")
    return len(kept), files


def _salvaged(connection: sqlite3.Connection, statement: str, values: tuple[object, ...] = ()) -> Iterator[Row]:
    """Rows up to the first that cannot be read."""
    with suppress(sqlite3.DatabaseError):
        yield from connection.execute(statement, values)


def _numbered(connection: sqlite3.Connection, table: str) -> Iterator[Row]:
    """Every row that can be read: from the front, from the back, and one by one in between."""
    select = f"SELECT {NUMBERED[table]} FROM {table.split()[0]}"
    last = 0
    for row in _salvaged(connection, f"{select} ORDER BY id"):
        last = row[0]
        yield row
    first_from_behind = None
    for row in _salvaged(connection, f"{select} WHERE id > ? ORDER BY id DESC", (last,)):
        first_from_behind = row[0]
        yield row
    if first_from_behind is not None:
        for number in range(last + 1, first_from_behind):
            yield from _salvaged(connection, f"{select} WHERE id = ?", (number,))
