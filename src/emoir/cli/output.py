"""What goes to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from emoir.names import printable
from emoir.texts import cause_in_chinese, terminal_language, texts


class Exit:
    """Exit codes of every command."""

    DONE = 0
    NOTHING_FOUND = 1
    USAGE = 2
    SOME_FAILED = 3
    FAILURE = 4
    INTERRUPTED = 130


def text(key: str, **values: object) -> str:
    """A text of the catalogue in the language of the terminal, with values put in."""
    version = texts("cli")[key][terminal_language() == "zh"]
    if isinstance(version, list):
        version = version[values["count"] != 1]
    return str(version).format(**values)


def spoken(error: Exception) -> str:
    """What an error says in the language of the terminal."""
    return getattr(error, "chinese", str(error)) if terminal_language() == "zh" else str(error)


def cause_text(cause: str) -> str:
    """Why a file could not be read, in the language of the terminal."""
    return cause_in_chinese(cause) if terminal_language() == "zh" else cause


def listed(items: Iterable[str]) -> str:
    """Items one after the other, as the language of the terminal lists them."""
    return text("comma").join(items)


def echo_err(message: str) -> None:
    """Write one line to standard error, in which nothing can act upon a terminal."""
    sys.stderr.write(printable(message) + "\n")


def echo(text: str) -> None:
    """Write a line of results, in which nothing can act upon a terminal or begin another line."""
    sys.stdout.write(printable(text) + "\n")


def number_of(count: int, noun: str) -> str:
    """A number with what it counts, in the language of the terminal.

    Example:
        >>> number_of(1, "image"), number_of(1200, "image")
        ('1 image', '1,200 images')
    """
    return text(f"count {noun}", count=count)


def echo_row(cells: Iterable[str]) -> None:
    """Write a line of cells with tabs between them; what acts in a cell is escaped."""
    sys.stdout.write("\t".join(map(printable, cells)) + "\n")


def echo_block(text: str) -> None:
    """Write several lines whose breaks are ours, such as JSON; all else that acts is escaped."""
    sys.stdout.write("\n".join(map(printable, text.split("\n"))) + "\n")


def padded(cell: str, width: int) -> str:
    """A cell with blanks behind it, as many as bring it to a width; Chinese characters take two columns each.

    Example:
        >>> padded("丰收", 6)
        '丰收  '
    """
    from rich.cells import cell_len

    return cell + " " * (width - cell_len(cell))


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns below each other; the last column runs free.

    Example:
        >>> aligned([["title", "path"], ["丰收", "a.jpg"]])
        ['title  path', '丰收   a.jpg']
    """
    from rich.cells import cell_len

    table = [[printable(cell) for cell in row] for row in table]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(table[0]) - 1)]
    return ["  ".join([*map(padded, row[:-1], widths), row[-1]]) for row in table]


def echo_aligned(table: Sequence[Sequence[str]], write: Callable[[str], None] = echo) -> None:
    """Write rows in columns."""
    for line in aligned(table):
        write(line)


def echo_paths(paths: list[Path], *, nul: bool) -> None:
    """Write paths byte for byte, one a line, or with a NUL after each; to a terminal as ``echo`` does."""
    if sys.stdout.isatty() and not nul:
        for path in paths:
            echo(str(path))
        return
    sys.stdout.flush()
    end = b"\0" if nul else b"\n"
    sys.stdout.buffer.write(b"".join(os.fsencode(path) + end for path in paths))
    sys.stdout.buffer.flush()
