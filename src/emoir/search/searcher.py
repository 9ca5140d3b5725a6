"""Searcher: queries as people write them, against one store and the index of its vectors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.code import decode_reading
from emoir.emotions.content import SIMILARITY, TEXT
from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import ModelError, QueryError
from emoir.index.base import ImageMetadata, as_file, as_path
from emoir.index.contract import ImageReader
from emoir.index.selection import Selection
from emoir.index.vectors import RowFilter, VectorIndex
from emoir.limits import Limits
from emoir.search.compiled import CompiledQuery, compile_query
from emoir.search.filters import filter_conditions
from emoir.search.find import SearchContext, find
from emoir.search.grammar import parse_query
from emoir.search.matches import Match, Matches
from emoir.search.options import NEWEST, OLDEST, SearchOptions
from emoir.search.query import Query, QueryLike
from emoir.search.rated import RatedRows
from emoir.search.terms import TermContext
from emoir.search.vocabulary import Vocabulary

if TYPE_CHECKING:
    from emoir.models import Model, ModelFolder, TextTower


class ModelSource(Protocol):
    """Gives a model, or only what its folder says of it; loaded when first needed."""

    @property
    def model(self) -> Model:
        """The model itself."""

    @property
    def model_folder(self) -> ModelFolder:
        """Its folder; no network is loaded for it."""

    @property
    def text_tower(self) -> TextTower:
        """Its text tower; no other network is loaded for it."""


class Searcher:
    """Answers queries; made for one search.

    Args:
        store: what is searched.
        vectors: the index of its row vectors; brought up to date here.
        vocabulary: what words mean.
        models: gives the model that reads example images; asked only where one must be read.
    """

    def __init__(self, store: ImageReader, vectors: VectorIndex, vocabulary: Vocabulary, models: ModelSource) -> None:
        self._store, self._vectors, self._vocabulary, self._models = store, vectors, vocabulary, models
        vectors.sync(store)

    def search(self, query: QueryLike, options: SearchOptions) -> Matches:
        """See ``Collection.search``."""
        store = self._store
        parsed = query if isinstance(query, Query) else parse_query(query)
        terms = TermContext(store.layout, self._vocabulary, IndexExamples(store, self._models, options.limits))
        compiled = compile_query(parsed.with_feedback(options.positive_ids, options.negative_ids), terms)
        order = _order(options.sort, terms)
        selection = Selection.of(store, options.folders, options.paths)
        conditions = filter_conditions(options.filters, store.layout)
        asked = (compiled,) if order is None else (compiled, order)
        content = tuple(word for query in asked for word in query.content)
        found = find(
            self._context(options.rater), compiled, order, options, RowFilter(selection.candidates(store), conditions)
        )
        place = {id: at for at, id in enumerate(found.ids.tolist())}
        metadata, rows = self._rows(found.ids, selection.folders)
        readings = store.readings(metadata, rows)
        matches = tuple(
            Match(
                id=entry.id,
                path=as_path(entry.path),
                score=float(found.scores[place[entry.id]]),
                reading=reading,
                parts={name: float(values[place[entry.id]]) for name, values in found.parts.items()},
                record=entry.record,
            )
            for entry, reading in zip(selection.named(store, metadata), readings, strict=True)
        )
        return Matches(
            query=str(compiled.query),
            matches=matches,
            unknown=tuple(word for query in asked for word in query.unknown),
            content=content,
            similarity=bool(content) and store.layout.text and TEXT not in store.model.scores,
            searched=found.searched,
            hidden=found.hidden,
            complete=found.complete,
        )

    def select(self, options: SearchOptions) -> NDArray[np.int64]:
        """Ids of all images that pass the conditions of some options, sorted ascending."""
        candidates = Selection.of(self._store, options.folders, options.paths).candidates(self._store)
        where = RowFilter(candidates, filter_conditions(options.filters, self._store.layout))
        return self._vectors.search((), where, np.iinfo(np.int64).max).ids

    def rows(self, options: SearchOptions) -> tuple[list[ImageMetadata], EmotionReadings, NDArray[np.float32]]:
        """See ``Collection.rows``."""
        store = self._store
        selection = Selection.of(store, options.folders, options.paths)
        metadata, rows = self._rows(self.select(options), selection.folders)
        metadata = selection.named(store, metadata)
        order = sorted(range(len(metadata)), key=lambda row: metadata[row].path)
        metadata, rows = [metadata[row] for row in order], rows[order]
        return metadata, store.readings(metadata, rows), rows

    def _rows(
        self, ids: NDArray[np.int64], folders: Sequence[bytes] | None
    ) -> tuple[list[ImageMetadata], NDArray[np.float32]]:
        """Metadata and row vectors of images, one for one; those that went meanwhile are left out."""
        metadata = self._store.metadata(ids.tolist(), folders)
        rows = self._vectors.rows(np.array([entry.id for entry in metadata], np.int64))
        there = np.any(rows, axis=1).tolist()
        return [entry for entry, held in zip(metadata, there, strict=True) if held], rows[there]

    def _context(self, rater: str | None) -> SearchContext:
        curves = self._store.model.scores
        if TEXT not in curves and SIMILARITY in curves:
            curves = {**curves, TEXT: curves[SIMILARITY]}
        return SearchContext(
            vectors=self._vectors,
            layout=self._store.layout,
            curves=curves,
            rated=None if rater is None else RatedRows.of(self._store, rater),
        )


def _order(sort: str | Query | None, context: TermContext) -> CompiledQuery | None:
    """The query that orders the matches; None where no query does."""
    if sort is None or sort in (NEWEST, OLDEST):
        return None
    try:
        return compile_query(sort if isinstance(sort, Query) else parse_query(sort), context)
    except QueryError as error:
        raise QueryError(
            f"cannot sort by {str(sort)!r}, which is neither newest nor oldest nor a query: {error}",
            chinese=f"不能按“{sort}”排序；请写 newest、oldest 或一个查询：{error.chinese}",
        ) from None


class IndexExamples:
    """The readings of example images, each read once, and the embeddings of phrases.

    Args:
        store: holds indexed images.
        models: gives the model that reads files, its text tower, and the folder that codes are of.
        limits: for files.
    """

    def __init__(self, store: ImageReader, models: ModelSource, limits: Limits) -> None:
        self._store, self._models, self._limits = store, models, limits
        self._files: dict[str, EmotionReading] = {}

    def of_image(self, id: int) -> EmotionReading:
        """The reading of an indexed image."""
        metadata, rows = self._store.rows([id])
        if not metadata:
            raise QueryError(
                f"id:{id}: no image of this index has that id", chinese=f"id:{id}：索引里没有这个编号的图片"
            )
        return self._store.readings(metadata, rows)[0]

    def of_file(self, path: str) -> EmotionReading:
        """The reading of an image file."""
        if path not in self._files:
            model = self._models.model
            # An example read by another model would be compared with nonsense.
            self._store.require(model.id, *model.card.earlier_ids)
            try:
                self._files[path] = model.read(os.path.expanduser(path), limits=self._limits)
            except OSError as error:
                cause = getattr(error, "chinese", str(error))
                raise QueryError(f"{path}: {error}", chinese=f"{path}：{cause}") from error
        return self._files[path]

    def of_code(self, code: str) -> EmotionReading:
        """A reading that was written down."""
        # A code may be older or newer than the index by a change of the model's id that changed no reading.
        folder = self._models.model_folder
        ids = (folder.id, *folder.card.earlier_ids)
        others = ids if self._store.model.id in ids else ()
        layout, models = self._store.layout, (self._store.model.id, *others)
        return decode_reading(code, layout.class_names, models, embedding_length=layout.embedding_length)

    def of_phrase(self, phrase: str) -> NDArray[np.float32]:
        """The embedding of a phrase by the model's text tower."""
        try:
            tower = self._models.text_tower
        except ModelError:
            # Where none was named, the model at hand may be another than the index's.
            folder = self._models.model_folder
            self._store.require(folder.id, *folder.card.earlier_ids)
            raise
        # The phrase of another tower would be compared with nonsense.
        self._store.require(tower.id, *tower.card.earlier_ids)
        return tower.embed(phrase)

    def id_of_file(self, path: str) -> int | None:
        """The id of an image file, if it is indexed."""
        return self._store.id_of(as_file(os.path.expanduser(path)))
