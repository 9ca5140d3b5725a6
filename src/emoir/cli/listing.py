"""Lists of images, as commands write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from emoir.cli.output import aligned, echo, echo_block, echo_paths, echo_row, text
from emoir.cli.preview import Preview, PreviewOption
from emoir.limits import Limits
from emoir.names import shortened
from emoir.texts import terminal_language, texts

if TYPE_CHECKING:
    from emoir.emotions.reading import EmotionReading
    from emoir.index.base import Record


class ListFormat(str, Enum):
    """How a list of matches is written."""

    table = "table"
    tsv = "tsv"
    json = "json"
    paths = "paths"


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """How a list of images is written; fields are parameters of a command (see ``record_options``)."""

    format: Annotated[ListFormat, typer.Option("--format", help="How to write the images.")] = ListFormat.table
    nul: Annotated[bool, typer.Option("-0", help="Paths only, a NUL after each, for xargs -0.")] = False
    preview: PreviewOption = False


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


def echo_list(
    images: Sequence[Listed],
    leading: Sequence[str],
    values: Sequence[Sequence[str]],
    options: ListOptions,
    *,
    limits: Limits,
    to_json: Callable[[], str],
) -> None:
    """Write images as their paths, as JSON, or as a table.

    Args:
        images: at least one.
        leading: headers of the first columns of a table.
        values: what stands in them, row by row.
        options: how.
        limits: what showing one picture may cost.
        to_json: gives all that is known of the images.
    """
    if options.nul or options.format is ListFormat.paths:
        echo_paths([image.path for image in images], nul=options.nul)
    elif options.format is ListFormat.json:
        echo_block(to_json())
    else:
        preview = Preview(limits) if options.preview else None
        _echo_images(images, leading, values, tabs=options.format is ListFormat.tsv, preview=preview)


def _echo_images(
    images: Sequence[Listed],
    leading: Sequence[str],
    values: Sequence[Sequence[str]],
    *,
    tabs: bool,
    preview: Preview | None = None,
) -> None:
    """Write one line per image: aligned columns, or tab-separated with everything that a catalogue says.

    Aligned columns say ``unsure`` where no emotion should be named, and speak the language of the terminal.

    Args:
        images: at least one.
        leading: headers of the first columns.
        values: what stands in them, row by row.
        tabs: separate by tabs.
        preview: shows each image above its line.
    """
    from emoir.emotions.spaces import emotion_name

    here = Path.cwd()
    records = [image.record for image in images]
    known = [record for record in records if record is not None]
    named = list({name: None for record in known for name in record.columns}) if tabs else []
    catalogued = ["record", "title", *(["url", *(f"record.{name}" for name in named)] if tabs else [])] if known else []
    keys = [*leading, "id", "emotion", "share", "valence", "arousal", "sure", *catalogued, "path"]
    known_keys = texts("cli")
    table = [keys if tabs else [text(key) if key in known_keys else key for key in keys]]
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
        shown_as = text("unsureShort") if reading.unsure else emotion_name(space, top, terminal_language())
        emotion = top if tabs else shown_as
        table.append([*first, str(image.id), emotion, share, *rest, *cells, str(path)])
    if tabs:
        for row in table:
            echo_row(row)
        return
    header, *lines = aligned(table)
    echo(header)
    for image, line in zip(images, lines, strict=True):
        if preview is not None:
            preview.show(image.path)
        echo(line)
