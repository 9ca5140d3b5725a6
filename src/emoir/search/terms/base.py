"""Term: one kind of thing that a query may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReading
from emoir.index.layout import RowLayout
from emoir.index.vectors import RowCondition
from emoir.search.component import QueryComponent
from emoir.search.vocabulary import Vocabulary


class Examples(Protocol):
    """Gives the readings of example images, each read once per search, and the embeddings of phrases."""

    def of_image(self, id: int) -> EmotionReading:
        """The reading of an indexed image."""

    def of_file(self, path: str) -> EmotionReading:
        """The reading of an image file."""

    def of_code(self, code: str) -> EmotionReading:
        """A reading that was written down (see ``emoir.emotions.code``)."""

    def id_of_file(self, path: str) -> int | None:
        """The id of an image file, if it is indexed."""

    def of_phrase(self, phrase: str) -> NDArray[np.float32]:
        """The embedding of a phrase by the model's text tower, of unit length."""


@dataclass(frozen=True, slots=True)
class TermContext:
    """What a term needs to be compiled.

    Args:
        layout: of the rows that will be scored.
        vocabulary: what words mean.
        examples: gives readings of example images and embeddings of phrases.
    """

    layout: RowLayout
    vocabulary: Vocabulary
    examples: Examples


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledTerm:
    """A term as products with rows, and conditions.

    Args:
        groups: of components. A group is the weighted mean of its components; all groups must fit.
        conditions: what an image must meet to be found at all.
        unknown: words that were not understood and not used.
        examples: ids of indexed images that the term names; they are never matches.
        content: words that were looked for in what pictures show.
    """

    groups: tuple[tuple[QueryComponent, ...], ...] = ()
    conditions: tuple[RowCondition, ...] = ()
    unknown: tuple[str, ...] = ()
    examples: tuple[int, ...] = ()
    content: tuple[str, ...] = ()


class Term(Protocol):
    """One kind of term; its instances are immutable and equal if they ask for the same.

    As text, a term is ``prefix:rest``. Words and image files may stand without their prefix.
    """

    prefix: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The term that a text behind the prefix means.

        Raises:
            QueryError: saying what would be right, and at which character of the text.
        """

    def __str__(self) -> str:
        """The term in the query grammar; parses to the same term."""

    def compile(self, context: TermContext) -> CompiledTerm:
        """What the term asks of an image.

        Raises:
            QueryError: if it cannot be asked of these rows.
        """
