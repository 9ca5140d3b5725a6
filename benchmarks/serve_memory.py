"""What the service keeps: ``python benchmarks/serve_memory.py``.

A real ``emoir serve`` gives 1,000 explanations, reads 1,000 uploads and begins 100 downloads that the caller abandons,
four callers at a time. Memory is the proportional set size (PSS) of the serving process and of all processes below
it: pages that several share are divided among them. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from emoir import Collection
from emoir.emotions.spaces import MIKELS
from emoir.evaluate.provenance import provenance
from serve_load import IMAGES, photographs

CALLERS = 4


def family(process: int) -> list[int]:
    """A process and all below it."""
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def memory(processes: list[int]) -> float:
    """Proportional set size of some processes in MB."""
    total = 0
    for process in processes:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += 1024 * int(line.split()[1])
    return total / 1e6


def handles(processes: list[int]) -> int:
    """Open files, pipes and sockets of some processes."""
    return sum(len(os.listdir(f"/proc/{process}/fd")) for process in processes)


@contextmanager
def serving(index: Path, *options: str) -> Iterator[tuple[int, int]]:
    """A real service; its process and its port."""
    command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0", "--index", str(index), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        address = process.stderr.readline().rsplit(" ", 1)[1].strip()
        yield process.pid, int(address.rsplit(":", 1)[1].strip("/"))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


def ask(port: int, method: str, path: str, body: bytes | None = None, *, abandon: bool = False) -> None:
    """One request; an answer is read whole, or abandoned after its first bytes."""
    connection = HTTPConnection("127.0.0.1", port, timeout=300)
    headers = {"content-type": "application/json"} if path.endswith("files") else {}
    while True:
        connection.request(method, f"/api/v1/{path}", body, headers)
        answer = connection.getresponse()
        content = answer.read(1000 if abandon else None)
        # On a machine that has much else to do, the service says that it is busy.
        if answer.status != 503:
            break
    assert answer.status == 200, (path, answer.status, content)
    connection.close()


def explanation(port: int, images: int, number: int) -> None:
    """A new one for every number."""
    emotion = MIKELS.names[number // images % len(MIKELS.names)]
    ask(port, "GET", f"images/{number % images + 1}/explanation?emotion={emotion}")


def upload(port: int, files: list[Path], number: int) -> None:
    """A picture to read; bytes behind its end make it another one."""
    ask(port, "POST", "describe", files[number % len(files)].read_bytes() + b"%d" % number)


def download(port: int, images: int, number: int) -> None:
    """A ZIP file of which only the first bytes are taken."""
    ids = json.dumps({"ids": [(number + step) % images + 1 for step in range(min(images, 100))]}).encode()
    ask(port, "POST", "selection/files", ids, abandon=True)


def repeat(request: Callable[[int], None], numbers: range) -> None:
    """Many requests, some at a time."""
    with ThreadPoolExecutor(CALLERS) as callers:
        for _ in callers.map(request, numbers):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="explanations and uploads; downloads: a tenth")
    parser.add_argument("--steps", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, index = Path(place) / "photographs", Path(place) / "memory.emoir"
        photographs(folder)
        with Collection(index) as collection:
            collection.index(folder)
        with serving(index) as (process, port):
            ask(port, "GET", "search?q=awe")
            print("| explanations | uploads | abandoned | serving, MB | together, MB | handles |", flush=True)
            print("|---|---|---|---|---|---|")
            done = [0, 0, 0]
            requests = [
                partial(explanation, port, IMAGES),
                partial(upload, port, sorted(folder.iterdir())),
                partial(download, port, IMAGES),
            ]
            for step in range(arguments.steps + 1):
                every = family(process)
                figures = f"{memory([process]):.0f} | {memory(every):.0f} | {handles(every)}"
                print(f"| {done[0]:,} | {done[1]:,} | {done[2]:,} | {figures} |", flush=True)
                if step == arguments.steps:
                    break
                for kind, request in enumerate(requests):
                    count = arguments.count // arguments.steps // (1, 1, 10)[kind]
                    repeat(request, range(done[kind], done[kind] + count))
                    done[kind] += count
    print("\n" + provenance(f"index of {IMAGES} images; {CALLERS} callers at a time"))


if __name__ == "__main__":
    main()
