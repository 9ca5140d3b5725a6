"""SqliteStore: readings in one file, durable, incremental, searchable by other processes while it grows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.errors import ModelMismatchError
from emoir.extract.base import Extraction, Failure
from emoir.images.places import FileStat
from emoir.index import segments
from emoir.index.attributes import Attributes, load_attributes
from emoir.index.base import FileOutcome, ImageMetadata, IndexStatus, KnownImage, Record, VectorTable, occurs_in
from emoir.index.boards import Boards
from emoir.index.catalogue import Catalogue, Joined, find_records, joined, list_catalogues, store_catalogue
from emoir.index.change_log import changes_since, cut_log, revision_of
from emoir.index.checksums import sealed
from emoir.index.file import IndexFile
from emoir.index.folders import SqliteFolders
from emoir.index.indexed_model import IndexedModel
from emoir.index.layout import RowLayout
from emoir.index.location import check_filesystem, index_option, nothing_indexed, rebuild_file
from emoir.index.marks import Marks
from emoir.index.metadata import load_failures, load_files, load_incomplete, load_metadata
from emoir.index.ratings import Rating, Ratings
from emoir.index.schema import create, folder_lock, is_writable, read_meta, write_meta
from emoir.index.statements import UPSERT_FILE, directory_id, image_id, meta_of, model_of
from emoir.limits import Limits

# The key of the table meta that names the search engine.
ENGINE = "engine"


class SqliteStore(SqliteFolders):
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
        super().__init__(IndexFile(file))
        self.ratings, self.boards, self.marks = Ratings(self._opened), Boards(self._opened), Marks(self._opened)
        self._model: tuple[int, IndexedModel] | None = None

    @property
    def model(self) -> IndexedModel:
        """The model whose readings the index holds; another process may read everything again with another one."""
        with self._opened.reading() as connection:
            revision = revision_of(connection)
            if self._model is None or self._model[0] != revision:
                self._model = revision, model_of(read_meta(connection))
            return self._model[1]

    @property
    def library(self) -> str:
        """The id that this index and its backups share, and no other has."""
        return self._opened.library

    @property
    def engine(self) -> str | None:
        """The address of the search engine that holds a replica of the rows; None where memory does."""
        with self._opened.reading() as connection:
            return read_meta(connection).get(ENGINE) or None

    def use_engine(self, url: str | None) -> None:
        """Remember the address of a search engine; None to forget it."""
        with self._opened.writing() as connection:
            write_meta(connection, {ENGINE: url or ""})

    def replicating(self) -> AbstractContextManager[None]:
        """Lets one process at a time bring a replica up to date."""
        return folder_lock(self.file)

    @property
    def layout(self) -> RowLayout:
        """Of the rows."""
        return self.model.layout

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was committed is safe without it."""
        self._opened.close()

    @property
    def revision(self) -> int:
        """How often the index was written; the same revision is the same content."""
        return self._opened.revision

    def changes(self, since: int) -> NDArray[np.int64] | None:
        """Ids of the images whose row, files or record changed after a revision, sorted ascending; some may be gone.

        None if the log does not reach back so far: anything may have changed.
        """
        with self._opened.reading() as connection:
            return changes_since(connection, since)

    def ratings_by(self, rater: str) -> dict[int, Rating]:
        """The ratings of one rater, by image id."""
        return {rating.image: rating for rating in self.ratings.all(rater)}

    def require(self, model_id: str, *earlier_ids: str) -> None:
        """Make sure that the index is of this model, by this id or an earlier one.

        Raises:
            ModelMismatchError: naming both, and the two ways out.
        """
        if self.model.id not in (model_id, *earlier_ids):
            raise ModelMismatchError(
                f"{self.file} holds readings of {self.model.id}, not of {model_id}. Readings of two models cannot be "
                "compared: name the index's own model with --model, or another file with --index, or read all images "
                f"again: emoir index --rebuild --model NAME{index_option(self.file)}"
            )

    def recalibrate(self, model: IndexedModel, earlier_ids: Sequence[str] = ()) -> None:
        """Take over how the index's own model, by this id or an earlier one, is called and calibrated today."""
        if self.model != model and is_writable(self.file):
            with self._opened.writing() as connection:
                if read_meta(connection)["model"] in (model.id, *earlier_ids):
                    write_meta(connection, meta_of(model))

    def record(self, outcomes: Sequence[FileOutcome], limits: Limits) -> None:
        """Commit the outcomes of some files, all or nothing; a file recorded before is overwritten.

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
                    failure, limit = entry.outcome.cause, limits.behind(entry.outcome.retry_when)
                    retry_when = None if entry.outcome.retry_when is None else str(entry.outcome.retry_when)
                reason = failure, retry_when, None if limit is None else float(limit)
                row = directories[folder], name, stat.size, stat.mtime_ns, image, *reason
                connection.execute(UPSERT_FILE, sealed("files", row))
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
            cut_log(connection)

    def set_catalogue(self, catalogue: Catalogue, roots: Sequence[bytes]) -> None:
        """Make a catalogue that of some folders, in place of what they had."""
        with self._opened.writing() as connection:
            store_catalogue(connection, catalogue, roots)

    def joined(self, catalogue: Catalogue, roots: Sequence[bytes]) -> Joined:
        """How a catalogue fits the image files below some folders."""
        with self._opened.reading() as connection:
            return joined(connection, catalogue, roots)

    def records(self, paths: Sequence[bytes]) -> dict[bytes, Record]:
        """Catalogue records of files; files without one are left out."""
        with self._opened.reading() as connection:
            return find_records(connection, paths)

    def vectors(self, ids: NDArray[np.int64] | None = None) -> VectorTable:
        """The rows of images that some file holds, read now; of all, or of those named, sorted ascending."""
        with self._opened.reading():
            return segments.load_vectors(self.layout, self._opened.reading, ids)

    def attributes(self, ids: NDArray[np.int64]) -> Attributes:
        """What is known of images beside their rows, in the order of the ids; zeros for one that is gone."""
        with self._opened.reading() as connection:
            found = load_attributes(connection, ids)
            self._opened.require_findable(*(() if found.width.all() else ("images",)))
            return found

    def count(self) -> int:
        """How many images some file holds."""
        with self._opened.reading() as connection:
            return segments.count_living(connection)

    def files_of(self, id: int) -> tuple[bytes, list[tuple[bytes, FileStat]]] | None:
        """The digest of an image's content and, in order, every file that holds it as it was; None if none does."""
        with self._opened.reading() as connection:
            self._opened.require_findable("files")
            return load_files(connection, id)

    def metadata(self, ids: Sequence[int], folders: Sequence[bytes] | None = None) -> list[ImageMetadata]:
        """What is known of images, in the order asked; ids that are gone are left out.

        Args:
            ids: of images.
            folders: prefer a copy that lies in one of these; of several, the first by path is named.
        """
        with self._opened.reading() as connection:
            found = load_metadata(connection, ids, folders)
            if folders is None and len(found) < len(ids):
                self._opened.require_findable("images", "files")
            if any(entry.record is None for entry in found) and list_catalogues(connection):
                self._opened.require_findable("records")
            return found

    def rows(
        self, ids: Sequence[int] | None = None, folders: Sequence[bytes] | None = None
    ) -> tuple[list[ImageMetadata], NDArray[np.float32]]:
        """Metadata and row vectors of images, one for one, even if the index changes meanwhile.

        Args:
            ids: of images; those that are gone are left out. None for all.
            folders: prefer a copy that lies in one of these.

        Returns:
            ``(metadata, rows)``, rows (n, d), in the order of the ids.
        """
        table = self.vectors(None if ids is None else np.unique(np.array(ids, np.int64)))
        metadata = self.metadata(table.ids.tolist() if ids is None else ids, folders)
        described = np.array([item.id for item in metadata], dtype=np.int64)
        metadata = [item for item, there in zip(metadata, occurs_in(described, table.ids), strict=True) if there]
        return metadata, table.take(table.rows_of(described))

    def readings(self, metadata: Sequence[ImageMetadata], rows: NDArray[np.float32]) -> EmotionReadings:
        """The readings that rows hold, with the metadata of the same images."""
        confidence = np.array([item.confidence for item in metadata], dtype=np.float32)
        monochrome = np.array([item.monochrome for item in metadata], dtype=bool)
        model = self.model
        return model.layout.unpack(rows, confidence, monochrome, model.id, model.unsure_below)

    def status(self) -> IndexStatus:
        """What the index holds."""
        parts = (self.file.with_name(self.file.name + suffix) for suffix in ("", "-wal"))
        size = sum(part.stat().st_size for part in parts if part.exists())
        with self._opened.reading() as opened:
            self._opened.require_findable("images", "files", "records")
            files, images = opened.execute("SELECT count(image), count(DISTINCT image) FROM files").fetchone()
            failures, incomplete, catalogues = load_failures(opened), load_incomplete(opened), list_catalogues(opened)
        return IndexStatus(
            location=str(self.file),
            model=self.model,
            roots=tuple(self.roots()),
            images=images,
            files=files,
            failures=failures,
            incomplete=incomplete,
            bytes=size,
            catalogues=catalogues,
            engine=self.engine,
            rebuild=beside if (beside := rebuild_file(self.file)).exists() else None,
        )
