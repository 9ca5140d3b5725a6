"""Cells: text tables as spreadsheets write them, by column names."""

from __future__ import annotations

import codecs
import csv
import io
import os
import unicodedata
from pathlib import Path

from emoir.files import read_regular

DELIMITERS = (",", ";", "\t")
# How spreadsheets and statistics programs write that there is no value.
ABSENT = frozenset(["", "na", "n/a", "nan", "null", "none", "#n/a", "-"])
MAX_CELL = 10_000_000


def read_text(file: Path) -> str:
    """The text of a file: UTF-8, or UTF-16 if it begins with that byte order mark.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is neither, or holds NUL characters.
    """
    content = read_regular(file)
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start:,}); save it as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"line {line} holds a NUL character; save it as text")
    return text


def read_cells(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    r"""The rows of a table whose columns are separated by commas, semicolons or tabs, whichever the header has most of.

    Args:
        text: the first line names the columns.

    Returns:
        ``(names, rows)``: blanks around names and cells are taken off, empty rows left out; with each row its line.

    Raises:
        ValueError: naming the line, if a row has another number of cells than there are names, or quotes do not close.

    Example:
        >>> read_cells("path; mood\na.jpg; calm\n")
        (['path', 'mood'], [(2, ['a.jpg', 'calm'])])
    """
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    limit = csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
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
