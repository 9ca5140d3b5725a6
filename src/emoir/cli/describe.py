"""emoir describe: the emotion of single images."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emoir.cli.options import LimitsOption, ModelOption
from emoir.cli.output import Exit, echo, echo_block, echo_err, listed, padded, spoken, text
from emoir.cli.preview import Preview, PreviewOption
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.names import printable
from emoir.texts import terminal_language

if TYPE_CHECKING:
    from emoir.models import Model

MANY_CLASSES, SHOWN_OF_MANY = 20, 5
BAR, LABEL = 24, 12
TITLED_SPACES = ("mikels", "ekman")


class DescribeFormat(str, Enum):
    """How descriptions are written."""

    table = "table"
    json = "json"
    csv = "csv"


def describe(
    images: Annotated[list[Path], typer.Argument(help="Image files, or addresses such as s3://bucket/a.jpg.")],
    format: Annotated[DescribeFormat, typer.Option("--format", help="How to print.")] = DescribeFormat.table,
    preview: PreviewOption = False,
    limits: LimitsOption = DEFAULT_LIMITS,
    model: ModelOption = None,
) -> None:
    """Say what emotion images evoke, with colours and texture."""
    from emoir.errors import UndecodableImageError
    from emoir.images.decode import lift_pillow_limit
    from emoir.index.base import as_path
    from emoir.models import Model

    lift_pillow_limit()
    reader = Model(model)
    shown = Preview(limits) if preview else None
    records: list[dict[str, Any]] = []
    for image in map(as_path, images):
        try:
            records.append({"path": str(image), **_description(reader, image, limits)})
        except UndecodableImageError as error:
            echo_err(f"{image}: {spoken(error)}")
            records.append({"path": str(image), "error": str(error)})
        if format is DescribeFormat.table and "error" not in records[-1]:
            if shown is not None:
                shown.show(image)
            _put_table(records[-1])
    if format is DescribeFormat.json:
        echo_block(json.dumps(records, indent=2))
    elif format is DescribeFormat.csv:
        _put_csv(records)
    if any("error" in record for record in records):
        raise typer.Exit(Exit.SOME_FAILED)


def _description(model: Model, image: Path, limits: Limits) -> dict[str, Any]:
    from emoir.images.descriptors import describe_pixels, descriptor_words
    from emoir.images.palette import dominant_colours

    prepared = model.load(image, limits=limits)
    pixels = prepared.measured
    descriptors = describe_pixels(pixels)
    return {
        **model.read_prepared(prepared).to_dict(),
        "incomplete": prepared.incomplete,
        "colours": {colour: round(share, 4) for colour, share in dominant_colours(pixels)},
        "words": descriptor_words(descriptors),
        "descriptors": {name: round(value, 4) for name, value in asdict(descriptors).items()},
    }


def _put_table(record: dict[str, Any]) -> None:
    from emoir.emotions.spaces import emotion_name

    echo(str(record["path"]))
    for space, classes in record["distributions"].items():
        echo(f"  {text(space) if space in TITLED_SPACES else space}")
        largest = sorted(classes.items(), key=lambda item: -item[1])
        # Of hundreds of things that a picture may show, few are worth a line.
        shown = largest if len(classes) <= MANY_CLASSES else largest[:SHOWN_OF_MANY]
        for name, share in shown:
            label = emotion_name(space, name, terminal_language())
            echo(f"    {padded(label, LABEL)} {share:5.0%}  {'█' * round(share * BAR)}".rstrip())
    colours = ", ".join(f"{colour} {share:.0%}" for colour, share in record["colours"].items())
    lines = [
        text("point", valence=record["valence"], arousal=record["arousal"]),
        text("likely", confidence=record["confidence"]),
        text("colours", colours=colours),
        *(text(key) for key in ("incomplete", "monochrome") if record[key]),
    ]
    for line in lines:
        echo(f"  {line}")
    if record["words"]:
        echo(f"  {listed(text(word) for word in record['words'])}")
    echo("")


def _put_csv(records: list[dict[str, Any]]) -> None:
    flat = [_flat(record) for record in records]
    columns = list({column: None for record in flat for column in record})
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: printable(str(value)) for name, value in record.items()} for record in flat)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """One level: mikels.awe, descriptors.warmth; lists joined by spaces and semicolons."""
    row: dict[str, Any] = {}
    for key, value in record.items():
        if key == "distributions":
            row |= {f"{space}.{name}": share for space, classes in value.items() for name, share in classes.items()}
        elif key == "colours":
            row[key] = "; ".join(value)
        elif isinstance(value, dict):
            row |= {f"{key}.{name}": number for name, number in value.items()}
        else:
            row[key] = "; ".join(value) if isinstance(value, list) else value
    return row
