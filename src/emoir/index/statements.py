"""Small statements on an index's tables, inside the caller's transaction."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from emoir.emotions.calibration import ScoreCurve
from emoir.errors import IndexFileError
from emoir.extract.extraction import Extraction
from emoir.index.base import IndexedModel
from emoir.index.layout import RowLayout


def meta_of(model: IndexedModel) -> dict[str, str]:
    """What an index keeps of its model."""
    scores = {kind: asdict(curve) for kind, curve in model.scores.items()}
    return {
        "model": model.id,
        "layout": model.layout.to_json(),
        "licence": model.licence,
        "scores": json.dumps(scores),
    }


def model_of(facts: Mapping[str, str]) -> IndexedModel:
    """The inverse of ``facts_of``."""
    scores = {kind: ScoreCurve.from_dict(curve) for kind, curve in json.loads(facts.get("scores", "{}")).items()}
    return IndexedModel(facts["model"], RowLayout.from_json(facts["layout"]), facts["licence"], scores)


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
        "INSERT INTO images (digest, width, height, taken, confidence, monochrome, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            extraction.digest,
            extraction.width,
            extraction.height,
            extraction.taken,
            reading.confidence,
            int(reading.monochrome),
            # SQLite's integers are signed.
            extraction.hash - (1 << 64) if extraction.hash >> 63 else extraction.hash,
        ),
    )
    if cursor.lastrowid is None:
        raise IndexFileError("SQLite gave no id for a new image")
    fresh[cursor.lastrowid] = extraction
    return cursor.lastrowid


def forget_copies(connection: sqlite3.Connection, folders: Sequence[bytes]) -> None:
    """Forget files below folders, as far as a file elsewhere holds the same image."""
    connection.execute("CREATE TEMP TABLE away (id INTEGER PRIMARY KEY)")
    for folder in folders:
        connection.execute(f"INSERT OR IGNORE INTO away SELECT id FROM directories WHERE {IN_SUBTREE}", subtree(folder))
    connection.execute(
        "DELETE FROM files WHERE directory IN away "
        "AND image IN (SELECT image FROM files WHERE image IS NOT NULL AND directory NOT IN away)"
    )
    connection.execute("DROP TABLE away")
