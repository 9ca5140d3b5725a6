"""Names of files as people may see them: nothing in them can act upon a terminal or break a line."""

from __future__ import annotations

import unicodedata
from pathlib import Path

# Controls, marks that turn the direction of writing, surrogates, what is not assigned, ends of lines and paragraphs.
# Spaces of other widths are harmless: names of screenshots hold them.
_ACTIVE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(path: Path | str) -> str:
    r"""A path on one line of a terminal: control characters and undecodable bytes are escaped.

    Example:
        >>> printable("two\nlines")
        'two\\nlines'
    """
    text = str(path)
    if text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _ACTIVE else c for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode()
