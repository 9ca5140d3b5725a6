"""What pictures show, asked in everyday words of a model whose rows say it."""

from __future__ import annotations

import numpy as np
import pytest

from emoir.emotions.content import CLASSES, CONTENT, OTHER, content_groups, content_matrix, content_words
from emoir.emotions.lexicon import lexicon
from emoir.errors import QueryError
from emoir.index.layout import RowLayout
from emoir.search.compiled import CompiledQuery, compile_query
from emoir.search.grammar import parse_query
from emoir.search.terms import TermContext
from emoir.search.terms.colours import colour_word, parse_colour
from emoir.search.terms.content import SELDOM
from emoir.search.vocabulary import Vocabulary
from emoir.training.heads_card import AS_THE_ENCODER_SAYS

SEES = RowLayout({"polarity": ("negative", "positive"), CONTENT: tuple(content_groups())})
CURVES = {CONTENT: AS_THE_ENCODER_SAYS}
BLIND = RowLayout({"polarity": ("negative", "positive")})


def compiled(query: str, layout: RowLayout = SEES) -> CompiledQuery:
    # No example image is asked for.
    context = TermContext(layout, Vocabulary.of(layout), None)  # type: ignore[arg-type]
    return compile_query(parse_query(query), context)


def row(**shares: float) -> np.ndarray:
    """A row of a sad picture that shows things with these probabilities."""
    made = np.zeros(SEES.length, np.float32)
    made[SEES.distribution("polarity")] = np.sqrt([0.9, 0.1])
    names = tuple(content_groups())
    for name, share in {**shares, OTHER: 1 - sum(shares.values())}.items():
        made[SEES.distribution(CONTENT)][names.index(name)] = np.sqrt(share)
    return made


def test_there_are_words_for_everyday_things_in_both_languages() -> None:
    words = content_words()
    english = [word for word in words if word.isascii()]
    assert len(english) >= 300
    assert len(words) - len(english) >= 300
    for pair in (("dog", "狗"), ("beach", "海滩"), ("church", "教堂"), ("cake", "蛋糕"), ("bird", "鸟")):
        first, second = (words[word].distributions[CONTENT] for word in pair)
        np.testing.assert_array_equal(first, second)


def test_every_class_of_imagenet_is_named_once() -> None:
    matrix = content_matrix()
    assert matrix.shape == (1000, len(content_groups()))
    np.testing.assert_array_equal(matrix.sum(axis=1), 1)
    groups = content_groups()
    # By ImageNet's order: tench, great white shark, Chihuahua to Mexican hairless, tabby, lion, pizza, volcano.
    for name, number in {
        "fish": 0,
        "shark": 2,
        "dog": 151,
        "cat": 281,
        "lion": 291,
        "pizza": 963,
        "volcano": 980,
    }.items():
        assert number in groups[name], name
    assert groups["dog"] == tuple(range(151, 269))


def score(word: str, shown: np.ndarray) -> float:
    """How probable a word is in a picture that shows things with these probabilities."""
    [component] = compiled(f"content:{word}").components
    products = np.array([[shown @ component.vector]], np.float32)
    return float(compiled(f"content:{word}").scores(compiled(word).raw_scores(products), CURVES)[0])


def test_a_wider_word_counts_all_that_it_takes_together() -> None:
    assert score("pet", row(dog=0.5, cat=0.5)) == 1
    assert score("pet", row(lion=1.0)) == pytest.approx(SELDOM)
    # Hand-computed: all breeds are 118 of 1000 classes, and one thing reaches sqrt(1 + flat**2) at most.
    flat = np.sqrt(0.118)
    gain = (1 - flat) / (np.sqrt(1 + flat**2) - flat)
    wanted = SELDOM + (1 - SELDOM) * AS_THE_ENCODER_SAYS(np.array([gain], np.float32))[0]
    assert score("dog", row(dog=1.0)) == pytest.approx(float(wanted), abs=1e-4)
    assert score("pet", row(dog=1.0)) > 0.6
    # A network that is nearly certain is believed, however many things a word takes together.
    assert SELDOM < score("animal", row(dog=1.0)) < 0.5 < score("animal", row(dog=0.9, cat=0.1))


def test_a_network_that_sees_nothing_in_particular_sees_no_word() -> None:
    shown = np.zeros(SEES.length, np.float32)
    shown[SEES.distribution(CONTENT)] = np.sqrt(np.array([len(found) for found in content_groups().values()]) / CLASSES)
    for word in ("dog", "church", "pet", "vehicle"):
        assert score(word, shown) == pytest.approx(SELDOM, abs=1e-5), word
        least = compiled(f"content:{word}").least_score(CURVES)
        assert least == pytest.approx(SELDOM + 0.1 * (1 - SELDOM))
        assert compiled(f"- content:{word}").least_score(CURVES) == pytest.approx(1 - SELDOM)


@pytest.mark.parametrize("query", ["sad dog on a beach", 'sad & content:"dog on a beach"', "悲伤 狗 海滩"])
def test_what_is_shown_stands_beside_what_is_felt(query: str) -> None:
    found = compiled(query)
    assert len(found.content) == 2
    assert found.unknown == ()
    kinds = [component.kind for component in found.components]
    assert kinds.count(CONTENT) == 2
    assert len(kinds) == 3
    # All must be there: a dog elsewhere, or a beach without one, is no answer.
    values = {}
    for name, made in {"both": row(dog=0.5, beach=0.5), "dog": row(dog=1.0), "beach": row(beach=1.0)}.items():
        products = np.array([[made @ component.vector + component.offset] for component in found.components])
        values[name] = float(found.scores(products.astype(np.float32), {})[0])
    assert values["both"] > 0.2
    assert values["dog"] == values["beach"] == 0


def test_things_and_colours_in_traditional_characters() -> None:
    for asked, meant in {"海灘": "海滩", "貓": "猫", "馬": "马", "書店": "书店"}.items():
        [traditional], [simple] = compiled(f"content:{asked}").components, compiled(meant).components
        np.testing.assert_array_equal(traditional.vector, simple.vector)
    assert (parse_colour("淺藍色"), colour_word("橄欖綠")) == (parse_colour("浅蓝色"), colour_word("橄榄绿"))
    assert parse_colour("淺藍色") is not None


def test_negation_and_plural() -> None:
    [component] = compiled("content:dogs").components
    assert component.weight == 1
    for query in ("sad without dogs", "sad - content:dogs", 'sad & content:"without dogs"'):
        found = compiled(query)
        felt, shown = found.wanted
        assert (felt.kind == CONTENT, shown.kind, shown.weight) == (False, CONTENT, -1)
        assert found.content == ("- dogs",)


def test_words_of_feeling_are_not_looked_for_in_the_picture() -> None:
    for word in set(content_words()) & set(lexicon()):
        assert compiled(word).content == (), word


def test_a_model_that_sees_no_content_says_so() -> None:
    assert compiled("sad dog", BLIND).unknown == ("dog",)
    with pytest.raises(QueryError, match="emoir model add efficientnet-lite2"):
        compiled("content:dog", BLIND)


def test_words_that_nobody_knows() -> None:
    with pytest.raises(QueryError, match="none of these words is known"):
        compiled("content:zorblax")
    with pytest.raises(QueryError, match="write what the picture shows"):
        compiled("content:")
    assert compiled('"content:dog beside a zorblax"').unknown == ("beside", "zorblax")


def test_the_term_is_written_as_it_is_read() -> None:
    for query in ("content:dog", '"content:dog on a beach"'):
        assert str(parse_query(query)) == query
        assert str(parse_query(str(parse_query('content:"dog on a beach"')))) == '"content:dog on a beach"'
