"""The query grammar: terms joined by `` + `` and `` - ``, each with an optional weight."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from emoir.errors import QueryError
from emoir.images.formats import SUFFIXES


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


Subject: TypeAlias = Words | ImageFile | ImageId | Point


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a query: what is wanted, and how much (negative: how much it is not)."""

    weight: float
    subject: Subject


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; as text it is a query again that parses to the same."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        parts: list[str] = []
        for term in self.terms:
            sign = "- " if term.weight < 0 else "+ " if parts else ""
            weight = "" if abs(term.weight) == 1 else f"{abs(term.weight):g}:"
            parts.append(f"{sign}{weight}{_subject_text(term.subject)}")
        return " ".join(parts)


def parse_query(arguments: str | Sequence[str]) -> Query:
    """Parse a query.

    Operators are a plus or minus sign between spaces (a leading minus is allowed), so hyphens and signs
    inside words and paths are plain characters. A term is an emotion word or phrase, an image path, an
    ``id:17``, or a point ``va:0.8,0.2``; ``2:`` before it is its weight. Double quotes keep a term
    together. Several arguments are one query; an argument that is a path, or names an existing file,
    stays one term whatever it contains.

    Args:
        arguments: one text, or the arguments of a command line.

    Returns:
        The terms in order.

    Raises:
        QueryError: pointing at what is wrong and saying what would be right.

    Example:
        >>> str(parse_query("2:awe + va:0.8,0.2 - fear"))
        '2:awe + va:0.8,0.2 - fear'
        >>> parse_query(["calm", "-", "boredom"]).terms[1].weight
        -1.0
    """
    pieces = _pieces([arguments] if isinstance(arguments, str) else arguments)
    if not pieces:
        raise QueryError("the query is empty; ask for a feeling, such as awe, 宁静, ./photo.jpg or va:0.8,0.2")
    terms: list[Term] = []
    sign: float | None = 1.0
    for piece in pieces:
        if piece in ("+", "-"):
            if sign is not None and (terms or piece == "+"):
                raise QueryError(f"{piece!r} stands where a term is expected, after: {Query(tuple(terms))}")
            sign = -1.0 if piece == "-" else 1.0
            continue
        if sign is None:
            raise QueryError(f"{piece!r} follows a term without a sign: write ' + ' or ' - ' between them")
        weight, subject = _term(piece)
        terms.append(Term(sign * weight, subject))
        sign = None
    if sign is not None:
        raise QueryError("the query ends with a sign; a term is missing")
    return Query(tuple(terms))


_OPERATOR = re.compile(r"\s+([+＋\-－])(?=\s|$)|^([\-－+＋])(?=\s|$)")
_BARE_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)[:：]")
_WEIGHT = re.compile(_BARE_WEIGHT.pattern + r"(?=.)")
SIGNS = re.compile(r"[-+–—−＋－]")
# A dash that stands before a word, or alone, but not as an operator: somebody meant " - ".
_STRAY_SIGN = re.compile(rf"(?:^|\s)({SIGNS.pattern}+)")
_POINT = re.compile(r"va:\s*([0-9.]+)\s*[,，]\s*([0-9.]+)")
_IDENTIFIER = re.compile(r"id:(\d{1,18})")
_PREFIXED = re.compile(r"(va|id):", re.IGNORECASE)


def _pieces(arguments: Sequence[str]) -> list[str]:
    """Operators and the texts between them; neighbouring plain texts become one phrase."""
    pieces: list[str] = []
    phrase_open = False
    for argument in arguments:
        if _is_file(argument):
            pieces.append(argument)
            phrase_open = False
            continue
        for text, quoted in _split(argument):
            if text in ("+", "-") and not quoted:
                pieces.append(text)
                phrase_open = False
            elif phrase_open and not quoted and not _is_image_text(text):
                pieces[-1] += " " + text
            else:
                pieces.append(text)
                phrase_open = not quoted and not _is_image_text(text)
    return pieces


def _split(text: str) -> list[tuple[str, bool]]:
    """One argument into operators, plain and quoted texts, with whether they were quoted."""
    parts: list[tuple[str, bool]] = []
    for number, section in enumerate(re.split(r'"([^"]*)"', text)):
        if number % 2:
            # A weight just before the quote belongs to it.
            weight = parts.pop()[0] if parts and _BARE_WEIGHT.fullmatch(parts[-1][0]) else ""
            parts.append((weight + section, True))
            continue
        at = 0
        for operator in _OPERATOR.finditer(section):
            parts.append((section[at : operator.start()].strip(), False))
            parts.append(("-" if (operator[1] or operator[2]) in "-－" else "+", False))
            at = operator.end()
        parts.append((section[at:].strip(), False))
    return [(part, quoted) for part, quoted in parts if part]


def _term(text: str) -> tuple[float, Subject]:
    weight = 1.0
    match = _WEIGHT.match(text)
    if match and not _is_file(text):
        weight, text = float(match[1]), text[match.end() :].strip()
        if weight == 0:
            raise QueryError(f"the weight of {text!r} is 0; leave the term out instead")
    if point := _POINT.fullmatch(text):
        return weight, _point(text, point[1], point[2])
    if identifier := _IDENTIFIER.fullmatch(text):
        return weight, ImageId(int(identifier[1]))
    if _PREFIXED.match(text) and not _is_file(text):
        raise QueryError(f"{text!r}: write va:VALENCE,AROUSAL with two numbers from 0 to 1, or id:NUMBER")
    if _is_file(text) or _is_image_text(text):
        return weight, ImageFile(text)
    if stray := _STRAY_SIGN.search(text):
        raise QueryError(
            f"{text!r}: write {_sign(stray[1])!r} with a space on either side to take something away or add it"
        )
    return weight, Words(text)


def _sign(dashes: str) -> str:
    return " + " if dashes[0] in "+＋" else " - "


def _point(text: str, valence: str, arousal: str) -> Point:
    try:
        point = Point(float(valence), float(arousal))
    except ValueError:
        raise QueryError(f"{text!r}: write va:VALENCE,AROUSAL, for example va:0.8,0.2") from None
    if not (0 <= point.valence <= 1 and 0 <= point.arousal <= 1):
        raise QueryError(f"{text!r}: valence and arousal go from 0 to 1")
    return point


def _is_file(text: str) -> bool:
    """Whether a text names an existing file in a way that cannot be meant as a word."""
    return (os.sep in text or os.path.splitext(text)[1] != "") and os.path.isfile(os.path.expanduser(text))


def _is_image_text(text: str) -> bool:
    """Whether a text can only be meant as a path, existing or not."""
    weight = _WEIGHT.match(text)
    bare = text[weight.end() :] if weight else text
    starts = ("./", "../", "/", "~/", ".\\", "..\\")
    return bare.startswith(starts) or os.path.splitext(bare)[1].lower() in SUFFIXES


def _subject_text(subject: Subject) -> str:
    match subject:
        case Words(text):
            return f'"{text}"' if re.search(r"\s", text) else text
        case ImageFile(path):
            return f'"{path}"' if re.search(r"\s", path) else path
        case ImageId(id):
            return f"id:{id}"
        case Point(valence, arousal):
            return f"va:{valence:g},{arousal:g}"
