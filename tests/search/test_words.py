"""What words ask for beside emotions, and what a mistake costs; an example is read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from emoir import Collection, Model
from emoir.emotions import MIKELS
from emoir.emotions.lexicon import lexicon
from emoir.errors import QueryError
from emoir.images.palette import reference_colours
from emoir.index import RowLayout
from emoir.search.compiled import compile_query
from emoir.search.grammar import parse_query
from emoir.search.terms import TermContext
from emoir.search.terms.colours import shades_component
from emoir.search.terms.words import SUGGEST_FOR
from emoir.search.vocabulary import Vocabulary
from tests.pictures import save_photos
from tests.search.conftest import ReadOnce
from tests.search.test_find import LAYOUT, NoExamples


def six_and_three_colours(folder: Path) -> None:
    save_photos(folder, 6)
    for name in ("teal", "red", "gold"):
        Image.new("RGB", (64, 64), name).save(folder / f"{name}.png")


@pytest.fixture
def photos(collection: Collection, tmp_path: Path, read_once: ReadOnce) -> Collection:
    return read_once(collection, tmp_path / "photos", six_and_three_colours)


def found(photos: Collection, query: str) -> dict[int, float]:
    return {match.id: match.score for match in photos.search(query, n=50, min_score=0)}


@pytest.mark.parametrize(
    ("word", "near"),
    [("red", "near:red"), ("Teal", "near:teal"), ("青色", "near:teal"), ("青", "near:青色"), ("金色", "near:gold")],
)
def test_a_colour_word_asks_for_the_colour(photos: Collection, word: str, near: str) -> None:
    assert photos.search(word, min_score=0)[0].path.stem == photos.search(near, min_score=0)[0].path.stem
    assert photos.search(word, min_score=0).unknown == ()


def test_a_colour_beside_a_feeling_wants_both(photos: Collection) -> None:
    calm, red, both = (found(photos, query) for query in ("calm", "red", "calm red"))
    assert both == pytest.approx({id: calm[id] * red[id] for id in calm}, abs=1e-6)
    assert found(photos, "宁静，金色") == pytest.approx(found(photos, "宁静 & near:gold"), abs=1e-6)
    # Snow is a colour of CSS, but people who write it mean the thing.
    assert photos.search("calm snow").unknown == ("snow",)


def test_a_basic_colour_means_its_shades() -> None:
    layout = RowLayout({"mikels": MIKELS.names})
    colours = reference_colours().tolist()

    def score(word: str, picture: dict[tuple[int, int, int], float]) -> float:
        row = np.zeros(layout.length, np.float32)
        for colour, share in picture.items():
            row[layout.palette.start + colours.index(list(colour))] = np.sqrt(share)
        return float(row @ shades_component([word], layout).vector)

    # A sky is no colour of a screen: half of it light blue, a quarter of it blue, and something brown.
    sky = {(85, 170, 255): 0.5, (85, 85, 255): 0.25, (85, 85, 0): 0.25}
    assert score("blue", sky) == pytest.approx((0.5**0.5 + 0.5) / 2)
    assert score("red", sky) == 0.0
    assert score("black", {(0, 0, 0): 1.0}) == pytest.approx(1.0)


def test_emoji_of_feelings_are_words(photos: Collection) -> None:
    assert found(photos, "😱") == found(photos, "fear")
    assert found(photos, "❤️ - 😢") == found(photos, "love - sad")


def test_an_example_is_read_once(photos: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = save_photos(tmp_path / "elsewhere", 1, first_seed=99)
    read, seen = Model.read, list[object]()

    def counted(model: Model, image: Any, **options: Any) -> Any:
        seen.append(image)
        return read(model, image, **options)

    monkeypatch.setattr(Model, "read", counted)
    for query, sort in (
        (f"{example}", None),
        (f"awe & {example} - 0.5:{example}", None),
        (f"2:{example}", f"{example}"),
    ):
        seen.clear()
        matches = photos.search(query, min_score=0, sort=sort)
        assert len(matches) == 9
        assert matches[0].parts
        assert seen == [str(example)]


class CountedWords(dict[str, Any]):
    """A vocabulary that counts how often all of it is looked through."""

    passes = 0

    def __iter__(self) -> Iterator[str]:
        self.passes += 1
        return super().__iter__()


@pytest.mark.parametrize(
    "phrase",
    ["🦖" * 1999, "xyzzy " * 333, "冬夜 " * 600, "q-" * 999 + "q", "冬-" * 600 + "冬", "x" * 1999, "冬" * 1999],
)
def test_a_mistake_costs_a_few_looks_through_the_vocabulary(phrase: str) -> None:
    words = CountedWords(lexicon())
    context = TermContext(LAYOUT, Vocabulary(words), NoExamples())
    with pytest.raises(QueryError) as caught:
        compile_query(parse_query(phrase), context)
    assert words.passes <= SUGGEST_FOR + 5
    assert len(str(caught.value)) < 500


def test_a_class_of_ones_own_goes_before_a_colour() -> None:
    own = RowLayout({"mine": ("Red", "Other")})
    context = TermContext(own, Vocabulary.of(own), NoExamples())
    [component] = compile_query(parse_query("red"), context).components
    assert component.vector[own.distribution("mine")].tolist() == [1, 0]
