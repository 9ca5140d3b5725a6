"""The lexicon: emotion words in English and Chinese, and where they stand in emoir's spaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.spaces import EKMAN, MIKELS, SPACES, EmotionSpace
from emoir.errors import ModelError

LANGUAGES = ("english", "chinese")

# Endings of regular English inflection and derivation, with what may have stood in their place.
_ENDINGS = (
    ("iness", ("y",)),
    ("ness", ("", "e")),
    ("ily", ("y",)),
    ("ly", ("", "e", "le")),
    ("iest", ("y",)),
    ("est", ("", "e")),
    ("ier", ("y",)),
    ("er", ("", "e")),
    ("ies", ("y",)),
    ("es", ("", "e")),
    ("s", ("",)),
    ("ied", ("y",)),
    ("ed", ("", "e")),
    ("ing", ("", "e")),
)
_SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class Concept:
    """What an emotion word means.

    Args:
        distributions: space name to (K,) probabilities, for the spaces in which it says something.
        valence, arousal: in [0, 1]; both None where nothing is known of them.
    """

    distributions: Mapping[str, NDArray[np.float64]]
    valence: float | None
    arousal: float | None

    def scaled(self, factor: float) -> Concept:
        """The same feeling, stronger (factor above 1) or weaker (below 1).

        Stronger: the distributions sharpen (p to the power of the factor, normalised) and the point moves
        away from the middle of the plane. Weaker: the distributions are mixed with neutral, or with the
        uniform distribution where a space has no neutral class, and the point moves towards the middle.

        Example:
            >>> sad = Concept({"ekman": np.array([0, 0, 0, 0, 1.0, 0, 0])}, 0.2, 0.35)
            >>> slightly = sad.scaled(0.5)
            >>> slightly.distributions["ekman"].tolist(), slightly.valence
            ([0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.5], 0.35)
        """
        if factor == 1:
            return self
        distributions = {space: _scaled(space, shares, factor) for space, shares in self.distributions.items()}
        if self.valence is None or self.arousal is None:
            return Concept(distributions, None, None)
        valence, arousal = (min(1.0, max(0.0, 0.5 + factor * (x - 0.5))) for x in (self.valence, self.arousal))
        return Concept(distributions, valence, arousal)


def _scaled(space: str, shares: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    if factor > 1:
        powers = shares**factor
        return np.asarray(powers / powers.sum())
    rest = np.full(len(shares), 1 / len(shares))
    if space in SPACES and "neutral" in SPACES[space].names:
        rest = np.zeros(len(shares))
        rest[SPACES[space].names.index("neutral")] = 1
    return factor * shares + (1 - factor) * rest


@cache
def lexicon() -> dict[str, Concept]:
    """Every head word of our lexicon, English in lower case and Chinese, with its concept.

    The numbers are our own judgement, word by word; no licensed lexicon was copied.

    Raises:
        ModelError: naming the line of the file that is malformed.

    Example:
        >>> lexicon()["awe"].valence
        0.72
    """
    words: dict[str, Concept] = {}
    for language in LANGUAGES:
        text = files("emoir.emotions").joinpath(f"{language}.tsv").read_text(encoding="utf-8")
        for word, concept in read_lexicon_lines(text.splitlines(), f"{language}.tsv"):
            words[word] = concept
    return words


def read_lexicon_lines(lines: list[str], name: str) -> Iterator[tuple[str, Concept]]:
    """Parse lines in the layout of our lexicon files.

    A line holds, separated by tabs: the word; its shares over Mikels' classes as ``awe:0.6 fear:0.4``, or
    ``-`` where it says nothing there; its shares over Ekman's classes; valence; arousal.

    Args:
        lines: of the file.
        name: of the file, for messages.

    Returns:
        Word to concept.

    Raises:
        ModelError: naming file and line.
    """
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        place = f"{name}, line {number}"
        fields = line.split("\t")
        if len(fields) != 5:
            raise ModelError(f"{place}: {len(fields)} columns, not 5")
        word, mikels, ekman, valence, arousal = fields
        if word in seen:
            raise ModelError(f"{place}: {word!r} stands twice")
        seen.add(word)
        distributions = {
            space.name: _distribution(space, shares, place)
            for space, shares in ((MIKELS, mikels), (EKMAN, ekman))
            if shares != "-"
        }
        yield word, Concept(distributions, float(valence), float(arousal))


def _distribution(space: EmotionSpace, shares: str, place: str) -> NDArray[np.float64]:
    # Plain numbers: every search reads thousands of these, and numpy is slow on eight.
    values = [0.0] * len(space)
    for share in shares.split():
        name, _, value = share.partition(":")
        if name not in space.names:
            raise ModelError(f"{place}: {name!r} is no class of {space.name}")
        values[space.names.index(name)] = float(value)
    if abs(sum(values) - 1) > 1e-6:
        raise ModelError(f"{place}: the shares over {space.name} sum to {sum(values):.3f}")
    return np.array(values)


def base_forms(word: str) -> list[str]:
    """The words that an English word may be a regular inflection of, most probable first, after the word itself.

    Example:
        >>> base_forms("happily")
        ['happily', 'happy', 'happi', 'happie', 'happile']
    """
    forms = [word]
    for ending, replacements in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _SHORTEST_STEM:
            continue
        forms += [stem + replacement for replacement in replacements]
        if ending in ("ed", "ing", "er", "est") and stem[-1] == stem[-2]:
            forms.append(stem[:-1])
    return list(dict.fromkeys(forms))


def look_up(word: str, words: Mapping[str, Concept]) -> Concept | None:
    """The concept of a word or of what it is an inflection of.

    Args:
        word: in lower case.
        words: word to concept.

    Returns:
        None if neither is known.

    Example:
        >>> look_up("sadly", lexicon()) is lexicon()["sad"]
        True
    """
    return next((words[form] for form in base_forms(word) if form in words), None)
