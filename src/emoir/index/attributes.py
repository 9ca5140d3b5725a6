"""Attributes: what is known of images beside their row vectors, as columns to filter by."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Attributes:
    """Columns of n images.

    Args:
        confidence: (n,) float32.
        monochrome: (n,) bool.
        width, height: (n,) int64, upright, in pixels.
        day: (n,) float64, when it was taken as YYYYMMDD, NaN where unknown.
        moment: (n,) the same to the second, as EXIF writes it, empty where unknown.
        hash: (n,) uint64 difference hashes.
        hashed: (n,) bool, whether the hash is known.
    """

    confidence: NDArray[np.float32]
    monochrome: NDArray[np.bool_]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    day: NDArray[np.float64]
    moment: NDArray[np.str_]
    hash: NDArray[np.uint64]
    hashed: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp]) -> Attributes:
        """The columns of some images."""
        return Attributes(*(getattr(self, name)[rows] for name in self.__slots__))


def load_attributes(connection: sqlite3.Connection, ids: NDArray[np.int64]) -> Attributes:
    """The attributes of images.

    Args:
        connection: to the index.
        ids: (n,) rising.

    Returns:
        n rows in the order of the ids; zeros for an id that is gone.
    """
    columns = "id, confidence, monochrome, width, height, taken, hash"
    known = connection.execute(f"SELECT {columns} FROM images ORDER BY id").fetchall()
    table = list(zip(*known, strict=True)) if known else [()] * 7
    place = np.searchsorted(np.array(table[0], dtype=np.int64), ids)
    place = place[place < len(known)]

    def column(number: int, dtype: type) -> Any:
        values: Any = np.zeros(len(ids), dtype=dtype)
        values[: len(place)] = np.array(table[number], dtype=dtype)[place]
        return values

    moment = np.array([text or "" for text in table[5]], dtype=str)[place]
    days = [float(text[:10].replace(":", "")) if text else np.nan for text in moment.tolist()]
    hashes = [0 if value is None else value & 0xFFFFFFFFFFFFFFFF for value in table[6]]
    return Attributes(
        column(1, np.float32),
        column(2, np.bool_),
        column(3, np.int64),
        column(4, np.int64),
        np.array(days, dtype=np.float64),
        moment,
        np.array(hashes, dtype=np.uint64)[place],
        np.array([value is not None for value in table[6]], dtype=bool)[place],
    )
