"""How far Milvus answers what memory answers: ``python benchmarks/engine_agreement.py``.

Generated rows, as long as those of the shipped model, go into an index and from there to a real Milvus server that
the script starts. Queries of every kind are asked of both. The agreement is the share of the first 20 that memory
gives which Milvus gives too. Where an answer differs it must say so: ``Matches.complete`` is false.

With ``--folder`` the index stays there, for the next run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emoir import Collection
from emoir.emotions.code import encode_reading
from emoir.evaluate.provenance import provenance
from emoir.index.vectors.engine_vectors import EngineVectors
from emoir.index.vectors.milvus import MilvusEngine
from emoir.search.matches import Matches
from emoir.search.options import SearchOptions
from kill_cluster import milvus_server
from photographs import photograph_folder
from synthetic import made_up_files, write_index

FIRST, RATER, RATED = 20, "benchmark", 200
ROOT = "/photos"
Asked = tuple[str, SearchOptions]
WORDS = ("awe", "fear", "serene", "lonely", "宁静", "😱")


def options(**texts: Any) -> SearchOptions:
    """As people write them."""
    return SearchOptions.parse({"n": FIRST, **texts})


def questions(ids: list[int], photograph: Path, code: str) -> dict[str, list[Asked]]:
    """Kind of question to some of it."""
    plain = options()
    folders = options(folders=[f"{ROOT}/{number:05}" for number in range(0, 40, 2)])
    lists = options(paths=[f"{ROOT}/{n // 500:05}/{n:07}.jpg" for n in range(0, 30_000, 3)])
    kinds: dict[str, list[Asked]] = {
        "word, emoji, Chinese word": [(word, plain) for word in WORDS],
        "phrase": [(text, plain) for text in ("a quiet, lonely evening", "not scary", "deeply sad", "宁静但有点孤独")],
        "sum, difference, weights": [(text, plain) for text in ("awe + joy", "awe - fear", "2:awe + sad - 3:anger")],
        "conjunction": [(text, plain) for text in ("awe & fear", "sad but hopeful", "宁静又孤独", "awe & sad & joy")],
        "point": [(f"va:{valence},{arousal}", plain) for valence in (0.1, 0.5, 0.9) for arousal in (0.2, 0.8)],
        "colours": [(text, plain) for text in ("near:teal", "near:#e07a5f", "near:teal,gold", "红色")],
        "words and colours": [(text, plain) for text in ("calm red", "awe - near:teal", "awe & near:gold - fear")],
        "indexed example": [(f"id:{id}", plain) for id in ids],
        "example from a file": [(str(photograph), plain)],
        "written reading": [(f"reading:{code}", plain)],
        "example and words": [(f"id:{id} + 2:awe - fear", plain) for id in ids[:3]],
        "feedback": [("awe", options(positive_ids=ids[:2], negative_ids=ids[2:4])), ("joy", options(negative_ids=ids))],
        "range of valence, arousal, confidence": [
            ("awe", options(valence="0.7..", arousal="..0.4")),
            ("near:teal", options(confidence="0.9..")),
            ("va:0.2,0.8 - joy", options(valence="0.1..0.3")),
        ],
        "bound on a class": [("sad", options(emotion=["awe>0.5"])), ("joy", options(emotion=["fear<0.2", "joy>0.4"]))],
        "bound on a carried emotion": [("awe", options(emotion=["trust>0.3"]))],
        "date, size, shape, monochrome": [
            ("awe", options(taken="2010..2012-06", side="1000..", orientation="landscape")),
            ("sad", options(monochrome=True)),
            ("near:gold", options(monochrome=False, taken="2020")),
        ],
        "folders": [(text, folders) for text in ("awe", "near:teal", f"id:{ids[0]}")],
        "list of 10,000 files": [(text, lists) for text in ("awe", "near:teal", "awe & fear")],
        "diverse": [(text, options(diverse=True)) for text in ("awe", "near:teal", "awe & fear", f"id:{ids[0]}")],
        "page 2, page 50": [("awe - fear", options(start=start)) for start in (20, 980)],
        "low scores as well": [(text, options(min_score=0.0)) for text in ("awe", "awe & fear")],
        "newest, oldest": [("awe", options(sort=sort)) for sort in ("newest", "oldest")],
        "newest of few": [
            ("awe", options(sort="newest", emotion=["awe>0.5"], taken="2010")),
            ("awe", replace(lists, sort="oldest")),
        ],
        "sorted by a query": [("awe", options(sort="va:0.9,0.2")), ("near:teal", replace(folders, sort="joy"))],
        "rater": [(text, options(rater=RATER)) for text in ("awe", "va:0.9,0.9", "awe - fear")],
    }
    return kinds


def rate(photos: Collection, rows: int) -> None:
    """Ratings of some images, the same ones for the same number of rows."""
    random = np.random.default_rng(1)
    if photos.ratings.all(RATER):
        return
    for id, valence, arousal in zip(
        random.choice(rows, RATED, replace=False) + 1, *random.random((2, RATED)), strict=True
    ):
        photos.ratings.add(int(id), RATER, emotion="awe", valence=float(valence), arousal=float(arousal))


def agreement(expected: Matches, found: Matches) -> float:
    """The share of the expected images that are there."""
    wanted = {match.id for match in expected.matches}
    return len(wanted & {match.id for match in found.matches}) / len(wanted) if wanted else float(not found.matches)


def timed(photos: Collection, asked: Asked) -> tuple[Matches, float]:
    """An answer and the seconds that it took."""
    began = time.perf_counter()
    found = photos.search(*asked)
    return found, time.perf_counter() - began


def lines(exact: Collection, milvus: Collection, kinds: dict[str, list[Asked]]) -> Iterator[str]:
    """The table, and which answers differ and do not say so."""
    yield "| kind | queries | agreement of the first 20 | least | same order | said incomplete | memory | Milvus |"
    yield "|---|---|---|---|---|---|---|---|"
    silent: list[str] = []
    every: list[float] = []
    for kind, queries in kinds.items():
        shares, times, unsure, ordered = [], [], 0, 0
        for asked in queries:
            (expected, ours), (found, theirs) = timed(exact, asked), timed(milvus, asked)
            share = agreement(expected, found)
            shares.append(share)
            times.append((ours, theirs))
            unsure += not found.complete
            ordered += [match.id for match in expected.matches] == [match.id for match in found.matches]
            if share < 1 and found.complete:
                silent.append(f"{kind}: {asked[0]}")
        every += shares
        memory, server = (1000 * statistics.median(column) for column in zip(*times, strict=True))
        yield (
            f"| {kind} | {len(queries)} | {statistics.mean(shares):.3f} | {min(shares):.2f} | {ordered} | {unsure} | "
            f"{memory:.0f} ms | {server:.0f} ms |"
        )
    yield f"| all | {len(every)} | {statistics.mean(every):.3f} | {min(every):.2f} | | | | |"
    yield f"\nAnswers that differ and do not say so: {', '.join(silent) or 'none'}."


def compare(folder: Path, rows: int) -> None:
    """Write an index unless there is one, start a server, ask."""
    index = folder / "rows.emoir"
    if not index.exists():
        write_index(folder / "part.emoir", ROOT.encode(), made_up_files(rows))
        (folder / "part.emoir").rename(index)
    with tempfile.TemporaryDirectory() as data:
        server = milvus_server(Path(data))
        try:
            server.start()
            ask(index, rows, server)
        finally:
            server.stop()


def ask(index: Path, rows: int, server: Any) -> None:
    """Send the rows, ask everything, print."""
    with tempfile.TemporaryDirectory() as temporary:
        vectors = EngineVectors(MilvusEngine(f"milvus://127.0.0.1:{server.listen_port}/photos"))
        with Collection(index) as exact, Collection(index, vectors=vectors) as milvus:
            rate(exact, rows)
            ids = np.random.default_rng(0).choice(rows, 6, replace=False) + 1
            [photograph] = photograph_folder(Path(temporary), 1)
            code = encode_reading(exact.model.read(photograph))
            began = time.perf_counter()
            milvus.search("awe")
            sent = time.perf_counter() - began
            exact.search("near:teal")
            for line in lines(exact, milvus, questions(ids.tolist(), photograph, code)):
                print(line, flush=True)
            status = Path(f"/proc/{server.server_proc.pid}/status").read_text(encoding="utf-8")
            memory = int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e9
            print(f"\nMilvus holds {memory:.1f} GB; to send all rows took {sent:.0f} s.")
            print("\n" + provenance(f"{rows:,} made-up rows of {exact.images.layout.length} columns", "seed 0"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the index stays")
    asked = parser.parse_args()
    if asked.folder is not None:
        asked.folder.mkdir(parents=True, exist_ok=True)
        compare(asked.folder.resolve(), asked.rows)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            compare(Path(temporary), asked.rows)


if __name__ == "__main__":
    main()
