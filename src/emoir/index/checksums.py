"""Checksums: every row carries one, because SQLite does not notice when a bit of a value changes."""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from emoir.index.tables import COLUMNS

Row = tuple[Any, ...]
_IMAGE = struct.Struct("<q32sqqd?q??")


class DamagedRowError(sqlite3.DatabaseError):
    """A row is not what was written; SQLite itself cannot tell."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def blob_checksum(*blobs: bytes | None) -> int:
    """CRC-32 of blobs, one after another; -1, which none has, if one of them is gone."""
    value = 0
    for blob in blobs:
        if blob is None:
            return -1
        value = zlib.crc32(blob, value)
    return value


def row_checksum(values: Sequence[object]) -> int:
    """CRC-32 of the values of a row: numbers, text, bytes and None.

    Example:
        >>> row_checksum((1, b"a.jpg", None)) == row_checksum((1, "a.jpg", None))
        False
    """
    return zlib.crc32(ascii(tuple(values)).encode("ascii"))


def image_checksum(row: Row) -> int:
    """The same of a row of ``images``, fast: all of them are read when a search has filters.

    Args:
        row: id, digest, width, height, taken, confidence, monochrome, hash, incomplete.
    """
    id, digest, width, height, taken, confidence, monochrome, hash, incomplete = row
    try:
        text = b"" if taken is None else b"\0" + taken.encode("utf-8", "surrogateescape")
        flags = hash is not None, incomplete == 1
        packed = _IMAGE.pack(id, digest, width, height, confidence, monochrome == 1, hash or 0, *flags)
    except (struct.error, AttributeError, TypeError):
        # Of another type than was ever written.
        return -1
    known = monochrome in (0, 1) and incomplete in (0, 1) and len(digest) == 32
    return zlib.crc32(text, zlib.crc32(packed)) if known else -1


def sealed(table: str, values: Sequence[object]) -> Row:
    """A row with its checksum at the end."""
    values = tuple(values)
    return (*values, image_checksum(values) if table == "images" else row_checksum(values))


def holds(table: str, row: Row) -> bool:
    """Whether the checksum at the end of a row is that of the values before it."""
    return bool(sealed(table, row[:-1])[-1] == row[-1])


def checked(table: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows without their checksums.

    Raises:
        DamagedRowError: at the first row that is not what was written.
    """
    for row in rows:
        if not holds(table, row):
            raise DamagedRowError(f"a row of {table} is spoilt")
        yield row[:-1]


def insert(table: str) -> str:
    """The statement that inserts a sealed row."""
    count = COLUMNS[table].count(",") + 2
    return f"INSERT INTO {table} ({COLUMNS[table]}, checksum) VALUES ({', '.join('?' * count)})"


def replace(table: str) -> str:
    """The statement that inserts a sealed row in place of one with the same key."""
    return insert(table).replace("INSERT", "REPLACE", 1)


def select(table: str, rest: str = "") -> str:
    """The statement that reads rows to be checked."""
    return f"SELECT {COLUMNS[table]}, checksum FROM {table} {rest}"
