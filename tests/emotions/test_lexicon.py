from __future__ import annotations

import numpy as np
import pytest

from emoir.emotions import EKMAN, MIKELS, PLUTCHIK, POLARITY
from emoir.emotions.lexicon import Concept, base_forms, lexicon, look_up, read_lexicon_lines
from emoir.errors import ModelError


def test_every_class_of_every_space_is_a_word_in_both_languages() -> None:
    for space in (MIKELS, EKMAN, PLUTCHIK, POLARITY):
        for word in (*space.names, *space.chinese):
            assert word in lexicon(), word


def test_numbers_are_in_range() -> None:
    for word, concept in lexicon().items():
        point = np.array([concept.valence, concept.arousal], dtype=float)
        assert ((point >= 0) & (point <= 1)).all(), word
        for shares in concept.distributions.values():
            assert shares.min() >= 0, word
            assert shares.sum() == pytest.approx(1), word


def test_there_are_600_head_words_of_each_language_not_counting_inflections() -> None:
    words = lexicon()
    chinese = [word for word in words if "㐀" <= word[0] <= "鿿"]
    english = [word for word in words if not "㐀" <= word[0] <= "鿿"]
    heads = [word for word in english if not any(form in words for form in base_forms(word)[1:])]
    assert len(chinese) >= 600
    assert len(heads) >= 600


def test_the_name_of_a_mikels_class_means_that_class() -> None:
    for index, name in enumerate(MIKELS.names):
        assert lexicon()[name].distributions["mikels"][index] == 1


@pytest.mark.parametrize(
    ("word", "head"),
    [("sadly", "sad"), ("happily", "happy"), ("happier", "happy"), ("calmest", "calm"), ("gloominess", "gloomy")],
)
def test_inflections_are_traced_to_their_head_word(word: str, head: str) -> None:
    assert word not in lexicon()
    assert look_up(word, lexicon()) is lexicon()[head]


def test_stronger_and_weaker() -> None:
    sad = Concept({"ekman": np.array([0.1, 0, 0.1, 0, 0.8, 0, 0]), "mikels": np.eye(8)[7]}, 0.2, 0.4)
    deeply, slightly = sad.scaled(2), sad.scaled(0.5)
    assert deeply.distributions["ekman"].tolist() == pytest.approx([1 / 66, 0, 1 / 66, 0, 64 / 66, 0, 0])
    assert [deeply.valence, deeply.arousal] == pytest.approx([0, 0.3])
    assert slightly.distributions["ekman"].tolist() == pytest.approx([0.05, 0, 0.05, 0, 0.4, 0, 0.5])
    assert slightly.distributions["mikels"].tolist() == pytest.approx([1 / 16] * 7 + [9 / 16])
    assert [slightly.valence, slightly.arousal] == pytest.approx([0.35, 0.45])
    assert sad.scaled(1) is sad
    assert Concept({}, None, None).scaled(2) == Concept({}, None, None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("awe\tawe:1\t-\t0.5", "line 1: 4 columns"),
        ("awe\tawe:0.5\t-\t0.5\t0.5", "sum to 0.500"),
        ("awe\tjoy:1\t-\t0.5\t0.5", "'joy' is no class of mikels"),
    ],
)
def test_malformed_lines_are_named(line: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        list(read_lexicon_lines([line], "mine.tsv"))
    with pytest.raises(ModelError, match="line 2: 'awe' stands twice"):
        list(read_lexicon_lines(["awe\tawe:1\t-\t0.5\t0.5"] * 2, "mine.tsv"))
