"""Salvage: every row that can still be read of a damaged database, from the front, from the back, and in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from emoir.index.checksums import Row, blob_checksum, holds
from emoir.index.layout import RowLayout
from emoir.index.migrations import BEFORE_5, ID_TYPE, ROW_TYPE, resealed, split_segment
from emoir.index.tables import COLUMNS

# The columns of row vectors by the format that brought them, and the one that only this format has.
SEGMENTS = {
    5: ("affect", "id, ids, affect, appearance, affect_checksum, appearance_checksum"),
    4: ("feelings", "id, ids, feelings, looks, checksum"),
    3: ("rows", "id, ids, rows, checksum"),
}


def format_of(connection: sqlite3.Connection) -> int | None:
    """The format of an index, by its tables, as the number in it may be damaged. None if it has none."""
    columns = {row[1] for row in salvaged(connection, "PRAGMA table_info(segments)")}
    for version, (own, _) in SEGMENTS.items():
        if own in columns:
            return version
    return None


def salvaged_rows(connection: sqlite3.Connection, table: str, version: int) -> Iterator[Row]:
    """Every row of a table that is what was written, with its checksum."""
    name, columns = BEFORE_5.get(table, (table, COLUMNS[table])) if version < 5 else (table, COLUMNS[table])
    if version == 5:
        columns += ", checksum"
    read = _numbered if columns.startswith("id,") else _keyed
    seen = set()
    for row in read(connection, name, columns):
        row = row if version == 5 else resealed(table, row)
        if holds(table, row) and row not in seen:
            seen.add(row)
            yield row


def salvaged_segments(
    connection: sqlite3.Connection, version: int, layout: RowLayout
) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Ids, affect and appearance of every segment that is whole."""
    for _, ids, *blobs in _numbered(connection, "segments", SEGMENTS[version][1]):
        try:
            if version == 5:
                affect, appearance, *expected = blobs
                whole = [blob_checksum(ids, affect), blob_checksum(ids, appearance)] == expected
            elif version == 4:
                affect, appearance, checksum = blobs
                whole = blob_checksum(ids, affect, appearance) == checksum
            else:
                rows, checksum = blobs
                affect, appearance, whole = split_segment(ids, rows, checksum, layout)
        except (TypeError, ValueError):
            continue
        count = len(ids) // ID_TYPE.itemsize
        if whole and len(affect) + len(appearance) == count * layout.length * ROW_TYPE.itemsize:
            yield ids, affect, appearance


def salvaged(connection: sqlite3.Connection, statement: str, values: tuple[object, ...] = ()) -> Iterator[Row]:
    """Rows up to the first that cannot be read."""
    with suppress(sqlite3.DatabaseError, UnicodeDecodeError):
        yield from connection.execute(statement, values)


def _numbered(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[Row]:
    """Every row that can be read: from the front, from the back, and one by one in between."""
    select = f"SELECT {columns} FROM {table} NOT INDEXED"
    last = 0
    for row in salvaged(connection, f"{select} ORDER BY id"):
        last = row[0]
        yield row
    first_from_behind = None
    for row in salvaged(connection, f"{select} WHERE id > ? ORDER BY id DESC", (last,)):
        first_from_behind = row[0]
        yield row
    if first_from_behind is not None:
        # A spoilt number may be anything.
        for number in range(last + 1, min(first_from_behind, last + 10_000_000)):
            yield from salvaged(connection, f"{select} WHERE id = ?", (number,))


def _keyed(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[Row]:
    """The same of a table without numbers: from both ends, and below every first column that is known."""
    key = columns.split(", ", 1)[0]
    yield from salvaged(connection, f"SELECT {columns} FROM {table} ORDER BY {key}")
    yield from salvaged(connection, f"SELECT {columns} FROM {table} ORDER BY {key} DESC")
    above = {"directory": "directories", "catalogue": "catalogues"}.get(key)
    if above is not None:
        for (number,) in list(_numbered(connection, above, "id")):
            yield from salvaged(connection, f"SELECT {columns} FROM {table} WHERE {key} = ?", (number,))


def living_rows(
    blobs: tuple[bytes, bytes, bytes], kept: set[int], images: dict[int, Row]
) -> tuple[bytes, bytes, bytes] | None:
    """Of a segment the rows whose image is known and that were not seen before; None if there are none."""
    ids = np.frombuffer(blobs[0], ID_TYPE)
    rows = np.flatnonzero([id in images and id not in kept for id in ids.tolist()])
    if not len(rows):
        return None
    kept.update(ids[rows].tolist())
    affect, appearance = (np.frombuffer(blob, ROW_TYPE).reshape(len(ids), -1)[rows].tobytes() for blob in blobs[1:])
    return ids[rows].tobytes(), affect, appearance
