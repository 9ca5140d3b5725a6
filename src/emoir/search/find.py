"""Find: a compiled query against a vector index, ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.calibration import ScoreCurve
from emoir.index.layout import RowLayout
from emoir.index.vectors import Candidates, RowFilter, VectorIndex
from emoir.search.compiled import CompiledQuery
from emoir.search.component import QueryComponent
from emoir.search.diverse import maximal_marginal_relevance, without_near_duplicates
from emoir.search.options import NEWEST, SearchOptions
from emoir.search.rated import RatedRows

# Diverse results are chosen among this many times the number asked, at least among the second number: the same on
# every page.
POOL, SMALLEST_POOL = 10, 1000
# An index that does not give every image is asked for this many times the number needed, and ranked again.
OVERFETCH = 10
# While a better image may have been missed, the index is asked for this many times more.
FURTHER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchContext:
    """What is searched, and how scores are calibrated.

    Args:
        vectors: answers queries; up to date.
        layout: of its rows.
        curves: calibration per kind of component; a kind without one keeps its raw score.
        rated: rows that go before those of the index; None where no rater is asked for.
    """

    vectors: VectorIndex
    layout: RowLayout
    curves: Mapping[str, ScoreCurve]
    rated: RatedRows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What a search found.

    Args:
        ids: of the hits, in the order asked for.
        scores: theirs.
        parts: term of the query to how well the hits fit it alone, uncalibrated.
        hidden: images left out because they score too little.
        searched: images that were compared.
        complete: whether no better image can have been missed.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    parts: Mapping[str, NDArray[np.float32]]
    hidden: int
    searched: int
    complete: bool


def find(
    context: SearchContext,
    query: CompiledQuery,
    order: CompiledQuery | None,
    options: SearchOptions,
    where: RowFilter,
) -> SearchResult:
    """Search: one product for each thing asked, with every row that the index looks at.

    Args:
        context: rows and calibration to search with.
        query: what is asked, with feedback.
        order: the query that orders the hits, where ``options.sort`` is one.
        options: how to search.
        where: which images may be hits, beside the query's own conditions.

    Returns:
        The hits, their scores, and how many were hidden.
    """
    where = RowFilter(where.ids, (*where.conditions, *query.conditions))
    pool = max(SMALLEST_POOL, POOL * options.n) if options.diverse else options.stop
    # What is sorted by something else than the score needs every hit.
    needed = pool if options.sort is None or options.diverse else np.iinfo(np.int64).max
    least = np.float32(query.least_score(context.curves) if options.min_score is None else options.min_score)
    k, most = pool * OVERFETCH, context.vectors.capabilities.max_k
    while True:
        k = k if most is None else min(k, most)
        found = _candidates(context, (*query.wanted, *(() if order is None else order.wanted)), where, k)
        raw_scores = query.raw_scores(found.products[: len(query.components)])
        scores, means = query.scores(raw_scores, context.curves), query.mean(raw_scores)
        reached = scores >= least
        own = np.flatnonzero(np.isin(found.ids, query.examples)) if query.examples else np.empty(0, np.intp)
        reached[own] = False
        hits = np.flatnonzero(reached)
        best_left = _best_left_out(found, query, context.curves)
        enough = np.partition(scores[hits], len(hits) - needed)[len(hits) - needed] if needed <= len(hits) else least
        if best_left < enough or found.bounds is None or k == most:
            break
        k *= FURTHER
    complete = bool(best_left < enough)
    # Images that were left out may hold matches that were not counted.
    compared = found.matched if best_left < least else len(found.ids)
    hidden = compared - len(own) - len(hits)
    ranks = np.arange(len(hits))
    if options.sort is None or options.diverse:
        ranks = best_first(scores[hits], means[hits], found.ids[hits], pool)
    chosen = hits[ranks]
    if options.diverse:
        chosen = chosen[_diverse(context, found.ids[chosen], scores[chosen], options.stop)]
    if options.sort is not None:
        if order is None:
            key = _moments(context.vectors.attributes(found.ids[chosen]).moment, newest=options.sort == NEWEST)
        else:
            key = order.mean(order.raw_scores(found.products[len(query.components) :, chosen])).astype(np.float64)
        chosen = chosen[np.lexsort((found.ids[chosen], -key))]
    chosen = chosen[options.start : options.stop]
    return SearchResult(
        ids=found.ids[chosen],
        scores=scores[chosen],
        parts=query.term_scores(raw_scores[:, chosen]),
        hidden=hidden,
        searched=found.matched - len(own),
        complete=complete,
    )


def _candidates(context: SearchContext, components: tuple[QueryComponent, ...], where: RowFilter, k: int) -> Candidates:
    """What the index answers, with the ratings; rated images are among them wherever the index ranks them."""
    found, rated = context.vectors.search(components, where, k), context.rated
    if rated is None:
        return found
    if not found.complete:
        ids = rated.ids if where.ids is None else np.intersect1d(rated.ids, where.ids)
        also = context.vectors.search(components, RowFilter(ids, where.conditions), len(ids))
        ids, first = np.unique(np.concatenate([found.ids, also.ids]), return_index=True)
        found = replace(found, ids=ids, products=np.concatenate([found.products, also.products], axis=1)[:, first])
    rated.put_into(found, components)
    return found


def _best_left_out(found: Candidates, query: CompiledQuery, curves: Mapping[str, ScoreCurve]) -> float:
    """The best score that an image may have that the index left out: scores never fall where a product gets better."""
    if found.complete:
        return -np.inf
    if found.bounds is None:
        return np.inf
    products = found.bounds[: len(query.components), None].copy()
    return float(query.scores(query.raw_scores(products), curves)[0])


def best_first(
    scores: NDArray[np.float32], means: NDArray[np.float32], ids: NDArray[np.int64], n: int
) -> NDArray[np.intp]:
    """Places of the n best: by score, then by uncalibrated mean, then by id, smallest first.

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


def _moments(moments: NDArray[np.str_], *, newest: bool) -> NDArray[np.float64]:
    """What hits are ordered by, largest first; those without a moment come last."""
    seconds = np.array([float("".join(filter(str.isdigit, text)) or "nan") for text in moments.tolist()])
    return np.where(np.isnan(seconds), -np.inf, seconds if newest else -seconds)


def _diverse(context: SearchContext, ids: NDArray[np.int64], scores: NDArray[np.float32], n: int) -> NDArray[np.intp]:
    """Places of n hits, best first, that differ."""
    known, vectors = context.vectors.attributes(ids), context.vectors.rows(ids)
    kept = without_near_duplicates(known.hash, known.hashed, vectors[:, context.layout.palette])
    appearance = vectors[kept][:, context.layout.appearance]
    return np.asarray(kept[maximal_marginal_relevance(scores[kept], appearance, n)])
