"""CompiledQuery: a query as one weight vector over the rows of an index for each thing asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.calibration import ScoreCurve
from emoir.emotions.lexicon import Concept, lexicon
from emoir.emotions.mappings import TABLES, convert
from emoir.emotions.phrases import ParsedPhrase, parse_phrase
from emoir.emotions.reading import EmotionReading
from emoir.emotions.spaces import SPACES
from emoir.emotions.traditional import simplified
from emoir.errors import QueryError
from emoir.images.lab import srgb_to_lab
from emoir.images.palette import reference_colours
from emoir.index.layout import RowLayout
from emoir.search.grammar import SIGNS
from emoir.search.query import Colours, Point, Query, Term, TermSource, Words, source_text

# How much the classes, the place in the plane and the embedding of an example image count.
CLASSES_COUNT, POINT_COUNTS, EMBEDDING_COUNTS = 4 / 6, 1 / 6, 1 / 6
# Its classes count by this power of their shares: what it mostly evokes is what is looked for.
EXAMPLE_POWER = 2
# Rows are fetched from memory once for all parts of a query: so many fit a processor's second cache.
BLOCK_ROWS = 2048
# Colours this far apart in CIELAB still look alike: the reach of ``near:``.
COLOUR_REACH = 6.0

ReadExample = Callable[[TermSource], EmotionReading]
"""Gives the reading of an example image, by file or id."""


class TextEncoder(Protocol):
    """Somebody else's reader of phrases, to be plugged into a ``Collection``; emoir has none of its own.

    Example:
        >>> class Weather:
        ...     def concept(self, phrase: str) -> Concept | None:
        ...         return lexicon()["calm"] if "snow" in phrase else None
    """

    def concept(self, phrase: str) -> Concept | None:
        """What a whole phrase means, or None to leave it to the lexicon."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What words mean here: a vocabulary and, where a user plugged one in, a text encoder.

    Args:
        words: head word to concept.
        encoder: is asked first, for whole phrases.
    """

    words: Mapping[str, Concept]
    encoder: TextEncoder | None = None

    @classmethod
    def of(
        cls, layout: RowLayout, more: Mapping[str, Concept] | None = None, encoder: TextEncoder | None = None
    ) -> Vocabulary:
        """Our lexicon, a user's own words above it, and the class names of a model's own spaces.

        Args:
            layout: of the rows; its spaces that emoir does not know name their classes.
            more: words that go before ours.
            encoder: see ``TextEncoder``.
        """
        own = {
            simplified(name.lower()): Concept({space: np.eye(len(names))[place]}, None, None)
            for space, names in layout.class_names.items()
            if space not in SPACES
            for place, name in enumerate(names)
        }
        return cls({**lexicon(), **own, **(more or {})}, encoder)


@dataclass(frozen=True, slots=True)
class QueryComponent:
    """One thing that a query asks of a row: ``row @ weights + offset`` says how well it fits, from 0 to 1.

    Args:
        weights: (d,) float32.
        offset: added to every product.
        kind: which calibration applies: ``words by gain``, ``example`` or ``point``; ``colour`` has none.
        chance: the share of raters that would agree with an image drawn at random; None if the calibration says.
        flat: of words, how well a reading without any opinion fits, all classes alike; None of other kinds.
        share: how much it counts.
        negative: whether it is not wanted.
    """

    weights: NDArray[np.float32]
    offset: float
    kind: str
    chance: float | None = None
    flat: float | None = None
    share: float = 1.0
    negative: bool = False

    def lift(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Scores of words as the gain over a flat reading, 1 at a perfect fit; other scores as they are."""
        if self.flat is None:
            return np.asarray(values, np.float32)
        # A concept that is itself flat gains nothing.
        return np.asarray((values - np.float32(self.flat)) / np.float32(max(1 - self.flat, 1e-6)), np.float32)

    def agreement(self, raw_scores: NDArray[np.float32], curves: Mapping[str, ScoreCurve]) -> NDArray[np.float32]:
        """The probability that a rater agrees, (n,) in [0, 1]; the raw scores where this kind has no curve."""
        if self.kind not in curves:
            return raw_scores
        values = curves[self.kind](self.lift(raw_scores))
        if self.flat is None or self.chance is None:
            return values
        values *= np.float32(1 - self.chance)
        values += np.float32(self.chance)
        return np.clip(values, 0, 1, out=values)

    def scaled(self, factor: float) -> QueryComponent:
        """The same, counting ``factor`` times as much; turned round by a negative factor."""
        return replace(self, share=self.share * abs(factor), negative=self.negative != (factor < 0))


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """What a query wants of a row: the weighted mean of its parts, a part that is not wanted as one minus itself.

    Args:
        parts: at least one.
        unknown: words that were not understood and not used.
    """

    parts: tuple[QueryComponent, ...]
    unknown: tuple[str, ...] = ()

    @property
    def shares(self) -> list[float]:
        """How much each part counts; they sum to 1."""
        total = sum(part.share for part in self.parts)
        return [part.share / total for part in self.parts]

    def within(self, columns: slice) -> bool:
        """Whether no column after these, the first, is looked at."""
        return not any(part.weights[columns.stop :].any() for part in self.parts)

    def raw_scores(self, rows: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Per part, how well each of n rows fits it, uncalibrated.

        Args:
            rows: (n, d), or as many of their first columns as the query looks at.
        """
        raw_scores = np.empty((len(self.parts), len(rows)), np.float32)
        width = rows.shape[1]
        for start in range(0, len(rows), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            for part, score in zip(self.parts, raw_scores, strict=True):
                np.dot(rows[block], part.weights[:width], out=score[block])
        for part, score in zip(self.parts, raw_scores, strict=True):
            score += np.float32(part.offset)
        return list(raw_scores)

    def mean(self, raw_scores: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """How well rows fit on the whole, uncalibrated, (n,) in [0, 1]."""
        return self._combined(raw_scores)

    def scores(self, raw_scores: list[NDArray[np.float32]], curves: Mapping[str, ScoreCurve]) -> NDArray[np.float32]:
        """The probability that a rater agrees, (n,): the mean over the calibrated parts."""
        return self._combined(
            [part.agreement(values, curves) for part, values in zip(self.parts, raw_scores, strict=True)]
        )

    def chance(self, curves: Mapping[str, ScoreCurve]) -> float:
        """The score of an image drawn at random; parts without calibration count 0."""
        chances = []
        for part in self.parts:
            curve = curves.get(part.kind)
            known = 0.0 if curve is None else curve.chance if part.chance is None else part.chance
            chances.append(1 - known if part.negative and curve is not None else known)
        return sum(share * chance for share, chance in zip(self.shares, chances, strict=True))

    def _combined(self, values: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        signed = [1 - value if part.negative else value for part, value in zip(self.parts, values, strict=True)]
        if len(signed) == 1:
            return signed[0]
        total = np.zeros(len(values[0]), np.float32)
        for share, value in zip(self.shares, signed, strict=True):
            total += np.float32(share) * value
        return total


def compile_query(query: Query, layout: RowLayout, read_example: ReadExample, vocabulary: Vocabulary) -> CompiledQuery:
    """Turn a query into components.

    Args:
        query: as parsed.
        layout: of the rows that will be scored.
        read_example: is asked for every example image.
        vocabulary: what words mean.

    Returns:
        The compiled query, with the words that were not understood.

    Raises:
        QueryError: if a phrase holds no emotion word.
    """
    parts: list[QueryComponent] = []
    unknown: list[str] = []
    for number, term in enumerate(query.terms):
        try:
            compiled = compile_term(term, layout, read_example, vocabulary)
        except QueryError as error:
            at = len(str(Query(query.terms[: number + 1]))) - len(source_text(term.source))
            raise QueryError(str(error), chinese=error.chinese, query=str(query), at=at) from None
        # The parts of a phrase share the term's weight.
        parts += [
            replace(part, share=share * abs(term.weight))
            for part, share in zip(compiled.parts, compiled.shares, strict=True)
        ]
        unknown += compiled.unknown
    return CompiledQuery(tuple(parts), tuple(unknown))


def compile_term(term: Term, layout: RowLayout, read_example: ReadExample, vocabulary: Vocabulary) -> CompiledQuery:
    """One term, whatever its weight; turned round if the weight is negative."""
    source = term.source
    sign = -1 if term.weight < 0 else 1
    if isinstance(source, Words):
        compiled = compile_words(source.text, layout, vocabulary)
        return replace(compiled, parts=tuple(part.scaled(sign) for part in compiled.parts))
    if isinstance(source, Point):
        part = point_component(source.valence, source.arousal, layout)
    elif isinstance(source, Colours):
        part = colour_component(source.values, layout)
    else:
        part = example_component(read_example(source), layout)
    return CompiledQuery((part.scaled(sign),))


def term_scores(
    query: Query, rows: NDArray[np.float32], layout: RowLayout, read_example: ReadExample, vocabulary: Vocabulary
) -> list[dict[str, float]]:
    """How well each row fits each term alone, from 0 to 1, uncalibrated, whatever the term's weight.

    Returns:
        Per row, the term in the query grammar (with a minus sign where it is negative) to its score.
    """
    scores = {}
    for term in query.terms:
        compiled = compile_term(term, layout, read_example, vocabulary)
        name = ("- " if term.weight < 0 else "") + source_text(term.source)
        scores[name] = compiled.mean(compiled.raw_scores(rows))
    return [{name: float(values[row]) for name, values in scores.items()} for row in range(len(rows))]


def compile_words(phrase: str, layout: RowLayout, vocabulary: Vocabulary) -> CompiledQuery:
    """A phrase: its emotion words, stronger ones counting more, negated ones turned round.

    Raises:
        QueryError: if the phrase holds no emotion word; near words are suggested.
    """
    encoded = vocabulary.encoder.concept(phrase) if vocabulary.encoder is not None else None
    if encoded is not None:
        return CompiledQuery((concept_component(encoded, layout),))
    # A class of a user's own may be called what no word is called: very_happy, R&B.
    whole = vocabulary.words.get(simplified(phrase.strip().lower()))
    if whole is not None:
        return CompiledQuery((concept_component(whole, layout),))
    parsed = parse_phrase(phrase, vocabulary.words)
    for token in phrase.lower().split():
        sides = [parse_phrase(side, vocabulary.words) for side in SIGNS.split(token)]
        joined = len(sides) > 1 and all(side.parts and not side.unknown for side in sides)
        if joined and token not in vocabulary.words:
            raise QueryError(
                f"{token!r}: write ' + ' or ' - ' with a space on either side",
                chinese=f"“{token}”：请写“ + ”或“ - ”，符号两边各留一个空格",
            )
    if not parsed.parts:
        raise _nothing_understood(phrase, parsed, vocabulary)
    parts = [
        concept_component(word.concept.scaled(max(word.factor, 0) or 1), layout).scaled(word.factor)
        for word in parsed.parts
    ]
    return CompiledQuery(tuple(parts), parsed.unknown)


def _nothing_understood(phrase: str, parsed: ParsedPhrase, vocabulary: Vocabulary) -> QueryError:
    # A tenth of a second that only a mistake costs.
    import difflib

    near = [
        word
        for given in parsed.unknown
        for word in difflib.get_close_matches(given, vocabulary.words, n=2, cutoff=0.75 if given.isascii() else 0.5)
    ]
    named = f": {', '.join(map(repr, parsed.unknown))} not understood" if parsed.unknown else ""
    hint = f"Did you mean {' or '.join(near)}?" if near else "Ask for a feeling, such as awe, calm, lonely or 宁静."
    chinese_named = f"（不认识：{'、'.join(parsed.unknown)}）" if parsed.unknown else ""
    chinese_hint = f"是不是想找：{'、'.join(near)}？" if near else "请写一种感受，例如 宁静、孤独、敬畏 或 awe。"
    return QueryError(
        f"no emotion word in {phrase!r}{named}. {hint}",
        chinese=f"“{phrase}”里没有表示情感的词{chinese_named}。{chinese_hint}",
    )


def concept_component(concept: Concept, layout: RowLayout) -> QueryComponent:
    """A concept: the mean over the heads that know something of it.

    A distribution is compared by the Bhattacharyya coefficient. A concept that says nothing in any space of
    the rows is carried over by the mappings; one that has only a place in the plane is compared there.

    Raises:
        QueryError: if the rows hold nothing that the concept speaks of.
    """
    spaces = {space: p for space, p in concept.distributions.items() if space in layout.class_names}
    if not spaces:
        spaces = {
            target: convert(shares, source, target)
            for source, shares in concept.distributions.items()
            for target in layout.class_names
            if (source, target) in TABLES
        }
    if spaces:
        chance = float(np.mean([meant(shares).mean() for shares in spaces.values()]))
        flat = float(np.mean([np.sqrt(shares / len(shares)).sum() for shares in spaces.values()]))
        return QueryComponent(_distribution_weights(spaces, layout), 0.0, "words by gain", chance, flat)
    if concept.valence is None or concept.arousal is None:
        raise QueryError(
            f"this model knows nothing of {', '.join(concept.distributions)}",
            chinese=f"当前模型不了解{'、'.join(concept.distributions)}",
        )
    return point_component(concept.valence, concept.arousal, layout)


def meant(shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far each class is what a concept means: 1 for its main class, less for the others.

    A rater who names a class agrees with the concept to this degree.

    Example:
        >>> meant(np.array([0.5, 0.25, 0.25, 0.0])).tolist()
        [1.0, 0.5, 0.5, 0.0]
    """
    return np.asarray(shares / shares.max(), dtype=np.float64)


def point_component(valence: float, arousal: float, layout: RowLayout) -> QueryComponent:
    """A point of the plane: one minus half the squared distance to it."""
    weights = np.zeros(layout.length, np.float32)
    weights[layout.point] = valence, arousal, -0.5
    return QueryComponent(weights, 1 - (valence**2 + arousal**2) / 2, "point")


def colour_component(colours: tuple[str, ...], layout: RowLayout) -> QueryComponent:
    """Colours: the Bhattacharyya coefficient between the picture's palette and one made of them alone."""
    wanted = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours], np.uint8)
    distance = np.linalg.norm(srgb_to_lab(wanted)[:, None] - srgb_to_lab(reference_colours())[None], axis=2)
    # A colour between reference colours is shared out among those that look like it.
    near = np.exp(-0.5 * ((distance - distance.min(axis=1, keepdims=True)) / COLOUR_REACH) ** 2)
    near[near < np.exp(-2)] = 0
    shares = (near / near.sum(axis=1, keepdims=True)).mean(axis=0)
    weights = np.zeros(layout.length, np.float32)
    weights[layout.palette] = np.sqrt(shares)
    return QueryComponent(weights, 0.0, "colour")


def example_component(reading: EmotionReading, layout: RowLayout) -> QueryComponent:
    """An example image: the classes that it evokes most, a place in the plane and an embedding like its own.

    The classes count by the squares of their shares, so that what it mostly evokes is found where it is strongest;
    comparing whole distributions finds images as undecided as the example instead (docs/search.md has both figures).
    """
    point = point_component(reading.valence, reading.arousal, layout)
    weights = point.weights * np.float32(POINT_COUNTS)
    for space, classes in reading.distributions.items():
        powers = np.array(list(classes.values()), np.float32) ** EXAMPLE_POWER
        weights[layout.distribution(space)] = CLASSES_COUNT * powers / powers.sum() / len(reading.distributions)
    # The cosine, from -1 to 1, brought to 0 to 1 like the others.
    weights[layout.embedding] = EMBEDDING_COUNTS * reading.embedding / 2
    return QueryComponent(weights, point.offset * POINT_COUNTS + EMBEDDING_COUNTS / 2, "example")


def _distribution_weights(spaces: Mapping[str, NDArray[np.floating]], layout: RowLayout) -> NDArray[np.float32]:
    """Weights whose product with a row is the mean Bhattacharyya coefficient over some spaces."""
    weights = np.zeros(layout.length, np.float32)
    for space, probabilities in spaces.items():
        weights[layout.distribution(space)] = np.sqrt(probabilities) / len(spaces)
    return weights
