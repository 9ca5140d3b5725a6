from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from emoir.emotions import EmotionReading
from emoir.emotions.calibration import ScoreCurve
from emoir.errors import ModelError
from emoir.index.attributes import Attributes
from emoir.index.base import ImageMetadata, VectorTable
from emoir.index.layout import RowLayout
from emoir.search.compiled import Vocabulary, compile_query
from emoir.search.diverse import first_distinct, maximal_marginal_relevance, without_near_duplicates
from emoir.search.find import SearchContext, SearchOptions, best_first, find
from emoir.search.grammar import parse_query
from emoir.search.query import TermSource

LAYOUT = RowLayout({"mikels": ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")})
CURVE = ScoreCurve(0.25, (-1.0, 0.0, 1.0), (-1 / 7, 0.0, 1.0))


def agreed(fit: float) -> float:
    """The calibrated score of one class of eight, by hand: a flat reading fits by the root of an eighth."""
    flat = 8**-0.5
    gain = (fit - flat) / (1 - flat)
    return 0.125 + 0.875 * (gain if gain > 0 else gain / 7)


def no_example(source: TermSource) -> EmotionReading:
    raise AssertionError(source)


def no_attributes() -> Attributes:
    raise AssertionError("nothing here needs attributes")


def test_best_first_against_sorting() -> None:
    random = np.random.default_rng(0)
    # Whole numbers, so that there are ties.
    scores, means = random.integers(0, 9, (2, 500)).astype(np.float32)
    ids = random.permutation(500)
    expected = sorted(range(500), key=lambda place: (-scores[place], -means[place], ids[place]))
    for n in (1, 7, 499, 500, 900):
        assert best_first(scores, means, ids, n).tolist() == expected[:n]


def awe(shares: list[float]) -> SearchContext:
    affect = np.zeros((len(shares), LAYOUT.affect.stop), np.float32)
    affect[:, LAYOUT.distribution("mikels").start + 2] = np.sqrt(shares)

    def look(ids: NDArray[np.int64] | None) -> NDArray[np.float16]:
        return np.zeros((len(shares), LAYOUT.length - LAYOUT.affect.stop), np.float16)

    return SearchContext(
        VectorTable(np.arange(10, 10 + len(shares)), affect, look), LAYOUT, no_attributes, {"words by gain": CURVE}
    )


def test_hits_below_chance_are_hidden_and_counted() -> None:
    context = awe([0.01, 1.0, 0.5, 0.25])
    vocabulary = Vocabulary.of(LAYOUT)
    found = find(context, parse_query("awe"), SearchOptions(), read_example=no_example, vocabulary=vocabulary)
    # One class of eight: chance is 0.125, whatever the curve's pool.
    assert found.compiled.chance({"words by gain": CURVE}) == pytest.approx(0.125)
    assert found.ids.tolist() == [11, 12, 13]
    assert found.scores.tolist() == pytest.approx([1.0, agreed(0.5**0.5), agreed(0.5)])
    assert (found.hidden, found.searched) == (1, 4)
    every = find(
        context, parse_query("awe"), SearchOptions(min_score=0), read_example=no_example, vocabulary=vocabulary
    )
    assert every.ids.tolist() == [11, 12, 13, 10]
    assert every.hidden == 0
    assert every.scores[3] == pytest.approx(agreed(0.1))


def test_a_sum_is_calibrated_part_by_part() -> None:
    context = awe([0.0, 1.0, 0.25])
    found = find(
        context,
        parse_query("2:awe - fear + not anger"),
        SearchOptions(min_score=0),
        read_example=no_example,
        vocabulary=Vocabulary.of(LAYOUT),
    )
    assert found.ids.tolist() == [11, 12, 10]
    # Nothing is feared, nothing angers: these parts are agreed with as far as ever.
    calm = 2 * (1 - agreed(0.0))
    assert found.scores.tolist() == pytest.approx([(2 * agreed(fit) + calm) / 4 for fit in (1.0, 0.5, 0.0)])
    assert found.compiled.chance({"words by gain": CURVE}) == pytest.approx((2 * 0.125 + 2 * 0.875) / 4)
    colours = find(
        context, parse_query("near:teal"), SearchOptions(), read_example=no_example, vocabulary=Vocabulary.of(LAYOUT)
    )
    assert colours.hidden == 0


def test_candidates_and_exclusions() -> None:
    context = awe([0.9, 0.8, 0.7, 0.6])
    found = find(
        context,
        parse_query("awe"),
        SearchOptions(),
        read_example=no_example,
        vocabulary=Vocabulary.of(LAYOUT),
        candidates=np.array([11, 12, 13, 99]),
        excluded=[12],
    )
    assert found.ids.tolist() == [11, 13]
    assert found.searched == 2


def test_score_curves() -> None:
    curve = ScoreCurve(0.25, (0.0, 0.5, 1.0), (0.0, 0.2, 1.0))
    assert curve(np.array([-1.0, 0.25, 0.5, 0.75, 2.0])).tolist() == pytest.approx([0.0, 0.1, 0.2, 0.6, 1.0])
    assert CURVE(np.array([-9.0, -0.5, 0.25, 9.0])).tolist() == pytest.approx([-1 / 7, -1 / 14, 0.25, 1.0])
    assert ScoreCurve(0.1, (0.5,), (0.25,))(np.array([0.0, 0.5, 1.0])).tolist() == [0.25, 0.25, 0.25]
    with pytest.raises(ModelError, match="do not fall"):
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


@pytest.mark.parametrize("text", ["awe", "va:0.8,0.2", "near:teal", "awe - fear + va:0.1,0.9"])
def test_products_in_blocks_are_the_plain_products(text: str) -> None:
    rows = np.random.default_rng(0).random((5000, LAYOUT.length), np.float32)
    compiled = compile_query(parse_query(text), LAYOUT, no_example, Vocabulary.of(LAYOUT))
    assert compiled.within(LAYOUT.affect) == ("near" not in text)
    for given in (rows, rows[:, LAYOUT.affect]) if compiled.within(LAYOUT.affect) else (rows,):
        for part, fit in zip(compiled.parts, compiled.raw_scores(given), strict=True):
            np.testing.assert_allclose(fit, rows.astype(np.float64) @ part.weights + part.offset, atol=1e-5)
