"""What brings an index from one format to the next."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable

import numpy as np

from emoir.errors import IndexFileError
from emoir.index.layout import EMBEDDING_LENGTH, RowLayout
from emoir.index.segments import ID_TYPE, ROW_TYPE, checksum, mark_compact
from emoir.index.tables import ADDED, SEGMENTS


def migrate(connection: sqlite3.Connection, version: int, target: int) -> None:
    """Bring an index forward from one format to another, inside the caller's transaction.

    Raises:
        IndexFileError: if its model cannot be read.
    """
    for older in range(version, target):
        MIGRATIONS[older](connection)


def split_segment(ids: bytes, rows: bytes, expected: int | None, layout: RowLayout) -> tuple[bytes, bytes, bool]:
    """A segment of formats 1 to 3 as feelings and looks, and whether it is whole.

    Rows were ``[embedding | feeling | palette]`` in one blob. Of a segment that has not the length of its rows,
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
    embedding, feeling, palette = np.split(values, [EMBEDDING_LENGTH, EMBEDDING_LENGTH + layout.affect.stop], axis=1)
    return feeling.tobytes(), np.concatenate([embedding, palette], axis=1).tobytes(), whole


def _first_to_second(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE images ADD COLUMN hash INTEGER")
    connection.execute("ALTER TABLE segments ADD COLUMN checksum INTEGER")


def _second_to_third(connection: sqlite3.Connection) -> None:
    for statement in ADDED:
        connection.execute(statement)


def _third_to_fourth(connection: sqlite3.Connection) -> None:
    found = connection.execute("SELECT value FROM facts WHERE key = 'layout'").fetchone()
    if found is None:
        raise IndexFileError("not even the model of this index can be read any more; emoir index --repair says more")
    layout = RowLayout.from_json(found[0])
    connection.execute("ALTER TABLE segments RENAME TO rows_in_one")
    connection.execute(SEGMENTS)
    for (segment,) in connection.execute("SELECT id FROM rows_in_one ORDER BY id").fetchall():
        select = "SELECT ids, rows, checksum FROM rows_in_one WHERE id = ?"
        ids, rows, expected = connection.execute(select, (segment,)).fetchone()
        # At once, so that the new segment takes the pages of the old one and the file does not grow.
        connection.execute("DELETE FROM rows_in_one WHERE id = ?", (segment,))
        affect, looks, whole = split_segment(ids, rows, expected, layout)
        # What did not match must not match again, so that a repair still finds it.
        new = checksum(ids, affect, looks) ^ (0 if whole else 1)
        connection.execute("INSERT INTO segments VALUES (?, ?, ?, ?, ?)", (segment, ids, new, affect, looks))
    connection.execute("DROP TABLE rows_in_one")
    # Calibrated for questions that were put otherwise; the next ``emoir index`` brings what holds now.
    connection.execute("DELETE FROM facts WHERE key = 'scores'")
    mark_compact(connection)


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _first_to_second,
    2: _second_to_third,
    3: _third_to_fourth,
}
