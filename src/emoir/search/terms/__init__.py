"""The kinds of terms that a query may hold, one file each."""

from emoir.search.terms.base import CompiledTerm, Examples, Term, TermContext
from emoir.search.terms.colours import Colours
from emoir.search.terms.content import Content
from emoir.search.terms.example import EncodedReading, ImageFile, ImageId
from emoir.search.terms.point import Point
from emoir.search.terms.words import Words

TERMS: dict[str, type[Term]] = {
    kind.prefix: kind for kind in (Words, ImageFile, ImageId, EncodedReading, Point, Colours, Content)
}
"""Prefix to the kind of term that it introduces."""

__all__ = [
    "TERMS",
    "Colours",
    "CompiledTerm",
    "Content",
    "EncodedReading",
    "Examples",
    "ImageFile",
    "ImageId",
    "Point",
    "Term",
    "TermContext",
    "Words",
]
