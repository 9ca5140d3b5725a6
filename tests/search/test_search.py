"""Targets and ranking against slow plain-Python twins."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from emoir import Collection, EmotionReading, Model
from emoir.emotions.lexicon import lexicon
from emoir.errors import IndexFileError, ModelMismatchError, QueryError
from emoir.index import Matrix, RowLayout
from emoir.search.query import Subject, parse_query
from emoir.search.rank import rank
from emoir.search.target import Target, query_target
from tests.pictures import save_photos


def fidelity(reading: EmotionReading, wanted: dict[str, np.ndarray]) -> float:
    """Mean Bhattacharyya coefficient over the spaces of a concept."""
    total = 0.0
    for space, shares in wanted.items():
        for p, q in zip(reading.distributions[space].values(), shares, strict=True):
            total += math.sqrt(p * q)
    return total / len(wanted)


def nearness(reading: EmotionReading, valence: float, arousal: float) -> float:
    return 1 - (reading.valence - valence) ** 2 - (reading.arousal - arousal) ** 2


def likeness(reading: EmotionReading, example: EmotionReading) -> float:
    spaces = {space: np.array(list(classes.values())) for space, classes in example.distributions.items()}
    cosine = sum(float(a) * float(b) for a, b in zip(reading.embedding, example.embedding, strict=True))
    return (fidelity(reading, spaces) + nearness(reading, example.valence, example.arousal) + cosine) / 3


def words(reading: EmotionReading, *given: str) -> float:
    return sum(fidelity(reading, dict(lexicon()[word].distributions)) for word in given) / len(given)


@pytest.fixture
def photos(collection: Collection, tmp_path: Path) -> Collection:
    save_photos(tmp_path / "photos", 12)
    collection.index(tmp_path / "photos", workers=2)
    return collection


def test_scores_against_plain_python(photos: Collection, tmp_path: Path) -> None:
    path = save_photos(tmp_path / "elsewhere", 1, first_seed=99)[0]
    example = photos.model.read(path)
    twins: dict[str, Callable[[EmotionReading], float]] = {
        "awe": lambda r: words(r, "awe"),
        "宁静但孤独": lambda r: words(r, "宁静", "孤独"),
        "va:0.8,0.2": lambda r: nearness(r, 0.8, 0.2),
        f"{path}": lambda r: likeness(r, example),
        f"2:joy + {path} - fear": lambda r: (2 * words(r, "joy") + likeness(r, example) - words(r, "fear")) / 4,
        "neutral - 3:va:0,1": lambda r: (words(r, "neutral") - 3 * nearness(r, 0, 1)) / 4,
    }
    for query, twin in twins.items():
        matches = photos.search(query, n=100)
        assert len(matches) == 12, query
        for match in matches:
            assert match.score == pytest.approx(twin(match.reading), abs=3e-3), query
        assert [m.score for m in matches] == sorted((m.score for m in matches), reverse=True)


def test_an_indexed_example_is_not_its_own_answer(photos: Collection) -> None:
    [best] = photos.search("awe", n=1)
    by_id = photos.search(f"id:{best.id}", n=100)
    by_path = photos.search(str(best.path), n=100)
    assert best.id not in {match.id for match in by_id}
    assert len(by_id) == len(by_path) == 11
    assert [match.id for match in by_id][:3] == [match.id for match in by_path][:3]


def test_within_folders(photos: Collection, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos" / "sub", 3, first_seed=50)
    photos.index()
    assert {m.path.parent.name for m in photos.search("joy", within=[tmp_path / "photos" / "sub"])} == {"sub"}
    matches = photos.search("joy", n=100, within=[tmp_path / "photos"])
    assert (len(matches), matches.searched) == (15, 15)
    assert len(photos.search("joy", within=[tmp_path / "nothing"])) == 0


def test_words_not_understood_are_named(photos: Collection) -> None:
    assert photos.search("a quiet winter evening").unknown == ("winter", "evening")
    with pytest.raises(QueryError, match=r"no emotion word in 'quite': 'quite' not understood. Did you mean quiet"):
        photos.search("quite")
    for emphasis in ("非常开心", "特别宁静", "无限的喜悦"):
        assert photos.search(emphasis).matches
    for joined in ("宁静-恐惧", "awe-fear", "awe+joy", "宁静–孤独"):
        with pytest.raises(QueryError, match=r"write ' \+ ' or ' - ' with a space on either side"):
            photos.search(joined)
    assert photos.search("matter-of-fact").unknown == ()
    for negation in ("not scary", "isn't happy", "不太开心", "不开心", "没有恐惧"):
        with pytest.raises(QueryError, match=r"is not understood here; take something away with ' - '"):
            photos.search(negation)
    assert photos.search("awe 😱").unknown == ("😱",)
    with pytest.raises(QueryError, match="'😱' not understood"):
        photos.search("😱")
    with pytest.raises(QueryError, match="id:999: no image of this index has that id"):
        photos.search("id:999")
    with pytest.raises(QueryError, match="no such file"):
        photos.search("./nowhere.jpg")


def test_threads_share_a_collection(photos: Collection, tmp_path: Path) -> None:
    example = save_photos(tmp_path / "elsewhere", 1, first_seed=99)[0]
    queries = ["awe", "va:0.8,0.2", str(example), "宁静 - fear"]
    expected = {query: [match.id for match in photos.search(query)] for query in queries}
    photos.close()
    with Collection(photos.location) as shared, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda query: [match.id for match in shared.search(query)], queries * 10))
    assert found == [expected[query] for query in queries * 10]


def test_at_least_one_image(photos: Collection) -> None:
    with pytest.raises(QueryError, match="n is 0"):
        photos.search("awe", n=0)


def test_nothing_indexed_yet(collection: Collection) -> None:
    with pytest.raises(IndexFileError, match="nothing has been indexed yet"):
        collection.search("awe")


def test_examples_are_read_by_the_model_of_the_index(photos: Collection, other_model: Path, tmp_path: Path) -> None:
    with Collection(photos.location, model=other_model) as other:
        assert len(other.search("awe")) == 12
        with pytest.raises(ModelMismatchError):
            other.search(str(tmp_path / "photos" / "0001.jpg"))


def test_tables_of_matches(photos: Collection) -> None:
    matches = photos.search("awe", n=4)
    records = json.loads(matches.to_json())
    assert [record["path"] for record in records] == [str(match.path) for match in matches]
    rows = list(csv.DictReader(io.StringIO(matches.to_csv())))
    assert [int(row["id"]) for row in rows] == [match.id for match in matches]
    assert rows[0]["mikels"] == matches[0].reading.top("mikels")


def test_rank_against_sorting() -> None:
    random = np.random.default_rng(0)
    # Whole numbers, so that there are ties.
    matrix = Matrix(np.arange(10, 510), random.integers(0, 4, (500, 3)).astype(np.float32))
    target = Target(np.array([1, 2, -1], np.float32), 0.5)
    scored = sorted((-(row @ target.weights + 0.5), id) for id, row in zip(matrix.ids, matrix.rows, strict=True))
    for n in (1, 7, 499, 500, 900):
        ids, scores = rank(matrix, target, n)
        assert ids.tolist() == [id for _, id in scored[:n]]
        np.testing.assert_allclose(scores, [-score for score, _ in scored[:n]], atol=1e-6)
    some = np.array([11, 12, 400, 9999])
    assert set(rank(matrix, target, 10, candidates=some)[0].tolist()) == {11, 12, 400}


def test_a_space_that_the_rows_lack_is_asked_by_its_point(model: Model) -> None:
    layout = RowLayout({"moods of my own": ("up", "down")})

    def no_example(subject: Subject) -> EmotionReading:
        raise AssertionError(subject)

    target = query_target(parse_query("joy"), layout, no_example)
    concept = lexicon()["joy"]
    assert target.weights[layout.point].tolist() == pytest.approx([2 * concept.valence, 2 * concept.arousal, -1])
