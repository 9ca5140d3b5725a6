"""Phrases: the emotion words of free text, with negation and intensity, in English and Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from emoir.emotions.emoji import EMOJI, SYMBOL, plain_emoji
from emoir.emotions.lexicon import Concept, lexicon, look_up
from emoir.emotions.small_words import (
    BETWEEN,
    CHINESE_AFTER,
    CHINESE_FUNCTION,
    CHINESE_LISTS,
    CHINESE_NEGATION,
    FUNCTION_WORDS,
    JOINING,
    MODIFIERS,
    NEGATION,
    NO_NEGATION,
    OF_NOUNS,
    STOPS,
    STRONG,
)
from emoir.emotions.traditional import simplified

_LONGEST_EXPRESSION = 4
_TOKEN = re.compile(rf"[㐀-鿿]+|[^\W_]+(?:['’-][^\W_]+)*|[,.;!?，。；、！？]|{SYMBOL}")
# Where a feeling stood, a mark may stand alone or beside another.
_ONE_STOP = re.compile(r"\s*([,.;!?，。；、！？])(?:\s*[,.;!?，。；、！？])*")


@dataclass(frozen=True, slots=True)
class PhrasePart:
    """An emotion word as it stood in a phrase.

    Args:
        word: as it stood.
        factor: how strongly it is meant: 1 plainly, more or less with a modifier, -1 if negated.
        concept: its meaning, not scaled.
    """

    word: str
    factor: float
    concept: Concept


@dataclass(frozen=True, slots=True)
class ParsedPhrase:
    """What was made of a phrase.

    Args:
        groups: of the words and expressions that were recognised. Words such as *and* and *but* stand between two
            groups: both must be there.
        unknown: words that were not understood, function words left out.
        rest: the phrase from the first to the last of these, without what means a feeling between them.
    """

    groups: tuple[tuple[PhrasePart, ...], ...]
    unknown: tuple[str, ...]
    rest: str = ""

    @property
    def parts(self) -> tuple[PhrasePart, ...]:
        """The words of all groups."""
        return tuple(part for group in self.groups for part in group)


class _Token(NamedTuple):
    """A word or expression, and where it stands in the phrase."""

    text: str
    start: int
    end: int


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Collects parts; holds the negation and the modifier that wait for their word."""

    words: Mapping[str, Concept]
    longest: int
    groups: list[list[PhrasePart]] = field(default_factory=lambda: [[]])
    unknown: list[_Token] = field(default_factory=list)
    negations: list[_Token] = field(default_factory=list)
    modifiers: list[_Token] = field(default_factory=list)
    felt: list[_Token] = field(default_factory=list)
    held: bool = False

    def found(self, word: _Token, concept: Concept, *, hold: bool) -> None:
        """Take an emotion word; ``hold`` keeps the negation for the next one (not sad or scary)."""
        factor = MODIFIERS[self.modifiers[-1].text] if self.modifiers else 1.0
        if len(self.negations) % 2:
            factor = -1.0
        self.groups[-1].append(PhrasePart(word.text, factor, concept))
        self.felt += [*self.negations, *self.modifiers, word]
        self.modifiers.clear()
        self.held = hold and bool(self.negations)
        if not self.held:
            self.negations.clear()

    def strengthen(self) -> None:
        """Mean the word found last more strongly, if it is not negated."""
        group = next(group for group in reversed(self.groups) if group)
        group[-1] = replace(group[-1], factor=group[-1].factor if group[-1].factor < 0 else STRONG)

    def lapse(self) -> None:
        """A word that is not understood takes the modifiers before it, and the negation of nouns."""
        self.unknown += self.modifiers
        self.modifiers.clear()
        while self.negations and self.negations[-1].text in OF_NOUNS:
            self.unknown.append(self.negations.pop())

    def join(self) -> None:
        """What follows must be there beside what came before."""
        self.stop()
        if self.groups[-1]:
            self.groups.append([])

    def stop(self) -> None:
        """End a clause: a modifier that still waits for its word was not understood."""
        self.unknown += [*([] if self.held else self.negations), *self.modifiers]
        self.negations.clear()
        self.modifiers.clear()
        self.held = False

    def rest(self, phrase: str) -> str:
        """See ``ParsedPhrase``."""
        if not self.unknown:
            return ""
        kept = list(phrase)
        for token in self.felt:
            kept[token.start : token.end] = " " * (token.end - token.start)
        begin, end = min(token.start for token in self.unknown), max(token.end for token in self.unknown)
        return _ONE_STOP.sub(r"\1", " ".join("".join(kept[begin:end]).split()))


def parse_phrase(phrase: str, words: Mapping[str, Concept] | None = None) -> ParsedPhrase:
    """Find the emotion words of a phrase, longest first, with their negation and intensity.

    English negation reaches to the next emotion word of the clause, and over "or" to the one after; Chinese
    negation stands right before its word. Words such as *and*, *but*, 又 and 但 part the phrase into groups. Regular
    English inflections are traced to their head word, traditional characters to simplified ones; emoji are words.

    Args:
        phrase: free text.
        words: the vocabulary; default: our lexicon.

    Returns:
        The words found and those that were not understood.

    Example:
        >>> found = parse_phrase("a quiet, slightly lonely winter evening, not scary")
        >>> [(part.word, part.factor) for part in found.parts], found.unknown
        ([('quiet', 1.0), ('lonely', 0.5), ('scary', -1.0)], ('winter', 'evening'))
        >>> [(part.word, part.factor) for part in parse_phrase("宁静但有点孤独，不害怕").parts]
        [('宁静', 1.0), ('孤独', 0.5), ('害怕', -1.0)]
    """
    known = lexicon() if words is None else words
    plain = simplified(plain_emoji(phrase).lower())
    tokens = [_Token(match[0], match.start(), match.end()) for match in _TOKEN.finditer(plain)]
    chinese = any("㐀" <= token.text[0] <= "鿿" for token in tokens)
    reader = _Reader(words=known, longest=max(map(len, known), default=1) if chinese else 1)
    # Symbols that are no emoji are no words, but they were meant.
    left = enumerate(_TOKEN.sub(lambda match: " " * len(match[0]), plain))
    reader.unknown += [_Token(sign, at, at + 1) for at, sign in left if unicodedata.category(sign).startswith("S")]
    at = 0
    while at < len(tokens):
        if "㐀" <= tokens[at].text[0] <= "鿿":
            _read_chinese(tokens[at], reader)
            at += 1
        else:
            at += _read_english(tokens, at, reader)
    reader.stop()
    groups = tuple(tuple(group) for group in reader.groups if group)
    return ParsedPhrase(groups, tuple(token.text for token in reader.unknown), reader.rest(plain))


def _read_english(tokens: list[_Token], at: int, reader: _Reader) -> int:
    """Read one token or expression; returns how many tokens it took."""
    for length in range(min(_LONGEST_EXPRESSION, len(tokens) - at), 0, -1):
        expression = " ".join(token.text for token in tokens[at : at + length])
        read = _Token(expression, tokens[at].start, tokens[at + length - 1].end)
        if reader.negations and expression in BETWEEN:
            reader.negations[-1] = reader.negations[-1]._replace(end=read.end)
            return length
        if expression in NO_NEGATION:
            return length
        if expression in MODIFIERS:
            # "so sad", but "terribly" alone may be an emotion word of the vocabulary.
            reader.modifiers.append(read)
            return length
        word = EMOJI.get(expression, expression)
        concept = reader.words.get(word) if length > 1 else look_up(word, reader.words)
        if concept is not None:
            following = tokens[at + length].text if at + length < len(tokens) else ""
            reader.found(read, concept, hold=following in ("or", "nor"))
            return length
    token = tokens[at].text
    if token in JOINING:
        reader.join()
    elif token in STOPS:
        reader.stop()
    elif NEGATION.fullmatch(token) and not (token == "nor" and reader.held):
        reader.negations.append(tokens[at])
    elif token not in FUNCTION_WORDS:
        reader.lapse()
        reader.unknown.append(tokens[at])
    return 1


def _read_chinese(run: _Token, reader: _Reader) -> None:
    """Longest match from left to right: no segmenter is needed."""
    missed = before = ""
    segments, at = list(_segments(run.text, reader.words, reader.longest)), run.start
    for place, word in enumerate(segments):
        before, behind, read = word, before, _Token(word, at, at + len(word))
        at = read.end
        # 万分 and its like may also belong to the word that follows.
        if word in CHINESE_AFTER and behind in reader.words and (word not in MODIFIERS or place == len(segments) - 1):
            reader.strengthen()
            reader.felt.append(read)
            continue
        known = word in reader.words or word in MODIFIERS or word in CHINESE_NEGATION or word in CHINESE_FUNCTION
        if not known:
            missed += word
            continue
        if missed:
            reader.stop()
            reader.unknown.append(_Token(missed, read.start - len(missed), read.start))
            missed = ""
        if word in reader.words:
            reader.found(read, reader.words[word], hold=False)
        elif word in MODIFIERS:
            reader.modifiers.append(read)
        elif word in CHINESE_NEGATION:
            reader.negations.append(read)
        elif word in JOINING:
            reader.join()
    reader.stop()
    if missed:
        reader.unknown.append(_Token(missed, at - len(missed), at))


def _segments(run: str, words: Mapping[str, Concept], longest: int) -> Iterator[str]:
    """The longest known word at each place, or a single character."""
    at = 0
    while at < len(run):
        for end in range(min(len(run), at + longest), at, -1):
            word = run[at:end]
            if any(word in known for known in (words, *CHINESE_LISTS)):
                break
        if word in words:
            word = _negation_before_longer(run, at, word, words)
        yield word
        at += len(word)


def _negation_before_longer(run: str, at: int, word: str, words: Mapping[str, Concept]) -> str:
    """The negation that a word begins with, if a word behind it reaches further: 不 + 安静, not 不安 + 静."""
    for negation in CHINESE_NEGATION:
        start = at + len(negation)
        ends = range(at + len(word) + 1, min(start + 4, len(run)) + 1)
        if word.startswith(negation) and any(run[start:end] in words for end in ends):
            return negation
    return word
