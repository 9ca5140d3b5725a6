"""Writing tables: CSV, JSON, Parquet, .npy, and the codebook beside them; a file appears whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import EmoirError
from emoir.export.table import ExportTable
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


# Tables of Japanese and Chinese also begin a formula with full-width signs (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BLOCK = 1 << 16


def write_csv(table: ExportTable, file: Path | None, *, excel: bool = False) -> None:
    """One line per image, as ``csv_blocks`` gives them.

    Args:
        table: to write.
        file: None for standard output.
        excel: see ``csv_blocks``.
    """
    with _text(file) as stream:
        stream.writelines(csv_blocks(table, excel=excel))


def csv_blocks(table: ExportTable, *, excel: bool = False) -> Generator[str]:
    """A table as CSV, block by block; characters of a path that would break a line are escaped.

    Args:
        table: to write.
        excel: for spreadsheets: begins with a byte order mark, so that they take it for UTF-8, and puts an apostrophe
            before text that they would run as a formula.

    Yields:
        Some lines at a time.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n" if excel else "\n")
    text.write("\ufeff" if excel else "")
    names = [column.name for column in table.columns]
    writer.writerow(map(inert, names) if excel else names)
    for row in table.rows():
        row["path"] = printable(row["path"])
        writer.writerow(map(inert, row.values()) if excel else row.values())
        if text.tell() > BLOCK:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def inert(value: Any) -> Any:
    """A value that no spreadsheet runs: text that begins as a formula gets an apostrophe before it.

    References:
        OWASP, CSV Injection. https://owasp.org/www-community/attacks/CSV_Injection

    Example:
        >>> inert("=HYPERLINK(1)"), inert("a=b"), inert(-0.5)
        ("'=HYPERLINK(1)", 'a=b', -0.5)
    """
    return "'" + value if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA) else value


def write_json(records: Sequence[dict[str, Any]], file: Path | None) -> None:
    """An array of objects, to a file or standard output.

    Args:
        records: to write.
        file: None for standard output.
    """
    with _text(file) as stream:
        stream.write(json.dumps(records, indent=2) + "\n")


def write_parquet(table: ExportTable, file: Path) -> None:
    """The same columns as a CSV has, with their types.

    Args:
        table: to write.
        file: the ``.parquet`` file.

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
    """Numbers as .npy.

    Args:
        matrix: (n, d).
        file: the ``.npy`` file.
    """
    with atomic_write(file) as partial, open(partial, "wb") as stream:
        np.save(stream, matrix)


def write_codebook(columns: Sequence[Column], file: Path) -> None:
    """Name, unit, range, meaning and reference of every column, in their order, as CSV.

    Args:
        columns: of a table.
        file: the CSV to write.
    """
    with _text(file) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", "unit", "low", "high", "meaning", "reference"])
        for column in columns:
            writer.writerow([column.name, column.unit, column.low, column.high, column.meaning, column.reference])
