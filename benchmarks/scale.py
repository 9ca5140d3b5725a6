"""Beyond one machine, in numbers: the tables of docs/scale.md, ``python benchmarks/scale.py PART``.

Parts:
    search  ten million generated rows in memory: a search for a word against reading the same columns once
    costs   what one image costs: measured here, written to ``printed/scale.json``
    plan    10 million to 10 billion images: arithmetic from those costs and from prices that the options change

Times of ``costs`` are processor time of one thread, so that others on the machine count little.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import cast

# One thread, as a worker has; BLAS asks for this when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir import Model
from emoir.evaluate.provenance import provenance
from emoir.images.thumbnail import thumbnail
from emoir.index import RowLayout
from emoir.index.base import VectorTable
from emoir.index.contract import ImageReader
from emoir.index.vectors import ExactVectors, RowFilter
from emoir.search.compiled import compile_query
from emoir.search.find import SearchContext, find
from emoir.search.grammar import parse_query
from emoir.search.options import SearchOptions
from emoir.search.searcher import IndexExamples
from emoir.search.terms import TermContext
from emoir.search.vocabulary import Vocabulary
from photographs import photographs
from synthetic import made_up_files, write_index

COSTS = Path(__file__).parent / "printed" / "scale.json"
SIZES = (10**7, 10**8, 10**9, 10**10)
WORD, TOP = "awe", 20
BLOCK = 2**20
# Gigabytes and hours.
GB, HOUR = 10**9, 3600.0


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What one image costs: seconds of one core, and bytes."""

    decode: float
    forward: float
    commit: float
    thumbnail: float
    photograph_bytes: int
    store_bytes: int
    thumbnail_bytes: int
    affect_bytes: int
    engine_bytes: int
    search: float


class Generated:
    """As much of a store as a search for words asks: rows drawn at random, as alike as those of photographs are."""

    revision = 1

    def __init__(self, rows: int, layout: RowLayout) -> None:
        self.layout = layout
        random = np.random.default_rng(0)
        affect = np.empty((rows, layout.affect.stop), np.float32)
        for start in range(0, rows, BLOCK):
            block = affect[start : start + BLOCK]
            for space in layout.class_names:
                part = block[:, layout.distribution(space)]
                part[:] = random.standard_exponential(part.shape, dtype=np.float32)
                part[:] = np.sqrt(part / part.sum(axis=1, keepdims=True))
            point = random.random((len(block), 2), dtype=np.float32)
            block[:, layout.point] = np.column_stack([point, (point**2).sum(axis=1)])
        self._table = VectorTable(np.arange(1, rows + 1), affect, lambda ids: np.empty((len(ids), 0), np.float16))

    def vectors(self, ids: NDArray[np.int64] | None = None) -> VectorTable:
        """All rows."""
        return self._table


def search(rows: int, repeats: int) -> None:
    """The table of a warm search."""
    model = Model()
    layout = RowLayout(model.card.class_names, model.card.embedding_length)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store = cast(ImageReader, Generated(rows, layout))
    vectors = ExactVectors()
    vectors.sync(store)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    context = SearchContext(vectors=vectors, layout=layout, curves=model.card.scores)
    terms = TermContext(layout, Vocabulary.of(layout), cast(IndexExamples, None))
    query, options = compile_query(parse_query(WORD), terms), SearchOptions(n=TOP)
    affect = store.vectors().affect
    asked = _medians(
        repeats,
        lambda: find(context, query, None, options, RowFilter()),
        lambda: np.dot(affect.ravel(), affect.ravel()),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        "| rows | word search, warm | reading the affect columns once | ratio | rows in memory | most while searching |"
    )
    print("|---|---|---|---|---|---|")
    times = f"{1000 * asked[0]:.0f} ms | {1000 * asked[1]:.0f} ms | {asked[0] / asked[1]:.1f}"
    print(f"| {rows:,} | {times} | {held / 1e6:.2f} GB | {peak / 1e6:.2f} GB |")
    print(
        "\n" + provenance(f"generated rows of {affect.shape[1]} columns", f"{repeats} repeats", "one thread", "seed 0")
    )


def _medians(repeats: int, *actions: Callable[[], object]) -> list[float]:
    """Median processor time of each, in turns."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(repeats):
        for action, taken in zip(actions, times, strict=True):
            began = time.process_time()
            action()
            taken.append(time.process_time() - began)
    return [statistics.median(taken) for taken in times]


def costs(count: int, rows: int, search_seconds: float, engine_bytes: int) -> None:
    """Measure, and write down."""
    model = Model()
    layout = RowLayout(model.card.class_names, model.card.embedding_length)
    contents = list(photographs(count))
    images = [model.load(content) for content in contents]
    began = time.process_time()
    small = [thumbnail(content, 480) for content in contents]
    thumbnails = (time.process_time() - began) / count
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "x.emoir"
        files = made_up_files(rows)
        began = time.process_time()
        write_index(index, b"/photos", files)
        with closing(sqlite3.connect(index)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        commit, size = (time.process_time() - began) / rows, index.stat().st_size
    [decode] = _medians(3, lambda: [model.load(content) for content in contents])
    [forward] = _medians(3, lambda: [model.read_prepared(image) for image in images])
    found = Costs(
        decode=decode / count,
        forward=forward / count,
        commit=commit,
        thumbnail=thumbnails,
        photograph_bytes=round(statistics.mean(map(len, contents))),
        store_bytes=round(size / rows),
        thumbnail_bytes=round(statistics.mean(map(len, small))),
        affect_bytes=4 * layout.affect.stop + 8,
        engine_bytes=engine_bytes,
        search=search_seconds,
    )
    pixels = statistics.mean(float(np.prod(Image.open(BytesIO(content)).size)) for content in contents) / 1e6
    note = provenance(
        f"{count} photographs of {pixels:.1f} megapixels", f"{rows:,} made-up rows", "one thread", "seed 0"
    )
    COSTS.write_text(json.dumps({**asdict(found), "note": note}, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What is paid for, in dollars; list prices of a large provider, to be replaced by one's own."""

    core_hour: float
    disk_month: float
    object_month: float
    requests: float


def plan(prices: Prices, cores: int) -> None:
    """Both tables."""
    kept = json.loads(COSTS.read_text(encoding="utf-8"))
    note = kept.pop("note")
    one = Costs(**kept)
    rows = [
        ("decode and resize", f"{1000 * one.decode:.1f} ms"),
        ("forward pass", f"{1000 * one.forward:.1f} ms"),
        ("rows, records and commit", f"{1000 * one.commit:.2f} ms"),
        ("thumbnail of 480 px, when it is first seen", f"{1000 * one.thumbnail:.1f} ms"),
        ("photograph", f"{one.photograph_bytes / 1000:,.0f} KB"),
        ("index file", f"{one.store_bytes:,} bytes"),
        ("thumbnail", f"{one.thumbnail_bytes / 1000:.1f} KB"),
        ("memory of a search for words and points", f"{one.affect_bytes} bytes"),
        ("memory of a search engine", f"{one.engine_bytes:,} bytes"),
        ("search for a word, a million images", f"{1000 * one.search:.0f} ms"),
    ]
    print("| one image costs | |\n|---|---|")
    print("\n".join(f"| {name} | {value} |" for name, value in rows))
    print(f"\n{note}\n")
    each = one.decode + one.forward + one.commit
    print(f"| images | {' | '.join(_short(size) for size in SIZES)} |\n|---|{'---|' * len(SIZES)}")

    def line(name: str, value: Callable[[int], str]) -> None:
        print(f"| {name} | {' | '.join(value(size) for size in SIZES)} |")

    hours = {size: each * size / HOUR for size in SIZES}
    line("core hours to read all", lambda size: f"{hours[size]:,.0f}")
    line(
        f"machines of {cores} cores that read all in a week",
        lambda size: f"{max(1, -(-hours[size] // (cores * 168))):,.0f}",
    )
    line("commits of one writer, hours", lambda size: f"{one.commit * size / HOUR:,.1f}")
    line("photographs", lambda size: f"{one.photograph_bytes * size / 10**12:,.0f} TB")
    line("index", lambda size: f"{one.store_bytes * size / GB:,.0f} GB")
    line("thumbnails, were all kept", lambda size: f"{one.thumbnail_bytes * size / GB:,.0f} GB")
    line("memory, exact search in one process", lambda size: f"{one.affect_bytes * size / GB:,.1f} GB")
    line("memory, search engine", lambda size: f"{one.engine_bytes * size / GB:,.0f} GB")
    line("exact search for a word, one core", lambda size: f"{one.search * size / 10**6:,.1f} s")
    million = 10**6
    once = each * million / HOUR * prices.core_hour + 2 * million * prices.requests
    month = (one.store_bytes * prices.disk_month + one.photograph_bytes * prices.object_month) * million / GB
    print(f"\nPer million images: ${once:.2f} once to read them, ${month:.2f} a month to keep index and photographs.")
    print(
        f"Prices: ${prices.core_hour} a core hour, ${prices.disk_month} a GB and month on disk, ${prices.object_month} "
        f"in object storage, ${prices.requests * 1000:.4f} a thousand requests; two requests an image."
    )


def _short(size: int) -> str:
    return f"{size // 10**9:,} billion" if size >= 10**9 else f"{size // 10**6:,} million"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["search", "costs", "plan"])
    parser.add_argument("--rows", type=int, default=10**7, help="generated rows of search; a tenth of them for costs")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--photographs", type=int, default=60)
    parser.add_argument("--search-seconds", type=float, default=0.0053, help="of a million rows, as search printed it")
    parser.add_argument("--engine-bytes", type=int, default=3600, help="of an image, as engine_agreement.py printed it")
    parser.add_argument("--cores", type=int, default=16, help="of a machine")
    parser.add_argument("--core-hour", type=float, default=0.04)
    parser.add_argument("--disk-month", type=float, default=0.08)
    parser.add_argument("--object-month", type=float, default=0.023)
    parser.add_argument("--requests", type=float, default=0.0004 / 1000, help="price of one")
    asked = parser.parse_args()
    if asked.part == "search":
        search(asked.rows, asked.repeats)
    elif asked.part == "costs":
        costs(asked.photographs, asked.rows // 10, asked.search_seconds, asked.engine_bytes)
    else:
        prices = Prices(
            core_hour=asked.core_hour,
            disk_month=asked.disk_month,
            object_month=asked.object_month,
            requests=asked.requests,
        )
        plan(prices, asked.cores)


if __name__ == "__main__":
    main()
