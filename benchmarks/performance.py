"""The table of speed in docs/performance.md: ``python benchmarks/performance.py --part NAME``.

Every figure is a ratio within one run: both sides are timed in turns, several times, and the medians divided. Nothing
else may run on the machine. Photographs, made-up indexes and graphs are written once, to ``--folder`` (about 6 GB with
all parts); they need no download.

Parts:
    pipeline  indexing against decoding alone + forward pass alone
    networks  indexing against CLIP ViT-B/32 and ResNet-50 with random weights; needs ``emoir[train]``
    encoder   indexing with EfficientNet-Lite2 against its forward pass; needs ``emoir model add efficientnet-lite2``
    warm      a search over a million rows against one product of numpy, and with a filter
    cold      ``emoir search`` in a new process
    engines   the same search in faiss, sqlite-vec and LanceDB. They are no dependencies of emoir; give them an
              environment of their own and run this part with its Python:
              ``python -m venv engines; engines/bin/pip install . scikit-image lancedb sqlite-vec apsw faiss-cpu``
    scan      indexing again when nothing has changed
    start     ``emoir --help``, and the installed size
    memory    peak memory for 100,000 images against 10,000
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import performance_index
import performance_search
import performance_start
from emoir.evaluate.provenance import provenance
from timing import HEADER, Ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", help="may be repeated; default: all but engines and encoder")
    parser.add_argument("--folder", type=Path, default=Path("runs/performance"), help="where things are kept")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--photographs", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=100_000)
    asked = parser.parse_args()
    folder, repeats, few = asked.folder.resolve(), asked.repeats, max(3, asked.repeats // 3)
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, Callable[[], list[Ratio]]] = {
        "pipeline": lambda: performance_index.pipeline(folder, few, asked.workers, asked.photographs),
        "networks": lambda: performance_index.networks(folder, few, asked.workers, asked.photographs),
        "encoder": lambda: performance_index.encoder(folder, few, asked.workers, asked.photographs),
        "warm": lambda: performance_search.warm(folder, repeats, asked.rows),
        "cold": lambda: performance_search.cold(folder, repeats, asked.rows),
        "engines": lambda: performance_search.engines(folder, repeats, asked.rows),
        "scan": lambda: performance_index.scan(folder, repeats, asked.files),
        "start": lambda: performance_start.start(repeats),
        "memory": lambda: performance_index.memory(folder, asked.files // 10, asked.files),
    }
    chosen = asked.part or [name for name in parts if name not in ("engines", "encoder")]
    if unknown := set(chosen) - set(parts):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    load = os.getloadavg()[0]
    print(HEADER, flush=True)
    for name in chosen:
        for ratio in parts[name]():
            print(ratio, flush=True)
        if name == "start":
            print(performance_start.size(), flush=True)
    settings = f"{asked.photographs} photographs, {asked.rows:,} rows, {asked.files:,} files"
    print("\n" + provenance(settings, f"{repeats} repeats, {few} of whole runs", "seed 0", f"load before: {load:.1f}"))


if __name__ == "__main__":
    main()
