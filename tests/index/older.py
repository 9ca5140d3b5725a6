"""Index files as older versions of emoir wrote them."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np

EMBEDDING = 128


def make_older(file: Path, version: int) -> None:
    """Bring an index that nobody uses back to an older format, 1 to 3."""
    with closing(sqlite3.connect(file)) as connection, connection:
        (layout,) = connection.execute("SELECT value FROM facts WHERE key = 'layout'").fetchone()
        feeling = sum(map(len, json.loads(layout).values())) + 3
        segments = connection.execute("SELECT id, ids, feelings, looks FROM segments").fetchall()
        connection.execute("DROP TABLE segments")
        connection.execute(
            "CREATE TABLE segments (id INTEGER PRIMARY KEY, ids BLOB NOT NULL, rows BLOB NOT NULL"
            + (", checksum INTEGER)" if version > 1 else ")")
        )
        for number, ids, affect, looks in segments:
            first, rest = (np.frombuffer(blob, "<f2").reshape(len(ids) // 8, -1) for blob in (affect, looks))
            assert first.shape[1] == feeling
            rows = np.concatenate([rest[:, :EMBEDDING], first, rest[:, EMBEDDING:]], axis=1).tobytes()
            values = (number, ids, rows, zlib.crc32(rows, zlib.crc32(ids)))[: 4 if version > 1 else 3]
            connection.execute(f"INSERT INTO segments VALUES ({', '.join('?' * len(values))})", values)
        if version < 3:
            for table in ("records", "catalogues", "ratings"):
                connection.execute(f"DROP TABLE {table}")
        if version < 2:
            # SQLite cannot drop a column below a comment.
            kept = "id, digest, width, height, taken, confidence, monochrome"
            connection.execute(f"CREATE TABLE older AS SELECT {kept} FROM images")
            connection.execute("DROP TABLE images")
            connection.execute("ALTER TABLE older RENAME TO images")
        connection.execute(f"PRAGMA user_version = {version}")
