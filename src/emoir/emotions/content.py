"""Content: everyday words for what a picture shows, in English and Chinese, over ImageNet's 1000 classes.

``content_words.tsv`` has two kinds of lines, with tabs between: words in English, words in Chinese, and either the
classes that they name (dog: all 118 breeds) or, behind ``=``, the words that they take together. Every class stands in
one line at most, so that the first words of the lines, and ``something else``, are a space like those of the emotions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.lexicon import Concept
from emoir.emotions.traditional import simplified

CONTENT, OTHER = "content", "something else"
CLASSES = 1000
# Kinds of calibration of phrases that a text tower reads: by people's labels, and without any.
TEXT, SIMILARITY = "text", "similarity"


@cache
def content_groups() -> Mapping[str, tuple[int, ...]]:
    """First word of each line to ImageNet's classes that it names; ``something else`` names all others.

    Example:
        >>> len(content_groups()["dog"]), len(content_groups()) > 300
        (118, True)
    """
    groups = {words[0]: tuple(_classes(what)) for words, what in _lines() if not what.startswith("=")}
    named = {number for classes in groups.values() for number in classes}
    return {**groups, OTHER: tuple(number for number in range(CLASSES) if number not in named)}


@cache
def content_words() -> Mapping[str, Concept]:
    """Word to what it names in the space ``content``: one line, or all that a wider word takes together.

    Example:
        >>> [int((content_words()[word].distributions["content"] > 0).sum()) for word in ("dog", "狗", "pet")]
        [1, 1, 4]
    """
    names = tuple(content_groups())
    found: dict[str, Concept] = {}
    for words, what in _lines():
        members = what[1:].split(",") if what.startswith("=") else [words[0]]
        shares = np.isin(names, members) / len(members)
        found |= {simplified(word): Concept({CONTENT: shares}, None, None) for word in words}
    return found


def content_matrix() -> NDArray[np.uint8]:
    """(1000, K): whether each of ImageNet's classes belongs to each class of the space ``content``."""
    groups = content_groups()
    matrix = np.zeros((CLASSES, len(groups)), np.uint8)
    for column, classes in enumerate(groups.values()):
        matrix[list(classes), column] = 1
    return matrix


@cache
def _lines() -> list[tuple[tuple[str, ...], str]]:
    text = files("emoir.emotions").joinpath("content_words.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()]
    return [((*english.split(","), *chinese.split(",")), what) for english, chinese, what in rows]


def _classes(what: str) -> list[int]:
    found: list[int] = []
    for part in what.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
