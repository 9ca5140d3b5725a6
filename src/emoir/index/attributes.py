"""Attributes: what is known of images beside their row vectors, as columns to filter by."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.index.base import occurs_in
from emoir.index.checksums import checked, select

# Up to this many images are asked for by their ids; for more, all are read.
FEW = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
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
        return Attributes(**{name: getattr(self, name)[rows] for name in self.__slots__})


def load_attributes(connection: sqlite3.Connection, ids: NDArray[np.int64]) -> Attributes:
    """The attributes of images.

    Args:
        connection: to the index.
        ids: (n,) in any order.

    Returns:
        n rows in the order of the ids; zeros, and no date, for an id that is gone.
    """
    few = len(ids) <= FEW
    where = f"WHERE id IN ({','.join('?' * len(ids))})" if few else ""
    rows = connection.execute(select("images", f"{where} ORDER BY id"), ids.tolist() if few else ())
    known = list(checked("images", rows))
    numbers, _, *table = list(zip(*known, strict=True)) if known else [()] * 9
    width, height, taken, confidence, monochrome, hashes, _incomplete = table
    known_ids = np.array(numbers, dtype=np.int64)
    there = occurs_in(ids, known_ids)
    place = np.searchsorted(known_ids, ids[there])

    def column(values: Sequence[object], dtype: type) -> Any:
        filled: Any = np.zeros(len(ids), dtype=dtype)
        filled[there] = np.array(values, dtype=dtype)[place]
        return filled

    days = [float(text[:10].replace(":", "")) if text else np.nan for text in taken]
    moment = np.zeros(len(ids), dtype="U19")
    moment[there] = np.array([text or "" for text in taken], dtype="U19")[place]
    day = column(days, np.float64)
    day[~there] = np.nan
    return Attributes(
        confidence=column(confidence, np.float32),
        monochrome=column(monochrome, np.bool_),
        width=column(width, np.int64),
        height=column(height, np.int64),
        day=day,
        moment=moment,
        hash=column([0 if value is None else value & 0xFFFFFFFFFFFFFFFF for value in hashes], np.uint64),
        hashed=column([value is not None for value in hashes], np.bool_),
    )
