"""What goes to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from emoir.names import printable, shortened

if TYPE_CHECKING:
    from emoir.emotions.reading import EmotionReading
    from emoir.index.base import Record


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


class Listed(Protocol):
    """An image that can stand in a list."""

    @property
    def id(self) -> int:
        """In the index."""

    @property
    def path(self) -> Path:
        """Of a file that holds it."""

    @property
    def reading(self) -> EmotionReading:
        """Its emotion."""

    @property
    def record(self) -> Record | None:
        """What a catalogue says of it."""


def echo_err(message: str) -> None:
    """Talk to the person at the keyboard, on standard error: one line, in which nothing can act upon a terminal."""
    sys.stderr.write(printable(message) + "\n")


def echo(text: str) -> None:
    """Write a line of results, in which nothing can act upon a terminal or begin another line."""
    sys.stdout.write(printable(text) + "\n")


def echo_row(cells: Iterable[str]) -> None:
    """Write a line of cells with tabs between them; what acts in a cell is escaped."""
    sys.stdout.write("\t".join(map(printable, cells)) + "\n")


def echo_block(text: str) -> None:
    """Write several lines whose breaks are ours, such as JSON; all else that acts is escaped."""
    sys.stdout.write("\n".join(map(printable, text.split("\n"))) + "\n")


def echo_images(
    images: Sequence[Listed], leading: Sequence[str], values: Sequence[Sequence[str]], *, tabs: bool
) -> None:
    """Write one line per image: aligned columns, or tab-separated with everything that a catalogue says.

    Aligned columns say ``unsure`` where no emotion should be named.

    Args:
        images: at least one.
        leading: headers of the first columns.
        values: what stands in them, row by row.
        tabs: separate by tabs.
    """
    here = Path.cwd()
    records = [image.record for image in images]
    known = [record for record in records if record is not None]
    named = list({name: None for record in known for name in record.columns}) if tabs else []
    catalogued = ["record", "title", *(["url", *(f"record.{name}" for name in named)] if tabs else [])] if known else []
    table = [[*leading, "id", "emotion", "share", "valence", "arousal", "sure", *catalogued, "path"]]
    for image, first, record in zip(images, values, records, strict=True):
        reading = image.reading
        space = next(iter(reading.distributions))
        top = reading.top(space)
        numbers = (reading.distributions[space][top], reading.valence, reading.arousal, reading.confidence)
        share, *rest = (f"{value:.2f}" for value in numbers)
        stated: list[str | None] = [None] * len(catalogued)
        if record is not None:
            stated = [record.id, record.title, record.url, *map(record.columns.get, named)][: len(catalogued)]
        cells = [text or "" if tabs else shortened(text or "") for text in stated]
        path = image.path if tabs or not image.path.is_relative_to(here) else image.path.relative_to(here)
        # A person reads no emotion from a guess; a program has the column sure.
        emotion = "unsure" if reading.unsure and not tabs else top
        table.append([*first, str(image.id), emotion, share, *rest, *cells, str(path)])
    if tabs:
        for row in table:
            echo_row(row)
    else:
        echo_aligned(table)


def echo_aligned(table: Sequence[Sequence[str]], write: Callable[[str], None] | None = None) -> None:
    """Write rows in columns, by ``put`` unless told otherwise; the last column runs free."""
    from rich.cells import cell_len

    table = [[printable(cell) for cell in row] for row in table]
    # Chinese characters are twice as wide in a terminal.
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(table[0]) - 1)]
    for row in table:
        cells = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=False))
        (write or echo)("  ".join([*cells, row[-1]]))


def echo_paths(paths: list[Path], *, nul: bool) -> None:
    """Write paths byte for byte, one a line, or with a NUL after each."""
    sys.stdout.flush()
    end = b"\0" if nul else b"\n"
    sys.stdout.buffer.write(b"".join(os.fsencode(path) + end for path in paths))
    sys.stdout.buffer.flush()
