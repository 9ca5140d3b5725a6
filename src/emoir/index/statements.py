"""Small statements on an index's tables, inside the caller's transaction."""

from __future__ import annotations

import os
import sqlite3

from emoir.errors import IndexFileError
from emoir.extract.extraction import Extraction
from emoir.index.base import IndexedModel


def facts_of(model: IndexedModel) -> dict[str, str]:
    """What an index keeps of its model."""
    return {"model": model.id, "layout": model.layout.to_json(), "licence": model.licence}


IN_SUBTREE = "(path = ? OR (path >= ? AND path < ?))"
"""Whether a directory is a folder or lies below it; takes the values of ``subtree``."""


def subtree(folder: bytes) -> tuple[bytes, bytes, bytes]:
    """A folder, and the range of the paths below it as blobs compare: low included, high excluded."""
    low = os.path.join(folder, b"")
    return folder, low, low[:-1] + bytes([low[-1] + 1])


def directory_id(connection: sqlite3.Connection, path: bytes) -> int:
    """The directory of this path, made if it is new."""
    connection.execute("INSERT OR IGNORE INTO directories (path, device) VALUES (?, 0)", (path,))
    row: tuple[int] = connection.execute("SELECT id FROM directories WHERE path = ?", (path,)).fetchone()
    return row[0]


def image_id(connection: sqlite3.Connection, extraction: Extraction, fresh: dict[int, Extraction]) -> int:
    """The image of this content, made if it is new (and then noted in ``fresh``)."""
    row: tuple[int] | None = connection.execute(
        "SELECT id FROM images WHERE digest = ?", (extraction.digest,)
    ).fetchone()
    if row is not None:
        return row[0]
    reading = extraction.reading
    cursor = connection.execute(
        "INSERT INTO images (digest, width, height, taken, confidence, monochrome) VALUES (?, ?, ?, ?, ?, ?)",
        (
            extraction.digest,
            extraction.width,
            extraction.height,
            extraction.taken,
            reading.confidence,
            int(reading.monochrome),
        ),
    )
    if cursor.lastrowid is None:
        raise IndexFileError("SQLite gave no id for a new image")
    fresh[cursor.lastrowid] = extraction
    return cursor.lastrowid
