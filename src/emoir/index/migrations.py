"""What brings an index from one format to the next."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable

import numpy as np

from emoir.index.layout import EMBEDDING_LENGTH, RowLayout
from emoir.index.segments import ROW_TYPE, checksum
from emoir.index.tables import ADDED, SEGMENTS, VERSION


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring an index forward to this format, inside the caller's transaction."""
    for older in range(version, VERSION):
        MIGRATIONS[older](connection)


def _first_to_second(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE images ADD COLUMN hash INTEGER")
    connection.execute("ALTER TABLE segments ADD COLUMN checksum INTEGER")


def _second_to_third(connection: sqlite3.Connection) -> None:
    for statement in ADDED:
        connection.execute(statement)


def _third_to_fourth(connection: sqlite3.Connection) -> None:
    """Rows were ``[embedding | feeling | palette]`` in one blob; the feeling now has its own and comes first."""
    (layout,) = connection.execute("SELECT value FROM facts WHERE key = 'layout'").fetchone()
    feeling = RowLayout.from_json(layout).feeling.stop
    connection.execute("ALTER TABLE segments RENAME TO rows_in_one")
    connection.execute(SEGMENTS)
    segments = connection.execute("SELECT id FROM rows_in_one ORDER BY id").fetchall()
    for (segment,) in segments:
        select = "SELECT ids, rows, checksum FROM rows_in_one WHERE id = ?"
        ids, rows, expected = connection.execute(select, (segment,)).fetchone()
        # At once, so that the new segment takes the pages of the old one and the file does not grow.
        connection.execute("DELETE FROM rows_in_one WHERE id = ?", (segment,))
        values = np.frombuffer(rows, ROW_TYPE).reshape(len(ids) // 8, -1)
        embedding, middle, palette = np.split(values, [EMBEDDING_LENGTH, EMBEDDING_LENGTH + feeling], axis=1)
        blobs = ids, middle.tobytes(), np.concatenate([embedding, palette], axis=1).tobytes()
        # Format 1 had no checksum. What did not match must not match again, so that a repair still finds it.
        damaged = expected is not None and expected != zlib.crc32(rows, zlib.crc32(ids))
        new = checksum(*blobs) ^ int(damaged)
        connection.execute(
            "INSERT INTO segments (id, ids, feelings, looks, checksum) VALUES (?, ?, ?, ?, ?)", (segment, *blobs, new)
        )
    connection.execute("DROP TABLE rows_in_one")


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _first_to_second,
    2: _second_to_third,
    3: _third_to_fourth,
}
