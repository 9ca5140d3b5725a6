"""emoir export: readings and vectors for other programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from emoir.cli.options import IndexOption, WithinOption
from emoir.cli.output import Exit, put, say, shown
from emoir.errors import EmoirError

if TYPE_CHECKING:
    from emoir.emotions.reading import EmotionReadings
    from emoir.index.base import ImageFacts


class ExportFormat(str, Enum):
    """How readings are exported."""

    csv = "csv"
    json = "json"
    parquet = "parquet"
    npy = "npy"


def export(
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The file to write. Default: standard output.", show_default=False),
    ] = None,
    format: Annotated[
        Optional[ExportFormat],  # noqa: UP045
        typer.Option(
            "--format",
            help="Readings as csv, json or parquet, row vectors as npy. Default: by the output's suffix, or csv.",
            show_default=False,
        ),
    ] = None,
    within: WithinOption = None,
    index: IndexOption = None,
) -> None:
    """Export readings (CSV, JSON, Parquet) or row vectors (.npy), in the order of the paths.

    All indexed images are exported unless --in names folders.
    """
    from emoir.collection import Collection

    if format is None:
        format = _format_of(output)
    if format in (ExportFormat.parquet, ExportFormat.npy) and output is None:
        raise typer.BadParameter(f"{format.value} is not text: name a file with --output")
    with Collection(index) as photos:
        facts, readings, vectors = photos.rows(within=within)
        if not facts:
            say("nothing is indexed there")
            raise typer.Exit(Exit.NOTHING_FOUND)
        if format is ExportFormat.npy and output is not None:
            import numpy as np

            np.save(output, vectors)
        elif format is ExportFormat.parquet and output is not None:
            _write_parquet(output, facts, readings)
        elif format is ExportFormat.json:
            _write_text(output, json.dumps([_record(*pair) for pair in zip(facts, readings, strict=True)], indent=2))
        else:
            _write_csv(output, facts, readings)
    if output is not None:
        say(f"{len(facts):,} images written to {shown(output)}")


def _format_of(output: Path | None) -> ExportFormat:
    """The format that a file's suffix names."""
    if output is None:
        return ExportFormat.csv
    try:
        return ExportFormat(output.suffix.removeprefix("."))
    except ValueError:
        known = ", ".join(f".{choice.value}" for choice in ExportFormat)
        raise typer.BadParameter(f"{output.name}: end it in {known}, or name the format with --format") from None


def _record(fact: ImageFacts, reading: Any) -> dict[str, Any]:
    from emoir.index.base import as_path

    return {"path": str(as_path(fact.path)), "id": fact.id, **reading.to_dict(), **_file_facts(fact)}


def _file_facts(fact: ImageFacts) -> dict[str, Any]:
    return {"width": fact.width, "height": fact.height, "taken": fact.taken}


def _rows(facts: list[ImageFacts], readings: EmotionReadings) -> Iterator[dict[str, Any]]:
    """One flat row an image; a path that is not UTF-8 is escaped."""
    from emoir.index.base import as_path

    for fact, reading in zip(facts, readings, strict=True):
        values = reading.to_dict()
        spaces = values.pop("distributions")
        shares = {f"{space}.{name}": share for space, classes in spaces.items() for name, share in classes.items()}
        yield {"path": shown(as_path(fact.path)), "id": fact.id, **shares, **values, **_file_facts(fact)}


def _write_csv(output: Path | None, facts: list[ImageFacts], readings: EmotionReadings) -> None:
    rows = _rows(facts, readings)
    first = next(rows)
    stream = sys.stdout if output is None else open(output, "w", newline="", encoding="utf-8")
    try:
        writer = csv.DictWriter(stream, list(first), lineterminator="\n")
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)
    finally:
        if output is not None:
            stream.close()


def _write_text(output: Path | None, text: str) -> None:
    if output is None:
        put(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


def _write_parquet(output: Path, facts: list[ImageFacts], readings: EmotionReadings) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise EmoirError('Parquet needs more packages: pip install "emoir[research]"') from None
    parquet.write_table(pyarrow.Table.from_pylist(list(_rows(facts, readings))), output)
