"""Kills a real ``emoir index`` again and again: ``python benchmarks/kill_index.py``.

The command reads one folder of small pictures, one file in eight of them broken. The command names a broken file the
moment it joins the batch in memory, so a file that was named and is not in the index after the kill proves that
a batch was in flight; only such kills are counted. Three of four kills follow a file's name, the number of names drawn
from a fixed seed; every fourth follows the first write to the index's log, in the middle of a commit or just after
it. After every kill the index must be whole, hold everything that it held before, and no file or image twice. In the
end the command runs through, and its export must equal that of a run that nobody killed, byte for byte.

Numbers of images are given in the order in which answers arrive, which with several workers differs from run to
run: with ``--workers`` above 1 the exports are compared without them. With ``--s3`` the pictures lie in object storage.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import select
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import closing, nullcontext
from pathlib import Path

import numpy as np
from PIL import Image

from emoir import Collection
from emoir.evaluate.provenance import provenance
from object_storage import s3_server, upload

BROKEN_ONE_IN, MOST_NAMES, SIDE = 8, 48, 24


def make_pictures(folder: Path, count: int) -> None:
    """Pictures that all differ, one in eight cut off in the middle."""
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        content = stream.getvalue()
        broken = number % BROKEN_ONE_IN == 0
        (folder / f"{number:05}.png").write_bytes(content[: len(content) // 2] if broken else content)


class Contents:
    """What an index holds: files, and images with their numbers and rows; fails if anything in it is not whole."""

    def __init__(self, location: Path) -> None:
        self.files: frozenset[bytes] = frozenset()
        self.images: dict[bytes, tuple[int, bytes]] = {}
        if not location.exists():
            return
        with closing(sqlite3.connect(location)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        with Collection(location) as photos:
            metadata, _, rows = photos.rows()
            paths = Counter(entry.path for entry in metadata) + Counter(
                failure.path for failure in photos.status().failures
            )
            assert not paths or max(paths.values()) == 1, "a file is there twice"
            self.images = {entry.path: (entry.id, row.tobytes()) for entry, row in zip(metadata, rows, strict=True)}
            assert len({id for id, _ in self.images.values()}) == len(self.images), "an image is there twice"
            self.files = frozenset(paths)

    def keeps(self, earlier: Contents) -> bool:
        """Whether everything of an earlier look is still there, unchanged."""
        return earlier.files <= self.files and earlier.images.items() <= self.images.items()


class Indexer:
    """A running ``emoir index`` that can be watched and killed."""

    def __init__(self, location: Path, folder: Path | str, workers: int) -> None:
        self._log = location.with_name(location.name + "-wal")
        self._log_then = self._log_state()
        command = ["-m", "emoir", "index", str(folder), "--index", str(location), "--workers", str(workers)]
        environment = {**os.environ, "COLUMNS": "1000", "TERM": "dumb"}
        self.process = subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE, env=environment)
        assert self.process.stderr is not None
        self._talk = self.process.stderr
        self._said = b""

    @property
    def names(self) -> list[bytes]:
        """Broken files that it has named."""
        return [line.partition(b": ")[0] for line in self._said.split(b"\n")[:-1] if b": damaged" in line]

    def kill_after_names(self, count: int) -> None:
        """Kill it as soon as it has named so many files."""
        while len(self.names) < count and self._listen():
            pass
        self._kill()

    def kill_at_commit(self) -> None:
        """Kill it as soon as its log changes after it has named a file."""
        while not self.names and self._listen():
            self._log_then = self._log_state()
        while self._log_state() == self._log_then and self.process.poll() is None:
            if select.select([self._talk], [], [], 0)[0]:
                self._listen()
        self._kill()

    def finish(self) -> int:
        """Let it run through."""
        self.process.communicate()
        return self.process.returncode

    def _listen(self) -> bytes:
        heard = os.read(self._talk.fileno(), 65536)
        self._said += heard
        return heard

    def _kill(self) -> None:
        self.process.kill()
        # Its workers hold the pipe, too: it ends when the last of them has.
        while self._listen():
            pass
        self._talk.close()
        self.process.wait()

    def _log_state(self) -> tuple[int, int] | None:
        try:
            status = self._log.stat()
        except FileNotFoundError:
            return None
        return status.st_size, status.st_mtime_ns


def export(location: Path, with_numbers: bool) -> bytes:
    """What ``emoir export`` writes."""
    command = [sys.executable, "-m", "emoir", "export", "--index", str(location)]
    written = subprocess.run(command, check=True, capture_output=True).stdout
    if with_numbers:
        return written
    rows = list(csv.DictReader(io.StringIO(written.decode())))
    return repr([{**row, "id": None} for row in rows]).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100, help="kills with a batch in flight")
    parser.add_argument("--pictures", type=int, default=6000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--s3", action="store_true", help="the pictures lie on an S3 server of the script's own")
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temporary, s3_server() if arguments.s3 else nullcontext():
        base = Path(os.path.realpath(temporary))
        whole, killed = base / "whole.emoir", base / "killed.emoir"
        folder: Path | str = base / "pictures"
        make_pictures(base / "pictures", arguments.pictures)
        if arguments.s3:
            upload(base / "pictures", "pictures")
            folder = "s3://pictures"
        if Indexer(whole, folder, arguments.workers).finish() != 3:
            sys.exit("the run that nobody kills did not end with exit code 3, some images failed")
        in_flight = others = grown = 0
        before = Contents(killed)
        while in_flight < arguments.kills:
            left = arguments.pictures - len(before.files)
            indexer = Indexer(killed, folder, arguments.workers)
            if (in_flight + others) % 4 == 3 and left > 2 * 256:
                indexer.kill_at_commit()
            else:
                indexer.kill_after_names(int(random.integers(1, 1 + max(1, min(MOST_NAMES, left // 16)))))
            if indexer.process.returncode != -9:
                sys.exit("it ended before it was killed: more --pictures are needed")
            after = Contents(killed)
            if not after.keeps(before):
                sys.exit("something that was acknowledged is gone or has changed")
            lost = [name for name in indexer.names if name not in after.files]
            in_flight, others = in_flight + bool(lost), others + (not lost)
            grown += len(after.files) > len(before.files)
            before = after
        if Indexer(killed, folder, arguments.workers).finish() != 3:
            sys.exit("the last run did not end with exit code 3, some images failed")
        if not Contents(killed).keeps(before):
            sys.exit("something that was acknowledged is gone or has changed")
        with_numbers = arguments.workers == 1
        if export(whole, with_numbers) != export(killed, with_numbers):
            sys.exit("the exports differ")
    print(f"{in_flight} kills with a batch in flight, {others} without, {grown} runs that committed before they died")
    print(
        f"every acknowledged file was kept; the export equals the unkilled run's "
        f"{'byte for byte' if with_numbers else 'but for the numbers of images'}"
    )
    workers = "1 worker" if arguments.workers == 1 else f"{arguments.workers} workers"
    where = "in S3 (moto)" if arguments.s3 else "in a folder"
    print("\n" + provenance(f"{arguments.pictures} pictures {where}", workers, "seed 0"))


if __name__ == "__main__":
    main()
