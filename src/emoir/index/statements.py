"""Small statements on an index's tables, inside the caller's transaction."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from emoir.emotions.calibration import UNSURE_BELOW, ScoreCurve
from emoir.errors import QueryError
from emoir.extract.base import Extraction
from emoir.index.checksums import DamagedRowError, checked, insert, replace, sealed, select
from emoir.index.indexed_model import IndexedModel
from emoir.index.layout import RowLayout


def meta_of(model: IndexedModel) -> dict[str, str]:
    """What an index keeps of its model."""
    scores = {kind: asdict(curve) for kind, curve in model.scores.items()}
    return {
        "model": model.id,
        "layout": model.layout.to_json(),
        "licence": model.licence,
        "scores": json.dumps(scores),
        "unsure_below": repr(model.unsure_below),
    }


def model_of(meta: Mapping[str, str]) -> IndexedModel:
    """The inverse of ``meta_of``.

    Raises:
        DamagedRowError: if it says nothing that a model could say.
    """
    try:
        return _model_of(meta)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise DamagedRowError("what it says of its model is spoilt") from error


def _model_of(meta: Mapping[str, str]) -> IndexedModel:
    scores = {kind: ScoreCurve.from_dict(curve) for kind, curve in json.loads(meta.get("scores", "{}")).items()}
    return IndexedModel(
        id=meta["model"],
        layout=RowLayout.from_json(meta["layout"]),
        licence=meta["licence"],
        scores=scores,
        unsure_below=float(meta.get("unsure_below", UNSURE_BELOW)),
    )


# Updated rather than replaced, so that the change log sees what a file was before.
UPSERT_FILE = insert("files") + (
    " ON CONFLICT DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, image = excluded.image, "
    "failure = excluded.failure, retry_when = excluded.retry_when, limit_then = excluded.limit_then, "
    "checksum = excluded.checksum"
)
IN_SUBTREE = "(path = ? OR (path >= ? AND path < ?))"
"""Whether a directory is a folder or lies below it; takes the values of ``subtree``."""


def subtree(folder: bytes) -> tuple[bytes, bytes, bytes]:
    """A folder, and the range of the paths below it as blobs compare: low included, high excluded."""
    low = os.path.join(folder, b"")
    return folder, low, low[:-1] + bytes([low[-1] + 1])


def directory_id(connection: sqlite3.Connection, path: bytes) -> int:
    """The directory of this path, made if it is new."""
    row: tuple[int] | None = connection.execute("SELECT id FROM directories WHERE path = ?", (path,)).fetchone()
    return set_device(connection, path, 0) if row is None else row[0]


def set_device(connection: sqlite3.Connection, path: bytes, device: int) -> int:
    """Remember the device that a directory lies on; its id."""
    row = connection.execute("SELECT id FROM directories WHERE path = ?", (path,)).fetchone()
    if row is None:
        row = connection.execute("SELECT ifnull(max(id), 0) + 1 FROM directories").fetchone()
    connection.execute(replace("directories"), sealed("directories", (*row, path, device)))
    return int(row[0])


def digest_of(connection: sqlite3.Connection, image: int) -> bytes:
    """The digest of an image's content.

    Raises:
        QueryError: if the index has no such image.
    """
    for _, digest, *_ in checked("images", connection.execute(select("images", "WHERE id = ?"), (image,)).fetchall()):
        return bytes(digest)
    raise QueryError(f"id:{image}: no image of this index has that id", chinese=f"id:{image}：索引里没有这个编号的图片")


def find_image(connection: sqlite3.Connection, digest: bytes) -> int | None:
    """The image of a content; None if there is none.

    Raises:
        DamagedRowError: if what SQLite finds is another one.
    """
    for id, found, *_ in checked("images", connection.execute(select("images", "WHERE digest = ?"), (digest,))):
        if found != digest:
            raise DamagedRowError("images cannot be looked up")
        return int(id)
    return None


def image_id(connection: sqlite3.Connection, extraction: Extraction, fresh: dict[int, Extraction]) -> int:
    """The image of this content, made if it is new (and then noted in ``fresh``)."""
    row: tuple[int] | None = connection.execute(
        "SELECT id FROM images WHERE digest = ?", (extraction.digest,)
    ).fetchone()
    if row is not None:
        return row[0]
    reading = extraction.reading
    (last,) = connection.execute("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'images'").fetchone()
    # SQLite's integers are signed.
    hash = extraction.hash - (1 << 64) if extraction.hash >> 63 else extraction.hash
    picture = extraction.digest, extraction.width, extraction.height, extraction.taken
    values = (last + 1, *picture, float(reading.confidence), int(reading.monochrome), hash, int(extraction.incomplete))
    connection.execute(insert("images"), sealed("images", values))
    fresh[last + 1] = extraction
    return int(last) + 1


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
