"""SqliteIndex: readings in one file, durable, incremental, searchable by other processes while it grows."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.errors import IndexFileError, ModelMismatchError
from emoir.extract.extraction import Extraction
from emoir.images.walk import FileStat
from emoir.index.base import (
    Failure,
    FileOutcome,
    ImageFacts,
    IndexedModel,
    IndexStatus,
    KnownImage,
    Matrix,
    below,
)
from emoir.index.layout import RowLayout
from emoir.index.schema import connect, sqlite_errors
from emoir.index.segments import append_segment, compact_segments, load_matrix

# SQLite takes 32,766 values in one statement; this many ids are asked for at once.
CHUNK = 10_000


class SqliteIndex:
    """An index in one SQLite file; safe to share between threads, and between processes.

    Args:
        file: the index; made if it does not exist and ``model`` is given.
        model: whose readings go in; None to open an existing index whatever its model.

    Raises:
        IndexFileError: if it cannot be opened, or does not exist and no model is given.
        IndexVersionError: if a newer emoir wrote it.
        ModelMismatchError: if it holds readings of another model.
    """

    def __init__(self, file: Path, *, model: IndexedModel | None = None) -> None:
        if model is None and not file.exists():
            raise IndexFileError(f"nothing has been indexed yet ({file}); begin with: emoir index FOLDER")
        self.file = file
        self._lock = threading.RLock()
        self._connection = connect(file)
        try:
            owner = _read_model(self._connection) or (self._claim(model) if model is not None else None)
            if owner is None:
                raise IndexFileError(f"{file} is empty; begin with: emoir index FOLDER")
            self.model = owner
            if model is not None:
                self.require(model.id)
        except BaseException:
            self._connection.close()
            raise
        self._cached: tuple[tuple[int, int], Matrix] | None = None

    @property
    def layout(self) -> RowLayout:
        """Of the rows."""
        return self.model.layout

    def __enter__(self) -> SqliteIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was committed is safe without it."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; other writers wait."""
        with self._lock, sqlite_errors(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, sqlite_errors(self.file):
            return self._connection.execute(statement, values).fetchall()

    def require(self, model_id: str) -> None:
        """Make sure that the index is of this model.

        Raises:
            ModelMismatchError: naming both, and the two ways out.
        """
        if model_id != self.model.id:
            raise ModelMismatchError(
                f"{self.file} holds readings of {self.model.id}, not of {model_id}. Readings of two models cannot be "
                "compared: use another file with --index, or read all images again with: emoir index --rebuild"
            )

    def _claim(self, model: IndexedModel) -> IndexedModel | None:
        with self._transaction() as connection:
            # Another process may have been first: its model counts.
            if _read_model(connection) is None:
                _write_model(connection, model)
            return _read_model(connection)

    def rebuild(self, model: IndexedModel) -> None:
        """Forget every reading and start again with another model; the roots stay."""
        with self._transaction() as connection:
            for table in ("files", "segments", "images", "directories", "facts"):
                connection.execute(f"DELETE FROM {table}")
            _write_model(connection, model)
        self.model, self._cached = model, None

    # What the folders looked like when they were last read.

    def roots(self) -> list[bytes]:
        """The folders that were indexed, in order."""
        return [bytes(path) for (path,) in self._all("SELECT path FROM roots ORDER BY path")]

    def add_root(self, folder: bytes) -> None:
        """Remember a folder, unless one above it is remembered; those below it are covered from now on."""
        roots = self.roots()
        if any(below(folder, root) for root in roots):
            return
        with self._transaction() as connection:
            covered = [(root,) for root in roots if below(root, folder)]
            connection.executemany("DELETE FROM roots WHERE path = ?", covered)
            connection.execute("INSERT OR IGNORE INTO roots VALUES (?)", (folder,))

    def remove_root(self, folder: bytes) -> None:
        """Forget that a folder was indexed; what is known of its files stays until ``forget``."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM roots WHERE path = ?", (folder,))

    def directories(self, folder: bytes) -> dict[bytes, int]:
        """Every known directory from a folder downwards, with the device it lay on."""
        low, high = _subtree(folder)
        rows = self._all(
            "SELECT path, device FROM directories WHERE path = ? OR (path >= ? AND path < ?)", (folder, low, high)
        )
        return {path: device for path, device in rows}

    def set_devices(self, devices: Mapping[bytes, int]) -> None:
        """Remember the devices that directories lie on."""
        if devices:
            with self._transaction() as connection:
                connection.executemany(
                    "INSERT INTO directories (path, device) VALUES (?, ?) "
                    "ON CONFLICT DO UPDATE SET device = excluded.device",
                    devices.items(),
                )

    def files(self, directory: bytes) -> dict[bytes, FileStat]:
        """Every known file of one directory: images, failures and others."""
        rows = self._all(
            "SELECT name, size, mtime_ns FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?)",
            (directory,),
        )
        return {name: FileStat(size, mtime_ns) for name, size, mtime_ns in rows}

    def forget(self, files: Sequence[tuple[bytes, bytes]], directories: Sequence[bytes] = ()) -> None:
        """Forget single files, as (directory, name), and whole directories; readings stay until ``tidy``."""
        if not files and not directories:
            return
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?) AND name = ?", files
            )
            gone = [(path,) for path in directories]
            connection.executemany(
                "DELETE FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?)", gone
            )
            connection.executemany("DELETE FROM directories WHERE path = ?", gone)

    # Writing.

    def images_like(self, stat: FileStat) -> list[KnownImage]:
        """Images that some file of this size and time holds: what a moved or copied file may turn out to be."""
        rows = self._all(
            "SELECT DISTINCT id, digest FROM files JOIN images ON images.id = files.image "
            "WHERE files.image IS NOT NULL AND size = ? AND mtime_ns = ?",
            (stat.size, stat.mtime_ns),
        )
        return [KnownImage(id, digest) for id, digest in rows]

    def record(self, outcomes: Sequence[FileOutcome]) -> None:
        """Commit what became of some files, all or nothing; a file recorded before is overwritten."""
        with self._transaction() as connection:
            fresh: dict[int, Extraction] = {}
            directories: dict[bytes, int] = {}
            for entry in outcomes:
                folder, name = os.path.split(entry.path)
                if folder not in directories:
                    directories[folder] = _directory_id(connection, folder)
                image, stat, failure = None, entry.stat, None
                if isinstance(entry.outcome, Extraction):
                    image, stat = _image_id(connection, entry.outcome, fresh), entry.outcome.stat
                elif isinstance(entry.outcome, KnownImage):
                    image = entry.outcome.id
                elif isinstance(entry.outcome, str):
                    failure = entry.outcome
                connection.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)",
                    (directories[folder], name, stat.size, stat.mtime_ns, image, failure),
                )
            if fresh:
                readings = EmotionReadings.stack([extraction.reading for extraction in fresh.values()])
                palettes = np.stack([extraction.palette for extraction in fresh.values()])
                append_segment(connection, list(fresh), self.layout.pack(readings, palettes))

    def tidy(self) -> None:
        """Drop images that no file holds any more, and join small segments."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM images WHERE id NOT IN (SELECT image FROM files WHERE image IS NOT NULL)")
            compact_segments(connection, self.layout.length)

    # Reading.

    def matrix(self) -> Matrix:
        """All rows of images that some file holds; kept in memory until the index changes."""
        with self._lock, sqlite_errors(self.file):
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
            state = (version, self._connection.total_changes)
            if self._cached is None or self._cached[0] != state:
                self._cached = state, load_matrix(self._connection, self.layout.length)
            return self._cached[1]

    def ids_below(self, folders: Sequence[bytes]) -> NDArray[np.int64]:
        """Ids of the images with a file in any of the folders or below, rising."""
        found: set[int] = set()
        for folder in folders:
            low, high = _subtree(folder)
            rows = self._all(
                "SELECT image FROM files JOIN directories ON directories.id = files.directory "
                "WHERE image IS NOT NULL AND (path = ? OR (path >= ? AND path < ?))",
                (folder, low, high),
            )
            found.update(image for (image,) in rows)
        return np.array(sorted(found), dtype=np.int64)

    def id_of(self, path: bytes) -> int | None:
        """The image that a file was when it was last indexed."""
        folder, name = os.path.split(path)
        rows = self._all(
            "SELECT image FROM files WHERE name = ? AND directory = (SELECT id FROM directories WHERE path = ?)",
            (name, folder),
        )
        return rows[0][0] if rows else None

    def facts(self, ids: Sequence[int], folders: Sequence[bytes] | None = None) -> list[ImageFacts]:
        """What is known of images, in the order asked; ids that are gone are left out.

        Args:
            ids: of images.
            folders: prefer a copy that lies in one of these; of several, the first by path is named.
        """
        found: dict[int, ImageFacts] = {}
        for start in range(0, len(ids), CHUNK):
            part = [int(id) for id in ids[start : start + CHUNK]]
            rows = self._all(
                "SELECT images.id, path, name, confidence, monochrome, width, height, taken "
                "FROM images JOIN files ON files.image = images.id "
                "JOIN directories ON directories.id = files.directory "
                f"WHERE images.id IN ({','.join('?' * len(part))}) ORDER BY path, name",
                part,
            )
            for id, directory, name, confidence, monochrome, width, height, taken in rows:
                path = os.path.join(directory, name)
                inside = folders is None or any(below(path, folder) for folder in folders)
                if inside and id not in found:
                    found[id] = ImageFacts(id, path, confidence, bool(monochrome), width, height, taken)
        return [found[id] for id in ids if id in found]

    def readings(self, facts: Sequence[ImageFacts]) -> EmotionReadings:
        """The readings of images, one row each in the order given."""
        matrix = self.matrix()
        rows = matrix.rows[matrix.rows_of(np.array([fact.id for fact in facts], dtype=np.int64))]
        confidence = np.array([fact.confidence for fact in facts], dtype=np.float32)
        return self.layout.unpack(
            rows, confidence, np.array([fact.monochrome for fact in facts], dtype=bool), self.model.id
        )

    def status(self) -> IndexStatus:
        """What the index holds."""
        [(files, images)] = self._all("SELECT count(image), count(DISTINCT image) FROM files")
        rows = self._all(
            "SELECT path, name, failure FROM files JOIN directories ON directories.id = files.directory "
            "WHERE failure IS NOT NULL ORDER BY path, name"
        )
        failures = tuple(Failure(os.path.join(path, name), cause) for path, name, cause in rows)
        parts = (self.file.with_name(self.file.name + suffix) for suffix in ("", "-wal"))
        size = sum(part.stat().st_size for part in parts if part.exists())
        return IndexStatus(str(self.file), self.model, tuple(self.roots()), images, files, failures, size)


def _read_model(connection: sqlite3.Connection) -> IndexedModel | None:
    facts = dict(connection.execute("SELECT key, value FROM facts"))
    if "model" not in facts:
        return None
    return IndexedModel(facts["model"], RowLayout.from_json(facts["layout"]), facts["licence"])


def _write_model(connection: sqlite3.Connection, model: IndexedModel) -> None:
    facts = {"model": model.id, "layout": model.layout.to_json(), "licence": model.licence}
    connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())


def _subtree(folder: bytes) -> tuple[bytes, bytes]:
    """The range of paths that lie below a folder, as blobs compare: low included, high excluded."""
    low = os.path.join(folder, b"")
    return low, low[:-1] + bytes([low[-1] + 1])


def _directory_id(connection: sqlite3.Connection, path: bytes) -> int:
    connection.execute("INSERT OR IGNORE INTO directories (path, device) VALUES (?, 0)", (path,))
    row: tuple[int] = connection.execute("SELECT id FROM directories WHERE path = ?", (path,)).fetchone()
    return row[0]


def _image_id(connection: sqlite3.Connection, extraction: Extraction, fresh: dict[int, Extraction]) -> int:
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
