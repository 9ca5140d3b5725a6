"""The gallery over 100,000 images: ``python benchmarks/gallery_speed.py``.

An index of 100,000 invented readings is served; a search (first page, after typing), a later page, the plane's points
and the page itself are asked for, several times each. Printed: medians in milliseconds and sizes. In Chromium (CHROMIUM
names it): the time from pressing Enter to the first tiles, and the time that drawing all points takes.
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


def invented(count: int, file: Path, model: Model) -> None:
    """An index of readings without files."""
    random = np.random.default_rng(0)
    with SqliteStore(file, model=IndexedModel.of(model)) as index:
        index.add_root(b"/photos")
        for start in range(0, count, BATCH):
            index.record(
                [_outcome(number, random, model.id) for number in range(start, min(count, start + BATCH))], Limits()
            )


def _outcome(number: int, random: np.random.Generator, model: str) -> FileOutcome:
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
    stat = FileStat(1000, number)
    palette = random.dirichlet(np.full(64, 0.2)).astype(np.float32)
    digest, hash = number.to_bytes(32, "big"), int(random.integers(0, 1 << 62))
    extraction = Extraction(
        digest=digest,
        stat=stat,
        reading=reading,
        palette=palette,
        width=1200,
        height=800,
        taken=None,
        hash=hash,
    )
    return FileOutcome(f"/photos/{number // 1000:03}/{number:06}.jpg".encode(), stat, extraction)


def median_milliseconds(address: str) -> tuple[float, int]:
    """The median time to the end of an answer, and its size."""
    times, size = [], 0
    for _ in range(REPEATS):
        begin = time.perf_counter()
        with urllib.request.urlopen(address) as answer:
            size = len(answer.read())
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times), size


def in_browser(address: str) -> tuple[float, float, list[float], int]:
    """Milliseconds from Enter to the first tiles, of drawing all points, of frames, sorted; the first page's bytes."""
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
        frames = page.evaluate(
            """async () => {
                const area = document.querySelector("#plane .area");
                const box = area.getBoundingClientRect();
                const [clientX, clientY] = [box.left + box.width / 2, box.top + box.height / 2];
                const spans = [];
                let last = await new Promise(requestAnimationFrame);
                for (let frame = 0; frame < 240; frame++) {
                    const deltaY = frame % 40 < 20 ? -40 : 40;
                    area.dispatchEvent(new WheelEvent("wheel", { deltaY, clientX, clientY, cancelable: true }));
                    const now = await new Promise(requestAnimationFrame);
                    spans.push(now - last);
                    last = now;
                }
                return spans.sort((first, second) => first - second);
            }"""
        )
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
    with tempfile.TemporaryDirectory() as place:
        index = Path(place) / "large.emoir"
        invented(arguments.images, index, Model())
        command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0", "--index", str(index)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        address = process.stderr.readline().rsplit(" ", 1)[1].strip()
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
        print(f"| in Chromium: a frame while the plane is zoomed, median | {statistics.median(frames):.1f} | |")
        print(f"| in Chromium: 95 of 100 of these frames within | {frames[int(0.95 * len(frames))]:.1f} | |")
        print(f"| in Chromium: the first page with its scripts and styles | | {weight:,} |")
        process.send_signal(signal.SIGINT)
        process.communicate()
    print("\n" + provenance("invented readings", f"medians of {REPEATS}"))


if __name__ == "__main__":
    main()
