"""The query grammar: terms joined by `` + `` and `` - ``, each with an optional weight."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import ImageColor

from emoir.errors import QueryError
from emoir.images.formats import SUFFIXES
from emoir.search.query import Colours, EncodedReading, ImageFile, ImageId, Point, Query, Term, TermSource, Words


def names_file(text: str) -> bool:
    """Whether a text names an existing file in a way that cannot be meant as a word."""
    return (os.sep in text or os.path.splitext(text)[1] != "") and os.path.isfile(os.path.expanduser(text))


def parse_query(arguments: str | Sequence[str], *, is_file: Callable[[str], bool] = names_file) -> Query:
    """Parse a query.

    Operators are a plus or minus sign between spaces (a leading minus is allowed), so hyphens and signs
    inside words and paths are plain characters. A term is an emotion word or phrase, an image path, an
    ``id:17``, a point ``va:0.8,0.2``, colours ``near:#e07a5f,teal``, or ``reading:CODE`` for a reading written
    down; ``2:`` before it is its weight.
    Double quotes keep a term together. Several arguments are one query; an argument that is a path, or
    names an existing file, stays one term whatever it contains.

    Args:
        arguments: one text, or the arguments of a command line.
        is_file: decides whether a text is a file, where it could be something else; one that always says no keeps a
            stranger's query from probing the disk.

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
    arguments = [arguments] if isinstance(arguments, str) else arguments
    text = " ".join(arguments)
    try:
        return Query(tuple(_terms(_pieces(arguments, is_file), text, is_file)))
    except QueryError as error:
        # Whatever was found wrong below is shown in the whole query.
        raise QueryError(str(error), chinese=error.chinese, query=text, at=error.at) from None


def parse_id(text: str) -> int:
    """The id of an indexed image, written ``id:17`` or ``17``.

    Raises:
        QueryError: saying what would be right.

    Example:
        >>> parse_id("id:17")
        17
    """
    match = re.fullmatch(r"\s*(?:id:)?(\d{1,18})\s*", text, re.IGNORECASE)
    if not match:
        raise QueryError(f"{text!r} is no image of the index; write id:NUMBER as the search shows it")
    return int(match[1])


@dataclass(slots=True)
class _Piece:
    """An operator or the text of a term, and where it begins in the whole query."""

    text: str
    at: int
    quoted: bool = False

    @property
    def is_operator(self) -> bool:
        return self.text in ("+", "-") and not self.quoted


_OPERATOR = re.compile(r"\s+([+＋\-－])(?=\s|$)|^([\-－+＋])(?=\s|$)")
_BARE_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+)[:：]")
_WEIGHT = re.compile(_BARE_WEIGHT.pattern + r"(?=.)")
SIGNS = re.compile(r"[-+–—−＋－]")
# A dash that stands before a word, or alone, but not as an operator: somebody meant " - ".
_STRAY_SIGN = re.compile(rf"(?:^|\s)({SIGNS.pattern}+)")
_POINT = re.compile(r"va:\s*([0-9.]+)\s*[,，]\s*([0-9.]+)", re.IGNORECASE)
_IDENTIFIER = re.compile(r"id:(\d{1,18})", re.IGNORECASE)
_READING = re.compile(r"reading:([\w-]+)", re.IGNORECASE)
_PREFIXED = re.compile(r"(va|id|near|reading):", re.IGNORECASE)


def _terms(pieces: list[_Piece], text: str, is_file: Callable[[str], bool]) -> list[Term]:
    if not pieces:
        raise QueryError(
            "the query is empty; ask for a feeling, such as awe, 宁静, ./photo.jpg or va:0.8,0.2",
            chinese="没有写要找什么；请写一种感受，例如 宁静、awe 或 va:0.8,0.2",
        )
    terms: list[Term] = []
    sign: float | None = 1.0
    for piece in pieces:
        if piece.is_operator:
            if sign is not None and (terms or piece.text == "+"):
                raise QueryError(
                    f"{piece.text!r} stands where a term is expected",
                    chinese=f"这里应写一个词，而不是“{piece.text}”",
                    at=piece.at,
                )
            sign = -1.0 if piece.text == "-" else 1.0
            continue
        if sign is None:
            raise QueryError(
                f"{piece.text!r} follows a term without a sign: write ' + ' or ' - ' between them",
                chinese=f"“{piece.text}”与前一项之间缺少符号：请在两项之间写“ + ”或“ - ”",
                at=piece.at,
            )
        weight, source = _term(piece.text, piece.at, is_file)
        terms.append(Term(sign * weight, source))
        sign = None
    if sign is not None:
        raise QueryError(
            "the query ends with a sign; a term is missing", chinese="查询以符号结尾，后面还缺一项", at=len(text)
        )
    return terms


def _pieces(arguments: Sequence[str], is_file: Callable[[str], bool]) -> list[_Piece]:
    """Operators and the texts between them; neighbouring plain texts become one phrase."""
    pieces: list[_Piece] = []
    phrase_open, start = False, 0
    for argument in arguments:
        if is_file(argument):
            pieces.append(_Piece(argument, start, quoted=True))
            phrase_open = False
        else:
            for piece in _split(argument, start):
                joins = not piece.quoted and not piece.is_operator and not _is_image_text(piece.text)
                if phrase_open and joins:
                    pieces[-1].text += " " + piece.text
                else:
                    pieces.append(piece)
                    phrase_open = joins
        start += len(argument) + 1
    return pieces


def _split(text: str, start: int) -> list[_Piece]:
    """One argument into operators, plain and quoted texts."""
    parts: list[_Piece] = []

    def add(begin: int, end: int) -> None:
        plain = text[begin:end]
        if stripped := plain.strip():
            parts.append(_Piece(stripped, start + begin + len(plain) - len(plain.lstrip())))

    section = 0
    for number, content in enumerate(re.split(r'"([^"]*)"', text)):
        if number % 2:
            # A weight just before the quote belongs to it.
            weight = parts.pop() if parts and _BARE_WEIGHT.fullmatch(parts[-1].text) else _Piece("", start + section)
            if weight.text + content:
                parts.append(_Piece(weight.text + content.strip(), weight.at, quoted=True))
            section += len(content) + 2
            continue
        at = 0
        for operator in _OPERATOR.finditer(content):
            add(section + at, section + operator.start())
            group = 1 if operator[1] else 2
            sign = "-" if operator[group] in "-－" else "+"
            parts.append(_Piece(sign, start + section + operator.start(group)))
            at = operator.end()
        add(section + at, section + len(content))
        section += len(content)
    return [part for part in parts if part.text]


def _term(text: str, at: int, is_file: Callable[[str], bool]) -> tuple[float, TermSource]:
    weight = 1.0
    match = _WEIGHT.match(text)
    if match and not is_file(text):
        weight, text = float(match[1]), text[match.end() :].strip()
        if weight == 0:
            raise QueryError(
                f"the weight of {text!r} is 0; leave the term out instead",
                chinese=f"“{text}”的权重是 0，请直接去掉这一项",
                at=at,
            )
        at += match.end()
    if point := _POINT.fullmatch(text):
        return weight, _point(text, point[1], point[2], at)
    if identifier := _IDENTIFIER.fullmatch(text):
        return weight, ImageId(int(identifier[1]))
    if code := _READING.fullmatch(text):
        return weight, EncodedReading(code[1])
    if text.lower().startswith("near:"):
        return weight, _colours(text, at)
    if _PREFIXED.match(text) and not is_file(text):
        raise QueryError(
            f"{text!r}: write va:VALENCE,AROUSAL with two numbers from 0 to 1, or id:NUMBER",
            chinese=f"“{text}”：请写 va:效价,唤醒度（两个 0 到 1 的数），或 id:编号",
            at=at,
        )
    if is_file(text) or _is_image_text(text):
        return weight, ImageFile(text)
    if stray := _STRAY_SIGN.search(text):
        sign = " + " if stray[1][0] in "+＋" else " - "
        raise QueryError(
            f"{text!r}: write {sign!r} with a space on either side to take something away or add it",
            chinese=f"“{text}”：要减去或加上一项，请写“{sign}”，符号两边各留一个空格",
            at=at + stray.start(1),
        )
    return weight, Words(text)


def _point(text: str, valence: str, arousal: str, at: int) -> Point:
    try:
        point = Point(float(valence), float(arousal))
    except ValueError:
        raise QueryError(
            f"{text!r}: write va:VALENCE,AROUSAL, for example va:0.8,0.2",
            chinese=f"“{text}”：请写 va:效价,唤醒度，例如 va:0.8,0.2",
            at=at,
        ) from None
    if not (0 <= point.valence <= 1 and 0 <= point.arousal <= 1):
        raise QueryError(
            f"{text!r}: valence and arousal go from 0 to 1", chinese=f"“{text}”：效价和唤醒度都在 0 到 1 之间", at=at
        )
    return point


def _colours(text: str, at: int) -> Colours:
    values = []
    for name in re.split("[,，]", text[len("near:") :]):
        try:
            red, green, blue = ImageColor.getrgb(name.strip())[:3]
        except ValueError:
            raise QueryError(
                f"{name.strip()!r} is no colour; write near:#e07a5f, near:teal, or several with commas between",
                chinese=f"“{name.strip()}”不是颜色；请写 near:#e07a5f 或 near:teal，多种颜色之间用逗号",
                at=at,
            ) from None
        values.append(f"#{red:02x}{green:02x}{blue:02x}")
    return Colours(tuple(values))


def _is_image_text(text: str) -> bool:
    """Whether a text can only be meant as a path, existing or not."""
    weight = _WEIGHT.match(text)
    bare = text[weight.end() :] if weight else text
    starts = ("./", "../", "/", "~/", ".\\", "..\\")
    return bare.startswith(starts) or os.path.splitext(bare)[1].lower() in SUFFIXES
