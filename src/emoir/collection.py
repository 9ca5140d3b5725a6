"""Collection: the folders of a user, read once and searched by emotion."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from emoir import extract, models
from emoir.emotions.lexicon_files import read_lexicon
from emoir.emotions.reading import EmotionReadings
from emoir.index import Boards, ImageMetadata, ImageReader, IndexedModel, IndexStatus, Marks, Ratings, SqliteStore
from emoir.index.backup import BackupReport, backup, restore
from emoir.index.catalogue import read_catalogue
from emoir.index.layout import RowVectors
from emoir.index.location import behind_link, default_index
from emoir.index.rebuild import rebuild
from emoir.index.repair import Repair, repair
from emoir.index.update import Forgotten, Update, UpdateKeywords, UpdateOptions, forget
from emoir.index.vectors import VectorChoice, VectorIndex
from emoir.index.writer import IndexReport
from emoir.names import AnyPath
from emoir.search.matches import Matches
from emoir.search.options import SearchKeywords, SearchOptions
from emoir.search.query import QueryLike
from emoir.search.searcher import Searcher
from emoir.search.vocabulary import TextEncoder, Vocabulary


class Collection(AbstractContextManager["Collection"]):
    """Images that were indexed, ready to be searched; safe to share between threads.

    Args:
        index: the index file; default: the one of the current user.
        model: a folder or a known name; default: EMOIR_MODEL, else the index's own if it is known, else the shipped.
        lexicon: a file of emotion words that go before ours (see ``read_lexicon``); default: EMOIR_LEXICON, or none.
        text_encoder: reads whole phrases in place of the lexicon.
        vectors: searches the row vectors; default: the engine that the index remembers, else ``ExactVectors``.

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
        vectors: VectorIndex | None = None,
    ) -> None:
        self.location = Path(os.path.expanduser(index)) if index is not None else default_index()
        self._models = models.ModelChoice(model or os.environ.get("EMOIR_MODEL"), lambda: self._open().model.id)
        self._words = read_lexicon(Path(chosen)) if (chosen := lexicon or os.environ.get("EMOIR_LEXICON")) else None
        self._text_encoder = text_encoder
        self._vectors = VectorChoice(vectors)
        self._index: SqliteStore | None = None
        self._lock = threading.RLock()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index; the collection opens it again when it is needed."""
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None

    @property
    def model(self) -> models.Model:
        """The model that reads images here; loaded when first needed."""
        return self._models.model

    @property
    def model_folder(self) -> models.ModelFolder:
        """The same model without its network."""
        return self._models.model_folder

    @property
    def rebuild_model_folder(self) -> models.ModelFolder:
        """The model that a rebuild reads with: the same, but the shipped one where that is its successor."""
        return self._models.rebuild_folder

    @property
    def has_newer_model(self) -> bool:
        """Whether the index is of a model that emoir has shipped before, and a rebuild would read with today's."""
        return self._models.has_successor

    def _open(self, model: IndexedModel | None = None) -> SqliteStore:
        with self._lock:
            if self._index is None:
                self._index = SqliteStore(self.location, model=model)
            return self._index

    @property
    def images(self) -> ImageReader:
        """The indexed images by id, path or folder; an ``IndexFileError`` if nothing has been indexed yet."""
        return self._open()

    @property
    def ratings(self) -> Ratings:
        """People's ratings of the images; an ``IndexFileError`` if nothing has been indexed yet."""
        return self._open().ratings

    @property
    def boards(self) -> Boards:
        """Images put together by people, and saved searches; an ``IndexFileError`` if nothing has been indexed yet."""
        return self._open().boards

    @property
    def marks(self) -> Marks:
        """Marks that people set by hand (*disturbing*); an ``IndexFileError`` if nothing has been indexed yet."""
        return self._open().marks

    def index(
        self,
        *paths: AnyPath,
        workers: int | None = None,
        extractor: extract.Extractor | None = None,
        catalogue: AnyPath | None = None,
        **options: Unpack[UpdateKeywords],
    ) -> IndexReport:
        """Read what is new or changed below folders, forget what is gone; returns what was done (see ``Update``).

        Args:
            paths: folders and single files; at least one, unless folders were indexed before; then default: all.
            workers: processes; default: one per core.
            extractor: reads the files in their place; it must be of this collection's model.
            catalogue: a CSV of records for the files below these folders (see ``read_catalogue``).
            options: fields of ``UpdateOptions`` by name: ``prune``, ``rebuild``, ``exclude``, ``limits``, ``report``.

        Raises:
            CatalogueError: if the catalogue is malformed; nothing has been touched then. Others as ``Update.run`` says.
        """
        chosen = UpdateOptions(catalogue=None if catalogue is None else read_catalogue(Path(catalogue)), **options)
        # The network itself is loaded by the workers, if there is anything to read.
        reader = self.rebuild_model_folder if chosen.rebuild else self.model_folder
        model = IndexedModel.of(reader)
        extractor = extractor or extract.LocalExtractor(reader.folder, workers=workers, limits=chosen.limits)
        if chosen.rebuild:
            return rebuild(self._open(model), model, chosen, paths, extractor)
        return Update(self._open(model), model, reader.card.earlier_ids, chosen).run(paths, extractor)

    def forget(self, path: AnyPath) -> Forgotten:
        """Forget a folder with everything below it, or one file; see ``emoir.index.update.forget``."""
        return forget(self._open(), path)

    def repair(self) -> Repair:
        """Salvage a damaged index; see ``emoir.index.repair.repair``."""
        self.close()
        return repair(behind_link(self.location))

    def backup(self, file: AnyPath) -> BackupReport:
        """Copy the index as it is at this moment; see ``emoir.index.backup.backup``."""
        return backup(self.location, behind_link(Path(os.path.expanduser(file))))

    def restore(self, file: AnyPath) -> BackupReport:
        """Put a backup in the place of the index; see ``emoir.index.backup.restore``."""
        self.close()
        return restore(Path(os.path.expanduser(file)), behind_link(self.location))

    def search(
        self, query: QueryLike, options: SearchOptions | None = None, **keywords: Unpack[SearchKeywords]
    ) -> Matches:
        """Find the images that fit a query best.

        Args:
            query: in the query grammar; one text, or several that form one query; or parsed already.
            options: how to search (see ``SearchOptions``).
            keywords: fields of ``SearchOptions`` by name, over those of ``options``.

        Returns:
            The matches, best first. Example images that are indexed themselves are left out.

        Raises:
            QueryError: if the query cannot be understood, an example cannot be read, or n is below 1.
            ModelMismatchError: if an example image must be read and the index is of another model.
        """
        return self._searcher().search(query, replace(options or SearchOptions(), **keywords))

    def _searcher(self) -> Searcher:
        index = self._open()
        vocabulary = Vocabulary.of(index.layout, self._words, self._text_encoder)
        return Searcher(index, self._vectors.of(index), vocabulary, self._models)

    def status(self) -> IndexStatus:
        """What the index holds, and what failed; an ``IndexFileError`` if nothing has been indexed yet."""
        return self._open().status()

    def rows(
        self, options: SearchOptions | None = None, **keywords: Unpack[SearchKeywords]
    ) -> tuple[list[ImageMetadata], EmotionReadings, RowVectors]:
        """Every indexed image with its reading and its row vector, in the order of the paths.

        Args:
            options: which images: its ``folders``, ``paths`` and ``filters``.
            keywords: the same by name.

        Returns:
            ``(metadata, readings, vectors)``, row by row; vectors (n, d) are laid out as ``RowLayout`` says.
        """
        return self._searcher().rows(replace(options or SearchOptions(), **keywords))
