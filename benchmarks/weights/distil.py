"""Pre-train a network on views that are drawn fresh in every pass, each with what the teachers say of that very view.

    cd benchmarks && python -m weights.distil --data DATA --passes PASSES --run RUN --width 32 --size 128

Views come in segments in the order of ``embed_views.py``; the next one to be shown is always the one that was not shown
for longest, of those that the teachers have read. After every showing the run writes a checkpoint and a line of
``log.jsonl``: loss, and the agreement with the teachers (cosine in the space of the targets) on views that were learnt
from and on pictures that are never learnt from, these also per source. The rate is constant after a warm-up, so that a
run may be prolonged, also at another size: ``--cool-down VIEWS`` goes on from the newest checkpoint with a falling
rate, leaves the checkpoint alone, and writes ``weights.safetensors`` and ``cool-down.jsonl``. A stopped run goes on
where it was. On Linux the allocator settings MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 make it faster.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from emoir.files import atomic_write
from weights import sharing
from weights.distillation import DIMENSIONS, Distillation
from weights.embed_views import Embeddings
from weights.pretrained import keep
from weights.teachers import Whitening
from weights.unrated import HELD_OUT, ViewPass

SEGMENT, BATCH = 8192, 128
MEASURED, FEWEST = 512, 15
WAIT = 30


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive views of a pass, and which showing of them this is."""

    views: ViewPass
    start: int
    showing: int

    @property
    def seed(self) -> list[int]:
        """Of the order and of the augmentation."""
        return [int(self.views.name), self.start, self.showing]


def there(data: Path, passes: Path) -> list[tuple[ViewPass, int]]:
    """Pass and first view of every segment that the teachers have read, pass after pass."""
    found: list[tuple[ViewPass, int]] = []
    for number in itertools.count():
        folder = passes / str(number)
        whole = len(Embeddings(folder)) // SEGMENT
        if not whole:
            return found
        views = ViewPass(data, passes, str(number))
        found += [(views, at * SEGMENT) for at in range(whole)]
    return found


def next_number(shown: Sequence[int], count: int) -> int:
    """Which of ``count`` segments was not shown for longest; the first of those that never were.

    Args:
        shown: numbers of the segments that were shown, oldest first.
        count: of segments, at least 1.

    Example:
        >>> next_number([0, 1, 0], 2), next_number([0, 1, 0], 3)
        (1, 2)
    """
    newest = {number: at for at, number in enumerate(shown)}
    return min(range(count), key=lambda number: newest.get(number, -1))


def whitening(run: Path, views: ViewPass) -> Whitening:
    """The axes of the targets, fitted on the run's first segment and kept."""
    file = run / "axes.npz"
    if not file.exists():
        fitted = Whitening.fit(wait_for(views, 0, SEGMENT), DIMENSIONS)
        with atomic_write(file) as partial, partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, centre=fitted.centre, axes=fitted.axes)
    return axes_of(file)


def axes_of(file: Path) -> Whitening:
    """Axes that a run has kept."""
    with np.load(file) as kept:
        return Whitening(kept["centre"], kept["axes"])


def wait_for(views: ViewPass, start: int, stop: int) -> NDArray[np.float32]:
    """The teachers' embeddings of some views, as soon as they are there."""
    embeddings = Embeddings(views.folder)
    while len(embeddings) < stop:
        time.sleep(WAIT)
    return embeddings.rows(start, stop)


def forget_after(log: Path, views: int) -> None:
    """Drop the lines of segments that are shown again."""
    if log.exists():
        lines = [line for line in log.read_text().splitlines() if json.loads(line)["views"] <= views]
        with atomic_write(log) as partial:
            partial.write_text("".join(f"{line}\n" for line in lines))


def measure(distilled: Distillation, segment: Segment, axes: Whitening, held_out: ViewPass) -> dict[str, Any]:
    """Agreement on views of the segment, and on pictures that are never learnt from, also per source."""
    size = distilled.network.config.size
    known, new = np.arange(segment.start, segment.start + MEASURED), np.arange(min(MEASURED, len(held_out)))
    targets = axes(wait_for(segment.views, segment.start, segment.start + MEASURED))
    agreed = distilled.agreement(held_out.pixels(new, size), axes(wait_for(held_out, 0, len(new))))
    sources = np.array([held_out.view(int(number)).source for number in new])
    return {
        "known": round(float(distilled.agreement(segment.views.pixels(known, size), targets).mean()), 4),
        "new": round(float(agreed.mean()), 4),
        "new, by source": {
            str(source): round(float(agreed[sources == source].mean()), 4)
            for source in np.unique(sources)
            if (sources == source).sum() >= FEWEST
        },
    }


def show(distilled: Distillation, segment: Segment, axes: Whitening, falls: NDArray[np.float64]) -> float:
    """Show a segment once, with the rate falling as ``falls`` says; the mean loss."""
    targets = axes(wait_for(segment.views, segment.start, segment.start + SEGMENT))
    order = np.random.default_rng(segment.seed).permutation(SEGMENT).reshape(-1, BATCH)
    losses = []
    for rows, fall in zip(order, falls, strict=True):
        own = sharing.own_part(rows)
        pixels = segment.views.pixels(segment.start + own, distilled.network.config.size)
        losses.append(distilled.learn(pixels, targets[own], [*segment.seed, sharing.number()], float(fall)))
    sharing.average(distilled.tensors())
    return float(np.mean(losses))


def distil(data: Path, passes: Path, distilled: Distillation, last: int, *, cooling: bool = False) -> None:
    """Show segments until ``last`` are shown, with a rate that falls to zero if ``cooling``."""
    first, steps = len(distilled.shown), SEGMENT // BATCH
    log = distilled.run / ("cool-down.jsonl" if cooling else "log.jsonl")
    if not sharing.number():
        # A cool-down begins anew; an earlier one came from another place.
        forget_after(log, 0 if cooling else first * SEGMENT)
    held_out = ViewPass(data, passes, HELD_OUT)
    axes = whitening(distilled.run, ViewPass(data, passes, "0"))
    for number in range(first, last):
        # The teachers read on meanwhile: all processes go by what the first one finds, and look once that is agreed.
        count = sharing.agreed(len(there(data, passes)))
        segments = there(data, passes)[:count]
        chosen = next_number(distilled.shown, len(segments))
        segment = Segment(*segments[chosen], distilled.shown.count(chosen))
        done = (np.arange(steps) + (number - first) * steps) / ((last - first) * steps)
        began = time.process_time()
        loss = show(distilled, segment, axes, 1 - done if cooling else np.ones(steps))
        distilled.shown.append(chosen)
        if sharing.number():
            continue
        record = {
            "views": len(distilled.shown) * SEGMENT,
            "pictures": len(segments) * SEGMENT,
            "size": distilled.network.config.size,
            "loss": round(loss, 4),
            "processor seconds": round(time.process_time() - began),
            **measure(distilled, segment, axes, held_out),
        }
        # The log goes first: a segment whose checkpoint was kept must have its figures.
        with log.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(record) + "\n")
        if not cooling:
            distilled.save("checkpoint.pt")
        print(f"{time.strftime('%H:%M:%S')} {json.dumps(record)}", flush=True)


def work(arguments: argparse.Namespace) -> None:
    """Pre-train, in one process of possibly several."""
    distilled = Distillation(arguments.run, arguments.width, arguments.size)
    distilled.restore("checkpoint.pt")
    if not arguments.cool_down:
        distil(arguments.data, arguments.passes, distilled, -(-arguments.views // SEGMENT))
        return
    last = len(distilled.shown) + -(-arguments.cool_down // SEGMENT)
    distil(arguments.data, arguments.passes, distilled, last, cooling=True)
    if not sharing.number():
        keep(distilled.averaged(), arguments.run / "weights.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the pixels")
    parser.add_argument("--passes", type=Path, required=True, help="folder of the passes")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--processes", type=int, default=1, help="that learn at once, each on a core of its own")
    parser.add_argument("--views", type=int, default=1_500_000, help="to be shown in all")
    parser.add_argument("--cool-down", type=int, default=0, metavar="VIEWS", help="end the run over so many views")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.run.mkdir(parents=True, exist_ok=True)
    sharing.run_shared(arguments.processes, work, arguments)


if __name__ == "__main__":
    main()
