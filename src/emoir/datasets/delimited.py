"""A table of one's own: CSV, JSON lines or Parquet with one row per image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.cells import parse_number, plain_path, read_table_cells
from emoir.datasets.table import ABSENT_CLASS, Integers, Table, known_classes
from emoir.errors import DatasetError


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns hold which labels; a column that is not named is not read.

    Args:
        path: the image, relative to the table's folder unless absolute.
        distributions: space name to {class name: column of its probability, or of its votes}; rows are normalised.
        classes: space name to the column that holds the class by name; empty cells are absent.
        class_names: space name to the classes in order; default: the names that occur, sorted.
        valence, arousal: columns, with ``scale`` giving the values that mean 0 and 1.
        group, split: columns taken as text.
        std: ``valence`` or ``arousal`` to the column of the standard deviation between raters.
        raters: label to the column of the number of raters; votes say it themselves.
    """

    path: str = "path"
    distributions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    valence: str | None = None
    arousal: str | None = None
    scale: tuple[float, float] = (0.0, 1.0)
    group: str | None = None
    split: str | None = None
    std: Mapping[str, str] = field(default_factory=dict)
    raters: Mapping[str, str] = field(default_factory=dict)


def read_table(file: Path, columns: Columns, *, name: str | None = None) -> Table:
    r"""Read a labelled table.

    Args:
        file: ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` (the last needs ``emoir[research]``).
        columns: where the labels stand.
        name: the data set's name; default: the name of the file's folder.

    Returns:
        One row per image, in the order of the file.

    Raises:
        DatasetError: naming the file, the row and the column of the first value that makes no sense.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "labels.csv").write_text("path,mood,v\na.jpg,calm,7\nb.jpg,,1\n")
        >>> table = read_table(folder / "labels.csv", Columns(classes={"mood": "mood"}, valence="v", scale=(1, 9)))
        >>> table.classes["mood"].tolist(), table.valence.tolist()
        ([0, -1], [0.75, 0.0])
    """
    rows = _rows(file)
    used = [columns.path, columns.valence, columns.arousal, columns.group, columns.split, *columns.classes.values()]
    used += [column for named in columns.distributions.values() for column in named.values()]
    used += [*columns.std.values(), *columns.raters.values()]
    for column in used:
        if column is not None and rows and column not in rows[0]:
            raise DatasetError(f"{file}: no column {column!r}; it has {', '.join(rows[0])}")
    names = dict(columns.class_names)
    names |= {space: tuple(named) for space, named in columns.distributions.items()}
    classes = {}
    for space, column in columns.classes.items():
        names.setdefault(space, known_classes(space, sorted({row[column] for row in rows if row[column]})))
        classes[space] = _classes(file, rows, column, names[space])
    distributions, raters = {}, {}
    for space, named in columns.distributions.items():
        distributions[space], votes = _distribution(file, rows, named)
        if votes is not None:
            raters[space] = votes
    raters |= {label: _numbers(file, rows, column) for label, column in columns.raters.items()}
    unit = columns.scale[1] - columns.scale[0]
    return Table(
        name=name or file.parent.name,
        paths=[file.parent / plain_path(row[columns.path]) for row in rows],
        distributions=distributions,
        classes=classes,
        class_names=names,
        valence=_scaled(file, rows, columns.valence, columns.scale),
        arousal=_scaled(file, rows, columns.arousal, columns.scale),
        group=_text(rows, columns.group),
        split=_text(rows, columns.split),
        raters=raters,
        std={label: _numbers(file, rows, column) / unit for label, column in columns.std.items()},
    )


def header_of(file: Path) -> list[str]:
    """The columns of a table, in order.

    Raises:
        DatasetError: if it is no table, or empty.
    """
    rows = _rows(file)
    if not rows:
        raise DatasetError(f"{file}: the table has no rows")
    return list(rows[0])


def _rows(file: Path) -> list[dict[str, str]]:
    """All rows as text; absent values become empty strings."""
    try:
        names, rows = read_table_cells(file)
    except ValueError as error:
        raise DatasetError(f"{file}: {error}") from None
    if twice := [name for place, name in enumerate(names) if name and name in names[:place]]:
        raise DatasetError(f"{file}: the column {twice[0]!r} occurs twice")
    return [dict(zip(names, cells, strict=True)) for _, cells in rows]


def _numbers(file: Path, rows: Sequence[Mapping[str, str]], column: str) -> NDArray[np.float64]:
    values = np.full(len(rows), np.nan)
    for number, row in enumerate(rows):
        try:
            values[number] = parse_number(row[column])
        except ValueError:
            raise DatasetError(
                f"{file}, row {number + 1}, column {column}: {row[column]!r} is no finite number"
            ) from None
    return values


def _scaled(
    file: Path, rows: Sequence[Mapping[str, str]], column: str | None, scale: tuple[float, float]
) -> NDArray[np.float64] | None:
    if column is None:
        return None
    values = (_numbers(file, rows, column) - scale[0]) / (scale[1] - scale[0])
    outside = np.flatnonzero((values < 0) | (values > 1))
    if len(outside):
        row = int(outside[0])
        raise DatasetError(
            f"{file}, row {row + 1}, column {column}: {rows[row][column]} is outside the scale {scale}; "
            "say which ratings mean 0 and 1, such as --scale 1,9"
        )
    return values


def _distribution(
    file: Path, rows: Sequence[Mapping[str, str]], named: Mapping[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Probabilities, and the number of votes a row if the numbers are votes."""
    values = np.stack([_numbers(file, rows, column) for column in named.values()], axis=1)
    totals = values.sum(axis=1, keepdims=True)
    if np.any(values < 0) or np.any(totals == 0):
        row = int(np.flatnonzero((values < 0).any(axis=1) | (totals[:, 0] == 0))[0])
        raise DatasetError(f"{file}, row {row + 1}: probabilities must be positive somewhere and negative nowhere")
    present = ~np.isnan(totals[:, 0])
    whole = bool(np.all(values[present] == np.rint(values[present])) and np.any(totals[present] > 1))
    return np.asarray(values / totals), totals[:, 0] if whole else None


def _classes(file: Path, rows: Sequence[Mapping[str, str]], column: str, names: tuple[str, ...]) -> Integers:
    labels = np.full(len(rows), ABSENT_CLASS, dtype=np.int64)
    # A name as it is written goes before one in another case: in emoir's own spaces Awe is awe.
    places = {name.casefold(): place for place, name in enumerate(names)}
    places |= {name: place for place, name in enumerate(names)}
    for number, row in enumerate(rows):
        if row[column]:
            place = places.get(row[column], places.get(row[column].casefold()))
            if place is None:
                raise DatasetError(f"{file}, row {number + 1}: {row[column]!r} is none of {', '.join(names)}")
            labels[number] = place
    return labels


def _text(rows: Sequence[Mapping[str, str]], column: str | None) -> NDArray[np.str_] | None:
    return None if column is None else np.array([row[column] for row in rows], dtype=np.str_)
