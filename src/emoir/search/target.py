"""Target: a query as one weight vector over the rows of an index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.lexicon import Concept, lexicon
from emoir.emotions.mappings import TABLES, convert
from emoir.emotions.phrases import Understood, understand
from emoir.emotions.reading import EmotionReading
from emoir.emotions.spaces import SPACES
from emoir.errors import QueryError
from emoir.images.lab import srgb_to_lab
from emoir.images.palette import reference_colours
from emoir.index.layout import RowLayout
from emoir.search.parse import SIGNS
from emoir.search.query import Colours, Point, Query, Subject, Term, Words, subject_text

# An example image counts by its distributions, its place in the plane and its embedding, a third each.
EXAMPLE_PARTS = 3
# Colours this far apart in CIELAB still look alike: the reach of ``near:``.
COLOUR_REACH = 6.0

ReadExample = Callable[[Subject], EmotionReading]
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
class Language:
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
    ) -> Language:
        """Our lexicon, a user's own words above it, and the class names of a model's own spaces.

        Args:
            layout: of the rows; its spaces that emoir does not know name their classes.
            more: words that go before ours.
            encoder: see ``TextEncoder``.
        """
        own = {
            name.lower(): Concept({space: np.eye(len(names))[place]}, None, None)
            for space, names in layout.class_names.items()
            if space not in SPACES
            for place, name in enumerate(names)
        }
        return cls({**lexicon(), **own, **(more or {})}, encoder)


@dataclass(frozen=True, slots=True)
class Target:
    """What a query wants of a row: ``row @ weights + offset`` says how well it fits, from 0 to 1.

    Args:
        weights: (d,) float32.
        offset: added to every product.
        unknown: words that were not understood and not used.
    """

    weights: NDArray[np.float32]
    offset: float
    unknown: tuple[str, ...] = ()


def query_kind(query: Query) -> str:
    """Which calibration applies: ``words``, ``example``, ``point``, ``colour``, or ``mixed``."""
    names = {Words: "words", Point: "point", Colours: "colour"}
    kinds = {names.get(type(term.subject), "example") for term in query.terms}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def query_target(query: Query, layout: RowLayout, read_example: ReadExample, language: Language) -> Target:
    """Turn a query into a target.

    Each term is a target of its own that goes from 0 to 1; a negative term is one minus itself. The query's
    target is their mean, weighted by the absolute weights.

    Args:
        query: as parsed.
        layout: of the rows that will be scored.
        read_example: is asked for every example image.
        language: what words mean.

    Returns:
        The target, with the words that were not understood.

    Raises:
        QueryError: if a phrase holds no emotion word.
    """
    parts = []
    for number, term in enumerate(query.terms):
        try:
            parts.append(term_target(term, layout, read_example, language))
        except QueryError as error:
            at = len(str(Query(query.terms[: number + 1]))) - len(subject_text(term.subject))
            raise QueryError(str(error), query=str(query), at=at) from None
    shares = np.abs([term.weight for term in query.terms])
    return _mean(parts, shares, tuple(word for part in parts for word in part.unknown))


def term_target(term: Term, layout: RowLayout, read_example: ReadExample, language: Language) -> Target:
    """One term, whatever its weight; turned round if the weight is negative."""
    subject = term.subject
    if isinstance(subject, Words):
        target = words_target(subject.text, layout, language)
    elif isinstance(subject, Point):
        target = point_target(subject.valence, subject.arousal, layout)
    elif isinstance(subject, Colours):
        target = colour_target(subject.values, layout)
    else:
        target = example_target(read_example(subject), layout)
    return _reversed(target) if term.weight < 0 else target


def term_scores(
    query: Query, rows: NDArray[np.float32], layout: RowLayout, read_example: ReadExample, language: Language
) -> list[dict[str, float]]:
    """How well each row fits each term alone, from 0 to 1, whatever the term's weight.

    Returns:
        Per row, the term in the query grammar (with a minus sign where it is negative) to its score.
    """
    scores = {}
    for term in query.terms:
        target = term_target(term, layout, read_example, language)
        name = ("- " if term.weight < 0 else "") + subject_text(term.subject)
        scores[name] = rows @ target.weights + np.float32(target.offset)
    return [{name: float(values[row]) for name, values in scores.items()} for row in range(len(rows))]


def _reversed(target: Target) -> Target:
    return Target(-target.weights, 1 - target.offset, target.unknown)


def _mean(parts: list[Target], shares: NDArray[np.floating], unknown: tuple[str, ...]) -> Target:
    shares = shares / shares.sum()
    weights = sum(share * part.weights for share, part in zip(shares, parts, strict=True))
    offset = sum(share * part.offset for share, part in zip(shares, parts, strict=True))
    return Target(np.asarray(weights, dtype=np.float32), float(offset), unknown)


def words_target(phrase: str, layout: RowLayout, language: Language) -> Target:
    """A phrase: the mean of its emotion words, stronger ones counting more, negated ones turned round.

    Raises:
        QueryError: if the phrase holds no emotion word; near words are suggested.
    """
    encoded = language.encoder.concept(phrase) if language.encoder is not None else None
    if encoded is not None:
        return concept_target(encoded, layout)
    understood = understand(phrase, language.words)
    sides = [understand(side, language.words).parts for side in SIGNS.split(phrase)]
    if phrase.lower() not in language.words and sum(bool(parts) for parts in sides) > 1:
        raise QueryError(f"{phrase!r}: write ' + ' or ' - ' with a space on either side")
    if not understood.parts:
        raise QueryError(_nothing_understood(phrase, understood, language))
    parts = [
        _reversed(concept_target(part.concept, layout))
        if part.factor < 0
        else concept_target(part.concept.scaled(part.factor), layout)
        for part in understood.parts
    ]
    return _mean(parts, np.abs([part.factor for part in understood.parts]), understood.unknown)


def _nothing_understood(phrase: str, understood: Understood, language: Language) -> str:
    # A tenth of a second that only a mistake costs.
    import difflib

    near = [
        word
        for given in understood.unknown
        for word in difflib.get_close_matches(given, language.words, n=2, cutoff=0.75 if given.isascii() else 0.5)
    ]
    named = f": {', '.join(map(repr, understood.unknown))} not understood" if understood.unknown else ""
    hint = f"Did you mean {' or '.join(near)}?" if near else "Ask for a feeling, such as awe, calm, lonely or 宁静."
    return f"no emotion word in {phrase!r}{named}. {hint}"


def concept_target(concept: Concept, layout: RowLayout) -> Target:
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
        return Target(_distribution_weights(spaces, layout), 0.0)
    if concept.valence is None or concept.arousal is None:
        raise QueryError(f"this model knows nothing of {', '.join(concept.distributions)}")
    return point_target(concept.valence, concept.arousal, layout)


def point_target(valence: float, arousal: float, layout: RowLayout) -> Target:
    """A point of the plane: one minus half the squared distance to it."""
    weights = np.zeros(layout.length, np.float32)
    weights[layout.point] = valence, arousal, -0.5
    return Target(weights, 1 - (valence**2 + arousal**2) / 2)


def colour_target(colours: tuple[str, ...], layout: RowLayout) -> Target:
    """Colours: the Bhattacharyya coefficient between the picture's palette and one made of them alone."""
    wanted = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours], np.uint8)
    distance = np.linalg.norm(srgb_to_lab(wanted)[:, None] - srgb_to_lab(reference_colours())[None], axis=2)
    # A colour between reference colours is shared out among those that look like it.
    near = np.exp(-0.5 * ((distance - distance.min(axis=1, keepdims=True)) / COLOUR_REACH) ** 2)
    near[near < np.exp(-2)] = 0
    shares = (near / near.sum(axis=1, keepdims=True)).mean(axis=0)
    weights = np.zeros(layout.length, np.float32)
    weights[layout.palette] = np.sqrt(shares)
    return Target(weights, 0.0)


def example_target(reading: EmotionReading, layout: RowLayout) -> Target:
    """An example image: distributions, place in the plane and embedding like its own."""
    spaces = {space: np.array(list(classes.values()), np.float32) for space, classes in reading.distributions.items()}
    point = point_target(reading.valence, reading.arousal, layout)
    weights = point.weights + _distribution_weights(spaces, layout)
    # The cosine, from -1 to 1, brought to 0 to 1 like the others.
    weights[layout.embedding] = reading.embedding / 2
    return Target(weights / np.float32(EXAMPLE_PARTS), (point.offset + 0.5) / EXAMPLE_PARTS)


def _distribution_weights(spaces: Mapping[str, NDArray[np.floating]], layout: RowLayout) -> NDArray[np.float32]:
    """Weights whose product with a row is the mean Bhattacharyya coefficient over some spaces."""
    weights = np.zeros(layout.length, np.float32)
    for space, probabilities in spaces.items():
        weights[layout.distribution(space)] = np.sqrt(probabilities) / len(spaces)
    return weights
