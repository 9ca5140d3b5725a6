"""Small statements on an index's tables, inside the caller's transaction."""

from __future__ import annotations

import os
import sqlite3

from emoir.errors import IndexFileError
from emoir.extract.extraction import Extraction
from emoir.index.base import IndexedModel
from emoir.index.layout import RowLayout


def read_model(connection: sqlite3.Connection) -> IndexedModel | None:
    """The model that the index belongs to; None before the first."""
    facts = dict(connection.execute("SELECT key, value FROM facts"))
    if "model" not in facts:
        return None
    return IndexedModel(facts["model"], RowLayout.from_json(facts["layout"]), facts["licence"])


def write_model(connection: sqlite3.Connection, model: IndexedModel) -> None:
    """Give the index, which has none, a model."""
    facts = {"model": model.id, "layout": model.layout.to_json(), "licence": model.licence}
    connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())


def subtree(folder: bytes) -> tuple[bytes, bytes]:
    """The range of paths that lie below a folder, as blobs compare: low included, high excluded."""
    low = os.path.join(folder, b"")
    return low, low[:-1] + bytes([low[-1] + 1])


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
