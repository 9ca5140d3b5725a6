"""Target: a query as one weight vector over the rows of an index."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.lexicon import Concept, lexicon, understand
from emoir.emotions.reading import EmotionReading
from emoir.errors import QueryError
from emoir.index.layout import RowLayout
from emoir.search.query import SIGNS, Point, Query, Subject, Term, Words

# An example image counts by its distributions, its place in the plane and its embedding, a third each.
EXAMPLE_PARTS = 3
# In Chinese the negation stands right before the word it denies; 非常, 特别 and 无限 are none.
NEGATION = re.compile(r"not|no|without|never|cannot|.*n['’]t|别|.*(?:不|没|没有|毫无|不太|不是|不要|不怎么|并非)")

ReadExample = Callable[[Subject], EmotionReading]
"""Gives the reading of an example image, by file or id."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a query wants of a row: ``row @ weights + offset`` is its score, at most 1.

    Args:
        weights: (d,) float32.
        offset: added to every score.
        unknown: words that were not understood and not used.
    """

    weights: NDArray[np.float32]
    offset: float
    unknown: tuple[str, ...] = ()


def query_target(query: Query, layout: RowLayout, read_example: ReadExample) -> Target:
    """Turn a query into a target.

    Each term is a target of its own whose best score is 1; the query's target is their weighted sum,
    divided by the sum of the absolute weights.

    Args:
        query: as parsed.
        layout: of the rows that will be scored.
        read_example: is asked for every example image.

    Returns:
        The target, with the words that were not understood.

    Raises:
        QueryError: if a phrase holds no emotion word, or a negation.
    """
    weights = np.zeros(layout.length)
    offset, total = 0.0, sum(abs(term.weight) for term in query.terms)
    unknown: list[str] = []
    for term in query.terms:
        part = _term_target(term, layout, read_example)
        weights += part.weights * (term.weight / total)
        offset += part.offset * term.weight / total
        unknown += part.unknown
    return Target(weights.astype(np.float32), offset, tuple(unknown))


def _term_target(term: Term, layout: RowLayout, read_example: ReadExample) -> Target:
    subject = term.subject
    if isinstance(subject, Words):
        return words_target(subject.text, layout)
    if isinstance(subject, Point):
        return point_target(subject.valence, subject.arousal, layout)
    return example_target(read_example(subject), layout)


def words_target(phrase: str, layout: RowLayout) -> Target:
    """A phrase: the mean of its emotion words, each asked of every head that knows something of it.

    Raises:
        QueryError: if the phrase holds no emotion word, or a negation, which is not understood.
    """
    understood = understand(phrase)
    sides = [understand(side).concepts for side in SIGNS.split(phrase)]
    if phrase.lower() not in lexicon() and sum(bool(concepts) for concepts in sides) > 1:
        raise QueryError(f"{phrase!r}: write ' + ' or ' - ' with a space on either side")
    for word in understood.unknown:
        if NEGATION.fullmatch(word):
            raise QueryError(f"{phrase!r}: {word!r} is not understood here; take something away with ' - ' instead")
    if not understood.concepts:
        named = f": {', '.join(map(repr, understood.unknown))} not understood" if understood.unknown else ""
        raise QueryError(f"no emotion word in {phrase!r}{named}.{_suggestion(understood.unknown)}")
    parts = [concept_target(concept, layout) for concept in understood.concepts]
    weights = np.stack([part.weights for part in parts]).mean(axis=0)
    return Target(weights.astype(np.float32), float(np.mean([part.offset for part in parts])), understood.unknown)


def _suggestion(unknown: tuple[str, ...]) -> str:
    # A tenth of a second that only a mistake costs.
    import difflib

    near = [word for given in unknown for word in difflib.get_close_matches(given, lexicon(), n=2, cutoff=0.75)]
    return f" Did you mean {' or '.join(near)}?" if near else " Ask for a feeling, such as awe, calm, lonely or 宁静."


def concept_target(concept: Concept, layout: RowLayout) -> Target:
    """A concept of the lexicon: the mean over the distributions it names, where the rows hold them."""
    spaces = {space: p for space, p in concept.distributions.items() if space in layout.class_names}
    if not spaces:
        return point_target(concept.valence, concept.arousal, layout)
    return Target(_distribution_weights(spaces, layout), 0.0)


def point_target(valence: float, arousal: float, layout: RowLayout) -> Target:
    """A point of the plane: one minus the squared distance to it."""
    weights = np.zeros(layout.length, np.float32)
    weights[layout.point] = 2 * valence, 2 * arousal, -1
    return Target(weights, 1 - valence**2 - arousal**2)


def example_target(reading: EmotionReading, layout: RowLayout) -> Target:
    """An example image: distributions, place in the plane and embedding like its own."""
    spaces = {space: np.array(list(classes.values()), np.float32) for space, classes in reading.distributions.items()}
    point = point_target(reading.valence, reading.arousal, layout)
    weights = point.weights + _distribution_weights(spaces, layout)
    weights[layout.embedding] = reading.embedding
    return Target(weights / np.float32(EXAMPLE_PARTS), point.offset / EXAMPLE_PARTS)


def _distribution_weights(spaces: Mapping[str, NDArray[np.floating]], layout: RowLayout) -> NDArray[np.float32]:
    """Weights whose product with a row is the mean Bhattacharyya coefficient over some spaces."""
    weights = np.zeros(layout.length, np.float32)
    for space, probabilities in spaces.items():
        weights[layout.distribution(space)] = np.sqrt(probabilities) / len(spaces)
    return weights
