"""Names and other short texts, as people write them and as they may see them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

AnyPath: TypeAlias = "str | os.PathLike[str]"
SomePaths: TypeAlias = "AnyPath | Sequence[AnyPath]"
"""One path, or several."""

# Controls, marks that turn the direction of writing, surrogates, what is not assigned, ends of lines and paragraphs.
# Spaces of other widths are harmless: names of screenshots hold them.
_ACTIVE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


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
