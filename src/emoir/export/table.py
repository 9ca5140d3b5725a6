"""ExportTable: one row per image, one entry of the codebook per column; kept by column to save memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.emotions.spaces import SPACES
from emoir.extract.features import Features
from emoir.images.features import FEATURES, Column
from emoir.images.palette import reference_colours
from emoir.index.base import ImageMetadata, Record, as_path
from emoir.index.layout import RowLayout

_RUSSELL = "Russell 1980, DOI 10.1037/h0077714"

FACTS: tuple[Column, ...] = (
    Column("path", "text", None, None, "a file that holds the image"),
    Column("id", "number", 1, None, "of the image in its index; never given twice"),
)
RECORD: tuple[Column, ...] = (
    Column("record", "text", None, None, "id of its record in the catalogue"),
    Column("title", "text", None, None, "its title in the catalogue"),
    Column("url", "text", None, None, "its page in the catalogue"),
)
READING: tuple[Column, ...] = (
    Column("valence", "1", 0, 1, "0 unpleasant, 1 pleasant", _RUSSELL),
    Column("arousal", "1", 0, 1, "0 calm, 1 excited", _RUSSELL),
    Column("confidence", "probability", 0, 1, "that most raters name the most probable class", "the model's card"),
    Column("monochrome", "yes or no", None, None, "no colours of its own, or one faint tint", "emoir, docs/images.md"),
    Column("model", "text", None, None, "that read the image"),
)
FILE: tuple[Column, ...] = (
    Column("width", "pixels", 1, None, "upright"),
    Column("height", "pixels", 1, None, "upright"),
    Column("taken", "text", None, None, "when, as EXIF writes it: YYYY:MM:DD HH:MM:SS"),
    Column("incomplete", "yes or no", None, None, "a part of the picture is missing from its file"),
)
DIGITS = 4


@dataclass(frozen=True, slots=True)
class ExportTable:
    """Columns with their codebook.

    Args:
        columns: what every column means.
        values: column name to n values, None where there is none.
    """

    columns: tuple[Column, ...]
    values: Mapping[str, Sequence[Any]]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Row by row, column name to value."""
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in zip(*map(self.values.get, names), strict=True))

    def numbers(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Some columns as (n, d) numbers, NaN where there is none."""
        return np.array([self.values[column.name] for column in columns], dtype=np.float64).T


def image_table(
    metadata: Sequence[ImageMetadata], readings: EmotionReadings, features: Iterable[Features | None] | None = None
) -> ExportTable:
    """Images as a flat table.

    Args:
        metadata: of n images.
        readings: of the same.
        features: of the same, None for an image that could not be measured; or None for no features at all. They are
            taken one by one, as they are measured.

    Returns:
        n rows: path and id, the record if any image has one, the reading, size and date, and the features.
    """
    records = [item.record or Record() for item in metadata]
    columns = [*FACTS]
    if any(item.record for item in metadata):
        stated = dict.fromkeys(name for record in records for name in record.columns)
        own = (Column(f"record.{name}", "text", None, None, f"{name} in the catalogue") for name in stated)
        columns += [*RECORD, *own]
    columns += [*reading_columns(readings.class_names), *READING, *FILE]
    if features is not None:
        columns += FEATURES
    values: dict[str, list[Any]] = {column.name: [] for column in columns}
    measured = repeat(None, len(metadata)) if features is None else features
    for item, record, reading, found in zip(metadata, records, readings, measured, strict=True):
        row = reading.to_dict()
        for space, classes in row.pop("distributions").items():
            row |= {f"{space}.{name}": share for name, share in classes.items()}
        row |= {"path": str(as_path(item.path)), "id": item.id}
        row |= {"width": item.width, "height": item.height, "taken": item.taken, "incomplete": item.incomplete}
        row |= {"record": record.id, "title": record.title, "url": record.url}
        row |= {f"record.{name}": text for name, text in record.columns.items()}
        for name, value in (found or {}).items():
            row[name] = round(value, DIGITS) if isinstance(value, float) else value
        for name, column in values.items():
            column.append(row.get(name))
    return ExportTable(tuple(columns), values)


def reading_columns(class_names: Mapping[str, tuple[str, ...]]) -> tuple[Column, ...]:
    """The probabilities of every space as columns."""
    return tuple(
        Column(
            f"{space}.{name}",
            "probability",
            0,
            1,
            f"that a viewer names {name}",
            SPACES[space].reference if space in SPACES else "the model's own space",
        )
        for space, names in class_names.items()
        for name in names
    )


def vector_columns(layout: RowLayout) -> tuple[Column, ...]:
    """What the numbers of a row vector are, in their order."""
    source = "emoir, docs/index.md"
    return (
        *(
            Column(f"root.{column.name}", "√probability", 0, 1, f"square root: {column.meaning}", column.reference)
            for column in reading_columns(layout.class_names)
        ),
        Column("valence", "1", 0, 1, "0 unpleasant, 1 pleasant", _RUSSELL),
        Column("arousal", "1", 0, 1, "0 calm, 1 excited", _RUSSELL),
        Column("squares", "1", 0, 2, "valence² + arousal²", source),
        *(
            Column(f"embedding_{place}", "1", -1, 1, "of a vector of unit length; near ones feel alike", source)
            for place in range(layout.embedding_length)
        ),
        *(
            Column("root.palette_{:02x}{:02x}{:02x}".format(*colour), "√share", 0, 1, "pixels nearest to it", source)
            for colour in reference_colours().tolist()
        ),
    )
