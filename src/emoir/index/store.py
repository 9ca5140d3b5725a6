"""SqliteStore: readings in one file, durable, incremental, searchable by other processes while it grows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.errors import ModelMismatchError
from emoir.extract.extraction import Extraction, Failure
from emoir.images.walk import FileStat
from emoir.index import segments
from emoir.index.attributes import Attributes, load_attributes
from emoir.index.base import (
    FileOutcome,
    ImageMetadata,
    IndexedModel,
    IndexStatus,
    KnownImage,
    Record,
    VectorTable,
    among,
    below,
)
from emoir.index.catalogue import Catalogue, Joined, find_records, joined, list_catalogues, store_catalogue
from emoir.index.file import IndexFile
from emoir.index.layout import RowLayout
from emoir.index.location import check_filesystem, nothing_indexed
from emoir.index.metadata import load_failures, load_files, load_metadata
from emoir.index.ratings import Ratings
from emoir.index.schema import LIBRARY, create, is_writable
from emoir.index.statements import IN_SUBTREE, directory_id, forget_copies, image_id, meta_of, model_of, subtree
from emoir.limits import Limits, RetryReason


class SqliteStore:
    """An index in one SQLite file; safe to share between threads, and between processes.

    Args:
        file: the index; made if it does not exist and ``model`` is given.
        model: whose readings go in if the index is new; None to open an existing one only. An existing
            index keeps its model: see ``require``.

    Raises:
        IndexFileError: if it cannot be opened, or does not exist and no model is given.
        IndexVersionError: if a newer emoir wrote it.
    """

    def __init__(self, file: Path, *, model: IndexedModel | None = None) -> None:
        check_filesystem(file)
        if not file.exists():
            if model is None:
                raise nothing_indexed(file)
            create(file, meta_of(model))
        self.file = file
        self._opened = IndexFile(file)
        self.ratings = Ratings(self._opened)
        self.model = model_of(dict(self._all("SELECT key, value FROM facts")))
        self._cached: tuple[tuple[int, int, int], segments.Content, VectorTable] | None = None
        self._columns: tuple[VectorTable, Attributes] | None = None

    @property
    def layout(self) -> RowLayout:
        """Of the rows."""
        return self.model.layout

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was committed is safe without it."""
        self._opened.close()

    def _all(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._opened.reading() as connection:
            return connection.execute(statement, values).fetchall()

    def require(self, model_id: str, *earlier_ids: str) -> None:
        """Make sure that the index is of this model, by this id or an earlier one.

        Raises:
            ModelMismatchError: naming both, and the two ways out.
        """
        if self.model.id not in (model_id, *earlier_ids):
            raise ModelMismatchError(
                f"{self.file} holds readings of {self.model.id}, not of {model_id}. Readings of two models cannot be "
                "compared: use another file with --index, or read all images again with: emoir index --rebuild"
            )

    def recalibrate(self, model: IndexedModel, earlier_ids: Sequence[str] = ()) -> None:
        """Take over how the index's own model, by this id or an earlier one, is called and calibrated today."""
        if self.model != model and is_writable(self.file):
            with self._opened.writing() as connection:
                # Another process may have read everything again with another model.
                (stored,) = connection.execute("SELECT value FROM facts WHERE key = 'model'").fetchone()
                if stored in (model.id, *earlier_ids):
                    connection.executemany("REPLACE INTO facts VALUES (?, ?)", meta_of(model).items())
                    self.model = model

    def rebuild(self, model: IndexedModel) -> None:
        """Forget every reading and start again with another model; the roots stay."""
        with self._opened.writing() as connection:
            for table in ("files", "segments", "images", "directories"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("DELETE FROM facts WHERE key <> ?", (LIBRARY,))
            connection.executemany("INSERT INTO facts VALUES (?, ?)", meta_of(model).items())
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
        with self._opened.writing() as connection:
            covered = [(root,) for root in roots if below(root, folder)]
            connection.executemany("DELETE FROM roots WHERE path = ?", covered)
            connection.execute("INSERT OR IGNORE INTO roots VALUES (?)", (folder,))

    def remove_root(self, folder: bytes) -> None:
        """Forget that a folder was indexed; what is known of its files stays until ``forget``."""
        with self._opened.writing() as connection:
            connection.execute("DELETE FROM roots WHERE path = ?", (folder,))

    def directories(self, folder: bytes) -> dict[bytes, int]:
        """Every known directory from a folder downwards, with the device it lay on."""
        rows = self._all(f"SELECT path, device FROM directories WHERE {IN_SUBTREE}", subtree(folder))
        return {path: device for path, device in rows}

    def set_devices(self, devices: Mapping[bytes, int]) -> None:
        """Remember the devices that directories lie on."""
        if devices:
            with self._opened.writing() as connection:
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
        with self._opened.writing() as connection:
            segments.unmark_compact(connection)
            connection.executemany(
                "DELETE FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?) AND name = ?", files
            )
            gone = [(path,) for path in directories]
            connection.executemany(
                "DELETE FROM files WHERE directory = (SELECT id FROM directories WHERE path = ?)", gone
            )
            connection.executemany("DELETE FROM directories WHERE path = ?", gone)

    def forget_copies(self, folders: Sequence[bytes]) -> list[bytes]:
        """Forget files below folders that are not there, as far as a file elsewhere holds the same image.

        No reading is lost by it; what was moved is known by its new place alone.

        Args:
            folders: that are missing or empty.

        Returns:
            Those of them that hold no image any more; they are forgotten altogether.
        """
        with self._opened.writing() as connection:
            segments.unmark_compact(connection)
            forget_copies(connection, folders)
        emptied = [folder for folder in folders if not len(self.ids_below([folder]))]
        self.forget([], [directory for folder in emptied for directory in self.directories(folder)])
        return emptied

    def retryable_failures(self, limits: Limits) -> frozenset[bytes]:
        """Failed files that may be readable now though they did not change: a limit rose, or the cause lay outside.

        Args:
            limits: now in force.
        """
        pixels, seconds = RetryReason.PIXELS, RetryReason.SECONDS
        rows = self._all(
            "SELECT path, name FROM files JOIN directories ON directories.id = files.directory "
            "WHERE failure IS NOT NULL AND (lifted_by = ? OR lifted_by = ? AND limit_then < ? "
            "OR lifted_by = ? AND limit_then < ?)",
            (RetryReason.ENVIRONMENT, pixels, limits.max_pixels, seconds, limits.seconds_per_file),
        )
        return frozenset(os.path.join(path, name) for path, name in rows)

    def images_like(self, stat: FileStat) -> list[KnownImage]:
        """Images that some file of this size and time holds: what a moved or copied file may turn out to be."""
        rows = self._all(
            "SELECT DISTINCT id, digest FROM files JOIN images ON images.id = files.image "
            "WHERE files.image IS NOT NULL AND size = ? AND mtime_ns = ?",
            (stat.size, stat.mtime_ns),
        )
        return [KnownImage(id, digest) for id, digest in rows]

    def record(self, outcomes: Sequence[FileOutcome], limits: Limits) -> None:
        """Commit what became of some files, all or nothing; a file recorded before is overwritten.

        A known image that another process has dropped meanwhile is left out: the next run reads its file.

        Args:
            outcomes: in any order.
            limits: under which failures came about.
        """
        with self._opened.writing() as connection:
            segments.unmark_compact(connection)
            fresh: dict[int, Extraction] = {}
            directories: dict[bytes, int] = {}
            for entry in outcomes:
                folder, name = os.path.split(entry.path)
                if folder not in directories:
                    directories[folder] = directory_id(connection, folder)
                image, stat, failure, retry_when, limit = None, entry.stat, None, None, None
                if isinstance(entry.outcome, Extraction):
                    image, stat = image_id(connection, entry.outcome, fresh), entry.outcome.stat
                elif isinstance(entry.outcome, KnownImage):
                    image = entry.outcome.id
                    if connection.execute("SELECT 1 FROM images WHERE id = ?", (image,)).fetchone() is None:
                        continue
                elif isinstance(entry.outcome, Failure):
                    failure, retry_when = entry.outcome.cause, entry.outcome.retry_when
                    limit = limits.behind(retry_when)
                connection.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (directories[folder], name, stat.size, stat.mtime_ns, image, failure, retry_when, limit),
                )
            if fresh:
                readings = EmotionReadings.stack([extraction.reading for extraction in fresh.values()])
                palettes = np.stack([extraction.palette for extraction in fresh.values()])
                segments.append_segment(connection, list(fresh), self.layout.pack(readings, palettes), self.layout)

    def compact(self) -> None:
        """Drop images that no file holds any more, and join small segments."""
        with self._opened.writing() as connection:
            connection.execute("DELETE FROM images WHERE id NOT IN (SELECT image FROM files WHERE image IS NOT NULL)")
            segments.compact_segments(connection, self.layout)
            segments.mark_compact(connection)

    # Catalogues.

    def set_catalogue(self, catalogue: Catalogue, roots: Sequence[bytes]) -> None:
        """Make a catalogue that of some folders, in place of what they had."""
        with self._opened.writing() as connection:
            store_catalogue(connection, catalogue, roots)

    def joined(self, catalogue: Catalogue, roots: Sequence[bytes]) -> Joined:
        """How a catalogue fits the image files below some folders."""
        with self._opened.reading() as connection:
            return joined(connection, catalogue, roots)

    def records(self, paths: Sequence[bytes]) -> dict[bytes, Record]:
        """What catalogues say of files; those of which they say nothing are left out."""
        with self._opened.reading() as connection:
            return find_records(connection, paths)

    # Reading.

    def vectors(self) -> VectorTable:
        """All rows of images that some file holds; kept in memory until the index changes."""
        with self._opened.reading() as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            state = (self._opened.opened, version, connection.total_changes)
            if self._cached is None or self._cached[0] != state:
                if self._cached is None or self._cached[1] != segments.content_of(connection):
                    # Another process may have read everything again with another model.
                    metadata = dict(self._all("SELECT key, value FROM facts"))
                    self.model = model_of(metadata)
                    matrix = segments.load_vectors(self.layout, self._opened.reading)
                    self._cached = state, segments.content_of_vectors(metadata, matrix), matrix
                self._cached = state, *self._cached[1:]
            return self._cached[2]

    def attributes(self, matrix: VectorTable) -> Attributes:
        """What is known of the images of a matrix beside their rows; kept in memory as long as the matrix."""
        with self._opened.reading() as connection:
            if self._columns is None or self._columns[0] is not matrix:
                self._columns = matrix, load_attributes(connection, matrix.ids)
            return self._columns[1]

    def ids_below(self, folders: Sequence[bytes]) -> NDArray[np.int64]:
        """Ids of the images with a file in any of the folders or below, sorted ascending."""
        statement = (
            "SELECT image FROM files JOIN directories ON directories.id = files.directory "
            f"WHERE image IS NOT NULL AND {IN_SUBTREE}"
        )
        with self._opened.reading() as connection:
            rows = (row for folder in folders for row in connection.execute(statement, subtree(folder)))
            return np.unique(np.fromiter((image for (image,) in rows), np.int64))

    def all_below(self, folders: Sequence[bytes]) -> bool:
        """Whether every known directory is one of the folders or lies below one: then all images are there."""
        inside = " OR ".join([IN_SUBTREE] * len(folders)) or "0"
        values = [value for folder in folders for value in subtree(folder)]
        return not self._all(f"SELECT 1 FROM directories WHERE NOT ({inside}) LIMIT 1", values)

    def id_of(self, path: bytes) -> int | None:
        """The image that a file was when it was last indexed."""
        folder, name = os.path.split(path)
        rows = self._all(
            "SELECT image FROM files WHERE name = ? AND directory = (SELECT id FROM directories WHERE path = ?)",
            (name, folder),
        )
        return rows[0][0] if rows else None

    def files_of(self, id: int) -> tuple[bytes, list[tuple[bytes, FileStat]]] | None:
        """The digest of an image's content and, in order, every file that holds it as it was; None if none does."""
        with self._opened.reading() as connection:
            return load_files(connection, id)

    def metadata(self, ids: Sequence[int], folders: Sequence[bytes] | None = None) -> list[ImageMetadata]:
        """What is known of images, in the order asked; ids that are gone are left out.

        Args:
            ids: of images.
            folders: prefer a copy that lies in one of these; of several, the first by path is named.
        """
        with self._opened.reading() as connection:
            return load_metadata(connection, ids, folders)

    def rows(
        self, ids: Sequence[int] | None = None, folders: Sequence[bytes] | None = None
    ) -> tuple[list[ImageMetadata], NDArray[np.float32]]:
        """Facts and row vectors of images, one for one, however the index changes meanwhile.

        Args:
            ids: of images; those that are gone are left out. None for all.
            folders: prefer a copy that lies in one of these.

        Returns:
            ``(metadata, rows)``, rows (n, d), in the order of the ids.
        """
        matrix = self.vectors()
        metadata = self.metadata(matrix.ids.tolist() if ids is None else ids, folders)
        described = np.array([item.id for item in metadata], dtype=np.int64)
        metadata = [item for item, there in zip(metadata, among(described, matrix.ids), strict=True) if there]
        return metadata, matrix.take(matrix.rows_of(described))

    def readings(self, metadata: Sequence[ImageMetadata], rows: NDArray[np.float32]) -> EmotionReadings:
        """The readings that rows hold, with the metadata of the same images."""
        confidence = np.array([item.confidence for item in metadata], dtype=np.float32)
        monochrome = np.array([item.monochrome for item in metadata], dtype=bool)
        return self.layout.unpack(rows, confidence, monochrome, self.model.id)

    def status(self) -> IndexStatus:
        """What the index holds."""
        [(files, images)] = self._all("SELECT count(image), count(DISTINCT image) FROM files")
        parts = (self.file.with_name(self.file.name + suffix) for suffix in ("", "-wal"))
        size = sum(part.stat().st_size for part in parts if part.exists())
        with self._opened.reading() as connection:
            failures, catalogues = load_failures(connection), list_catalogues(connection)
        metadata = str(self.file), self.model, tuple(self.roots())
        return IndexStatus(*metadata, images, files, failures, size, catalogues)
