"""Searches against slow plain-Python twins."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir import Collection, EmotionReading
from emoir.emotions import MIKELS
from emoir.emotions.lexicon import Concept, lexicon
from emoir.errors import IndexFileError, ModelMismatchError, QueryError
from emoir.index import RowLayout
from emoir.search.compiled import compile_query
from emoir.search.component import QueryComponent
from emoir.search.grammar import parse_query
from emoir.search.option_text import EmotionBound, Range
from emoir.search.options import FilterOptions
from emoir.search.terms import TermContext
from emoir.search.vocabulary import Vocabulary
from tests.pictures import save_photos
from tests.search.conftest import ReadOnce
from tests.search.test_find import NoExamples

NEUTRAL = np.eye(7)[6]


def fidelity(reading: EmotionReading, wanted: dict[str, np.ndarray]) -> float:
    """Mean Bhattacharyya coefficient over the spaces of a concept."""
    total = 0.0
    for space, shares in wanted.items():
        for p, q in zip(reading.distributions[space].values(), shares, strict=True):
            total += math.sqrt(p * q)
    return total / len(wanted)


def nearness(reading: EmotionReading, valence: float, arousal: float) -> float:
    return 1 - ((reading.valence - valence) ** 2 + (reading.arousal - arousal) ** 2) / 2


def likeness(reading: EmotionReading, example: EmotionReading) -> float:
    likeness = 0.0
    for space, classes in example.distributions.items():
        squares = [share**2 for share in classes.values()]
        for share, square in zip(reading.distributions[space].values(), squares, strict=True):
            likeness += math.sqrt(share) * square / sum(squares) / len(example.distributions)
    cosine = sum(float(a) * float(b) for a, b in zip(reading.embedding, example.embedding, strict=True))
    return (4 * likeness + nearness(reading, example.valence, example.arousal) + cosine / 2 + 0.5) / 6


def words(reading: EmotionReading, *given: str) -> float:
    return sum(fidelity(reading, dict(lexicon()[word].distributions)) for word in given) / len(given)


def weakened(word: str) -> dict[str, np.ndarray]:
    concept = lexicon()[word].distributions
    return {"mikels": concept["mikels"] / 2 + 1 / 16, "ekman": concept["ekman"] / 2 + NEUTRAL / 2}


def slightly(reading: EmotionReading, word: str) -> float:
    return fidelity(reading, weakened(word))


def twelve(folder: Path) -> None:
    save_photos(folder, 12)


@pytest.fixture
def photos(collection: Collection, tmp_path: Path, read_once: ReadOnce) -> Collection:
    return read_once(collection, tmp_path / "photos", twelve)


def test_scores_against_plain_python(photos: Collection, tmp_path: Path) -> None:
    path = save_photos(tmp_path / "elsewhere", 1, first_seed=99)[0]
    example = photos.model.read(path)
    curves = photos.model.card.scores

    def p(kind: str, fit: float) -> float:
        return float(np.interp(fit, curves[kind].knots, curves[kind].values)) if kind in curves else fit

    def gained(fit: float, shares: Mapping[str, np.ndarray]) -> float:
        """Words gain over a flat reading; agreement gains over chance."""
        flat = sum(sum(math.sqrt(q / len(s)) for q in s) for s in shares.values()) / len(shares)
        chance = sum(sum(q / max(s) for q in s) / len(s) for s in shares.values()) / len(shares)
        return float(chance + (1 - chance) * p("words by gain", (fit - flat) / (1 - flat)))

    def word(reading: EmotionReading, text: str) -> float:
        return gained(words(reading, text), lexicon()[text].distributions)

    def near(reading: EmotionReading, valence: float, arousal: float) -> float:
        return p("point", nearness(reading, valence, arousal))

    twins: dict[str, Callable[[EmotionReading], float]] = {
        "awe": lambda r: word(r, "awe"),
        "宁静，孤独": lambda r: (word(r, "宁静") + word(r, "孤独")) / 2,
        "宁静和孤独": lambda r: word(r, "宁静") * word(r, "孤独"),
        "宁静，有点孤独": lambda r: (word(r, "宁静") + 0.5 * gained(slightly(r, "孤独"), weakened("孤独"))) / 1.5,
        "宁静但有点孤独": lambda r: word(r, "宁静") * gained(slightly(r, "孤独"), weakened("孤独")),
        "2:joy & va:0.8,0.2 - sad but calm": lambda r: (
            (2 * word(r, "joy") * near(r, 0.8, 0.2) + 1 - word(r, "sad") * word(r, "calm")) / 3
        ),
        "not scary": lambda r: 1 - word(r, "scary"),
        "不害怕": lambda r: 1 - word(r, "害怕"),
        "va:0.8,0.2": lambda r: near(r, 0.8, 0.2),
        f"{path}": lambda r: p("example", likeness(r, example)),
        f"2:joy + {path} - fear": lambda r: (
            (2 * word(r, "joy") + p("example", likeness(r, example)) + 1 - word(r, "fear")) / 4
        ),
        "neutral - 3:va:0,1": lambda r: (word(r, "neutral") + 3 * (1 - near(r, 0, 1))) / 4,
        'calm - "joy, not awe"': lambda r: (word(r, "calm") + ((1 - word(r, "joy")) + word(r, "awe")) / 2) / 2,
    }
    for query, twin in twins.items():
        matches = photos.search(query, n=100, min_score=0)
        assert len(matches) == 12, query
        assert matches.hidden == 0
        for match in matches:
            assert match.score == pytest.approx(twin(match.reading), abs=1e-2), query
            assert 0 <= match.score <= 1
        scores = [match.score for match in matches]
        assert scores == sorted(scores, reverse=True)


def painted(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("teal", "crimson", "white"):
        Image.new("RGB", (64, 64), name).save(folder / f"{name}.png")


def test_colours_find_what_is_painted_in_them(collection: Collection, tmp_path: Path, read_once: ReadOnce) -> None:
    read_once(collection, tmp_path / "photos", painted)
    for name in ("teal", "crimson", "white"):
        matches = collection.search(f"near:{name}", min_score=0)
        assert matches[0].path.stem == name
        assert matches[0].score > 0.5 > matches[1].score
        # What has nothing of the colour is hidden.
        shown = collection.search(f"near:{name}")
        assert [match.path.stem for match in shown] == [name]
        assert shown.hidden == 2
    assert [match.path.stem for match in collection.search("white")] == ["white"]
    # A colour that is not wanted hides nothing.
    assert len(collection.search("- near:white")) == 3


def test_parts_of_a_score(photos: Collection) -> None:
    for match in photos.search("2:awe - fear", min_score=0):
        assert match.parts["awe"] == pytest.approx(words(match.reading, "awe"), abs=3e-3)
        assert match.parts["- fear"] == pytest.approx(1 - words(match.reading, "fear"), abs=3e-3)


def test_filters_against_plain_python(photos: Collection) -> None:
    everything = photos.search("awe", n=100, min_score=0)
    middle = sorted(match.reading.valence for match in everything)[6]
    filters = FilterOptions(
        valence=Range(low=middle), emotion=(EmotionBound("ekman.fear", True, 0.5),), monochrome=False
    )
    expected = [
        match.id
        for match in everything
        if match.reading.valence >= middle
        and match.reading.distributions["ekman"]["fear"] < 0.5
        and not match.reading.monochrome
    ]
    found = photos.search("awe", n=100, min_score=0, filters=filters)
    assert [match.id for match in found] == expected
    assert found.searched == len(expected)


def test_only_listed_files(photos: Collection, tmp_path: Path) -> None:
    listed = [match.path for match in photos.search("awe", min_score=0)][2:5]
    found = photos.search("fear", paths=[*listed, tmp_path / "not indexed.jpg"], min_score=0)
    assert {match.path for match in found} == set(listed)
    assert len(photos.search("fear", paths=listed, folders=[tmp_path / "nothing"], min_score=0)) == 0


def test_sorting(photos: Collection) -> None:
    by_word = photos.search("awe", n=100, min_score=0, sort="fear")
    fears = [words(match.reading, "fear") for match in by_word]
    assert fears == pytest.approx(sorted(fears, reverse=True), abs=2e-3)
    by_point = photos.search("awe", n=3, min_score=0, sort="va:0,0")
    near = [nearness(match.reading, 0, 0) for match in by_point]
    everything = [nearness(match.reading, 0, 0) for match in by_word]
    assert near == pytest.approx(sorted(everything, reverse=True)[:3], abs=2e-3)
    assert len(photos.search("awe", n=100, min_score=0, sort="newest")) == 12


def test_feedback_is_a_query_that_can_be_asked_again(photos: Collection) -> None:
    first, second, third = (match.id for match in photos.search("awe", n=3, min_score=0))
    found = photos.search("awe", n=100, positive_ids=[first, second], negative_ids=[third], min_score=0)
    assert found.query == f"awe + 0.375:id:{first} + 0.375:id:{second} - 0.25:id:{third}"
    assert {first, second, third}.isdisjoint(match.id for match in found)
    again = photos.search(found.query, n=100, min_score=0)
    assert [match.id for match in again] == [match.id for match in found]


def in_four_qualities(folder: Path) -> None:
    for path in save_photos(folder, 5):
        for quality in (40, 60, 80):
            Image.open(path).save(folder / f"{path.stem}-{quality}.jpg", quality=quality)


def test_diverse_results_hold_no_near_duplicates(collection: Collection, tmp_path: Path, read_once: ReadOnce) -> None:
    read_once(collection, tmp_path / "photos", in_four_qualities)
    plain = collection.search("awe", n=5, min_score=0)
    diverse = collection.search("awe", n=5, min_score=0, diverse=True)
    assert len({match.path.stem[:4] for match in plain}) < 5
    assert len({match.path.stem[:4] for match in diverse}) == len(diverse) == 5
    assert diverse[0].id == plain[0].id


def test_a_text_encoder_goes_before_the_lexicon(photos: Collection) -> None:
    class Weather:
        def concept(self, phrase: str) -> Concept | None:
            return lexicon()["calm"] if "snow" in phrase else None

    with Collection(photos.location, text_encoder=Weather()) as encoded:
        snow, calm, joy = (encoded.search(query, min_score=0) for query in ("first snow", "calm", "joy"))
        assert [match.id for match in snow] == [match.id for match in calm]
        assert snow.unknown == ()
        assert [match.id for match in joy] == [match.id for match in photos.search("joy", min_score=0)]


def test_a_lexicon_of_ones_own_goes_before_ours(photos: Collection, tmp_path: Path) -> None:
    file = tmp_path / "mine.tsv"
    file.write_text("awe\tfear:1\tfear:1\t0.18\t0.75\nhygge\tcontentment:1\tjoy:1\t0.8\t0.2\n")
    with Collection(photos.location, lexicon=file) as mine:
        awe = [match.id for match in mine.search("awe", min_score=0)]
        assert awe == [match.id for match in photos.search("fear", min_score=0)]
        assert len(mine.search("hygge", min_score=0)) == 12


def test_an_indexed_example_is_not_its_own_answer(photos: Collection) -> None:
    [best] = photos.search("awe", n=1, min_score=0)
    by_id = photos.search(f"id:{best.id}", n=100, min_score=0)
    by_path = photos.search(str(best.path), n=100, min_score=0)
    assert best.id not in {match.id for match in by_id}
    assert len(by_id) == len(by_path) == 11
    assert [match.id for match in by_id][:3] == [match.id for match in by_path][:3]


def test_within_folders(photos: Collection, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos" / "sub", 3, first_seed=50)
    photos.index()
    assert {m.path.parent.name for m in photos.search("joy", folders=[tmp_path / "photos" / "sub"], min_score=0)} == {
        "sub"
    }
    matches = photos.search("joy", n=100, folders=[tmp_path / "photos"], min_score=0)
    assert (len(matches), matches.searched) == (15, 15)
    assert len(photos.search("joy", folders=[tmp_path / "nothing"])) == 0


def test_words_not_understood_are_named(photos: Collection) -> None:
    assert photos.search("a quiet winter evening").unknown == ("winter", "evening")
    with pytest.raises(QueryError, match=r"no emotion word in 'quite': 'quite' not understood. Did you mean quiet"):
        photos.search("quite")
    with pytest.raises(QueryError) as refused:
        photos.search("awe - 2:lonley")
    assert refused.value.suggestions() == ["awe - 2:lonely"]
    for joined in ("宁静-恐惧", "awe-fear", "awe+joy", "宁静–孤独", "awe&joy", "宁静＆孤独"):
        with pytest.raises(QueryError, match=r"write ' \+ ', ' - ' or ' & ' with a space on either side"):
            photos.search(joined)
    assert photos.search("matter-of-fact").unknown == ()
    assert photos.search("a quiet, slow-moving, lonely river").unknown == ("slow-moving", "river")
    assert photos.search("awe", sort="joy xyzzy").unknown == ("xyzzy",)
    assert photos.search("awe 🦖").unknown == ("🦖",)
    with pytest.raises(QueryError, match="'🦖' not understood"):
        photos.search("🦖")
    # A word for what pictures show, of which this model sees nothing, leads to one that does.
    for word in ("dog", "狗"):
        with pytest.raises(QueryError, match=r"does not see what pictures show.* emoir model add") as caught:
            photos.search(word)
        assert "emoir model add" in str(caught.value.chinese)
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
        assert len(other.search("awe", min_score=0)) == 12
        with pytest.raises(ModelMismatchError):
            other.search(str(tmp_path / "photos" / "0001.jpg"))


def test_tables_of_matches(photos: Collection) -> None:
    matches = photos.search("awe", n=4, min_score=0)
    records = json.loads(matches.to_json())
    assert [record["path"] for record in records] == [str(match.path) for match in matches]
    rows = list(csv.DictReader(io.StringIO(matches.to_csv())))
    assert [int(row["id"]) for row in rows] == [match.id for match in matches]
    assert rows[0]["mikels"] == matches[0].reading.top("mikels")


def test_a_space_that_the_rows_lack_is_asked_by_its_point_or_carried_over() -> None:
    def component(text: str, layout: RowLayout, vocabulary: Vocabulary | None = None) -> QueryComponent:
        context = TermContext(layout, vocabulary or Vocabulary.of(layout), NoExamples())
        [found] = compile_query(parse_query(text), context).components
        return found

    own = RowLayout({"moods of my own": ("Up", "Down")})
    joy = component("joy", own)
    concept = lexicon()["joy"]
    assert joy.kind == "point"
    assert joy.vector[own.point].tolist() == pytest.approx([concept.valence, concept.arousal, -0.5])
    by_name = component("down", own)
    assert by_name.vector[own.distribution("moods of my own")].tolist() == [0, 1]
    assert by_name.chance == 0.5
    # Names that no word of a phrase could have.
    odd = RowLayout({"mine": ("very_happy", "R&B", "Dr. X", "most", "寧靜", "Red", "sad and happy")})
    names = ("very_happy", "r&b", "Dr. X", "most", "宁静", "red", "sad and happy")
    for place, name in enumerate(names):
        assert component(name, odd).vector[odd.distribution("mine")].argmax() == place
    plutchik = Concept({"plutchik": np.eye(8)[1]}, None, None)
    mikels = RowLayout({"mikels": MIKELS.names})
    carried = component("trust", mikels, Vocabulary({"trust": plutchik}))
    assert carried.vector[mikels.distribution("mikels")].tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    with pytest.raises(QueryError, match="this model knows nothing of plutchik"):
        component("trust", own, Vocabulary({"trust": plutchik}))


def test_what_is_not_understood_is_pointed_at(photos: Collection) -> None:
    with pytest.raises(QueryError) as caught:
        photos.search("2:awe - winter + joy")
    assert (caught.value.query, caught.value.at) == ("2:awe - winter + joy", 8)


def test_a_listed_copy_is_named_by_the_path_that_was_listed(collection: Collection, tmp_path: Path) -> None:
    [path] = save_photos(tmp_path / "a", 1)
    copy = tmp_path / "b" / "copy.jpg"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    collection.index(tmp_path, workers=1)
    [match] = collection.search("awe", paths=[copy], min_score=0)
    assert match.path == copy
