"""Query: what is asked for, as terms that print themselves back in the query grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

# Rocchio's usual shares: what is liked counts nearly as much as the query, what is not liked much less.
LIKED, DISLIKED = 0.75, 0.25


@dataclass(frozen=True, slots=True)
class Words:
    """An emotion word or phrase."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An example image: its emotion is wanted."""

    path: str


@dataclass(frozen=True, slots=True)
class ImageId:
    """An indexed image as example."""

    id: int


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the valence-arousal plane, each in [0, 1]."""

    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours that the picture should be made of, as ``#rrggbb``."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EncodedReading:
    """A reading written down as text (see ``emoir.emotions.code``): an example image that is not kept."""

    code: str


TermSource: TypeAlias = Words | ImageFile | ImageId | EncodedReading | Point | Colours


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a query: what is wanted, and how much (negative: how much it is not)."""

    weight: float
    source: TermSource


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; as text it is a query again that parses to the same."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        parts: list[str] = []
        for term in self.terms:
            sign = "- " if term.weight < 0 else "+ " if parts else ""
            weight = "" if abs(term.weight) == 1 else f"{abs(term.weight):.10g}:"
            parts.append(f"{sign}{weight}{source_text(term.source)}")
        return " ".join(parts)

    def with_feedback(self, liked: Sequence[int], disliked: Sequence[int]) -> Query:
        """The query moved towards images that were liked and away from others (relevance feedback).

        Args:
            liked: ids of indexed images, which share one weight evenly.
            disliked: the same, to be avoided.

        Returns:
            A query of the same grammar, so that it can be shown, edited and shared.

        References:
            Rocchio, J. J. (1971). Relevance feedback in information retrieval. In: The SMART Retrieval
            System, 313-323.

        Example:
            >>> str(Query((Term(1.0, Words("awe")),)).with_feedback([17], [4, 5]))
            'awe + 0.75:id:17 - 0.125:id:4 - 0.125:id:5'
        """
        more = [Term(LIKED / len(liked), ImageId(id)) for id in liked]
        less = [Term(-DISLIKED / len(disliked), ImageId(id)) for id in disliked]
        return Query((*self.terms, *more, *less))


def source_text(source: TermSource) -> str:
    """A source in the query grammar.

    Example:
        >>> source_text(Words("quiet evening")), source_text(Point(0.8, 0.2))
        ('"quiet evening"', 'va:0.8,0.2')
    """
    match source:
        case Words(text):
            return f'"{text}"' if re.search(r"\s", text) else text
        case ImageFile(path):
            return f'"{path}"' if re.search(r"\s", path) else path
        case ImageId(id):
            return f"id:{id}"
        case EncodedReading(code):
            return f"reading:{code}"
        case Point(valence, arousal):
            return f"va:{valence:g},{arousal:g}"
        case Colours(values):
            return f"near:{','.join(values)}"
