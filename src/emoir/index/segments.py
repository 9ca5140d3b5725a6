"""Segments: row vectors in blobs of up to 4,096, written with the batch they belong to."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.index.base import Matrix, among

SEGMENT_ROWS = 4096
ID_TYPE, ROW_TYPE = np.dtype("<i8"), np.dtype("<f2")


def append_segment(connection: sqlite3.Connection, ids: Sequence[int], rows: NDArray[np.float16]) -> None:
    """Write rows as new segments, inside the caller's transaction.

    Args:
        connection: in a transaction.
        ids: n, rising.
        rows: (n, d).
    """
    for start in range(0, len(ids), SEGMENT_ROWS):
        part = slice(start, start + SEGMENT_ROWS)
        blobs = np.asarray(ids[part], ID_TYPE).tobytes(), rows[part].astype(ROW_TYPE).tobytes()
        connection.execute("INSERT INTO segments (ids, rows, checksum) VALUES (?, ?, ?)", (*blobs, checksum(*blobs)))


def checksum(ids: bytes, rows: bytes) -> int:
    """CRC-32 of a segment."""
    return zlib.crc32(rows, zlib.crc32(ids))


Content: TypeAlias = tuple[object, ...]
"""What ``content_of`` gives; only to be compared."""


def content_of(connection: sqlite3.Connection) -> Content:
    """What a matrix is made of: the model, and the images that some file holds, as their number, sum and largest.

    It stays the same where only ratings, catalogues or names of files change. Ids are never given twice.
    """
    living = "SELECT DISTINCT image AS id FROM files WHERE image IS NOT NULL"
    images = connection.execute(f"SELECT count(id), total(id), max(id) FROM ({living})").fetchone()
    return (*connection.execute("SELECT value FROM facts WHERE key = 'model'").fetchone(), *images)


def load_matrix(connection: sqlite3.Connection, length: int) -> Matrix:
    """All living rows, in the order of their ids.

    Args:
        connection: is read in one statement after another; rows of a batch committed between are left out.
        length: numbers in a row.
    """
    connection.execute("BEGIN")
    try:
        # Every living image has one row: as many rows as images means that none is dead, and nearly always so.
        (written,) = connection.execute("SELECT total(length(ids)) FROM segments").fetchone()
        (living,) = connection.execute("SELECT count(DISTINCT image) FROM files WHERE image IS NOT NULL").fetchone()
        alive = None if written == living * ID_TYPE.itemsize else _living(connection)
        ids = np.empty(living, np.int64)
        rows = np.empty((living, length), np.float16)
        filled = 0
        for id_blob, row_blob in connection.execute("SELECT ids, rows FROM segments"):
            segment_ids = np.frombuffer(id_blob, ID_TYPE)
            segment_rows = np.frombuffer(row_blob, ROW_TYPE).reshape(len(segment_ids), length)
            if alive is not None:
                kept = among(segment_ids, alive)
                segment_ids, segment_rows = segment_ids[kept], segment_rows[kept]
            end = filled + len(segment_ids)
            ids[filled:end], rows[filled:end] = segment_ids, segment_rows
            filled = end
    finally:
        connection.execute("COMMIT")
    if (ids[1:filled] > ids[: filled - 1]).all():
        return Matrix(ids[:filled], rows[:filled])
    order = np.argsort(ids[:filled], kind="stable")
    return Matrix(ids[order], rows[order])


def _living(connection: sqlite3.Connection) -> NDArray[np.int64]:
    """Ids of the images that some file holds, rising."""
    ids = connection.execute("SELECT DISTINCT image FROM files WHERE image IS NOT NULL ORDER BY 1")
    return np.fromiter((id for (id,) in ids), np.int64)


def compact_segments(connection: sqlite3.Connection, length: int) -> None:
    """Join small segments and drop dead rows, inside the caller's transaction.

    A segment is rewritten only if it is less than half full of living rows, so that each row is copied
    a few times in its life, not at every run. Never more than two segments' rows are in memory.
    """
    living = np.fromiter((id for (id,) in connection.execute("SELECT id FROM images ORDER BY id")), np.int64)
    small = []
    for segment, id_blob in connection.execute("SELECT id, ids FROM segments ORDER BY id"):
        kept = int(among(np.frombuffer(id_blob, ID_TYPE), living).sum())
        if kept < SEGMENT_ROWS // 2:
            small.append((segment, kept))
    if len(small) < 2 and all(kept for _, kept in small):
        return
    ids, rows = np.empty(0, np.int64), np.empty((0, length), np.float16)
    for segment, kept in small:
        if len(ids) + kept > SEGMENT_ROWS:
            _append_sorted(connection, ids, rows)
            ids, rows = ids[:0], rows[:0]
        id_blob, row_blob = connection.execute("SELECT ids, rows FROM segments WHERE id = ?", (segment,)).fetchone()
        segment_ids = np.frombuffer(id_blob, ID_TYPE)
        alive = among(segment_ids, living)
        ids = np.concatenate([ids, segment_ids[alive]])
        rows = np.concatenate([rows, np.frombuffer(row_blob, ROW_TYPE).reshape(len(segment_ids), length)[alive]])
        connection.execute("DELETE FROM segments WHERE id = ?", (segment,))
    _append_sorted(connection, ids, rows)


def _append_sorted(connection: sqlite3.Connection, ids: NDArray[np.int64], rows: NDArray[np.float16]) -> None:
    order = np.argsort(ids, kind="stable")
    append_segment(connection, ids[order].tolist(), rows[order])
