"""Segments: row vectors in blobs of up to 4,096, written with the batch they belong to.

The columns of the affect and those of the appearance lie in blobs of their own: a search for a word in a new process
reads a tenth of the rows' bytes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.index.base import VectorTable, occurs_in
from emoir.index.checksums import DamagedRowError, blob_checksum
from emoir.index.layout import RowLayout
from emoir.index.migrations import ID_TYPE, ROW_TYPE
from emoir.index.schema import read_meta, snapshot, write_meta

SEGMENT_ROWS = 4096
# The key of the table meta that says that no row is dead.
COMPACT = "compact"


def append_segment(
    connection: sqlite3.Connection, ids: Sequence[int], rows: NDArray[np.float16], layout: RowLayout
) -> None:
    """Write rows as new segments, inside the caller's transaction.

    Args:
        connection: in a transaction.
        ids: n, sorted ascending.
        rows: (n, d).
        layout: of the rows.
    """
    for start in range(0, len(ids), SEGMENT_ROWS):
        part = slice(start, start + SEGMENT_ROWS)
        columns = (rows[part, span].astype(ROW_TYPE).tobytes() for span in (layout.affect, layout.appearance))
        insert_segment(connection, np.asarray(ids[part], ID_TYPE).tobytes(), *columns)


def insert_segment(connection: sqlite3.Connection, ids: bytes, affect: bytes, appearance: bytes) -> None:
    """Write one segment, inside the caller's transaction."""
    checksums = blob_checksum(ids, affect), blob_checksum(ids, appearance)
    connection.execute(
        "INSERT INTO segments (ids, affect, appearance, affect_checksum, appearance_checksum) VALUES (?, ?, ?, ?, ?)",
        (ids, affect, appearance, *checksums),
    )


Guard: TypeAlias = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Gives the connection, under its lock and with our errors for SQLite's."""


def load_vectors(layout: RowLayout, guard: Guard, ids: NDArray[np.int64] | None = None) -> VectorTable:
    """The rows of images that some file holds, in the order of their ids.

    Args:
        layout: of the rows.
        guard: under which the connection is used, now and when the appearance is asked for later.
        ids: of the images, sorted ascending; those that are gone are left out. None for all.

    Raises:
        DamagedRowError: if a checksum does not hold, or a row is missing.
    """

    def appearance(of: NDArray[np.int64]) -> NDArray[np.float16]:
        with guard() as connection, snapshot(connection):
            return read_columns(connection, of, "appearance", layout.appearance.stop - layout.appearance.start)[0]

    width = layout.affect.stop
    with guard() as connection, snapshot(connection):
        if ids is None:
            held, affect = _all_affect(connection, width)
        else:
            held = living_ids(connection, ids)
            affect16, missing = read_columns(connection, held, "affect", width)
            affect = affect16.astype(np.float32)
            if missing.any():
                raise DamagedRowError("row vectors are missing")
    return VectorTable(held, affect, appearance)


def _all_affect(connection: sqlite3.Connection, width: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ids, sorted ascending, and affect (n, width) of all living rows."""
    written = _written(connection)
    # To ask which images live takes longer than to read their rows.
    compact = read_meta(connection).get(COMPACT)
    alive = None if compact is not None else living_ids(connection)
    ids, affect = np.empty(written, np.int64), np.empty((written, width), np.float32)
    filled = 0
    for id_blob, blob, expected in connection.execute("SELECT ids, affect, affect_checksum FROM segments"):
        segment_ids, rows = _rows(id_blob, blob, expected, width)
        if alive is not None:
            kept = occurs_in(segment_ids, alive)
            segment_ids, rows = segment_ids[kept], rows[kept]
        part = slice(filled, filled + len(segment_ids))
        ids[part], affect[part] = segment_ids, rows
        filled = part.stop
    if filled != (int(compact or written) if alive is None else len(alive)):
        raise DamagedRowError("row vectors are missing")
    ids, affect = ids[:filled], affect[:filled]
    if not (ids[1:] > ids[:-1]).all():
        order = np.argsort(ids, kind="stable")
        ids, affect = ids[order], affect[order]
    return ids, affect


def read_columns(
    connection: sqlite3.Connection, ids: NDArray[np.int64], kind: Literal["affect", "appearance"], width: int
) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
    """The affect or the appearance of some images; only segments that may hold them are read.

    Args:
        connection: to the index.
        ids: (k,) of images, in any order.
        kind: which columns.
        width: how many columns these are.

    Returns:
        ``(rows, missing)``: (k, width) in the order of the ids, zeros where an image has no row;
        (k,) where it has none.

    Raises:
        DamagedRowError: if a checksum does not hold.
    """
    wanted, places = np.unique(ids, return_inverse=True)
    found = np.zeros((len(wanted), width), np.float16)
    missing = np.ones(len(wanted), np.bool_)
    spans = connection.execute("SELECT id, substr(ids, 1, 8), substr(ids, -8) FROM segments").fetchall()
    statement = f"SELECT ids, {kind}, {kind}_checksum FROM segments WHERE id = ?"
    for segment, first, last in spans:
        # A segment's ids are sorted.
        inside = slice(*np.searchsorted(wanted, [int.from_bytes(first, "little"), int.from_bytes(last, "little") + 1]))
        if missing[inside].any():
            id_blob, blob, expected = connection.execute(statement, (segment,)).fetchone()
            segment_ids, rows = _rows(id_blob, blob, expected, width)
            asked = occurs_in(segment_ids, wanted)
            at = np.searchsorted(wanted, segment_ids[asked])
            found[at], missing[at] = rows[asked], False
    return found[places], missing[places]


def _rows(ids: bytes, rows: bytes, expected: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """The ids and the rows of a segment.

    Raises:
        DamagedRowError: if they are not what was written.
    """
    if blob_checksum(ids, rows) != expected or len(rows) * ID_TYPE.itemsize != len(ids) * ROW_TYPE.itemsize * width:
        raise DamagedRowError("row vectors are spoilt")
    return np.frombuffer(ids, ID_TYPE), np.frombuffer(rows, ROW_TYPE).reshape(-1, width)


def living_ids(connection: sqlite3.Connection, ids: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Ids of the images that some file holds, sorted ascending; only of these, if they are given."""
    if ids is None:
        rows = connection.execute("SELECT DISTINCT image FROM files WHERE image IS NOT NULL ORDER BY 1")
    else:
        among = "SELECT value FROM json_each(?)"
        rows = connection.execute(
            f"SELECT DISTINCT image FROM files WHERE image IN ({among}) ORDER BY 1", (json.dumps(ids.tolist()),)
        )
    return np.fromiter((id for (id,) in rows), np.int64)


def _written(connection: sqlite3.Connection) -> int:
    """Rows in all segments, living and dead."""
    (size,) = connection.execute("SELECT total(length(ids)) FROM segments").fetchone()
    return int(size) // ID_TYPE.itemsize


def count_living(connection: sqlite3.Connection) -> int:
    """How many images some file holds."""
    (living,) = connection.execute("SELECT count(DISTINCT image) FROM files WHERE image IS NOT NULL").fetchone()
    return int(living)


def mark_compact(connection: sqlite3.Connection) -> None:
    """Note that no row is dead, if so, inside the caller's transaction.

    Every image that some file holds has one row: as many rows as such images means that none is dead.
    """
    living = count_living(connection)
    if living == _written(connection):
        write_meta(connection, {COMPACT: str(living)})


def unmark_compact(connection: sqlite3.Connection) -> None:
    """Rows may die from now on: before files change, inside the caller's transaction."""
    connection.execute("DELETE FROM meta WHERE key = ?", (COMPACT,))


def compact_segments(connection: sqlite3.Connection, layout: RowLayout) -> None:
    """Join small segments and drop dead rows, inside the caller's transaction.

    A segment is rewritten only if it is less than half full of living rows, so that each row is copied
    a few times in its life, not at every run. Never more than two segments' rows are in memory.

    Raises:
        DamagedRowError: if a checksum does not hold: rewritten, the damage could not be found any more.
    """
    living = np.fromiter((id for (id,) in connection.execute("SELECT id FROM images ORDER BY id")), np.int64)
    small = []
    for segment, id_blob in connection.execute("SELECT id, ids FROM segments ORDER BY id"):
        kept = int(occurs_in(np.frombuffer(id_blob, ID_TYPE), living).sum())
        if kept < SEGMENT_ROWS // 2:
            small.append((segment, kept))
    if len(small) < 2 and all(kept for _, kept in small):
        return
    ids, rows = np.empty(0, np.int64), np.empty((0, layout.length), np.float16)
    for segment, kept in small:
        if len(ids) + kept > SEGMENT_ROWS:
            _append_sorted(connection, ids, rows, layout)
            ids, rows = ids[:0], rows[:0]
        select = "SELECT affect_checksum, appearance_checksum, ids, affect, appearance FROM segments WHERE id = ?"
        *expected, id_blob, affect, appearance = connection.execute(select, (segment,)).fetchone()
        width = layout.affect.stop
        segment_ids, first = _rows(id_blob, affect, expected[0], width)
        _, others = _rows(id_blob, appearance, expected[1], layout.length - width)
        alive = occurs_in(segment_ids, living)
        ids = np.concatenate([ids, segment_ids[alive]])
        rows = np.concatenate([rows, np.concatenate([first, others], axis=1)[alive]])
        connection.execute("DELETE FROM segments WHERE id = ?", (segment,))
    _append_sorted(connection, ids, rows, layout)


def _append_sorted(
    connection: sqlite3.Connection, ids: NDArray[np.int64], rows: NDArray[np.float16], layout: RowLayout
) -> None:
    order = np.argsort(ids, kind="stable")
    append_segment(connection, ids[order].tolist(), rows[order], layout)
