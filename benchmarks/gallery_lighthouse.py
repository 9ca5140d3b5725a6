"""Lighthouse on the gallery over 10,000 images: ``python benchmarks/gallery_lighthouse.py``.

10,000 JPEGs are cut from scikit-image's photographs, tinted, and indexed with invented readings; thumbnails are made
of them by the service, as always. Lighthouse (``npm install lighthouse``; LIGHTHOUSE names its command, CHROMIUM the
browser) opens each page several times, as a phone and as a desktop. Printed: the median of each score, 0 to 100, and of
the time to the largest picture. ``--report FOLDER`` keeps the last report of each page.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emoir.evaluate.provenance import provenance
from emoir.images.places import FileStat
from gallery_speed import StoredFile, invented, served
from photographs import sources

SIZES = ((900, 600), (600, 900), (800, 800))
CATEGORIES = ("performance", "accessibility", "best-practices")
PAGES = {
    "the first page": "",
    "a search": "?q=awe",
    "one picture": "?q=awe&image=1",
    "the collection": "?view=collection",
}
DEVICES: dict[str, list[str]] = {"phone": [], "desktop": ["--preset=desktop"]}
CHANCES = 4
CHROMIUM_FLAGS = "--headless=new --no-sandbox --disable-gpu"


def pictures(folder: Path, count: int) -> Iterator[StoredFile]:
    """Pictures in a folder, each another one."""
    random, photographs = np.random.default_rng(0), sources()
    for number in range(count):
        source, (width, height) = photographs[number % len(photographs)], SIZES[number % len(SIZES)]
        side = random.uniform(0.5, 1) * min(source.width / width, source.height / height)
        left = random.uniform(0, source.width - side * width)
        top = random.uniform(0, source.height - side * height)
        cut = source.resize((width, height), box=(left, top, left + side * width, top + side * height))
        tint = Image.new("RGB", cut.size, tuple(random.integers(0, 256, 3).tolist()))
        stream = io.BytesIO()
        Image.blend(cut, tint, 0.2).save(stream, "JPEG", quality=85)
        file = folder / f"{number // 100:03}" / f"{number:05}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(stream.getvalue())
        digest = hashlib.sha256(stream.getvalue()).digest()
        yield StoredFile(os.fsencode(file), FileStat.of(file.stat()), digest, (width, height))


def audit(address: str, options: list[str], report: Path) -> dict[str, Any]:
    """What Lighthouse says of a page."""
    command = [os.environ.get("LIGHTHOUSE", "lighthouse"), address, "--quiet", "--output=json", *options]
    command += [f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={CHROMIUM_FLAGS}"]
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
    environment = {**os.environ, "CHROME_PATH": chromium}
    for chance in range(CHANCES):
        # On a busy machine Lighthouse sometimes misses the beginning of its own recording, which measures nothing.
        last = chance == CHANCES - 1
        if not subprocess.run(
            [*command, f"--output-path={report}"], check=last, env=environment, timeout=300
        ).returncode:
            break
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        reports = arguments.report or place
        reports.mkdir(parents=True, exist_ok=True)
        index = place / "pictures.emoir"
        invented(pictures(place / "pictures", arguments.images), index, os.fsencode(place / "pictures"))
        address = stack.enter_context(served(index))
        print(f"| {arguments.images:,} images | {' | '.join(CATEGORIES)} | largest picture after |")
        print("|---|---|---|---|---|")
        version = ""
        for device, options in DEVICES.items():
            for title, page in PAGES.items():
                report = reports / f"{device}-{title.replace(' ', '-')}.json"
                runs = [audit(f"{address}{page}", options, report) for _ in range(arguments.runs)]
                scores = [
                    100 * statistics.median(run["categories"][name]["score"] for run in runs) for name in CATEGORIES
                ]
                largest = statistics.median(run["audits"]["largest-contentful-paint"]["numericValue"] for run in runs)
                version = runs[0]["lighthouseVersion"]
                cells = " | ".join(f"{score:.0f}" for score in scores)
                print(f"| {title}, {device} | {cells} | {largest / 1000:.1f} s |", flush=True)
    print(
        "\n"
        + provenance(
            f"pictures cut from scikit-image's, invented readings, seed 0; Lighthouse {version}, defaults",
            f"medians of {arguments.runs}",
        )
    )


if __name__ == "__main__":
    main()
