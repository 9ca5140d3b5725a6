"""The query grammar: terms joined by `` + ``, `` - `` and `` & ``, each clause with an optional weight."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from emoir.errors import QueryError
from emoir.search.option_text import halfwidth
from emoir.search.query import Clause, Query
from emoir.search.terms import TERMS, ImageFile, Term, Words
from emoir.search.terms.example import is_image_path

# Between two terms, these words are the sign &; within a phrase, the phrase itself reads them.
AND_WORDS = frozenset({"and", "but", "又", "且", "但"})
_OPERATOR = re.compile(r"\s+([-+&])(?=\s|$)|^([-+&])(?=\s|$)")
LARGEST_WEIGHT = 1_000_000
_BARE_WEIGHT = re.compile(r"(\d+(?:\.\d+)?|\.\d+):")
_WEIGHT = re.compile(_BARE_WEIGHT.pattern + r"(?=.)")
_PREFIX = re.compile(r"([^\W\d_]+):\s*")


def names_file(text: str) -> bool:
    """Whether a text names an existing file in a way that cannot be meant as a word."""
    return (os.sep in text or os.path.splitext(text)[1] != "") and os.path.isfile(os.path.expanduser(text))


def parse_query(arguments: str | Sequence[str], *, is_file: Callable[[str], bool] = names_file) -> Query:
    """Parse a query.

    Operators are a plus or minus sign or an ampersand between spaces (a leading minus is allowed), so hyphens and signs
    inside words and paths are plain characters. ``&``, and the words *and*, *but*, 又, 且, 但 beside a term that is no
    phrase, bind closer than the others. A term is an emotion word or phrase, an image path, or one of the kinds in
    ``TERMS`` behind its prefix; ``2:`` before it is its weight. Full-width signs mean their ASCII twins.
    Double quotes keep a term together. Several arguments are one query; an argument that is a path, or
    names an existing file, stays one term whatever it contains.

    Args:
        arguments: one text, or the arguments of a command line.
        is_file: decides whether a text is a file, where it could be something else. One that always says no keeps a
            visitor's query from probing the disk.

    Returns:
        The clauses in order.

    Raises:
        QueryError: pointing at what is wrong and saying what would be right.

    Example:
        >>> str(parse_query("2:awe + va:0.8,0.2 - fear"))
        '2:awe + va:0.8,0.2 - fear'
        >>> parse_query("calm & near:teal").clauses[0].terms[1].prefix
        'near'
    """
    arguments = [arguments] if isinstance(arguments, str) else arguments
    text = " ".join(arguments)
    try:
        return Query(tuple(_clauses(_pieces(arguments, is_file), text, is_file)))
    except QueryError as error:
        # Whatever was found wrong below is shown in the whole query.
        raise QueryError(str(error), chinese=error.chinese, query=text, at=error.at) from None


@dataclass(slots=True)
class _Piece:
    """An operator or the text of a term, and where it begins in the whole query."""

    text: str
    at: int
    quoted: bool = False
    operator: bool = False


def _clauses(pieces: list[_Piece], text: str, is_file: Callable[[str], bool]) -> list[Clause]:
    if not pieces:
        raise QueryError(
            "the query is empty; ask for a feeling, such as awe, 宁静, ./photo.jpg or va:0.8,0.2",
            chinese="没有写要找什么；请写一种感受，例如 宁静、awe 或 va:0.8,0.2",
        )
    clauses: list[Clause] = []
    sign = "+"
    for piece in pieces:
        if piece.operator:
            if sign and (clauses or piece.text != "-"):
                raise QueryError(
                    f"{piece.text!r} stands where a term is expected",
                    chinese=f"这里应写一个词，而不是“{piece.text}”",
                    at=piece.at,
                )
            sign = piece.text
            continue
        if not sign:
            raise QueryError(
                f"{piece.text!r} follows a term without a sign: write ' + ', ' - ' or ' & ' between them",
                chinese=f"“{piece.text}”与前一项之间缺少符号：请在两项之间写“ + ”、“ - ”或“ & ”",
                at=piece.at,
            )
        weight, term = _term(piece.text, piece.at, is_file)
        if sign != "&":
            clauses.append(Clause(-weight if sign == "-" else weight, (term,)))
        elif weight != 1:
            raise QueryError(
                f"{piece.text!r}: terms joined by & have one weight, before the first of them",
                chinese=f"“{piece.text}”：用 & 连接的各项共用一个权重，写在第一项之前",
                at=piece.at,
            )
        else:
            clauses[-1] = Clause(clauses[-1].weight, (*clauses[-1].terms, term))
        sign = ""
    if sign:
        raise QueryError(
            "the query ends with a sign; a term is missing", chinese="查询以符号结尾，后面还缺一项", at=len(text)
        )
    return clauses


def _pieces(arguments: Sequence[str], is_file: Callable[[str], bool]) -> list[_Piece]:
    """Operators and the texts between them; neighbouring plain texts become one phrase."""
    pieces: list[_Piece] = []
    phrase_open, start = False, 0
    for argument in arguments:
        if is_file(argument):
            pieces.append(_Piece(argument, start, quoted=True))
            phrase_open = False
        else:
            for piece in _split(halfwidth(argument), start):
                joins = not piece.operator and not _is_special(piece)
                if phrase_open and joins:
                    pieces[-1].text += " " + piece.text
                else:
                    pieces.append(piece)
                    phrase_open = joins
        start += len(argument) + 1
    return list(_with_and_words(pieces))


def _split(text: str, start: int) -> list[_Piece]:
    """One argument into operators, plain and quoted texts."""
    parts: list[_Piece] = []
    if text.count('"') % 2:
        # Nothing closes the last quote: it keeps nothing together.
        last = text.rindex('"')
        text = f"{text[:last]} {text[last + 1 :]}"

    def add(begin: int, end: int) -> None:
        plain = text[begin:end]
        if stripped := plain.strip():
            at = start + begin + len(plain) - len(plain.lstrip())
            parts.extend(_apart(stripped, at))

    section = 0
    for number, content in enumerate(re.split(r'"([^"]*)"', text)):
        if number % 2:
            # A weight or a prefix just before the quote belongs to it.
            before = parts.pop() if parts and _opens_quote(parts[-1].text) else _Piece("", start + section)
            if before.text + content:
                parts.append(_Piece(before.text + content.strip(), before.at, quoted=True))
            section += len(content) + 2
            continue
        at = 0
        for operator in _OPERATOR.finditer(content):
            add(section + at, section + operator.start())
            group = 1 if operator[1] else 2
            parts.append(_Piece(operator[group], start + section + operator.start(group), operator=True))
            at = operator.end()
        add(section + at, section + len(content))
        section += len(content)
    return [part for part in parts if part.text]


def _opens_quote(text: str) -> bool:
    """Whether a text before a quote is a weight, or the prefix of a kind of term."""
    bare = text.removeprefix(weight[0]) if (weight := _BARE_WEIGHT.match(text)) else text
    prefix = _PREFIX.fullmatch(bare)
    return not bare or (prefix is not None and prefix[1].lower() in TERMS)


def _apart(text: str, at: int) -> Iterator[_Piece]:
    """A plain text, cut where a word such as *and* stands beside a term that is no phrase: awe and va:0.8,0.2."""
    tokens = [_Piece(match[0], at + match.start()) for match in re.finditer(r"\S+", text)]
    special = [_is_special(token) for token in tokens]
    cuts = [
        place
        for place in range(1, len(tokens) - 1)
        if tokens[place].text.lower() in AND_WORDS and (special[place - 1] or special[place + 1])
    ]
    begin = 0
    for cut in [*cuts, len(tokens)]:
        if begin < cut:
            first, last = tokens[begin], tokens[cut - 1]
            yield _Piece(text[first.at - at : last.at - at + len(last.text)], first.at)
        if cut < len(tokens):
            yield _Piece("&", tokens[cut].at, operator=True)
        begin = cut + 1


def _with_and_words(pieces: list[_Piece]) -> Iterator[_Piece]:
    """The same pieces; *and* at the edge of a phrase that stands beside another kind of term is the sign &."""
    for place, piece in enumerate(pieces):
        if piece.operator or piece.quoted or _is_special(piece):
            yield piece
            continue
        words = list(re.finditer(r"\S+", piece.text))
        before = place > 0 and not pieces[place - 1].operator and words[0][0].lower() in AND_WORDS
        behind = place + 1 < len(pieces) and not pieces[place + 1].operator and words[-1][0].lower() in AND_WORDS
        if before:
            yield _Piece("&", piece.at, operator=True)
        inner = words[1 if before else 0 : -1 if behind and len(words) > before else None]
        if inner:
            begin, end = inner[0].start(), inner[-1].end()
            yield _Piece(piece.text[begin:end], piece.at + begin)
        if behind and len(words) > before:
            yield _Piece("&", piece.at + words[-1].start(), operator=True)


def _is_special(piece: _Piece) -> bool:
    """Whether a text is a term by itself, never part of a phrase."""
    weight = _WEIGHT.match(piece.text)
    bare = piece.text[weight.end() :] if weight else piece.text
    prefix = _PREFIX.match(bare)
    return piece.quoted or (prefix is not None and prefix[1].lower() in TERMS) or is_image_path(bare)


def _term(text: str, at: int, is_file: Callable[[str], bool]) -> tuple[float, Term]:
    if is_file(text):
        return 1.0, ImageFile(text)
    weight = 1.0
    if match := _WEIGHT.match(text):
        weight, text = float(match[1]), text[match.end() :].strip()
        if weight == 0:
            raise QueryError(
                f"the weight of {text!r} is 0; leave the term out instead",
                chinese=f"“{text}”的权重是 0，请直接去掉这一项",
                at=at,
            )
        if weight > LARGEST_WEIGHT:
            raise QueryError(
                f"the weight of {text!r} is too large; write one up to {LARGEST_WEIGHT:,}",
                chinese=f"“{text}”的权重太大，最大为 {LARGEST_WEIGHT:,}",
                at=at,
            )
        at += match.end()
    prefix = _PREFIX.match(text)
    kind: type[Term] | None = TERMS.get(prefix[1].lower()) if prefix else None
    if is_file(text) or (kind is None and is_image_path(text)):
        return weight, ImageFile(text)
    try:
        if kind is None or prefix is None:
            return weight, Words.parse(text)
        return weight, kind.parse(text[prefix.end() :].strip())
    except QueryError as error:
        inside = error.at if kind is None or prefix is None else 0
        raise QueryError(str(error), chinese=error.chinese, at=at + inside) from None
