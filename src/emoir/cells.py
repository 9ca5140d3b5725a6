"""Cells: tables as spreadsheets and programs write them (CSV, TSV, JSON lines, Parquet), by column names."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import sys
import unicodedata
from pathlib import Path
from typing import Any

from emoir.files import read_regular

DELIMITERS = (",", ";", "\t")
# How spreadsheets and statistics programs write a missing value.
ABSENT = frozenset(["", "na", "n/a", "nan", "null", "none", "#n/a", "-"])
MAX_CELL = 10_000_000
# Reads the table from standard input, as other commands do.
STANDARD_INPUT = Path("-")
# JSON can write characters that no file's name and no UTF-8 text can hold.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
PARQUET, ZIP = b"PAR1", b"PK\x03\x04"


def read_text(file: Path) -> str:
    """The text of a file: UTF-8, or UTF-16 if it begins with that byte order mark.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is neither, or holds NUL characters.
    """
    return _text_of(read_content(file))


def read_content(file: Path) -> bytes:
    """The bytes of a file, or of standard input for ``-``."""
    return sys.stdin.buffer.read() if file == STANDARD_INPUT else read_regular(file)


def _text_of(content: bytes) -> str:
    if content.startswith(ZIP):
        raise ValueError("it is a spreadsheet or a ZIP archive; save it as UTF-8 text, such as CSV")
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start:,}); save it as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"line {line} holds a NUL character; save it as text")
    return text


def read_table_cells(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The rows of a table, whatever it is written in: its first bytes decide, then its name.

    Args:
        file: text as ``read_cells`` takes it, JSON lines, or Parquet; ``-`` is standard input.

    Returns:
        As ``read_cells``; what is absent is an empty cell.

    Raises:
        OSError: if it cannot be read.
        ValueError: naming what does not fit, without the file's name.
    """
    content = read_content(file)
    suffix = file.suffix.lower()
    if content.startswith(PARQUET) or suffix == ".parquet":
        return _of_records(_parquet(content))
    text = _text_of(content)
    if text.lstrip().startswith("{") or suffix == ".jsonl":
        # Other characters than a line feed may end a line elsewhere, and stand inside a text here.
        lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
        return _of_records([(number, _record(number, line)) for number, line in lines])
    if text.lstrip().startswith("["):
        return _of_records(_array(text))
    return read_cells(text)


def _of_records(records: list[tuple[int, dict[str, Any]]]) -> tuple[list[str], list[tuple[int, list[str]]]]:
    names = list(dict.fromkeys(name for _, record in records for name in record))
    rows = []
    for line, record in records:
        cells = ["" if record.get(name) is None else str(record[name]) for name in names]
        if UNSTORABLE.search("".join([*record, *cells])):
            raise ValueError(f"line {line} holds a NUL character or half of a surrogate pair")
        rows.append((line, cells))
    return names, rows


def _array(text: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise ValueError(f"entry {number}: an object of columns is needed")
    return list(enumerate(records, 1))


def _record(number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number}: no JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError(f"line {number}: an object of columns is needed")
    return record


def _parquet(content: bytes) -> list[tuple[int, dict[str, Any]]]:
    try:
        from pyarrow import ArrowException, BufferReader, parquet
    except ImportError:
        raise ValueError("Parquet needs one more package: pip install pyarrow") from None
    try:
        return list(enumerate(parquet.read_table(BufferReader(content)).to_pylist(), 1))
    except (ArrowException, OSError, ValueError, OverflowError) as error:
        raise ValueError(f"no Parquet that can be read: {error}") from None


def read_cells(text: str, *, quotes: bool = True) -> tuple[list[str], list[tuple[int, list[str]]]]:
    r"""The rows of a table whose columns are separated by commas, semicolons or tabs, whichever the header has most of.

    Args:
        text: the first line names the columns.
        quotes: whether cells may stand in quotes.

    Returns:
        ``(names, rows)``: blanks around names and cells are taken off, empty rows left out; with each row its line.

    Raises:
        ValueError: naming the line, if a row has another number of cells than there are names, or quotes do not close.

    Example:
        >>> read_cells("path; mood\na.jpg; calm\n")
        (['path', 'mood'], [(2, ['a.jpg', 'calm'])])
    """
    # Excel's own note of what separates its columns.
    noted = re.match("sep=(.)\r?\n", text, re.IGNORECASE)
    text = text[noted.end() :] if noted else text
    first = text.lstrip().partition("\n")[0]
    delimiter = noted[1] if noted else max(DELIMITERS, key=first.count)
    limit = csv.field_size_limit(MAX_CELL)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        skipinitialspace=True,
        strict=True,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
    )
    try:
        header = next((row for row in reader if any(map(str.strip, row))), [])
        names = [name.strip() for name in header]
        rows: list[tuple[int, list[str]]] = []
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) != len(names):
                raise ValueError(
                    f"line {reader.line_num}: {len(cells)} values for {len(names)} columns, separated by {delimiter!r}"
                )
            rows.append((reader.line_num, cells))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None
    finally:
        csv.field_size_limit(limit)
    # Spreadsheets end their lines with columns that nobody filled.
    if names and not names[-1]:
        table = (names, *(cells for _, cells in rows))
        width = max((place for cells in table for place, cell in enumerate(cells, 1) if cell), default=0)
        names, rows = names[:width], [(line, cells[:width]) for line, cells in rows]
    return names, rows


def parse_number(cell: str) -> float:
    """A cell as a number, with a decimal point or comma; NaN where it says that there is none.

    Raises:
        ValueError: if it is no finite number.

    Example:
        >>> parse_number("0,75"), parse_number("7.5"), parse_number("NA")
        (0.75, 7.5, nan)
    """
    plain = cell.strip()
    if plain.casefold() in ABSENT:
        return float("nan")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    number = float(plain)
    if number in (float("inf"), float("-inf")) or "_" in plain:
        raise ValueError(f"{cell!r} is no finite number")
    return number


def plain_path(cell: str) -> str:
    r"""A path as a cell states it, with the separators of this system where it was written on Windows.

    Example:
        >>> plain_path("sub\\a.jpg")
        'sub/a.jpg'
    """
    return cell.replace("\\", "/") if os.sep == "/" and "/" not in cell else cell


def spellings(path: bytes) -> tuple[bytes, ...]:
    r"""A path as it is, then with its characters composed (NFC) and decomposed (NFD), where that differs.

    Example:
        >>> len(spellings("M\u00fcller".encode())), len(spellings(b"Miller"))
        (2, 1)
    """
    apart = os.fsencode(unicodedata.normalize("NFD", os.fsdecode(path)))
    return tuple(dict.fromkeys((path, composed(path), apart)))


def composed(path: bytes) -> bytes:
    """A path in Unicode's composed form (NFC): some systems store Müller with one character for ü, some with two.

    Example:
        >>> composed("Mu\u0308ller".encode()) == "Müller".encode()
        True
    """
    return os.fsencode(unicodedata.normalize("NFC", os.fsdecode(path)))
