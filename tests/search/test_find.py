from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from emoir.emotions import EmotionReading
from emoir.emotions.calibration import ScoreCurve
from emoir.errors import ModelError
from emoir.index.attributes import Attributes
from emoir.index.base import ImageMetadata, VectorTable
from emoir.index.contract import ImageReader
from emoir.index.layout import RowLayout
from emoir.index.vectors import (
    Candidates,
    Capabilities,
    Component,
    ExactVectors,
    RowCondition,
    RowFilter,
    passing,
    scalar_column,
)
from emoir.index.vectors.exact import best_products, blockwise_products
from emoir.search.compiled import CompiledQuery, compile_query
from emoir.search.diverse import first_distinct, maximal_marginal_relevance, without_near_duplicates
from emoir.search.find import SearchContext, SearchResult, best_first, find
from emoir.search.grammar import parse_query
from emoir.search.options import SearchOptions
from emoir.search.rated import RatedRows
from emoir.search.terms import TermContext
from emoir.search.vocabulary import Vocabulary

LAYOUT = RowLayout({"mikels": ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")})
CURVE = ScoreCurve(0.25, (-1.0, 0.0, 1.0), (-1 / 7, 0.0, 1.0))
# One class of eight: chance is 0.125 and leaves 0.875, of which a hit gains a tenth.
WORD_FITS = 0.2125


def agreed(fit: float) -> float:
    """The calibrated score of one class of eight, by hand: a flat reading fits by the root of an eighth."""
    flat = 8**-0.5
    gain = (fit - flat) / (1 - flat)
    return 0.125 + 0.875 * (gain if gain > 0 else gain / 7)


class NoExamples:
    """Nothing here asks for an example."""

    def of_image(self, id: int) -> EmotionReading:
        raise AssertionError(id)

    def of_file(self, path: str) -> EmotionReading:
        raise AssertionError(path)

    def of_code(self, code: str) -> EmotionReading:
        raise AssertionError(code)

    def of_phrase(self, phrase: str) -> NDArray[np.float32]:
        raise AssertionError(phrase)

    def id_of_file(self, path: str) -> int | None:
        raise AssertionError(path)


TERMS = TermContext(LAYOUT, Vocabulary.of(LAYOUT), NoExamples())


def compiled(text: str) -> CompiledQuery:
    return compile_query(parse_query(text), TERMS)


class FewRows:
    """A vector index of a few rows that gives the best of one component only, as engines with a limit do."""

    def __init__(self, rows: np.ndarray, max_k: int | None = None, *, bounded: bool = False) -> None:
        self.bounded, self.asked = bounded, list[int]()
        self.ids, self.held = np.arange(10, 10 + len(rows)), rows
        self.capabilities = Capabilities(exhaustive=max_k is None, max_k=max_k)

    def sync(self, store: ImageReader) -> int:
        raise AssertionError(store)

    def column(self, name: str) -> np.ndarray:
        return scalar_column(name, self.held, LAYOUT, no_attributes)

    def search(self, components: Sequence[Component], where: RowFilter, k: int) -> Candidates:
        kept = np.flatnonzero(
            passing(where, self.ids, lambda name: scalar_column(name, self.held, LAYOUT, no_attributes))
        )
        matched, bounds = len(kept), None
        self.asked.append(k)
        if self.bounded and k < matched:
            fits = np.array([component.weight * (self.held[kept] @ component.vector) for component in components])
            ranked = np.argsort(-fits, axis=1, kind="stable")
            weights = np.array([component.weight for component in components])
            bounds = np.asarray(fits[np.arange(len(fits)), ranked[:, k - 1]] / weights, np.float32)
            kept = kept[np.unique(ranked[:, :k])]
        elif not self.capabilities.exhaustive:
            kept = np.sort(kept[np.argsort(-self.held[kept] @ components[0].vector, kind="stable")][:k])
        products = np.array([self.held[kept] @ component.vector for component in components], np.float32)
        complete = len(kept) == matched
        return Candidates(
            ids=self.ids[kept],
            products=products.reshape(len(components), -1),
            matched=matched,
            complete=complete,
            bounds=bounds,
        )

    def rows(self, ids: np.ndarray) -> np.ndarray:
        return np.asarray(self.held[ids - 10])

    def attributes(self, ids: np.ndarray) -> Attributes:
        return attributes(ids)


def no_attributes() -> Attributes:
    raise AssertionError("nothing here needs attributes")


def search(context: SearchContext, text: str, options: SearchOptions | None = None, **where: Any) -> SearchResult:
    return find(context, compiled(text), None, options or SearchOptions(), RowFilter(**where))


def test_best_first_against_sorting() -> None:
    random = np.random.default_rng(0)
    # Whole numbers, so that there are ties.
    scores, means = random.integers(0, 9, (2, 500)).astype(np.float32)
    ids = random.permutation(500)
    expected = sorted(range(500), key=lambda place: (-scores[place], -means[place], ids[place]))
    for n in (1, 7, 499, 500, 900):
        assert best_first(scores, means, ids, n).tolist() == expected[:n]


def attributes(ids: np.ndarray) -> Attributes:
    none = np.zeros(len(ids))
    moments = np.array([f"2020:01:{id:02}" for id in ids.tolist()])
    hashes, integers = np.zeros(len(ids), np.uint64), np.zeros(len(ids), np.int64)
    return Attributes(
        confidence=none.astype(np.float32),
        monochrome=none > 0,
        width=integers,
        height=integers,
        day=none,
        moment=moments,
        hash=hashes,
        hashed=none > 0,
    )


def context_of(rows: np.ndarray, max_k: int | None = None) -> SearchContext:
    return SearchContext(
        vectors=FewRows(rows, max_k),
        layout=LAYOUT,
        curves={"words by gain": CURVE},
    )


def awe(probabilities: list[float], fear: Sequence[float] = (), max_k: int | None = None) -> SearchContext:
    rows = np.zeros((len(probabilities), LAYOUT.length), np.float32)
    rows[:, LAYOUT.distribution("mikels").start + 2] = np.sqrt(probabilities)
    if fear:
        rows[:, LAYOUT.distribution("mikels").start + 6] = np.sqrt(fear)
    return context_of(rows, max_k)


def test_hits_below_chance_are_hidden_and_counted() -> None:
    context = awe([0.01, 1.0, 0.5, 0.25])
    found = search(context, "awe")
    # Whatever the pool of the curve is.
    assert compiled("awe").least_score({"words by gain": CURVE}) == pytest.approx(WORD_FITS)
    assert found.ids.tolist() == [11, 12, 13]
    assert found.scores.tolist() == pytest.approx([1.0, agreed(0.5**0.5), agreed(0.5)])
    assert (found.hidden, found.searched, found.complete) == (1, 4, True)
    every = search(context, "awe", SearchOptions(min_score=0))
    assert every.ids.tolist() == [11, 12, 13, 10]
    assert every.hidden == 0
    assert every.scores[3] == pytest.approx(agreed(0.1))
    assert search(context, "awe", SearchOptions(min_score=0.9)).ids.tolist() == [11]


def test_a_sum_is_calibrated_part_by_part() -> None:
    context = awe([0.0, 1.0, 0.25])
    found = search(context, "2:awe - fear + not anger", SearchOptions(min_score=0))
    assert found.ids.tolist() == [11, 12, 10]
    # Nothing is feared, nothing angers: these parts are agreed with as far as ever.
    calm = 2 * (1 - agreed(0.0))
    assert found.scores.tolist() == pytest.approx([(2 * agreed(fit) + calm) / 4 for fit in (1.0, 0.5, 0.0)])
    # What is not wanted need not be less likely than by chance.
    least = compiled("2:awe - fear + not anger").least_score({"words by gain": CURVE})
    assert least == pytest.approx((2 * WORD_FITS + 2 * 0.875) / 4)
    # No picture here has any colour.
    assert search(context, "near:teal").hidden == 3
    assert search(context, "near:teal", SearchOptions(min_score=0)).hidden == 0
    assert search(context, "2:awe - near:teal + not anger", SearchOptions(min_score=0)).hidden == 0


@pytest.mark.parametrize(
    "text", ["awe & fear", "awe and fear", "awe but fear", "敬畏又恐惧", "敬畏但恐惧", "敬畏且恐惧"]
)
def test_a_conjunction_wants_both(text: str) -> None:
    probabilities, fear = [0.9, 0.5, 0.0], [0.0, 0.4, 0.9]
    context = awe(probabilities, fear)
    found = search(context, text, SearchOptions(min_score=0))
    assert found.ids[0] == 11
    by_hand = {
        10 + row: agreed(first**0.5) * agreed(second**0.5)
        for row, (first, second) in enumerate(zip(probabilities, fear, strict=True))
    }
    assert dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True)) == pytest.approx(by_hand, abs=1e-6)
    assert compiled(text).least_score({"words by gain": CURVE}) == pytest.approx(WORD_FITS**2)


def test_a_conjunction_may_be_taken_away_and_weighed() -> None:
    context = awe([0.9, 0.5], [0.1, 0.5])
    found = search(context, "2:awe - awe & fear", SearchOptions(min_score=0))
    both = [agreed(0.9**0.5) * agreed(0.1**0.5), agreed(0.5**0.5) ** 2]
    expected = [(2 * agreed(p**0.5) + 1 - b) / 3 for p, b in zip((0.9, 0.5), both, strict=True)]
    assert found.scores.tolist() == pytest.approx(expected)
    assert found.parts["- fear"].tolist() == pytest.approx([1 - 0.1**0.5, 1 - 0.5**0.5], abs=1e-6)


def test_ids_and_conditions() -> None:
    context = awe([0.9, 0.8, 0.7, 0.6])
    found = search(context, "awe", ids=np.array([11, 13, 99]))
    assert found.ids.tolist() == [11, 13]
    assert found.searched == 2


def test_an_index_with_a_limit_is_asked_for_more_and_ranked_again() -> None:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.ones(8), 400)
    rows = np.zeros((400, LAYOUT.length), np.float32)
    rows[:, LAYOUT.distribution("mikels")] = np.sqrt(shares)
    every, limited = context_of(rows), context_of(rows, max_k=200)
    options = SearchOptions(n=5, min_score=0)
    best, found = search(every, "awe", options), search(limited, "awe", options)
    assert found.ids.tolist() == best.ids.tolist()
    assert (best.complete, found.complete) == (True, False)
    # Of fewer images than the limit, none is missed.
    few = np.arange(10, 110)
    both = [search(context, "awe - fear", SearchOptions(n=10, min_score=0), ids=few) for context in (every, limited)]
    assert both[0].ids.tolist() == both[1].ids.tolist()
    assert both[1].complete


@pytest.mark.parametrize("text", ["awe", "2:awe - fear", "awe & fear", "- awe", "awe & fear - 2:anger"])
@pytest.mark.parametrize("options", [SearchOptions(n=3, min_score=0), SearchOptions(n=3), SearchOptions(n=2, start=4)])
def test_an_answer_is_called_complete_only_if_nothing_was_missed(text: str, options: SearchOptions) -> None:
    called = set()
    for seed in range(6):
        shares = np.random.default_rng(seed).dirichlet(np.full(8, 0.3), 600)
        rows = np.zeros((600, LAYOUT.length), np.float32)
        rows[:, LAYOUT.distribution("mikels")] = np.sqrt(shares)
        every, vectors = context_of(rows), FewRows(rows, 100 if seed % 2 else 30, bounded=True)
        found = search(replace(every, vectors=vectors), text, options)
        best = search(every, text, options)
        called.add(found.complete)
        if found.complete:
            assert (found.ids.tolist(), found.searched) == (best.ids.tolist(), best.searched)
        else:
            assert vectors.asked[-1] == vectors.capabilities.max_k
        # Whether or not all hits are known, what is called hidden is.
        assert found.hidden <= best.hidden
    assert True in called or text == "awe & fear - 2:anger"


def test_of_some_hits_the_newest_are_not_called_all() -> None:
    context = awe([0.9, 0.8, 0.7, 0.6])
    some = replace(context, vectors=FewRows(context.vectors.rows(np.arange(10, 14)), 2, bounded=True))
    assert search(some, "awe", SearchOptions(n=1)).complete
    assert not search(some, "awe", SearchOptions(n=1, sort="newest")).complete
    assert search(some, "awe", SearchOptions(n=1, sort="newest", min_score=0.9)).complete


def test_what_a_person_rated_is_compared_though_the_index_would_leave_it_out() -> None:
    context = awe([0.9, 0.8, 0.7, 0.01])
    rows = context.vectors.rows(np.arange(10, 14))
    own = rows[3:].copy()
    own[:, LAYOUT.distribution("mikels").start + 2] = 1
    some = replace(context, vectors=FewRows(rows, 2, bounded=True), rated=RatedRows(np.array([13]), own))
    assert search(some, "awe", SearchOptions(n=2)).ids.tolist() == [13, 10]
    assert search(some, "awe", SearchOptions(n=2), ids=np.array([10, 11, 12])).ids.tolist() == [10, 11]


def test_sorting_by_moment_and_by_a_query() -> None:
    context = awe([0.9, 0.8, 0.7], [0.01, 0.1, 0.2])
    assert search(context, "awe", SearchOptions(sort="newest")).ids.tolist() == [12, 11, 10]
    assert search(context, "awe", SearchOptions(sort="oldest", n=2)).ids.tolist() == [10, 11]
    options = SearchOptions(sort="fear")
    found = find(context, compiled("awe"), compiled("fear"), options, RowFilter())
    assert found.ids.tolist() == [12, 11, 10]
    assert found.scores.tolist() == pytest.approx([agreed(p**0.5) for p in (0.7, 0.8, 0.9)])


def test_score_curves() -> None:
    curve = ScoreCurve(0.25, (0.0, 0.5, 1.0), (0.0, 0.2, 1.0))
    assert curve(np.array([-1.0, 0.25, 0.5, 0.75, 2.0])).tolist() == pytest.approx([0.0, 0.1, 0.2, 0.6, 1.0])
    assert CURVE(np.array([-9.0, -0.5, 0.25, 9.0])).tolist() == pytest.approx([-1 / 7, -1 / 14, 0.25, 1.0])
    assert ScoreCurve(0.1, (0.5,), (0.25,))(np.array([0.0, 0.5, 1.0])).tolist() == [0.25, 0.25, 0.25]
    with pytest.raises(ModelError, match="do not descend"):
        ScoreCurve(0.1, (0.0, 1.0), (0.3, 0.2))


def test_near_duplicates_fold_to_the_first() -> None:
    hashes = np.array([0, 0b111111, 0b1111111, 0xFF << 56, 0], np.uint64)
    known = np.array([True, True, True, True, False])
    palettes = np.eye(5)[[0, 0, 0, 0, 0]]
    assert without_near_duplicates(hashes, known, palettes).tolist() == [0, 2, 3, 4]
    # Smooth pictures share a hash whatever their colours.
    assert without_near_duplicates(np.zeros(2, np.uint64), np.ones(2, bool), np.eye(2)).tolist() == [0, 1]


def test_the_first_distinct_images() -> None:
    metadata = [
        ImageMetadata(
            id=row + 1,
            path=b"/p/%d.jpg" % row,
            confidence=0.5,
            monochrome=False,
            width=8,
            height=8,
            taken=None,
            hash=hash,
            modified_ns=0,
            incomplete=False,
            record=None,
        )
        for row, hash in enumerate([0, 0xFF << 56, 1, None, 0xFF, None])
    ]
    palettes = np.ones((6, 1))
    order = np.array([2, 0, 5, 4, 3, 1])
    assert first_distinct(order, metadata, palettes, 9) == (2, 5, 4, 3, 1)
    assert first_distinct(order, metadata, palettes, 2) == (2, 5)


def test_marginal_relevance_against_a_plain_loop() -> None:
    random = np.random.default_rng(1)
    relevance, vectors = random.random(30), random.normal(size=(30, 4))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen: list[int] = []
    for _ in range(8):
        worth = {
            row: 0.7 * relevance[row] - 0.3 * max([float(unit[row] @ unit[other]) for other in chosen] + [0.0])
            for row in range(30)
            if row not in chosen
        }
        chosen.append(max(worth, key=lambda row: worth[row]))
    assert maximal_marginal_relevance(relevance, vectors, 8).tolist() == chosen
    assert len(maximal_marginal_relevance(relevance, vectors, 99)) == 30


def test_products_in_blocks_are_the_plain_products() -> None:
    rows = np.random.default_rng(0).random((5000, LAYOUT.length), np.float32)
    components = compiled("awe - fear + va:0.1,0.9 + near:teal").components
    products = blockwise_products(rows, [component.vector for component in components])
    for component, values in zip(components, products, strict=True):
        np.testing.assert_allclose(values, rows.astype(np.float64) @ component.vector, atol=1e-5)
    assert blockwise_products(rows, []).shape == (0, 5000)


def test_the_best_for_each_component_and_for_all() -> None:
    products = np.array([[1, 2, 3, 9, 0, 5], [6, 5, 1, 9, 2, 4]], np.float32)
    # The first wants 9 and 5, the second 1 and 2, both together 3 - 1 and then 5 - 4, by their sum.
    places, bounds = best_products(products, (1.0, -1.0), 2)
    assert (places.tolist(), bounds.tolist()) == ([2, 3, 4, 5], [5.0, 2.0])
    places, bounds = best_products(products[:1], (2.0,), 1)
    assert (places.tolist(), bounds.tolist()) == ([3], [9.0])


def test_the_best_of_many_are_found_though_a_sample_misleads() -> None:
    random = np.random.default_rng(0)
    spread = random.random((1, 250_000), np.float32)
    # Every second number, which is what is looked at first, is larger than all that it leaves out.
    misled = np.where(np.arange(250_000) % 2, spread - 2, spread).astype(np.float32)
    for products in (spread, misled, np.zeros_like(spread)):
        places, bounds = best_products(products, (1.0,), 1000)
        assert len(places) == 1000
        assert sorted(products[0, places]) == sorted(products[0])[-1000:]
        assert bounds.tolist() == [products[0, places].min()]


class ManyRows:
    """As much of a store as a search asks."""

    revision, layout = 1, LAYOUT

    def __init__(self, rows: np.ndarray) -> None:
        affect, appearance = np.split(rows, [LAYOUT.affect.stop], axis=1)
        ids = np.arange(10, 10 + len(rows))
        self._table = VectorTable(ids, affect, lambda ids: appearance[ids - 10].astype(np.float16))

    def vectors(self, ids: np.ndarray | None = None) -> VectorTable:
        return self._table

    def attributes(self, ids: np.ndarray) -> Attributes:
        return attributes(ids)


def many_rows() -> np.ndarray:
    """Some of them equal, so that there are ties."""
    random = np.random.default_rng(0)
    rows = np.zeros((3000, LAYOUT.length), np.float32)
    rows[:, LAYOUT.distribution("mikels")] = np.sqrt(random.dirichlet(np.full(8, 0.3), 3000))
    point = random.random((3000, 2))
    rows[:, LAYOUT.point] = np.column_stack([point, (point**2).sum(axis=1)])
    rows[:, LAYOUT.appearance] = random.standard_normal((3000, LAYOUT.length - LAYOUT.affect.stop)) / 16
    rows[2000:2300] = rows[:300]
    return rows


@pytest.fixture(scope="module")
def both() -> tuple[SearchContext, SearchContext]:
    """The same images held twice; the second is searched as if they were very many."""
    contexts = []
    for _ in range(2):
        vectors = ExactVectors()
        vectors.sync(cast(ImageReader, ManyRows(many_rows())))
        contexts.append(SearchContext(vectors=vectors, layout=LAYOUT, curves={"words by gain": CURVE}))
    return contexts[0], contexts[1]


CALM = RowFilter(conditions=(RowCondition({"arousal": 1.0}, high=0.5),))


@pytest.mark.parametrize("text", ["awe", "not awe", "- fear", "2:awe - fear", "awe & fear", "va:0.2,0.7", "near:teal"])
@pytest.mark.parametrize(
    ("options", "where"),
    [
        (SearchOptions(n=10), RowFilter()),
        (SearchOptions(n=10, min_score=0), RowFilter()),
        (SearchOptions(n=7, start=21), RowFilter()),
        (SearchOptions(n=10), CALM),
        (SearchOptions(n=10), RowFilter(ids=np.arange(500, 2500))),
        (SearchOptions(n=10, sort="newest"), RowFilter()),
        (SearchOptions(n=10, sort="newest", min_score=0.6), CALM),
        (SearchOptions(n=10, diverse=True), RowFilter()),
    ],
)
def test_of_many_images_the_best_are_what_all_would_give(
    both: tuple[SearchContext, SearchContext],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    options: SearchOptions,
    where: RowFilter,
) -> None:
    every, many = both
    best = find(every, compiled(text), None, options, where)
    monkeypatch.setattr("emoir.index.vectors.exact.LARGE", 0)
    found = find(many, compiled(text), None, options, where)
    assert (found.ids.tolist(), found.scores.tolist()) == (best.ids.tolist(), best.scores.tolist())
    assert (found.searched, found.complete) == (best.searched, True)
    assert found.hidden <= best.hidden


def test_of_many_images_only_the_best_are_given(
    both: tuple[SearchContext, SearchContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    components = compiled("2:awe - fear").wanted
    monkeypatch.setattr("emoir.index.vectors.exact.LARGE", 0)
    found = both[0].vectors.search(components, RowFilter(), 100)
    assert (found.complete, found.matched) == (False, 3000)
    assert 100 <= len(found.ids) <= 300
    assert both[0].vectors.search(components, RowFilter(), 3000).complete
    # A filter that leaves few gives them all.
    few = both[0].vectors.search(components, RowFilter(ids=np.arange(10, 60)), 20)
    assert (few.complete, few.ids.tolist()) == (True, list(range(10, 60)))
