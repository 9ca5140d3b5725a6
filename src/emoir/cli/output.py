"""What goes to standard output, and how names that could harm a terminal are shown."""

from __future__ import annotations

import os
import sys
from enum import Enum
from pathlib import Path


class Exit:
    """Exit codes of every command."""

    DONE = 0
    NOTHING_FOUND = 1
    USAGE = 2
    SOME_FAILED = 3
    FAILURE = 4
    INTERRUPTED = 130


class ListFormat(str, Enum):
    """How a list of matches is written."""

    table = "table"
    tsv = "tsv"
    json = "json"
    paths = "paths"


def shown(path: Path | str) -> str:
    r"""A path on one line of a terminal: control characters and undecodable bytes are escaped.

    Example:
        >>> shown("two\nlines")
        'two\\nlines'
    """
    text = str(path)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def say(message: str) -> None:
    """Talk to the person at the keyboard, on standard error."""
    print(message, file=sys.stderr)


def put(text: str) -> None:
    """Write a line of results."""
    sys.stdout.write(text + "\n")


def put_paths(paths: list[Path], *, nul: bool) -> None:
    """Write paths byte for byte, one a line, or with a NUL after each."""
    sys.stdout.flush()
    end = b"\0" if nul else b"\n"
    sys.stdout.buffer.write(b"".join(os.fsencode(path) + end for path in paths))
    sys.stdout.buffer.flush()
