"""Names and other short texts, as people write them and as they may see them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

AnyPath: TypeAlias = "str | os.PathLike[str]"
SomePaths: TypeAlias = "AnyPath | Sequence[AnyPath]"
"""One path, or several."""

# Controls, marks that turn the direction of writing, surrogates, what is not assigned, ends of lines and paragraphs.
# Spaces of other widths are harmless: names of screenshots hold them.
_ACTIVE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Two letters at least: one is a drive of Windows. Paths of Python hold one slash where an address has two.
_ADDRESS = re.compile(rb"([a-z][a-z0-9+.-]+):/+(.*)", re.DOTALL)


def address_of(path: AnyPath | bytes) -> bytes | None:
    """The address that a path is, without a slash at its end; None for a path of this machine.

    Example:
        >>> address_of("s3://bucket/photos/"), address_of(Path("s3://bucket")), address_of("/photos")
        (b's3://bucket/photos', b's3://bucket', None)
    """
    if (match := _ADDRESS.fullmatch(os.fsencode(path))) is None:
        return None
    return match[1] + b"://" + match[2].rstrip(b"/")


if TYPE_CHECKING:
    _Base = Path
else:
    _Base = type(Path())


class AddressPath(_Base):
    """An address as a path, with its name and its parents; as text it keeps both slashes.

    Example:
        >>> path = AddressPath("s3://bucket/box 1/a.jpg")
        >>> str(path), path.name, str(path.parent)
        ('s3://bucket/box 1/a.jpg', 'a.jpg', 's3://bucket/box 1')
    """

    def __str__(self) -> str:
        return super().__str__().replace(":/", "://", 1)


def printable(path: Path | str) -> str:
    r"""A path on one line of a terminal: control characters and undecodable bytes are escaped.

    Nothing in it can act upon a terminal or break a line.

    Example:
        >>> printable("two\nlines")
        'two\\nlines'
    """
    text = str(path)
    if text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _ACTIVE else c for c in text)


def shortened(text: str, most: int = 40) -> str:
    """The text, or its beginning with … if it is longer than ``most`` characters.

    Args:
        text: of any length.
        most: characters of the result at most.

    Example:
        >>> shortened("A view of the harbour at dawn", 12)
        'A view of t…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
