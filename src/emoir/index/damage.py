"""Damage: everything of an index that is not what was written, named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from emoir.index.checksums import blob_checksum, holds, select
from emoir.index.migrations import ID_TYPE, statements
from emoir.index.schema import snapshot
from emoir.index.statements import model_of
from emoir.index.tables import COLUMNS, INDEXES, TABLES, TRIGGERS, VERSION

# The most lines of SQLite's own findings that are named.
LISTED = 3
# Tables that grow with the collection, and those of a few rows, or of what people say.
LARGE_TABLES = ("images", "files", "records")
# Of large tables: columns, which rows, and the index by which they are looked up.
LOOKED_UP = {
    "images": (("id, digest", "digest >= x''", "sqlite_autoindex_images_1"),),
    "files": (
        ("directory, name, image", "image IS NOT NULL", "files_image"),
        ("directory, name", "failure IS NOT NULL", "files_failure"),
    ),
}
SMALL_TABLES = tuple(table for table in COLUMNS if table not in LARGE_TABLES)


def find_damage(connection: sqlite3.Connection) -> list[str]:
    """What is wrong with an index of the present format, one line each; empty if it is whole. Reads all of it."""
    problems: list[str] = []
    with snapshot(connection):
        for part in (find_page_damage, _rows, _vectors, _references):
            try:
                problems += part(connection)
            except (sqlite3.DatabaseError, ValueError, TypeError) as error:
                # A spoilt description of a table gives values of other types, such as none where it rules them out.
                problems.append(str(error))
    return list(dict.fromkeys(problems))


def find_page_damage(connection: sqlite3.Connection, *tables: str) -> Iterator[str]:
    """What hides rows, one line each: damage to the tables themselves, of which their rows' checksums say nothing.

    Args:
        connection: to the index.
        tables: to look at, each with its own indexes; all if none is named.
    """
    for part in tables or (str(LISTED),):
        for (line,) in connection.execute(f"PRAGMA integrity_check({part})").fetchmany(LISTED):
            if line != "ok":
                yield str(line).splitlines()[-1]
    if connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
        yield "the number of its format"
    if connection.execute("SELECT count(*) FROM revision WHERE number >= 0").fetchone() != (1,):
        yield "the table revision"
    yield from _schema(connection)


def find_hidden(connection: sqlite3.Connection, table: str) -> list[str]:
    """What hides rows of a large table from those who look them up, one line each.

    The rows themselves and SQLite's index of them must say the same: one changed byte spoils one of the two.
    """
    with snapshot(connection):
        return list(_hidden(connection, table))


def _hidden(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    for columns, where, index in LOOKED_UP.get(table, ()):
        # A plus sign keeps SQLite from answering by the index.
        ways = f"NOT INDEXED WHERE +{where}", f"INDEXED BY {index} WHERE {where}"
        rows = (connection.execute(f"SELECT {columns} FROM {table} {way}") for way in ways)
        if len({sum(map(hash, found)) for found in rows}) > 1:
            yield f"the rows of {table} or their index {index}"
    if table == "records":
        yield from find_page_damage(connection, table)
        if spoilt := sum(not holds(table, row) for row in connection.execute(select(table))):
            yield f"{spoilt:,} rows of records"


def _schema(connection: sqlite3.Connection) -> Iterator[str]:
    """Tables, indexes and triggers, compared with new ones."""
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"
    with closing(sqlite3.connect(":memory:")) as pristine:
        for statement in (*statements(TABLES), *statements(INDEXES), *statements(TRIGGERS)):
            pristine.execute(statement)
        expected = set(pristine.execute(query))
    if set(connection.execute(query)) != expected:
        yield "the description of its tables"


def _rows(connection: sqlite3.Connection) -> Iterator[str]:
    for table in COLUMNS:
        spoilt = 0
        try:
            for row in connection.execute(select(table, "NOT INDEXED")):
                spoilt += not holds(table, row)
        except sqlite3.DatabaseError as error:
            yield f"{table}: {error}"
        if spoilt:
            yield f"{spoilt:,} rows of {table}"
    model_of(dict(row[:2] for row in connection.execute(select("meta"))))


def _vectors(connection: sqlite3.Connection) -> Iterator[str]:
    spoilt, found = 0, [np.empty(0, np.int64)]
    blobs = "SELECT ids, affect, appearance, affect_checksum, appearance_checksum FROM segments"
    for ids, affect, appearance, *expected in connection.execute(blobs):
        if [blob_checksum(ids, affect), blob_checksum(ids, appearance)] == expected and len(ids) % 8 == 0:
            found.append(np.frombuffer(ids, ID_TYPE))
        else:
            spoilt += 1
    if spoilt:
        yield f"{spoilt:,} blocks of row vectors"
        return
    living = [id for (id,) in connection.execute("SELECT DISTINCT image FROM files WHERE image IS NOT NULL")]
    missing = int((~np.isin(np.array(living, np.int64), np.concatenate(found))).sum())
    if missing:
        yield f"{missing:,} images without a row vector"


def _references(connection: sqlite3.Connection) -> Iterator[str]:
    for table, *_ in connection.execute("PRAGMA foreign_key_check"):
        yield f"rows of {table} that belong to nothing"
