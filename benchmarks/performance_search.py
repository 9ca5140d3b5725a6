"""Searching: against numpy, against a filter, cold, and against other engines."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir import Collection
from emoir.index import SqliteStore
from emoir.search.option_text import Range
from emoir.search.options import FilterOptions
from synthetic import made_up_files, write_index
from timing import Ratio, python, time_ratio

WORD, TOP = "awe", 20


def index_of(folder: Path, rows: int) -> Path:
    """An index of so many made-up rows; written once."""
    location = folder / f"{rows}_rows.emoir"
    if not location.exists():
        part = folder / f"{rows}_rows.part"
        part.unlink(missing_ok=True)
        write_index(part, b"/photos", made_up_files(rows))
        part.rename(location)
    return location


EVERY_IMAGE = FilterOptions()


def warm(folder: Path, repeats: int, rows: int) -> list[Ratio]:
    """A collection that has answered before, against one product; and with a filter that keeps one row in a hundred."""
    with Collection(index_of(folder, rows)) as photos, SqliteStore(photos.location) as index:
        matrix = index.vectors()
        weights = np.random.default_rng(0).random((index.layout.length,), dtype=np.float32)
        kept = FilterOptions(confidence=Range(float(np.quantile(index.attributes(matrix.ids).confidence, 0.99))))

        def search(filters: FilterOptions = EVERY_IMAGE) -> object:
            return photos.search(WORD, n=TOP, filters=filters)

        search(kept)
        return [
            time_ratio(
                f"exact top-{TOP} over {rows:,} rows, warm ÷ numpy float32 matrix-vector product",
                search,
                lambda: matrix.rows @ weights,
                repeats=repeats,
                must="≤ 1.5",
                aim="≤ 1.2",
            ),
            time_ratio(
                "the same with a filter that keeps 1 % ÷ unfiltered",
                lambda: search(kept),
                search,
                repeats=repeats,
                must="≤ 1.0",
                aim="≤ 0.3",
            ),
        ]


def cold(folder: Path, repeats: int, rows: int) -> list[Ratio]:
    """The command in a new process: with few rows against importing numpy, with many against reading the file."""
    few, many = index_of(folder, 10_000), index_of(folder, rows)
    arguments = ("-m", "emoir", "search", WORD, "--everywhere", "--all", "--index")
    return [
        time_ratio(
            "emoir search, 10,000 rows ÷ python -c 'import numpy'",
            python(*arguments, few),
            python("-c", "import numpy"),
            repeats=repeats,
            must="≤ 5",
            aim="≤ 3",
        ),
        time_ratio(
            f"emoir search, {rows:,} rows, file not in memory ÷ reading the file",
            python(*arguments, many),
            lambda: _read(many),
            repeats=max(3, repeats // 3),
            must="≤ 3",
            aim="≤ 1.5",
            prepare=lambda: _out_of_memory(many),
        ),
    ]


def _read(file: Path) -> None:
    with open(file, "rb", buffering=0) as stream:
        while stream.read(1 << 20):
            pass


def _out_of_memory(file: Path) -> None:
    """Ask the system to forget what it keeps of a file in memory."""
    with open(file, "rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def engines(folder: Path, repeats: int, rows: int) -> list[Ratio]:
    """Other engines over the same rows, exact, with and without a filter that keeps one row in a hundred."""
    missing = [name for name in ("lancedb", "sqlite_vec", "apsw", "faiss") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"{', '.join(missing)} are not installed; see the docstring of performance.py")
    ratios = []
    with Collection(index_of(folder, rows)) as photos, SqliteStore(photos.location) as index:
        matrix = index.vectors()
        group = np.random.default_rng(1).random(len(matrix.ids)).astype(np.float32)
        confidence = index.attributes(matrix.ids).confidence
        kept = FilterOptions(confidence=Range(float(np.quantile(confidence, 0.99))))
        few = group >= np.quantile(group, 0.99)
        weights = np.random.default_rng(0).random((index.layout.length,), dtype=np.float32)
        photos.search(WORD, filters=kept)
        for name, open_engine in (("faiss flat", _faiss), ("sqlite-vec", _sqlite_vec), ("LanceDB", _lancedb)):
            ask = open_engine(folder, matrix.rows, few)
            for filtered in (False, True):
                among = np.flatnonzero(few) if filtered else np.arange(len(few))
                best = among[np.argsort(-np.asarray(matrix.rows @ weights)[among])[:TOP]].tolist()
                found = ask(weights, filtered)
                # Two rows whose products agree to the last bit may change places at the end.
                if len(set(found) & set(best)) < TOP - 1:
                    sys.exit(f"{name} did not find the same rows: {found} instead of {best}")
                ratios.append(
                    time_ratio(
                        f"emoir ÷ {name}, {'a filter that keeps 1 %' if filtered else 'no filter'}",
                        lambda filters=kept if filtered else None: photos.search(WORD, n=TOP, filters=filters),  # type: ignore[misc]
                        lambda ask=ask, filtered=filtered: ask(weights, filtered),  # type: ignore[misc]
                        repeats=repeats,
                        must="< 1",
                        aim="≤ 0.3",
                    )
                )
            del ask
    return ratios


Ask = Callable[[NDArray[np.float32], bool], list[int]]
"""Row numbers of the best rows for some weights, among the few or among all."""


def _faiss(folder: Path, rows: NDArray[np.float32], few: NDArray[np.bool_]) -> Ask:
    import faiss

    faiss.omp_set_num_threads(1)
    index: Any = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    chosen = faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.flatnonzero(few)))

    def ask(weights: NDArray[np.float32], filtered: bool) -> list[int]:
        _, found = index.search(weights[None], TOP, params=chosen if filtered else None)
        return [int(row) for row in found[0]]

    return ask


def _sqlite_vec(folder: Path, rows: NDArray[np.float32], few: NDArray[np.bool_]) -> Ask:
    # Many a Python's own sqlite3 loads no extensions.
    import apsw
    import sqlite_vec

    file = folder / f"{len(rows)}.sqlite_vec"
    new = not file.exists()
    connection: Any = apsw.Connection(str(file))
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    if new:
        # It knows no products; distances of rows of one length come in the same order, so a column fills them up.
        squares = (rows**2).sum(axis=1, dtype=np.float64)
        rest = np.sqrt(np.maximum(squares.max() - squares, 0)).astype(np.float32)
        connection.execute(
            f"CREATE VIRTUAL TABLE v USING vec0(id INTEGER PRIMARY KEY, few BOOLEAN, row float[{rows.shape[1] + 1}])"
        )
        with connection:
            connection.executemany(
                "INSERT INTO v (id, few, row) VALUES (?, ?, ?)",
                (
                    (number, bool(flag), np.append(row, last).tobytes())
                    for number, (flag, row, last) in enumerate(zip(few, rows, rest, strict=True))
                ),
            )
    where = {False: "", True: "AND few = 1"}

    def ask(weights: NDArray[np.float32], filtered: bool) -> list[int]:
        query = np.append(weights, np.float32(0)).tobytes()
        statement = f"SELECT id FROM v WHERE row MATCH ? AND k = {TOP} {where[filtered]} ORDER BY distance"
        return [number for (number,) in connection.execute(statement, (query,))]

    return ask


def _lancedb(folder: Path, rows: NDArray[np.float32], few: NDArray[np.bool_]) -> Ask:
    import lancedb
    import pyarrow

    place = folder / f"{len(rows)}.lancedb"
    new = not place.exists()
    base: Any = lancedb.connect(place)
    if new:
        vectors = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows.ravel()), rows.shape[1])
        columns = {"id": np.arange(len(rows)), "few": few, "vector": vectors}
        base.create_table("rows", pyarrow.table(columns))
    table = base.open_table("rows")

    def ask(weights: NDArray[np.float32], filtered: bool) -> list[int]:
        query = table.search(weights).distance_type("dot").limit(TOP).select(["id", "_distance"])
        found = (query.where("few", prefilter=True) if filtered else query).to_arrow()
        return [int(number) for number in found["id"].to_pylist()]

    return ask
