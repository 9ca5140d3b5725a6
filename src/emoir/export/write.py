"""Writing tables: CSV, JSON, Parquet, .npy, and the codebook beside them; a file appears whole or not at all."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import EmoirError
from emoir.export.table import Table
from emoir.files import atomic_write
from emoir.images.features import Column
from emoir.names import printable


@contextmanager
def _text(file: Path | None) -> Iterator[IO[str]]:
    """A file, or standard output."""
    if file is None:
        yield sys.stdout
        return
    with atomic_write(file) as partial, open(partial, "w", newline="", encoding="utf-8") as stream:
        yield stream


def write_csv(table: Table, file: Path | None) -> None:
    """One line an image; characters of a path that would break a line are escaped.

    Args:
        table: to write.
        file: None for standard output.
    """
    with _text(file) as stream:
        writer = csv.DictWriter(stream, [column.name for column in table.columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "path": printable(row["path"])} for row in table.rows())


def write_json(records: Sequence[dict[str, Any]], file: Path | None) -> None:
    """An array of objects, to a file or standard output."""
    with _text(file) as stream:
        stream.write(json.dumps(records, indent=2) + "\n")


def write_parquet(table: Table, file: Path) -> None:
    """The same columns as a CSV has, with their types.

    Raises:
        EmoirError: if pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise EmoirError('Parquet needs more packages: pip install "emoir[research]"') from None
    columns = {column.name: table.values[column.name] for column in table.columns}
    columns["path"] = [printable(path) for path in columns["path"]]
    with atomic_write(file) as partial:
        parquet.write_table(pyarrow.table(columns), partial)


def write_matrix(matrix: NDArray[np.floating], file: Path) -> None:
    """Numbers as .npy."""
    with atomic_write(file) as partial, open(partial, "wb") as stream:
        np.save(stream, matrix)


def write_codebook(columns: Sequence[Column], file: Path) -> None:
    """Name, unit, range, meaning and reference of every column, in their order, as CSV."""
    with _text(file) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", "unit", "low", "high", "meaning", "reference"])
        for column in columns:
            writer.writerow([column.name, column.unit, column.low, column.high, column.meaning, column.reference])
