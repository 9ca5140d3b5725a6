"""Collection: the folders of a user, read once and searched by emotion."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.code import decode_reading
from emoir.emotions.lexicon_files import read_lexicon
from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import QueryError
from emoir.extract import Extractor, LocalExtractor
from emoir.index import ImageMetadata, ImageReader, IndexStatus, RowLayout, SqliteStore
from emoir.index.backup import BackupReport, backup, restore
from emoir.index.base import IndexedModel, as_file, as_path
from emoir.index.catalogue import read_catalogue
from emoir.index.location import default_index
from emoir.index.ratings import Ratings
from emoir.index.repair import Repair, repair
from emoir.index.selection import AnyPath, Selection, SomePaths
from emoir.index.update import Forgotten, Update, UpdateOptions, forget
from emoir.index.writer import IndexReport
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.models import Model, ModelFolder
from emoir.search import Match, Matches, parse_query
from emoir.search.compiled import TextEncoder, Vocabulary, term_scores
from emoir.search.filters import Filters
from emoir.search.find import NEWEST, OLDEST, SearchContext, SearchOptions, find, selected_rows
from emoir.search.query import EncodedReading, ImageFile, ImageId, Query, TermSource


class Collection:
    """Images that were indexed, ready to be searched; safe to share between threads.

    Args:
        index: the index file; default: the one of the current user.
        model: a model folder; default: EMOIR_MODEL, or the shipped model.
        lexicon: a file of emotion words that go before ours (see ``read_lexicon``); default: EMOIR_LEXICON, or none.
        text_encoder: reads whole phrases in place of the lexicon.

    Example:
        >>> import tempfile, skimage
        >>> photos = Collection(Path(tempfile.mkdtemp()) / "index.emoir")
        >>> report = photos.index(Path(skimage.__file__).parent / "data")
        >>> len(photos.search("calm", n=3))
        3
    """

    def __init__(
        self,
        index: AnyPath | None = None,
        *,
        model: AnyPath | None = None,
        lexicon: AnyPath | None = None,
        text_encoder: TextEncoder | None = None,
    ) -> None:
        self.location = Path(index).expanduser() if index is not None else default_index()
        self._model_folder = model if model is not None else os.environ.get("EMOIR_MODEL") or None
        chosen = lexicon if lexicon is not None else os.environ.get("EMOIR_LEXICON") or None
        self._words = None if chosen is None else read_lexicon(Path(chosen))
        self._text_encoder = text_encoder
        self._model: Model | None = None
        self._index: SqliteStore | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index; the collection opens it again when it is needed."""
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None

    @property
    def model(self) -> Model:
        """The model that reads images here; loaded when first needed."""
        with self._lock:
            if self._model is None:
                self._model = Model(self._model_folder)
            return self._model

    @property
    def model_folder(self) -> ModelFolder:
        """The same model without its network."""
        return ModelFolder(self._model_folder)

    def _open(self, model: IndexedModel | None = None) -> SqliteStore:
        """The index as it is; made for a model, if one is given and there is none."""
        with self._lock:
            if self._index is None:
                self._index = SqliteStore(self.location, model=model)
            return self._index

    @property
    def images(self) -> ImageReader:
        """The indexed images, to be looked up.

        Raises:
            IndexFileError: if nothing has been indexed yet.
        """
        return self._open()

    @property
    def ratings(self) -> Ratings:
        """What people say of the images.

        Raises:
            IndexFileError: if nothing has been indexed yet.
        """
        return self._open().ratings

    def index(
        self,
        *paths: AnyPath,
        workers: int | None = None,
        extractor: Extractor | None = None,
        catalogue: AnyPath | None = None,
        **options: Any,
    ) -> IndexReport:
        """Read what is new or changed below folders; forget what is gone.

        Batches are committed as they are read: an exception, Ctrl-C or a power cut loses none of them,
        and the next run goes on from there.

        Args:
            paths: folders and single files; at least one, unless folders were indexed before; then default: all.
            workers: processes; default: one per core.
            extractor: reads the files in their place; it must be of this collection's model.
            catalogue: a CSV of records for the files below these folders (see ``read_catalogue``).
            options: fields of ``UpdateOptions`` by name: ``prune``, ``rebuild``, ``exclude``, ``limits``, ``report``.

        Returns:
            What was done.

        Raises:
            CatalogueError: if the catalogue is malformed; nothing has been touched then.
            IndexFileError: if the index cannot be used, no folder is known, or one vanished while it was read.
            ModelMismatchError: if the index holds readings of another model and ``rebuild`` is false.
        """
        chosen = UpdateOptions(catalogue=None if catalogue is None else read_catalogue(Path(catalogue)), **options)
        # The network itself is loaded by the workers, if there is anything to read.
        reader = self.model_folder
        card = reader.card
        model = IndexedModel(reader.id, RowLayout(card.class_names, card.embedding_length), card.licence, card.scores)

        def opened() -> AbstractContextManager[Extractor]:
            return extractor or LocalExtractor(reader.folder, workers=workers, limits=chosen.limits)

        return Update(self._open(model), model, card.earlier_ids, chosen).run(paths, opened)

    def forget(self, path: AnyPath) -> Forgotten:
        """Forget a folder with everything below it, or one file; see ``emoir.index.update.forget``."""
        return forget(self._open(), path)

    def repair(self) -> Repair:
        """Salvage a damaged index; see ``emoir.index.repair``.

        Raises:
            IndexFileError: if there is nothing to salvage.
        """
        with self._lock:
            self.close()
            return repair(self.location)

    def backup(self, file: AnyPath) -> BackupReport:
        """Copy the index as it is at this moment; see ``emoir.index.backup.backup``."""
        return backup(self.location, Path(file))

    def restore(self, file: AnyPath) -> BackupReport:
        """Put a backup into the place of the index; see ``emoir.index.backup.restore``."""
        with self._lock:
            self.close()
            return restore(Path(file), self.location)

    def search(
        self,
        query: str | Sequence[str] | Query,
        *,
        n: int = 20,
        start: int = 0,
        folders: SomePaths | None = None,
        paths: SomePaths | None = None,
        filters: Filters | None = None,
        positive_ids: Sequence[int] = (),
        negative_ids: Sequence[int] = (),
        diverse: bool = False,
        min_score: float | None = None,
        sort: str | Query | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Matches:
        """Find the images that fit a query best.

        Args:
            query: in the query grammar; one text, or several that form one query; or parsed already.
            n: at most this many.
            start: pass over so many of the best: a later page.
            folders: only images in these folders or below; None for all that are indexed.
            paths: only these files, such as another tool found; those not indexed are left out.
            filters: conditions that an image must meet.
            positive_ids: ids of images to move the query towards.
            negative_ids: ids of images to move it away from.
            diverse: near duplicates collapse, and the results spread.
            min_score: only images that score at least this; None for the score of an image drawn at random.
            sort: ``newest``, ``oldest``, or a query whose score orders the matches; None for the best first.
            limits: larger example images are refused.

        Returns:
            The matches, best first. Example images that are indexed themselves are left out.

        Raises:
            QueryError: if the query cannot be understood, an example cannot be read, or n is below 1.
            IndexFileError: if nothing has been indexed yet.
            ModelMismatchError: if an example image must be read and the index is of another model.
        """
        options = SearchOptions(
            n=n,
            start=start,
            filters=filters,
            positive_ids=tuple(positive_ids),
            negative_ids=tuple(negative_ids),
            diverse=diverse,
            min_score=min_score,
            sort=parse_query(sort) if isinstance(sort, str) and sort not in (NEWEST, OLDEST) else sort,
        )
        index = self._open()
        parsed = query if isinstance(query, Query) else parse_query(query)
        scope = Selection.of(index, folders, paths)
        read_example = partial(self._read_example, limits=limits)
        vocabulary = Vocabulary.of(index.layout, self._words, self._text_encoder)
        found = find(
            _context(index),
            parsed,
            options,
            read_example=read_example,
            vocabulary=vocabulary,
            candidates=scope.candidates(index),
            excluded=self._example_files(parsed, index),
        )
        scores = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
        metadata, rows = index.rows(found.ids.tolist(), scope.folders)
        readings = index.readings(metadata, rows)
        parts = term_scores(found.query, rows, index.layout, read_example, vocabulary)
        matches = tuple(
            Match(entry.id, as_path(entry.path), scores[entry.id], reading, part, entry.record)
            for entry, reading, part in zip(scope.named(index, metadata), readings, parts, strict=True)
        )
        return Matches(str(found.query), matches, found.unknown, found.searched, found.hidden)

    def _read_example(self, source: TermSource, *, limits: Limits) -> EmotionReading:
        index = self._open()
        if isinstance(source, ImageId):
            metadata, rows = index.rows([source.id])
            if not metadata:
                raise QueryError(
                    f"id:{source.id}: no image of this index has that id",
                    chinese=f"id:{source.id}：索引里没有这个编号的图片",
                )
            return index.readings(metadata, rows)[0]
        if isinstance(source, EncodedReading):
            # A code may be older or newer than the index by a change of the model's id that changed no reading.
            reader = self.model_folder
            ids = (reader.id, *reader.card.earlier_ids)
            others = ids if index.model.id in ids else ()
            names, length = index.layout.class_names, index.layout.embedding_length
            return decode_reading(source.code, names, (index.model.id, *others), embedding_length=length)
        if not isinstance(source, ImageFile):
            raise TypeError(f"{source} is no example image")
        # An example read by another model would be compared with nonsense.
        index.require(self.model.id, *self.model.card.earlier_ids)
        try:
            return self.model.read(os.path.expanduser(source.path), limits=limits)
        except OSError as error:
            raise QueryError(f"{source.path}: {error}") from error

    def _example_files(self, query: Query, index: SqliteStore) -> list[int]:
        """Ids of the example files that are indexed themselves."""
        paths = [term.source.path for term in query.terms if isinstance(term.source, ImageFile)]
        ids = (index.id_of(as_file(os.path.expanduser(path))) for path in paths)
        return [id for id in ids if id is not None]

    def status(self) -> IndexStatus:
        """What the index holds, and what failed.

        Raises:
            IndexFileError: if nothing has been indexed yet.
        """
        return self._open().status()

    def rows(
        self,
        *,
        folders: SomePaths | None = None,
        paths: SomePaths | None = None,
        filters: Filters | None = None,
    ) -> tuple[list[ImageMetadata], EmotionReadings, NDArray[np.float32]]:
        """Every indexed image with its reading and its row vector, in the order of the paths.

        Args:
            folders: only images in these folders or below.
            paths: only these files; those not indexed are left out.
            filters: conditions that an image must meet.

        Returns:
            ``(metadata, readings, vectors)``, row by row; vectors (n, d) are laid out as ``RowLayout`` says.

        Raises:
            IndexFileError: if nothing has been indexed yet.
        """
        index = self._open()
        scope = Selection.of(index, folders, paths)
        context = _context(index)
        chosen = selected_rows(context, filters, scope.candidates(index))
        metadata, rows = index.rows(None if chosen is None else context.matrix.ids[chosen].tolist(), scope.folders)
        metadata = scope.named(index, metadata)
        order = sorted(range(len(metadata)), key=lambda row: metadata[row].path)
        metadata, rows = [metadata[row] for row in order], rows[order]
        return metadata, index.readings(metadata, rows), rows


def _context(index: SqliteStore) -> SearchContext:
    matrix = index.vectors()
    return SearchContext(matrix, index.layout, lambda: index.attributes(matrix), index.model.scores)
