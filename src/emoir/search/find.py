"""Find: a query and its conditions against the rows of an index, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.calibration import ScoreCurve
from emoir.errors import QueryError
from emoir.index.attributes import Attributes
from emoir.index.base import VectorTable
from emoir.index.layout import RowLayout
from emoir.search.compiled import CompiledQuery, ReadExample, Vocabulary, compile_query
from emoir.search.diverse import maximal_marginal_relevance, without_near_duplicates
from emoir.search.filters import Filters
from emoir.search.query import ImageId, Query

# Diversity is looked for among this many times the number asked, and at least among so many: the same on every page.
POOL, SMALLEST_POOL = 10, 1000
NEWEST, OLDEST = "newest", "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How to search, beside the query itself.

    Args:
        n: at most this many hits.
        start: how many of the best are passed over: a later page.
        filters: conditions that a hit must meet.
        positive_ids, negative_ids: ids of indexed images to move the query towards or away from.
        diverse: whether near duplicates collapse and hits spread; there is an end to such hits.
        min_score: hits score at least this; None for the score of an image drawn at random.
        sort: None for the best first; ``newest``, ``oldest``, or a query whose score orders the hits.
    """

    n: int = 20
    start: int = 0
    filters: Filters | None = None
    positive_ids: tuple[int, ...] = ()
    negative_ids: tuple[int, ...] = ()
    diverse: bool = False
    min_score: float | None = None
    sort: str | Query | None = None

    def __post_init__(self) -> None:
        if self.n < 1:
            raise QueryError(f"n is {self.n}; ask for at least one image")
        if self.start < 0:
            raise QueryError(f"start is {self.start}; the first hit is 0")

    @property
    def stop(self) -> int:
        """How many hits must be put in order."""
        return self.start + self.n


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Args:
        ids: of the hits, in the order asked for.
        scores: theirs.
        hidden: images left out because they fit no better than chance.
        searched: images that were compared.
        compiled: what was looked for.
        query: the query with feedback.
        unknown: words of the query and of the order that were not understood.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    hidden: int
    searched: int
    compiled: CompiledQuery
    query: Query
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchContext:
    """What is searched: rows, what is known beside them, and how scores are calibrated.

    Args:
        matrix: the rows.
        layout: of the rows.
        attributes: gives the columns beside all rows; asked only when a condition needs them.
        curves: calibration per kind of query; a kind without one keeps its raw score.
    """

    matrix: VectorTable
    layout: RowLayout
    attributes: Callable[[], Attributes]
    curves: Mapping[str, ScoreCurve]


def find(
    context: SearchContext,
    query: Query,
    options: SearchOptions,
    *,
    read_example: ReadExample,
    vocabulary: Vocabulary,
    candidates: NDArray[np.int64] | None = None,
    excluded: Sequence[int] = (),
) -> SearchResult:
    """Search exactly: every row that meets the conditions is scored, one product for each thing asked.

    Args:
        context: what to search.
        query: as parsed.
        options: how.
        read_example: is asked for every example image.
        vocabulary: what words mean.
        candidates: only these ids, rising; None for all.
        excluded: ids that are no hits: the examples themselves.

    Returns:
        The hits, their scores, and how many were hidden.

    Raises:
        QueryError: if the query, the order or a filter cannot be understood.
    """
    query = query.with_feedback(options.positive_ids, options.negative_ids)
    compiled = compile_query(query, context.layout, read_example, vocabulary)
    matrix, curves = context.matrix, context.curves
    rows = selected_rows(context, options.filters, candidates)
    ids = matrix.ids if rows is None else matrix.ids[rows]
    raw_scores = _raw_scores(compiled, context, rows)
    scores, means = compiled.scores(raw_scores, curves), compiled.mean(raw_scores)
    own = {*excluded, *options.positive_ids, *options.negative_ids}
    own |= {term.source.id for term in query.terms if isinstance(term.source, ImageId)}
    wanted = ~np.isin(ids, list(own)) if own else np.ones(len(ids), dtype=bool)
    least = compiled.chance(curves) if options.min_score is None else options.min_score
    reached = scores >= np.float32(least)
    hits = np.flatnonzero(wanted & reached)
    searched = int(wanted.sum())
    ids, scores, means = ids[hits], scores[hits], means[hits]
    hits = hits if rows is None else rows[hits]
    unknown = compiled.unknown
    order = np.arange(len(hits))
    if options.sort is None or options.diverse:
        pool = max(SMALLEST_POOL, POOL * options.n)
        order = best_first(scores, means, ids, pool if options.diverse else options.stop)
    if options.diverse:
        order = _diverse(order, context, hits, scores, options.stop)
    if options.sort is not None:
        key, more = _sort_key(options.sort, context, hits[order], read_example, vocabulary)
        unknown = (*unknown, *more)
        order = order[np.lexsort((ids[order], -key))]
    order = order[options.start : options.stop]
    return SearchResult(ids[order], scores[order], searched - len(hits), searched, compiled, query, unknown)


def best_first(
    scores: NDArray[np.float32], means: NDArray[np.float32], ids: NDArray[np.int64], n: int
) -> NDArray[np.intp]:
    """Places of the n best: by score, then by uncalibrated mean, then by rising id.

    Example:
        >>> scores, means = np.array([[1, 3, 3], [0, 1, 2]], np.float32)
        >>> best_first(scores, means, np.array([7, 8, 9]), 2).tolist()
        [2, 1]
    """
    places = np.arange(len(scores))
    if n < len(scores):
        # The n-th largest, then everything that reaches it: ties must not be cut by chance.
        limit = np.partition(scores, len(scores) - n)[len(scores) - n]
        places = np.flatnonzero(scores >= limit)
    order = np.lexsort((ids[places], -means[places], -scores[places]))[:n]
    return np.asarray(places[order], dtype=np.intp)


def selected_rows(
    context: SearchContext, filters: Filters | None, candidates: NDArray[np.int64] | None
) -> NDArray[np.intp] | None:
    """Rows that may be hits; None for all."""
    matrix = context.matrix
    rows = None if candidates is None else matrix.rows_of(candidates)
    if filters is None or filters == Filters():
        return rows
    if rows is None:
        return np.flatnonzero(filters.mask(matrix.affect, context.layout, context.attributes))
    return rows[filters.mask(matrix.affect[rows], context.layout, lambda: context.attributes().take(rows))]


def _sort_key(
    sort: str | Query, context: SearchContext, rows: NDArray[np.intp], read_example: ReadExample, vocabulary: Vocabulary
) -> tuple[NDArray[np.float32] | NDArray[np.float64], tuple[str, ...]]:
    """What hits are ordered by, largest first, and the words of the order that were not understood."""
    if isinstance(sort, str):
        moment = context.attributes().moment[rows]
        seconds = np.array([float("".join(filter(str.isdigit, text)) or "nan") for text in moment.tolist()])
        return np.where(np.isnan(seconds), -np.inf, seconds if sort == NEWEST else -seconds), ()
    try:
        compiled = compile_query(sort, context.layout, read_example, vocabulary)
    except QueryError as error:
        raise QueryError(
            f"cannot sort by {str(sort)!r}, which is neither newest nor oldest nor a query: {error}",
            chinese=f"不能按“{sort}”排序；请写 newest、oldest 或一个查询：{error.chinese}",
        ) from None
    return compiled.mean(_raw_scores(compiled, context, rows)), compiled.unknown


def _raw_scores(
    compiled: CompiledQuery, context: SearchContext, rows: NDArray[np.intp] | None
) -> list[NDArray[np.float32]]:
    """How well some rows fit, or all for None; looks are left unread where the compiled does not look at them."""
    matrix = context.matrix
    if compiled.within(context.layout.affect):
        return compiled.raw_scores(matrix.affect if rows is None else matrix.affect[rows])
    return compiled.raw_scores(matrix.rows if rows is None else matrix.take(rows))


def _diverse(
    order: NDArray[np.intp],
    context: SearchContext,
    rows: NDArray[np.intp],
    scores: NDArray[np.float32],
    n: int,
) -> NDArray[np.intp]:
    attributes = context.attributes().take(rows[order])
    layout = context.layout
    vectors = context.matrix.take(rows[order])
    kept = without_near_duplicates(attributes.hash, attributes.hashed, vectors[:, layout.palette])
    order, looks = order[kept], vectors[kept][:, layout.appearance]
    return np.asarray(order[maximal_marginal_relevance(scores[order], looks, n)])
