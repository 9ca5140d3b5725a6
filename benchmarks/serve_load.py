"""The gallery's service under load: ``python benchmarks/serve_load.py``.

A hundred clients ask for a minute each: for emoir's own script, a thumbnail, a search and whether it is ready. Before
each, they ask a plain server (Caddy) for a static file of the same size. The load comes from wrk, over loopback.
Printed: requests lost (they must be none), requests a second, and their ratio to the static file's. Both are measured
one after the other, so a busy machine slows both. Debian: apt-get install wrk caddy
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
from PIL import Image

from emoir import Collection
from emoir.evaluate.provenance import provenance

CLIENTS = 100
IMAGES = 300
ASKED = {
    "its own script": "static/main.js",
    "thumbnail": "api/v1/images/1/thumbnail?side=480",
    "search, 20 hits": "api/v1/search?q=awe&limit=20&min_score=0",
    "whether it is ready": "api/v1/ready",
}


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


@contextmanager
def static_server(folder: Path) -> Iterator[str]:
    """A plain server of files, to compare with; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    command = ["caddy", "file-server", "--root", str(folder), "--listen", place]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "serving static files" in line:
                break
        yield f"http://{place}/"
    finally:
        process.terminate()
        process.communicate()


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
    for program in ("wrk", "caddy"):
        if shutil.which(program) is None:
            raise SystemExit(f"this needs {program}: apt-get install {program}")
    print("| asked | bytes | requests | lost | a second | ÷ static file | 99 % within |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        photographs(Path(place) / "photographs")
        index, files = Path(place) / "load.emoir", Path(place) / "static"
        files.mkdir()
        with Collection(index) as collection:
            collection.index(Path(place) / "photographs")
        command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0", "--index", str(index)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        address = process.stderr.readline().rsplit(" ", 1)[1].strip()
        try:
            with static_server(files) as plain:
                for name, path in ASKED.items():
                    with urllib.request.urlopen(address + path) as answer:
                        size = len(answer.read())
                    (files / str(size)).write_bytes(bytes(size))
                    base, load = (wrk(one, arguments.seconds) for one in (f"{plain}{size}", address + path))
                    ratio = f"{load.a_second / base.a_second:.3f}"
                    print(
                        f"| {name} | {size:,} | {load.requests:,} | {load.lost} | {load.a_second:.0f} | {ratio} "
                        f"| {load.milliseconds_99} |",
                        flush=True,
                    )
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()
    what = f"{CLIENTS} clients, {arguments.seconds} s each, over loopback; index of {IMAGES} images"
    print("\n" + provenance(what, "load and service on the same machine"))


if __name__ == "__main__":
    main()
