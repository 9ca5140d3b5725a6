"""Layout: how one published data set lies on disk, and what its readers share."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.cells import parse_number, read_table_cells, read_text
from emoir.datasets.folders import images_below
from emoir.datasets.table import ABSENT_CLASS, Integers, Table
from emoir.errors import DatasetError

# Other words of the same classes, as some sets write them.
SAME_CLASS = {"content": "contentment", "sad": "sadness"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One published data set; its module's docstring says where it comes from and where its layout was read.

    Args:
        name: of the tables that it gives.
        title: the set as papers call it, with its first author and year.
        images: how many were published.
        matches: whether a folder is laid out so; looks at a few names only.
        read: the folder's table; images need not be there.
        parts: the split that the literature uses, part to its share in whole numbers (see ``make_parts``); empty if
            the set has a split of its own, or none is agreed on.
        other_folders: folders whose images are no pictures of the set.
    """

    name: str
    title: str
    images: int
    matches: Callable[[Path], bool]
    read: Callable[[Path], Table]
    parts: Mapping[str, int] = field(default_factory=dict)
    other_folders: tuple[str, ...] = ()


def read_rows(file: Path, delimiter: str, fewest: int) -> list[list[str]]:
    """The rows of a table without quotes, empty lines left out.

    Args:
        file: UTF-8, a byte order mark allowed.
        delimiter: between cells; runs of it count as one if it is a space.
        fewest: cells that a row must have.

    Raises:
        DatasetError: naming the first line that is too short.
    """
    rows = []
    try:
        text = read_text(file)
    except ValueError as error:
        raise DatasetError(f"{file}: {error}") from None
    spaces = delimiter == " "
    reader = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=spaces, quoting=csv.QUOTE_NONE)
    for number, row in enumerate(reader, 1):
        cells = [cell.strip() for cell in row]
        if any(cells):
            if len(cells) < fewest:
                raise DatasetError(f"{file}, line {number}: {len(cells)} values where {fewest} are needed")
            rows.append(cells)
    return rows


def numbers(file: Path, rows: Sequence[Sequence[str]], columns: slice) -> NDArray[np.float64]:
    """Some columns of rows as numbers.

    Raises:
        DatasetError: naming the row of the first value that is none.
    """
    values = []
    for row in rows:
        try:
            values.append([_number(cell) for cell in row[columns]])
        except ValueError:
            raise DatasetError(f"{file}, the row of {row[0]}: {row[columns]} are not all numbers") from None
    return np.array(values, dtype=np.float64).reshape(len(rows), -1)


def _number(cell: str) -> float:
    value = parse_number(cell)
    if math.isnan(value):
        raise ValueError("nothing is stated")
    return value


def class_indices(names: Sequence[str], labels: Iterable[str]) -> Integers:
    """Labels as places among names; other words and capitals of the same class are understood, an empty one is absent.

    Raises:
        DatasetError: for a label that is none of the names.

    Example:
        >>> class_indices(("awe", "sadness"), ["Sad", "awe", ""]).tolist()
        [1, 0, -1]
    """
    place = {name: number for number, name in enumerate(names)}
    indices = []
    for label in labels:
        plain = label.lower()
        plain = SAME_CLASS.get(plain, plain)
        if plain and plain not in place:
            raise DatasetError(f"{label!r} is none of {', '.join(names)}")
        indices.append(place[plain] if plain else ABSENT_CLASS)
    return np.array(indices, dtype=np.int64)


def read_ratings(file: Path, name: str, columns: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
    """The names and some numbers of a table with titles and quotes.

    Args:
        file: any that ``read_table_cells`` takes.
        name: the column of names.
        columns: those of numbers.

    Returns:
        ``(names, values)``: n names without spaces around, and (n, columns).

    Raises:
        DatasetError: naming a column that is not there, or a value that is no number.
    """
    try:
        header, lines = read_table_cells(file)
    except ValueError as error:
        raise DatasetError(f"{file}: {error}") from None
    missing = {name, *columns} - set(header)
    if missing:
        raise DatasetError(f"{file}: no column {', '.join(sorted(missing))}")
    places = [header.index(column) for column in (name, *columns)]
    cells = [[row[place] for place in places] for _, row in lines]
    return [row[0] for row in cells], numbers(file, cells, slice(1, None))


def favourites(votes: NDArray[np.float64]) -> Integers:
    """The class with most votes in each row; absent where several share them."""
    best = votes == votes.max(axis=1, keepdims=True)
    return np.where(best.sum(axis=1) == 1, best.argmax(axis=1), ABSENT_CLASS).astype(np.int64)


def by_stem(folder: Path) -> dict[str, Path]:
    """Images below a folder by their name without suffix; of several the first."""
    found: dict[str, Path] = {}
    for path in images_below(folder):
        found.setdefault(path.stem, path)
    return found
