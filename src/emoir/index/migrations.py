"""What brings an index from one format to the next. The SQL here is history: it never changes."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator

import numpy as np

from emoir.errors import IndexFileError
from emoir.index.checksums import Row, blob_checksum, insert, replace, sealed
from emoir.index.layout import EMBEDDING_LENGTH, RowLayout
from emoir.index.tables import ADDED_IN_6, COLUMNS, INDEXES, MARK_TRIGGERS, TABLES_OF_5, TRIGGERS_OF_5

ID_TYPE, ROW_TYPE = np.dtype("<i8"), np.dtype("<f2")

# What format 3 added.
CATALOGUES_AND_RATINGS = """
CREATE TABLE catalogues (id INTEGER PRIMARY KEY, root BLOB NOT NULL UNIQUE, source BLOB NOT NULL) STRICT;
CREATE TABLE records (catalogue INTEGER NOT NULL REFERENCES catalogues (id), key BLOB NOT NULL,
    record TEXT NOT NULL, PRIMARY KEY (catalogue, key)) STRICT, WITHOUT ROWID;
CREATE TABLE ratings (id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL, rater TEXT NOT NULL,
    emotion TEXT, valence REAL, arousal REAL, moment TEXT NOT NULL, UNIQUE (digest, rater)) STRICT;
"""
SEGMENTS_OF_4 = """
CREATE TABLE segments (id INTEGER PRIMARY KEY, ids BLOB NOT NULL, checksum INTEGER NOT NULL,
    feelings BLOB NOT NULL, looks BLOB NOT NULL) STRICT;
"""
# What the columns of format 5 were called before; an incomplete picture was never known as one.
BEFORE_5 = {
    "meta": ("facts", "key, value"),
    "files": ("files", COLUMNS["files"].replace("retry_when", "lifted_by")),
    "images": ("images", COLUMNS["images"].replace("incomplete", "0")),
}


def migrate(connection: sqlite3.Connection, version: int, target: int) -> None:
    """Bring an index forward from one format to another, inside the caller's transaction.

    Raises:
        IndexFileError: if its model cannot be read.
    """
    for older in range(version, target):
        MIGRATIONS[older](connection)


def statements(script: str) -> Iterator[str]:
    """The statements of a script; unlike ``executescript``, they leave a transaction open."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def split_segment(ids: bytes, rows: bytes, expected: int | None, layout: RowLayout) -> tuple[bytes, bytes, bool]:
    """A segment of formats 1 to 3 as affect and appearance, and whether it is whole.

    Rows were ``[embedding | affect | palette]`` in one blob. Of a segment that has not the length of its rows,
    nothing is left.

    Args:
        ids: as they were stored.
        rows: as they were stored.
        expected: the checksum; None where format 1 was brought forward.
        layout: of the rows.
    """
    count = len(ids) // ID_TYPE.itemsize
    whole = expected is None or expected == zlib.crc32(rows, zlib.crc32(ids))
    if len(rows) != count * layout.length * ROW_TYPE.itemsize:
        whole, rows = False, bytes(count * layout.length * ROW_TYPE.itemsize)
    values = np.frombuffer(rows, ROW_TYPE).reshape(count, layout.length)
    embedding, affect, palette = np.split(values, [EMBEDDING_LENGTH, EMBEDDING_LENGTH + layout.affect.stop], axis=1)
    return affect.tobytes(), np.concatenate([embedding, palette], axis=1).tobytes(), whole


def _first_to_second(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE images ADD COLUMN hash INTEGER")
    connection.execute("ALTER TABLE segments ADD COLUMN checksum INTEGER")


def _second_to_third(connection: sqlite3.Connection) -> None:
    for statement in statements(CATALOGUES_AND_RATINGS):
        connection.execute(statement)


def _third_to_fourth(connection: sqlite3.Connection) -> None:
    found = connection.execute("SELECT value FROM facts WHERE key = 'layout'").fetchone()
    if found is None:
        raise IndexFileError("not even the model of this index can be read any more; emoir index --repair says more")
    layout = RowLayout.from_json(found[0])
    connection.execute("ALTER TABLE segments RENAME TO rows_in_one")
    connection.execute(SEGMENTS_OF_4)
    for (segment,) in connection.execute("SELECT id FROM rows_in_one ORDER BY id").fetchall():
        select = "SELECT ids, rows, checksum FROM rows_in_one WHERE id = ?"
        ids, rows, expected = connection.execute(select, (segment,)).fetchone()
        # At once, so that the new segment takes the pages of the old one and the file does not grow.
        connection.execute("DELETE FROM rows_in_one WHERE id = ?", (segment,))
        affect, appearance, whole = split_segment(ids, rows, expected, layout)
        # What did not match must not match again, so that a repair still finds it.
        new = blob_checksum(ids, affect, appearance) ^ (0 if whole else 1)
        connection.execute("INSERT INTO segments VALUES (?, ?, ?, ?, ?)", (segment, ids, new, affect, appearance))
    connection.execute("DROP TABLE rows_in_one")
    # Calibrated for questions that were put otherwise; the next ``emoir index`` brings what holds now.
    connection.execute("DELETE FROM facts WHERE key = 'scores'")


def _fourth_to_fifth(connection: sqlite3.Connection) -> None:
    for name in ("files_image", "files_stat", "files_failure"):
        connection.execute(f"DROP INDEX IF EXISTS {name}")
    known = {table: columns for table, columns in COLUMNS.items() if f"TABLE {table} " in TABLES_OF_5}
    older = {table: BEFORE_5.get(table, (table, columns)) for table, columns in known.items()}
    for name in ("segments", *(name for name, _ in older.values())):
        connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
    for statement in statements(TABLES_OF_5):
        connection.execute(statement)
    for table, (name, columns) in older.items():
        rows = connection.execute(f"SELECT {columns} FROM old_{name}")
        connection.executemany(insert(table), (resealed(table, row) for row in rows if row[0] != "whole"))
    for (segment,) in connection.execute("SELECT id FROM old_segments ORDER BY id").fetchall():
        select = "SELECT ids, feelings, looks, checksum FROM old_segments WHERE id = ?"
        ids, affect, appearance, expected = connection.execute(select, (segment,)).fetchone()
        connection.execute("DELETE FROM old_segments WHERE id = ?", (segment,))
        wrong = 0 if blob_checksum(ids, affect, appearance) == expected else 1
        checksums = blob_checksum(ids, affect) ^ wrong, blob_checksum(ids, appearance) ^ wrong
        values = (segment, *checksums, ids, affect, appearance)
        connection.execute("INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?)", values)
    for name in ("segments", "records", "catalogues", "files", "images", "directories", "facts", "roots", "ratings"):
        if name in ("images", "ratings"):
            carry = "SELECT ?, seq FROM sqlite_sequence WHERE name = ?"
            given = connection.execute(carry, (name, f"old_{name}")).fetchall()
            # Format 1 did not count the ids that it gave.
            (highest,) = connection.execute(f"SELECT ifnull(max(id), 0) FROM {name}").fetchone()
            connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
            last = max([highest, *(number for _, number in given)])
            connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))
        connection.execute(f"DROP TABLE old_{name}")
    for statement in (*statements(INDEXES), *statements(TRIGGERS_OF_5)):
        connection.execute(statement)
    connection.execute(replace("meta"), sealed("meta", ("format", "5")))


def _fifth_to_sixth(connection: sqlite3.Connection) -> None:
    for statement in (*statements(ADDED_IN_6), *statements(MARK_TRIGGERS)):
        connection.execute(statement)
    connection.execute(replace("meta"), sealed("meta", ("format", "6")))


def resealed(table: str, row: Row) -> Row:
    """A row of an older format with a checksum, which does not hold if its text is spoilt."""
    try:
        for value in row:
            if isinstance(value, str):
                value.encode()
    except UnicodeEncodeError:
        row = tuple(value.encode(errors="replace").decode() if isinstance(value, str) else value for value in row)
        *values, checksum = sealed(table, row)
        return (*values, checksum ^ 1)
    return sealed(table, row)


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _first_to_second,
    2: _second_to_third,
    3: _third_to_fourth,
    4: _fourth_to_fifth,
    5: _fifth_to_sixth,
}
