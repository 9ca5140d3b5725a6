"""The gallery over 100,000 images: ``python benchmarks/gallery_speed.py``.

An index of 100,000 invented readings is served; a search (first page, after typing), a later page, the plane's points
and the page itself are asked for, several times each. Printed: medians in milliseconds and sizes. In Chromium (CHROMIUM
names it): the time from pressing Enter to the first tiles, the time that drawing all points takes, and for each frame
while a hand zooms the plane, points at images or draws a lasso, the time between frames and what the page computes.
Sixty frames a second leave 16.7 ms. Chromium draws without a graphics card here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from emoir.emotions import EKMAN, MIKELS, EmotionReading
from emoir.evaluate.provenance import provenance
from emoir.extract import Extraction
from emoir.images.places import FileStat
from emoir.index import SqliteStore
from emoir.index.base import FileOutcome
from emoir.index.indexed_model import IndexedModel
from emoir.limits import Limits
from emoir.models import Model

BATCH = 4096
REPEATS = 7


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the index knows it: name, state, digest of its content, width and height."""

    name: bytes
    stat: FileStat
    digest: bytes
    size: tuple[int, int]


def absent_files(count: int) -> Iterator[StoredFile]:
    """Files that are not there."""
    for number in range(count):
        name = f"/photos/{number // 1000:03}/{number:06}.jpg".encode()
        yield StoredFile(name, FileStat(1000, number), number.to_bytes(32, "big"), (1200, 800))


def invented(files: Iterable[StoredFile], index: Path, root: bytes = b"/photos") -> None:
    """An index that says of every file that it was read, each with an invented reading."""
    random, model = np.random.default_rng(0), Model()
    with SqliteStore(index, model=IndexedModel.of(model)) as store:
        store.add_root(root)
        remaining = iter(files)
        while part := list(islice(remaining, BATCH)):
            store.record([_outcome(file, random, model.id) for file in part], Limits())


def _outcome(file: StoredFile, random: np.random.Generator, model: str) -> FileOutcome:
    embedding = random.normal(size=128).astype(np.float32)
    mikels, ekman = random.dirichlet(np.full(8, 0.5)), random.dirichlet(np.full(7, 0.5))
    reading = EmotionReading(
        embedding=embedding / np.linalg.norm(embedding),
        distributions={
            "mikels": dict(zip(MIKELS.names, mikels.tolist(), strict=True)),
            "ekman": dict(zip(EKMAN.names, ekman.tolist(), strict=True)),
        },
        valence=float(random.beta(2, 2)),
        arousal=float(random.beta(2, 2)),
        confidence=float(mikels.max()),
        monochrome=False,
        model=model,
    )
    extraction = Extraction(
        digest=file.digest,
        stat=file.stat,
        reading=reading,
        palette=random.dirichlet(np.full(64, 0.2)).astype(np.float32),
        width=file.size[0],
        height=file.size[1],
        taken=None,
        hash=int(random.integers(0, 1 << 62)),
    )
    return FileOutcome(file.name, file.stat, extraction)


@contextmanager
def served(index: Path) -> Iterator[str]:
    """The address of emoir serve over an index, with a cache of its own."""
    command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0", "--index", str(index)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(index.parent / "cache")}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    try:
        yield process.stderr.readline().rsplit(" ", 1)[1].strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def median_milliseconds(address: str) -> tuple[float, int]:
    """The median time to the end of an answer, and its size."""
    times, size = [], 0
    for _ in range(REPEATS):
        begin = time.perf_counter()
        with urllib.request.urlopen(address) as answer:
            size = len(answer.read())
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times), size


Frames = dict[str, dict[str, list[float]]]
GESTURES = {"zooming": "wheel", "pointing": "hover", "drawing a lasso": "lasso"}
FRAMES = """async (gesture) => {
    const area = document.querySelector("#plane .area");
    const box = area.getBoundingClientRect();
    const request = window.requestAnimationFrame.bind(window);
    let computed = 0;
    const timed = (act) => {
        const begin = performance.now();
        act();
        computed += performance.now() - begin;
    };
    window.requestAnimationFrame = (act) => request((now) => timed(() => act(now)));
    const send = (type, more) => area.dispatchEvent(new (type === "wheel" ? WheelEvent : PointerEvent)(
        type, { cancelable: true, bubbles: true, pointerType: "mouse", ...more }));
    area.setPointerCapture = () => {};
    const spot = (frame) => ({
        clientX: box.left + box.width * (0.5 + 0.4 * Math.cos(frame / 20)),
        clientY: box.top + box.height * (0.5 + 0.4 * Math.sin(frame / 20)),
    });
    const acts = {
        wheel: (frame) => send("wheel", { ...spot(0), deltaY: frame % 40 < 20 ? -40 : 40 }),
        hover: (frame) => send("pointermove", spot(frame)),
        lasso: (frame) => send("pointermove", { ...spot(frame), buttons: 1 }),
    };
    if (gesture === "lasso") send("pointerdown", { ...spot(0), shiftKey: true });
    const found = { computed: [], between: [] };
    let last = await new Promise(request);
    for (let frame = 0; frame < 240; frame++) {
        computed = 0;
        timed(() => acts[gesture](frame));
        const now = await new Promise(request);
        found.between.push(now - last);
        found.computed.push(computed);
        last = now;
    }
    if (gesture === "lasso") send("pointercancel", spot(0));
    window.requestAnimationFrame = request;
    for (const times of Object.values(found)) times.sort((first, second) => first - second);
    return found;
}"""
"""Times of 240 frames, each list sorted: what the page computed for it, and since the frame before."""


def in_browser(address: str) -> tuple[float, float, Frames, int]:
    """Milliseconds from Enter to the first tiles, of drawing all points, of frames; the first page's bytes."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=address)
        page.goto("/?q=awe")
        page.wait_for_selector(".tile")
        to_tiles = []
        for word in ("joy", "calm", "fear", "lonely", "宁静"):
            page.fill("#query", word)
            begin = time.perf_counter()
            page.keyboard.press("Enter")
            page.wait_for_function("word => document.querySelector('.chip .word')?.textContent === word", arg=word)
            page.wait_for_selector("#results .grid:not(.waiting) .tile")
            to_tiles.append(1000 * (time.perf_counter() - begin))
        drawing = page.evaluate(
            """async () => {
                const { plane } = await import("/static/plane.js");
                const api = await import("/static/api.js");
                const points = await api.plane();
                const field = plane({ choose: () => {} });
                const times = [];
                for (let round = 0; round < 7; round++) {
                    const begin = performance.now();
                    field.draw(points, Array(8).fill("awe"));
                    times.push(performance.now() - begin);
                }
                return times.sort((first, second) => first - second)[3];
            }"""
        )
        page.goto("/")
        page.wait_for_selector("#plane .tools")
        frames = {title: page.evaluate(FRAMES, gesture) for title, gesture in GESTURES.items()}
        weight = page.evaluate(
            "performance.getEntries().filter(e => e.name.includes('/static/') || e.entryType === 'navigation')"
            ".reduce((sum, e) => sum + e.encodedBodySize, 0)"
        )
        browser.close()
    return statistics.median(to_tiles), float(drawing), frames, int(weight)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        index = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "large.emoir"
        invented(absent_files(arguments.images), index)
        address = stack.enter_context(served(index))
        asked = {
            "search, first 60": "api/v1/search?q=2:awe%20-%20fear&limit=60",
            "search, hits 6,000 to 6,060": "api/v1/search?q=awe&limit=60&cursor=6000&min_score=0",
            "search with a filter": "api/v1/search?q=awe&limit=60&valence=0.8..&arousal=..0.2",
            "every point of the plane": "api/v1/plane",
            "the page": "",
        }
        print(f"| {arguments.images:,} images | milliseconds | bytes |\n|---|---|---|")
        for name, path in asked.items():
            milliseconds, size = median_milliseconds(address + path)
            print(f"| {name} | {milliseconds:.0f} | {size:,} |")
        tiles, drawing, frames, weight = in_browser(address)
        print(f"| in Chromium: from Enter to the first tiles | {tiles:.0f} | |")
        print(f"| in Chromium: drawing every point | {drawing:.0f} | |")
        print(f"| in Chromium: the first page with its scripts and styles | | {weight:,} |")
        print(
            f"\n| {arguments.images:,} points: milliseconds of 240 frames "
            "| computed, median | computed, 95 of 100 | from frame to frame, median |"
        )
        print("|---|---|---|---|")
        for title, times in frames.items():
            cells = [statistics.median(times["computed"]), times["computed"][228], statistics.median(times["between"])]
            print(f"| {title} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")
    print("\n" + provenance("invented readings", f"medians of {REPEATS}"))


if __name__ == "__main__":
    main()
