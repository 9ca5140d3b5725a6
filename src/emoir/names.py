"""Names of files as people may see them: nothing in them can act upon a terminal or break a line."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path | str) -> str:
    r"""A path on one line of a terminal: control characters and undecodable bytes are escaped.

    Example:
        >>> shown("two\nlines")
        'two\\nlines'
    """
    text = str(path)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
