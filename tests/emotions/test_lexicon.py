from __future__ import annotations

import pytest

from emoir.emotions import EKMAN, MIKELS, PLUTCHIK, POLARITY
from emoir.emotions.lexicon import lexicon, understand


def test_every_class_of_every_space_is_a_word_in_both_languages() -> None:
    for space in (MIKELS, EKMAN, PLUTCHIK, POLARITY):
        for word in (*space.names, *space.chinese):
            assert word in lexicon(), word


def test_numbers_are_in_range() -> None:
    for word, concept in lexicon().items():
        assert 0 <= concept.valence <= 1, word
        assert 0 <= concept.arousal <= 1, word
        for shares in concept.distributions.values():
            assert shares.min() >= 0, word
            assert shares.sum() == pytest.approx(1), word


def test_the_name_of_a_mikels_class_means_that_class() -> None:
    for index, name in enumerate(MIKELS.names):
        assert lexicon()[name].distributions["mikels"][index] == 1


@pytest.mark.parametrize(
    ("phrase", "words", "unknown"),
    [
        ("Awe", ("awe",), ()),
        ("a quiet, lonely winter evening", ("quiet", "lonely"), ("winter", "evening")),
        ("looking forward", ("looking forward",), ()),
        ("looking at fear", ("fear",), ("looking",)),
        ("宁静但孤独", ("宁静", "孤独"), ()),
        ("宁静的冬夜", ("宁静",), ("冬夜",)),
        ("充满活力", ("充满活力",), ()),
        ("calm 宁静", ("calm", "宁静"), ()),
        ("winter", (), ("winter",)),
        ("", (), ()),
    ],
)
def test_phrases(phrase: str, words: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    understood = understand(phrase)
    assert understood.words == words
    assert understood.unknown == unknown
    assert understood.concepts == tuple(lexicon()[word] for word in words)
