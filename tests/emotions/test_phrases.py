from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoir.emotions.content import content_words
from emoir.emotions.emoji import EMOJI
from emoir.emotions.lexicon import lexicon, look_up
from emoir.emotions.phrases import parse_phrase
from emoir.emotions.small_words import CHINESE_FUNCTION, CHINESE_NEGATION, FUNCTION_WORDS, MODIFIERS, STOPS
from emoir.emotions.traditional import TO_SIMPLIFIED
from emoir.search.terms.colours import CHINESE_COLOURS


@pytest.mark.parametrize(
    ("phrase", "parts", "unknown"),
    [
        ("Awe", [("awe", 1)], ()),
        ("a quiet, lonely winter evening", [("quiet", 1), ("lonely", 1)], ("winter", "evening")),
        ("looking forward", [("looking forward", 1)], ()),
        ("looking at fear", [("fear", 1)], ("looking",)),
        ("deeply sad", [("sad", 1.5)], ()),
        ("slightly eerie but very calm", [("eerie", 0.5), ("calm", 1.5)], ()),
        ("a little bit gloomy", [("gloomy", 0.5)], ()),
        ("not scary", [("scary", -1)], ()),
        ("isn't happy", [("happy", -1)], ()),
        ("not very happy", [("happy", -1)], ()),
        ("not sad or scary, calm", [("sad", -1), ("scary", -1), ("calm", 1)], ()),
        ("neither sad nor scary", [("sad", -1), ("scary", -1)], ()),
        ("no cars on a quiet road", [("quiet", 1)], ("no", "cars", "road")),
        ("not only sad but scary", [("sad", 1), ("scary", 1)], ()),
        ("hardly scary", [("scary", -1)], ()),
        ("exciting without being scary", [("exciting", 1), ("scary", -1)], ()),
        ("without any fear", [("fear", -1)], ()),
        ("no longer sad", [("sad", -1)], ()),
        ("without much joy", [("joy", -1)], ()),
        ("no sign of real fear", [("fear", -1)], ()),
        ("no trace of sadness", [("sadness", -1)], ()),
        ("a hint of sadness", [("sadness", 0.5)], ()),
        ("any real thing", [], ("any", "real", "thing")),
        ("a little girl smiling", [("smiling", 1)], ("a little", "girl")),
        ("无人的宁静海滩", [("宁静", 1)], ("无人", "海滩")),
        ("不但美丽而且宁静", [("美丽", 1), ("宁静", 1)], ()),
        ("没有任何恐惧", [("恐惧", -1)], ()),
        ("不安静", [("安静", -1)], ()),
        ("毫无生气", [("毫无生气", 1)], ()),
        ("不快乐", [("快乐", -1)], ()),
        ("别人的悲伤", [("悲伤", 1)], ()),
        ("告别的悲伤", [("悲伤", 1)], ("告别",)),
        ("悲伤但有希望", [("悲伤", 1), ("希望", 1)], ()),
        ("海滩上悲伤的狗", [("悲伤", 1)], ("海滩", "狗")),
        ("上海的孤独夜晚", [("孤独", 1)], ("上海", "夜晚")),
        ("不得了的快乐", [("快乐", 1.5)], ()),
        ("开心得不得了", [("开心", 1.5)], ()),
        ("not sad but calm", [("sad", -1), ("calm", 1)], ()),
        ("never without hope", [("hope", 1)], ()),
        ("not a winter, calm", [("calm", 1)], ("winter", "not")),
        ("very", [], ("very",)),
        ("宁静但孤独", [("宁静", 1), ("孤独", 1)], ()),
        ("宁静但有点孤独", [("宁静", 1), ("孤独", 0.5)], ()),
        ("非常开心", [("开心", 1.5)], ()),
        ("开心极了", [("开心", 1.5)], ()),
        ("感动不已，悲伤万分", [("感动", 1.5), ("悲伤", 1.5)], ()),
        ("悲伤，万分开心", [("悲伤", 1), ("开心", 1.5)], ()),
        ("悲伤万分开心", [("悲伤", 1), ("开心", 1.5)], ()),
        ("不害怕极了", [("害怕", -1)], ()),
        ("极了", [], ("极了",)),
        ("特别宁静", [("宁静", 1.5)], ()),
        ("不害怕", [("害怕", -1)], ()),
        ("不太开心", [("开心", -1)], ()),
        ("没有恐惧，也不悲伤", [("恐惧", -1), ("悲伤", -1)], ()),
        ("并不那么可怕", [("可怕", -1)], ()),
        ("不安", [("不安", 1)], ()),
        ("无聊", [("无聊", 1)], ()),
        ("宁静的冬夜", [("宁静", 1)], ("冬夜",)),
        ("不是冬夜", [], ("不是", "冬夜")),
        ("令人敬畏的照片", [("敬畏", 1)], ()),
        ("calm 宁静", [("calm", 1), ("宁静", 1)], ()),
        ("awe 😱", [("awe", 1), ("😱", 1)], ()),
        ("not 😢, ❤️👍🏽", [("😢", -1), ("❤", 1)], ("👍",)),
        ("awe 🦖", [("awe", 1)], ("🦖",)),
        ("awe = $", [("awe", 1)], ("=", "$")),
        ("winter", [], ("winter",)),
        ("", [], ()),
    ],
)
def test_phrases(phrase: str, parts: list[tuple[str, float]], unknown: tuple[str, ...]) -> None:
    parsed = parse_phrase(phrase)
    assert [(part.word, part.factor) for part in parsed.parts] == parts
    assert set(parsed.unknown) == set(unknown)
    for part in parsed.parts:
        assert part.concept is look_up(EMOJI.get(part.word, part.word), lexicon())


@pytest.mark.parametrize(
    ("phrase", "rest"),
    [
        ("a very sad dog on a lonely beach, not scary", "dog on a beach"),
        # A word may hold another: car stands in scary, app in happy.
        ("scary car", "car"),
        ("happy app store, scary", "app store"),
        ("very sad very big dog", "very big dog"),
        ("dog without any fear in a  bit of snow", "dog in a bit of snow"),
        ("cake, happy; candles", "cake, candles"),
        ("dog, not sad but happy, cat", "dog, but, cat"),
        ("开心极了的狗在悲伤的海滩", "狗在 的海滩"),
        ("悲伤的海滩没有人", "海滩没有人"),
        ("very sad", ""),
    ],
)
def test_what_is_left_of_a_phrase(phrase: str, rest: str) -> None:
    assert parse_phrase(phrase).rest == rest


PASSED_OVER = {*FUNCTION_WORDS, *STOPS, *CHINESE_FUNCTION, *MODIFIERS, *CHINESE_NEGATION, "not", "no", "never", "less"}
vocabulary = sorted([*lexicon(), *PASSED_OVER, "winter", "冬夜", "evening"])


@given(st.lists(st.sampled_from(vocabulary), max_size=6))
def test_nothing_is_dropped_silently(words: list[str]) -> None:
    parsed = parse_phrase(" , ".join(words))
    named = {part.word for part in parsed.parts} | set(parsed.unknown)
    for word in words:
        assert word in named or word in PASSED_OVER, word


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    for part in parse_phrase(text).parts:
        assert look_up(EMOJI.get(part.word, part.word), lexicon()) is part.concept


@pytest.mark.parametrize(
    ("traditional", "simple"),
    [
        ("寧靜但有點孤獨，不害怕", "宁静但有点孤独，不害怕"),
        ("令人驚嘆的風景", "令人惊叹的风景"),
        ("憂鬱", "忧郁"),
        ("不開心", "不开心"),
        ("噁心", "恶心"),
    ],
)
def test_traditional_characters_mean_what_simplified_ones_mean(traditional: str, simple: str) -> None:
    assert parse_phrase(traditional) == parse_phrase(simple)
    assert parse_phrase(traditional).parts


def test_every_traditional_character_leads_to_one_that_our_words_hold() -> None:
    words = [*lexicon(), *MODIFIERS, *CHINESE_NEGATION, *CHINESE_FUNCTION, *content_words(), *CHINESE_COLOURS]
    known = {c for word in words for c in word}
    assert set(TO_SIMPLIFIED.values()) <= known
    assert not {chr(code) for code in TO_SIMPLIFIED} & known


@pytest.mark.parametrize(
    ("phrase", "groups"),
    [
        ("sad but hopeful", [["sad"], ["hopeful"]]),
        ("a quiet, lonely evening and awe", [["quiet", "lonely"], ["awe"]]),
        ("cats and a quiet evening", [["quiet"]]),
        ("not only sad but scary", [["sad"], ["scary"]]),
        ("sad or scary", [["sad", "scary"]]),
        ("宁静又孤独", [["宁静"], ["孤独"]]),
        ("又悲伤又宁静", [["悲伤"], ["宁静"]]),
        ("美丽且宁静", [["美丽"], ["宁静"]]),
        ("不但美丽而且宁静", [["美丽"], ["宁静"]]),
        ("宁静，孤独", [["宁静", "孤独"]]),
        ("and, but 且", []),
    ],
)
def test_and_and_but_part_a_phrase_into_groups(phrase: str, groups: list[list[str]]) -> None:
    assert [[part.word for part in group] for group in parse_phrase(phrase).groups] == groups


def test_every_emoji_means_a_head_word() -> None:
    assert {word for word in EMOJI.values() if look_up(word, lexicon()) is None} == set()
    for sign in EMOJI:
        assert [part.word for part in parse_phrase(sign).parts] == [sign]
