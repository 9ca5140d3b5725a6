"""A watch on 100,000 files that nobody touches: ``python benchmarks/watch_idle.py``.

Printed: the processor time that it takes in a minute, and how long after a photograph came it is indexed. Needs: pip
install psutil.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import psutil

from emoir.evaluate.provenance import provenance
from photographs import photographs

PER_FOLDER = 100
DEADLINE = 600.0


def wait_for(log: Path, text: str) -> None:
    """Until a log holds a text."""
    began = time.monotonic()
    while text not in log.read_text(encoding="utf-8"):
        if time.monotonic() - began > DEADLINE:
            sys.exit(f"after {DEADLINE:.0f} s the watch has not said {text!r}: {log.read_text(encoding='utf-8')}")
        time.sleep(0.05)


def measure(files: int, seconds: float) -> tuple[float, float]:
    """Processor seconds of an idle watch, and seconds until a photograph is indexed."""
    [photograph] = islice(photographs(1), 1)
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        for number in range(files):
            folder = base / "files" / f"{number // PER_FOLDER:05}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number % PER_FOLDER}.txt").touch()
        log = base / "log"
        with log.open("w", encoding="utf-8") as output:
            command = [sys.executable, "-m", "emoir", "watch", str(base / "files"), "--index", str(base / "x.emoir")]
            watch = psutil.Popen(command, stdout=output, stderr=output)
        try:
            wait_for(log, "watching")
            # What the first run left behind may still be tidied up.
            time.sleep(2)
            before = sum(watch.cpu_times()[:4])
            time.sleep(seconds)
            idle = sum(watch.cpu_times()[:4]) - before
            began = time.monotonic()
            (folder / "new.jpg").write_bytes(photograph)
            wait_for(log, "1 read")
            return idle, time.monotonic() - began
        finally:
            watch.terminate()
            watch.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="that are watched")
    parser.add_argument("--seconds", type=float, default=60, help="without a change")
    asked = parser.parse_args()
    idle, indexed = measure(asked.files, asked.seconds)
    print(f"| files | idle, processor seconds in {asked.seconds:g} s | a new photograph is indexed after, s |")
    print("|---|---|---|")
    print(f"| {asked.files:,} | {idle:.2f} | {indexed:.1f} |")
    print("\n" + provenance(f"{PER_FOLDER} files a folder"))


if __name__ == "__main__":
    main()
