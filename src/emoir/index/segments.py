"""Segments: row vectors in blobs of up to 4,096, written with the batch they belong to.

The columns of the affect and those of the appearance lie in blobs of their own: a search for a word in a new process
reads a tenth of the rows' bytes.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.index.base import VectorTable, among
from emoir.index.layout import RowLayout

SEGMENT_ROWS = 4096
ID_TYPE, ROW_TYPE = np.dtype("<i8"), np.dtype("<f2")
# Square roots of shares, valence, arousal: at most 1; the sum of two squares: at most 2. A little for rounding.
MOST_AFFECT = 2.01


class DamagedSegmentError(sqlite3.DatabaseError):
    """Row vectors that are not what was written; SQLite itself cannot tell."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


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


def insert_segment(connection: sqlite3.Connection, ids: bytes, affect: bytes, looks: bytes) -> None:
    """Write one segment, inside the caller's transaction."""
    blobs = ids, affect, looks
    connection.execute(
        "INSERT INTO segments (ids, feelings, looks, checksum) VALUES (?, ?, ?, ?)", (*blobs, checksum(*blobs))
    )


def checksum(*blobs: bytes) -> int:
    """CRC-32 of a segment's blobs, one after another."""
    value = 0
    for blob in blobs:
        value = zlib.crc32(blob, value)
    return value


Content: TypeAlias = tuple[object, ...]
"""What ``content_of`` gives; only to be compared."""


def content_of(connection: sqlite3.Connection) -> Content:
    """What the vectors are made of: model, calibration, and the number, sum and largest of the images that files hold.

    It stays the same where only ratings, catalogues or names of files change. Ids are never given twice.
    """
    living = "SELECT DISTINCT image AS id FROM files WHERE image IS NOT NULL"
    images = connection.execute(f"SELECT count(id), total(id), max(id) FROM ({living})").fetchone()
    return (dict(connection.execute("SELECT key, value FROM facts WHERE key IN ('model', 'scores')")), *images)


def content_of_vectors(facts: Mapping[str, str], matrix: VectorTable) -> Content:
    """The same of vectors that were just loaded, from the metadata beside it."""
    said = {key: value for key, value in facts.items() if key in ("model", "scores")}
    ids = matrix.ids
    return said, len(ids), float(ids.sum()), int(ids[-1]) if len(ids) else None


def load_vectors(layout: RowLayout, guard: Guard) -> VectorTable:
    """All living rows, in the order of their ids.

    Args:
        layout: of the rows.
        guard: under which the connection is used, now and when the appearance is asked for later.

    Raises:
        DamagedSegmentError: if an affect has a value that none can have.
    """
    width = layout.affect.stop
    with guard() as connection:
        connection.execute("BEGIN")
        try:
            written = _written(connection)
            # To ask which images live takes longer than to read their rows.
            whole = connection.execute("SELECT 1 FROM facts WHERE key = 'whole'").fetchone() is not None
            alive = None if whole else _living(connection)
            ids, segments = np.empty((2, written), np.int64)
            affect = np.empty((written, width), np.float32)
            filled = 0
            for segment, id_blob, blob in connection.execute("SELECT id, ids, feelings FROM segments"):
                segment_ids, rows = np.frombuffer(id_blob, ID_TYPE), _rows(blob, width)
                if alive is not None:
                    kept = among(segment_ids, alive)
                    segment_ids, rows = segment_ids[kept], rows[kept]
                part = slice(filled, filled + len(segment_ids))
                ids[part], affect[part], segments[part] = segment_ids, rows, segment
                filled = part.stop
        finally:
            connection.execute("COMMIT")
    ids, affect, segments = ids[:filled], affect[:filled], segments[:filled]
    # Written so that NaN fails, too. Checksums would need the appearance, which is read only when it is asked for.
    if filled and not (affect.min() >= 0 and affect.max() <= MOST_AFFECT):
        raise DamagedSegmentError("row vectors are spoilt")
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
        everything = "SELECT ids, looks FROM segments"
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
        for id_blob, blob in connection.execute(statement, values):
            ids = np.frombuffer(id_blob, ID_TYPE)
            asked = among(ids, wanted)
            places = np.searchsorted(wanted, ids[asked])
            found[places] = _rows(blob, found.shape[1])[asked]
            missing[places] = False


def _rows(blob: bytes, width: int) -> NDArray[np.float16]:
    return np.frombuffer(blob, ROW_TYPE).reshape(-1, width)


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
        connection.execute("REPLACE INTO facts VALUES ('whole', '')")


def unmark_compact(connection: sqlite3.Connection) -> None:
    """Rows may die from now on: before files change, inside the caller's transaction."""
    connection.execute("DELETE FROM facts WHERE key = 'whole'")


def compact_segments(connection: sqlite3.Connection, layout: RowLayout) -> None:
    """Join small segments and drop dead rows, inside the caller's transaction.

    A segment is rewritten only if it is less than half full of living rows, so that each row is copied
    a few times in its life, not at every run. Never more than two segments' rows are in memory.

    Raises:
        DamagedSegmentError: if a checksum does not hold: rewritten, the damage could not be found any more.
    """
    living = np.fromiter((id for (id,) in connection.execute("SELECT id FROM images ORDER BY id")), np.int64)
    small = []
    for segment, id_blob in connection.execute("SELECT id, ids FROM segments ORDER BY id"):
        kept = int(among(np.frombuffer(id_blob, ID_TYPE), living).sum())
        if kept < SEGMENT_ROWS // 2:
            small.append((segment, kept))
    if len(small) < 2 and all(kept for _, kept in small):
        return
    ids, rows = np.empty(0, np.int64), np.empty((0, layout.length), np.float16)
    for segment, kept in small:
        if len(ids) + kept > SEGMENT_ROWS:
            _append_sorted(connection, ids, rows, layout)
            ids, rows = ids[:0], rows[:0]
        select = "SELECT ids, feelings, looks, checksum FROM segments WHERE id = ?"
        id_blob, affect, looks, expected = connection.execute(select, (segment,)).fetchone()
        if checksum(id_blob, affect, looks) != expected:
            raise DamagedSegmentError("row vectors are spoilt")
        segment_ids = np.frombuffer(id_blob, ID_TYPE)
        alive = among(segment_ids, living)
        ids = np.concatenate([ids, segment_ids[alive]])
        width = layout.affect.stop
        whole = np.concatenate([_rows(affect, width), _rows(looks, layout.length - width)], axis=1)
        rows = np.concatenate([rows, whole[alive]])
        connection.execute("DELETE FROM segments WHERE id = ?", (segment,))
    _append_sorted(connection, ids, rows, layout)


def _append_sorted(
    connection: sqlite3.Connection, ids: NDArray[np.int64], rows: NDArray[np.float16], layout: RowLayout
) -> None:
    order = np.argsort(ids, kind="stable")
    append_segment(connection, ids[order].tolist(), rows[order], layout)
