"""Predictions of one system for a data set, brought to the data set's classes and order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.cells import parse_number, plain_path, read_table_cells
from emoir.datasets import Table
from emoir.datasets.detect import PATHS, PROBABILITY, RATINGS
from emoir.emotions.mappings import TABLES, convert
from emoir.emotions.spaces import SPACES
from emoir.errors import DatasetError
from emoir.evaluate.distributions import Floats

SpacePredictions: TypeAlias = Mapping[str, tuple[tuple[str, ...], Floats]]
"""Space of the system to its class names and (n, K) probabilities; a space without a name is called ``""``."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """A system's predictions for a table's images, row by row.

    Args:
        name: of the system.
        known: (n,) whether there is a prediction for the row.
        probabilities: space of the table to (n, K) over the table's classes; undefined where not known.
        points: (n, 2) valence and arousal in [0, 1], or None.
        embeddings: (n, d) of unit length, or None.
        notes: space of the table to how the system's classes became the table's.
    """

    name: str
    known: NDArray[np.bool_]
    probabilities: Mapping[str, Floats] = field(default_factory=dict)
    points: Floats | None = None
    embeddings: Floats | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def folds(self) -> NDArray[np.int64]:
        """(n,) zeros: one system made all predictions."""
        return np.zeros(len(self.known), dtype=np.int64)

    def take(self, rows: NDArray[np.intp]) -> Predictions:
        """The predictions of the given rows, in the given order."""
        return Predictions(
            name=self.name,
            known=self.known[rows],
            probabilities={space: values[rows] for space, values in self.probabilities.items()},
            points=None if self.points is None else self.points[rows],
            embeddings=None if self.embeddings is None else self.embeddings[rows],
            notes=self.notes,
        )


def align(table: Table, predicted: SpacePredictions) -> tuple[dict[str, Floats], dict[str, str]]:
    """Bring a system's classes to those of a table.

    For each space of the table, the first of these that the system allows: a space of the same name, or else of the
    same words, that has all its classes; a space that maps to it (see ``emotions.mappings``). Where the table has fewer
    classes, the others' probability is shared out, as if they had not been there to choose.

    Args:
        table: the data set.
        predicted: the system's predictions, rows as the table's.

    Returns:
        ``(probabilities, notes)`` by space of the table; a space that cannot be compared is left out.

    Example:
        >>> names = {"mood": ("Fear", "Awe")}
        >>> classes = {"mood": np.array([0])}
        >>> moods = Table(name="mine", paths=[Path("a.jpg")], classes=classes, class_names=names)
        >>> probabilities, notes = align(moods, {"mikels": (("awe", "fear", "anger"), np.array([[0.2, 0.6, 0.2]]))})
        >>> probabilities["mood"].round(2).tolist(), notes["mood"]
        ([[0.75, 0.25]], 'mikels, 2 of its 3 classes')
    """
    found: dict[str, Floats] = {}
    notes: dict[str, str] = {}
    for space in {**table.distributions, **table.classes}:
        wanted = tuple(name.casefold() for name in table.class_names[space])
        for source in sorted(predicted, key=lambda name, space=space: name != space):  # type: ignore[misc]
            names, values = predicted[source]
            taken = _columns(tuple(name.casefold() for name in names), wanted)
            if taken is not None:
                found[space] = _shared_out(values[:, taken])
                fewer = f", {len(wanted)} of its {len(names)} classes" if len(names) > len(wanted) else ""
                notes[space] = f"{source or 'its classes'}{fewer}"
                break
        else:
            mapped = _mapped(wanted, predicted)
            if mapped is not None:
                notes[space], found[space] = mapped
    return found, notes


def _columns(names: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    return [names.index(name) for name in wanted] if set(wanted) <= set(names) else None


def _shared_out(values: Floats) -> Floats:
    total = values.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, values / np.where(total > 0, total, 1), 1 / values.shape[1]))


def _mapped(wanted: Sequence[str], predicted: SpacePredictions) -> tuple[str, Floats] | None:
    """By a mapping from one known space to another that has the wanted classes."""
    for source, target in TABLES:
        taken = _columns(SPACES[target].names, wanted)
        for names, values in predicted.values():
            order = _columns(tuple(name.casefold() for name in names), SPACES[source].names)
            if taken is not None and order is not None:
                return f"{source}, mapped to {target}", _shared_out(convert(values[:, order], source, target)[:, taken])
    return None


def read_predictions(file: Path, table: Table) -> Predictions:
    """Another system's probabilities, valence and arousal, as a table.

    Args:
        file: a table as ``read_table_cells`` takes it, ``-`` for standard input; one row per image: its path (``path``,
            ``file``, ``filename`` or ``image``; relative to the file or to the images, or the name alone where names
            are unique); probabilities in columns ``NAME`` or ``p_NAME`` of the data set's classes, or ``SPACE.NAME``
            as ``emoir export`` writes them; ``valence`` and ``arousal`` from 0 to 1.
        table: the data set.

    Returns:
        Its predictions; images that it does not mention are not known.

    Raises:
        DatasetError: if no row is of an image of the data set, or a value makes no sense.
    """
    try:
        header, lines = read_table_cells(file)
    except ValueError as error:
        raise DatasetError(f"{file}: {error}") from None
    rows = [dict(zip(header, cells, strict=True)) for _, cells in lines]
    path = next((name for name in PATHS if name in header), None)
    if path is None:
        raise DatasetError(f"{file}: no column names the image; call it one of {', '.join(PATHS)}")
    places = _places(file, [plain_path(row[path]) for row in rows], table)
    known = np.zeros(len(table), dtype=bool)
    known[list(places)] = True
    if not known.any():
        raise DatasetError(f"{file}: none of its {len(rows)} rows is of an image of {table.name}")

    def numbers(columns: Sequence[str]) -> NDArray[np.float64]:
        values = np.full((len(table), len(columns)), np.nan)
        for place, number in places.items():
            try:
                values[place] = [parse_number(rows[number][column]) for column in columns]
            except (TypeError, ValueError):
                raise DatasetError(f"{file}, row {number + 1}: {', '.join(columns)} must be numbers") from None
        return values

    predicted: dict[str, tuple[tuple[str, ...], Floats]] = {}
    for space, named in _spaces(header, table).items():
        values = numbers(list(named.values()))
        given = values[known]
        if np.any(np.isnan(given)) or np.any(given < 0) or np.any(given.sum(axis=1) <= 0):
            columns = ", ".join(named.values())
            raise DatasetError(f"{file}: probabilities ({columns}) must be there, 0 or more and not all 0")
        predicted[space] = tuple(named), values
    probabilities, notes = align(table, predicted)
    points = numbers(RATINGS) if all(name in header for name in RATINGS) else None
    if points is not None and not np.all((points[known] >= 0) & (points[known] <= 1)):
        raise DatasetError(f"{file}: valence and arousal must be numbers from 0 to 1")
    return Predictions(
        name=file.name, known=known, probabilities=probabilities, points=points, embeddings=None, notes=notes
    )


def _places(file: Path, names: Sequence[str], table: Table) -> dict[int, int]:
    """Row of the table to row of the file; a path goes before a bare name."""
    by_path = {os.fspath(path): row for row, path in enumerate(table.paths)}
    counts = Counter(path.name for path in table.paths)
    by_name = {path.name: row for row, path in enumerate(table.paths) if counts[path.name] == 1}
    # Links are not followed: a name is what the table calls the image.
    folders = [path.parent for path in table.paths] or [file.parent]
    roots = (file.parent.absolute(), os.path.commonpath(folders))
    found: dict[int, int] = {}
    for number, name in enumerate(names):
        rows = (by_path.get(os.path.normpath(os.path.join(root, name))) for root in roots)
        row = next((row for row in rows if row is not None), by_name.get(Path(name).name))
        if row is not None:
            found[row] = number
    return found


def _spaces(header: Sequence[str], table: Table) -> dict[str, dict[str, str]]:
    """Space to {class name: column}; columns without a space are of the data set's own classes."""
    own = {name.casefold() for space in {**table.distributions, **table.classes} for name in table.class_names[space]}
    own |= {name for space in SPACES.values() for name in space.names}
    found: dict[str, dict[str, str]] = {}
    for column in header:
        space, dot, name = column.partition(".")
        if dot and space in {*SPACES, *table.class_names}:
            found.setdefault(space, {})[name] = column
        elif column.removeprefix(PROBABILITY).casefold() in own:
            found.setdefault("", {})[column.removeprefix(PROBABILITY)] = column
    return found


def read_embeddings(file: Path, table: Table) -> Predictions:
    """Another system's embeddings: nothing but which images are alike.

    Args:
        file: ``.npy``, (n, d), rows in the order of the table (``emoir data check DATA --format paths`` prints it).
        table: the data set.

    Raises:
        DatasetError: if it has another number of rows, or values that are no numbers.
    """
    try:
        values = np.load(file, allow_pickle=False)
    except ValueError as error:
        raise DatasetError(f"{file}: not an array of numbers: {error}") from None
    if not isinstance(values, np.ndarray) or values.ndim != 2 or len(values) != len(table):
        shape = getattr(values, "shape", None)
        raise DatasetError(
            f"{file}: {shape} for {len(table)} images; one row per image is needed, in the order that "
            "emoir data check DATA --format paths prints"
        )
    if not np.issubdtype(values.dtype, np.number) or not np.all(np.isfinite(values)):
        raise DatasetError(f"{file}: not all values are finite numbers")
    lengths = np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
    unit = (values / np.maximum(lengths, 1e-12)).astype(np.float32)
    return Predictions(name=file.name, known=np.ones(len(table), dtype=bool), embeddings=unit)
