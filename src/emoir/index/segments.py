"""Segments: row vectors in blobs of up to 4,096, written with the batch they belong to.

The columns of the affect and those of the appearance lie in blobs of their own: a search for a word in a new process
reads a tenth of the rows' bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.index.base import VectorTable, occurs_in
from emoir.index.checksums import DamagedRowError, blob_checksum
from emoir.index.layout import RowLayout
from emoir.index.migrations import ID_TYPE, ROW_TYPE
from emoir.index.schema import read_meta, write_meta

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


Content: TypeAlias = tuple[object, ...]
"""What ``content_of`` gives; only to be compared."""


def content_of(connection: sqlite3.Connection) -> Content:
    """What the vectors are made of: model, calibration, and the number, sum and largest of the images that files hold.

    It stays the same where only ratings, catalogues or names of files change. Ids are never given twice.
    """
    living = "SELECT DISTINCT image AS id FROM files WHERE image IS NOT NULL"
    images = connection.execute(f"SELECT count(id), total(id), max(id) FROM ({living})").fetchone()
    return (_of_model(read_meta(connection)), *images)


def content_of_vectors(meta: Mapping[str, str], vectors: VectorTable) -> Content:
    """The same of vectors that were just loaded, from the metadata beside it."""
    ids = vectors.ids
    return _of_model(meta), len(ids), float(ids.sum()), int(ids[-1]) if len(ids) else None


def _of_model(meta: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in meta.items() if key in ("model", "scores")}


def load_vectors(layout: RowLayout, guard: Guard) -> VectorTable:
    """All living rows, in the order of their ids.

    Args:
        layout: of the rows.
        guard: under which the connection is used, now and when the appearance is asked for later.

    Raises:
        DamagedRowError: if a checksum does not hold.
    """
    width = layout.affect.stop
    with guard() as connection:
        connection.execute("BEGIN")
        try:
            written = _written(connection)
            # To ask which images live takes longer than to read their rows.
            compact = read_meta(connection).get(COMPACT)
            alive = None if compact is not None else _living(connection)
            ids, segments = np.empty((2, written), np.int64)
            affect = np.empty((written, width), np.float32)
            filled = 0
            for segment, id_blob, blob, expected in connection.execute(
                "SELECT id, ids, affect, affect_checksum FROM segments"
            ):
                segment_ids, rows = _rows(id_blob, blob, expected, width)
                if alive is not None:
                    kept = occurs_in(segment_ids, alive)
                    segment_ids, rows = segment_ids[kept], rows[kept]
                part = slice(filled, filled + len(segment_ids))
                ids[part], affect[part], segments[part] = segment_ids, rows, segment
                filled = part.stop
            if filled != (int(compact or written) if alive is None else len(alive)):
                raise DamagedRowError("row vectors are missing")
        finally:
            connection.execute("COMMIT")
    ids, affect, segments = ids[:filled], affect[:filled], segments[:filled]
    if not (ids[1:] > ids[:-1]).all():
        order = np.argsort(ids, kind="stable")
        ids, affect, segments = ids[order], affect[order], segments[order]
    return VectorTable(ids, affect, StoredAppearance(guard, layout, ids, segments))


Guard: TypeAlias = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Gives the connection, under its lock and with our errors for SQLite's."""


@dataclass(frozen=True, eq=False)
class StoredAppearance:
    """Reads the appearance of images when it is asked for.

    Args:
        guard: under which the connection is used.
        layout: of the rows.
        ids: (n,) all images, sorted ascending.
        segments: (n,) where each image's row lay; it may have been moved since, as segments are joined.
    """

    guard: Guard
    layout: RowLayout
    ids: NDArray[np.int64]
    segments: NDArray[np.int64]

    def __call__(self, ids: NDArray[np.int64] | None) -> NDArray[np.float16]:
        """The appearance of some images, in their order, or of all; zeros for an image that is gone."""
        wanted = self.ids if ids is None else np.unique(ids)
        found = np.zeros((len(wanted), self.layout.appearance.stop - self.layout.appearance.start), np.float16)
        missing = np.ones(len(wanted), np.bool_)
        everything = "SELECT ids, appearance, appearance_checksum FROM segments"
        with self.guard() as connection:
            if ids is not None:
                for segment in np.unique(self.segments[np.searchsorted(self.ids, wanted)]).tolist():
                    self._fill(connection, wanted, found, missing, f"{everything} WHERE id = ?", (segment,))
            if missing.any():
                self._fill(connection, wanted, found, missing, everything)
        return found if ids is None else found[np.searchsorted(wanted, ids)]

    def _fill(
        self,
        connection: sqlite3.Connection,
        wanted: NDArray[np.int64],
        found: NDArray[np.float16],
        missing: NDArray[np.bool_],
        statement: str,
        values: tuple[int, ...] = (),
    ) -> None:
        for id_blob, blob, expected in connection.execute(statement, values):
            ids, rows = _rows(id_blob, blob, expected, found.shape[1])
            asked = occurs_in(ids, wanted)
            places = np.searchsorted(wanted, ids[asked])
            found[places] = rows[asked]
            missing[places] = False


def _rows(ids: bytes, rows: bytes, expected: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
    """The ids and the rows of a segment.

    Raises:
        DamagedRowError: if they are not what was written.
    """
    if blob_checksum(ids, rows) != expected or len(rows) * ID_TYPE.itemsize != len(ids) * ROW_TYPE.itemsize * width:
        raise DamagedRowError("row vectors are spoilt")
    return np.frombuffer(ids, ID_TYPE), np.frombuffer(rows, ROW_TYPE).reshape(-1, width)


def _living(connection: sqlite3.Connection) -> NDArray[np.int64]:
    """Ids of the images that some file holds, sorted ascending."""
    ids = connection.execute("SELECT DISTINCT image FROM files WHERE image IS NOT NULL ORDER BY 1")
    return np.fromiter((id for (id,) in ids), np.int64)


def _written(connection: sqlite3.Connection) -> int:
    """Rows in all segments, living and dead."""
    (size,) = connection.execute("SELECT total(length(ids)) FROM segments").fetchone()
    return int(size) // ID_TYPE.itemsize


def mark_compact(connection: sqlite3.Connection) -> None:
    """Note that no row is dead, if so, inside the caller's transaction.

    Every image that some file holds has one row: as many rows as such images means that none is dead.
    """
    (living,) = connection.execute("SELECT count(DISTINCT image) FROM files WHERE image IS NOT NULL").fetchone()
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
