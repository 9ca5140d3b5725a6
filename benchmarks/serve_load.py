"""The gallery's service under load: ``python benchmarks/serve_load.py``.

A hundred clients ask for a minute: for a thumbnail, a search, the health, and, for comparison, the static file nearest
to the thumbnail's size through the same server. The load comes from wrk (Debian: apt-get install wrk), over loopback.
Printed: requests lost (they must be none), requests a second, and their ratio to the static file's. Nothing else may
run.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

from emoir import Collection
from emoir.evaluate.provenance import provenance
from emoir.images.thumbnail import thumbnail

CLIENTS = 100
STATIC = Path(sys.modules["emoir"].__file__ or "").parent / "web" / "static"
IMAGES = 300


@dataclass(frozen=True)
class Load:
    """What came of one load."""

    requests: int
    lost: int
    a_second: float
    milliseconds_99: str


def photographs(folder: Path, count: int = IMAGES) -> None:
    """Different pictures of one photograph."""
    folder.mkdir()
    random = np.random.default_rng(0)
    with Image.open(Path(skimage.__file__).parent / "data" / "coffee.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(np.int16)
    for number in range(count):
        shifted = (pixels + random.integers(-60, 60, (1, 1, 3))).clip(0, 255).astype(np.uint8)
        Image.fromarray(np.roll(shifted, number, axis=1)).save(folder / f"{number:04}.jpg", quality=85)


def wrk(address: str, seconds: int) -> Load:
    """Load one address."""
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--latency", "--timeout", "30s", address]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lost = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", text))
    lost += sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
    found = re.search(r"(\d+) requests in", text)
    speed = re.search(r"Requests/sec:\s+([\d.]+)", text)
    slow = re.search(r"99%\s+(\S+)", text)
    assert found is not None
    assert speed is not None
    assert slow is not None
    return Load(int(found[1]), lost, float(speed[1]), slow[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("this needs wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as place:
        photographs(Path(place) / "photographs")
        index = Path(place) / "load.emoir"
        with Collection(index) as collection:
            collection.index(Path(place) / "photographs")
        command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0", "--index", str(index)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        address = process.stderr.readline().rsplit(" ", 1)[1].strip()
        small = thumbnail(Path(place) / "photographs" / "0000.jpg", 480)
        sizes = {file.name: file.stat().st_size for file in STATIC.iterdir()}
        nearest = min(sizes, key=lambda name: abs(sizes[name] - len(small)))
        try:
            asked = {
                f"static file of {sizes[nearest]:,} bytes": f"static/{nearest}",
                f"thumbnail of {len(small):,} bytes": "api/v1/images/1/thumbnail?side=480",
                "search, 20 hits": "api/v1/search?q=awe&limit=20&min_score=0",
                "health": "api/v1/ready",
            }
            for path in asked.values():
                urllib.request.urlopen(address + path).read()
            loads = {name: wrk(address + path, arguments.seconds) for name, path in asked.items()}
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()
    base = next(iter(loads.values())).a_second
    print("| asked | requests | lost | a second | ÷ static file | 99 % within |\n|---|---|---|---|---|---|")
    for name, load in loads.items():
        ratio = f"{load.a_second / base:.2f}"
        print(f"| {name} | {load.requests:,} | {load.lost} | {load.a_second:.0f} | {ratio} | {load.milliseconds_99} |")
    what = f"{CLIENTS} clients, {arguments.seconds} s each, over loopback; index of {IMAGES} images"
    print("\n" + provenance(what, "load and service on the same machine"))


if __name__ == "__main__":
    main()
