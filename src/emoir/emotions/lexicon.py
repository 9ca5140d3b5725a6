"""The lexicon: emotion words in English and Chinese, and where they stand in emoir's spaces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.spaces import EKMAN, MIKELS, EmotionSpace
from emoir.errors import ModelError

# Words that bind others and carry no feeling of their own.
FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "with",
        "by",
        "from",
        "that",
        "this",
        "is",
        "are",
        "it",
        "its",
        "feel",
        "feeling",
        "feels",
        "mood",
        "something",
        "image",
        "images",
        "photo",
        "photos",
        "picture",
        "pictures",
    ]
)
FUNCTION_CHARACTERS = frozenset("的地得了和与但而又也是在种一个着或及张图片照让人感觉到")

_CHUNKS = re.compile(r"[㐀-鿿]+|[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Concept:
    """What an emotion word means.

    Args:
        distributions: space name to (K,) probabilities, for the spaces in which it says something.
        valence, arousal: in [0, 1].
    """

    distributions: Mapping[str, NDArray[np.float64]]
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class Understood:
    """What the lexicon made of a phrase.

    Args:
        concepts: one per word or expression that was recognised.
        words: these words as they stood.
        unknown: words that were not understood, function words left out.
    """

    concepts: tuple[Concept, ...]
    words: tuple[str, ...]
    unknown: tuple[str, ...]


@cache
def lexicon() -> dict[str, Concept]:
    """Every word of the lexicon, English in lower case and Chinese, with its concept.

    Raises:
        ModelError: naming the line of the file that is malformed.

    Example:
        >>> lexicon()["宁静"] is lexicon()["tranquil"]
        True
    """
    words: dict[str, Concept] = {}
    text = files("emoir.emotions").joinpath("lexicon.tsv").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        english, chinese, mikels, ekman, valence, arousal = line.split("\t")
        distributions = {
            space.name: _distribution(space, shares, number)
            for space, shares in ((MIKELS, mikels), (EKMAN, ekman))
            if shares != "-"
        }
        concept = Concept(distributions, float(valence), float(arousal))
        for word in [*english.split(", "), *chinese.split(", ")]:
            if word in words:
                raise ModelError(f"lexicon.tsv, line {number}: {word!r} stands twice")
            words[word] = concept
    return words


def _distribution(space: EmotionSpace, shares: str, number: int) -> NDArray[np.float64]:
    values = np.zeros(len(space))
    for share in shares.split():
        name, _, value = share.partition(":")
        if name not in space.names:
            raise ModelError(f"lexicon.tsv, line {number}: {name!r} is no class of {space.name}")
        values[space.names.index(name)] = float(value)
    if abs(values.sum() - 1) > 1e-6:
        raise ModelError(f"lexicon.tsv, line {number}: the shares over {space.name} sum to {values.sum():.3f}")
    return values


def understand(phrase: str) -> Understood:
    """Find the emotion words of a phrase, longest first, in English, Chinese or both.

    Args:
        phrase: free text.

    Returns:
        The concepts found and the words that were not understood.

    Example:
        >>> result = understand("a quiet, lonely winter evening")
        >>> result.words, result.unknown
        (('quiet', 'lonely'), ('winter', 'evening'))
        >>> understand("宁静的冬夜").unknown
        ('冬夜',)
    """
    found: list[str] = []
    # Emoji and other symbols are no words, but they were meant.
    unknown = [character for character in phrase if unicodedata.category(character).startswith("S")]
    chunks = _CHUNKS.findall(phrase.lower())
    at = 0
    while at < len(chunks):
        if "㐀" <= chunks[at][0] <= "鿿":
            _chinese(chunks[at], found, unknown)
            at += 1
            continue
        # An expression of several words goes before its first word alone.
        for length in (3, 2, 1):
            expression = " ".join(chunks[at : at + length])
            if expression in lexicon():
                found.append(expression)
                break
        else:
            if chunks[at] not in FUNCTION_WORDS:
                unknown.append(chunks[at])
        at += length
    return Understood(tuple(lexicon()[word] for word in found), tuple(found), tuple(unknown))


def _chinese(run: str, found: list[str], unknown: list[str]) -> None:
    """Longest match from left to right: no segmenter is needed."""
    longest = max(len(word) for word in lexicon())
    at, missed = 0, ""
    while at < len(run):
        word = next((run[at:end] for end in range(min(len(run), at + longest), at, -1) if run[at:end] in lexicon()), "")
        if word or run[at] in FUNCTION_CHARACTERS:
            if missed:
                unknown.append(missed)
                missed = ""
            if word:
                found.append(word)
        else:
            missed += run[at]
        at += len(word) or 1
    if missed:
        unknown.append(missed)
