"""Two indexers and a server on one index, and a folder that keeps changing: ``python benchmarks/crowded_index.py``.

For some minutes files are added, copied, renamed, removed and broken, two processes run ``emoir index`` again and
again, and a caller searches, rates and reads the collection over HTTP. Every command must end well, every answer must
be good, and in the end the index must be whole, hold every acknowledged rating of an image that is there, and give the
export of an index that one process makes of the same folder.

    python benchmarks/crowded_index.py [--minutes 10]
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emoir import Collection
from emoir.evaluate.provenance import provenance
from emoir.index.damage import find_damage
from emoir.index.schema import connect

PICTURES, SIDE = 200, 24
LOG_LENGTH = 5_000
# An index run ends with 3 where images failed that had not failed before.
GOOD = (0, 3)


def save(file: Path, seed: int) -> None:
    """A picture of noise, written whole under its name."""
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file.with_suffix(".part"), "PNG")
    file.with_suffix(".part").rename(file)


def disturb(folder: Path, random: np.random.Generator, seed: int) -> str:
    """Change one thing in a folder."""
    files = sorted(folder.glob("*.png"))
    one = files[int(random.integers(len(files)))]
    kind = ("added", "copied", "renamed", "removed", "broken", "changed")[int(random.integers(6))]
    match kind:
        case "added":
            save(folder / f"{seed:06}.png", seed)
        case "copied":
            shutil.copy2(one, folder / f"copy_{seed:06}.png")
        case "renamed":
            one.rename(folder / f"moved_{seed:06}.png")
        case "removed" if len(files) > PICTURES // 2:
            one.unlink()
        case "broken":
            one.write_bytes(one.read_bytes()[:40])
        case _:
            save(one, seed)
    return kind


class Crowd:
    """What happens at once, and what came of it.

    Args:
        base: folder of the pictures and of the index.
        until: when to stop, on the clock of ``time.monotonic``.
    """

    def __init__(self, base: Path, until: float) -> None:
        self.base, self.index, self.until = base, base / "x.emoir", until
        self.counts = Counter[str]()
        self.faults: list[str] = []
        self.rated: set[str] = set()

    def going(self) -> bool:
        """Whether it goes on."""
        return time.monotonic() < self.until and not self.faults

    def run_index(self) -> None:
        """Index again and again."""
        command = [sys.executable, "-m", "emoir", "index", str(self.base / "photos"), "--index", str(self.index)]
        while self.going():
            done = subprocess.run([*command, "--workers=1"], capture_output=True, text=True, check=False)
            self.counts["index runs"] += 1
            if done.returncode not in GOOD or "Traceback" in done.stderr:
                self.faults.append(f"emoir index ended with {done.returncode}: {done.stderr[-1000:]}")

    def ask(self, address: str) -> None:
        """Search, rate and read the collection again and again."""
        while self.going():
            hits = self._answer(f"{address}search?q=awe&min_score=0&limit=5")["hits"]
            self._answer(f"{address}collection")
            for hit in hits[:1]:
                rater = f"rater {len(self.rated)}"
                body = json.dumps({"image": hit["id"], "rater": rater, "emotion": "awe"}).encode()
                # The image may have gone meanwhile, which is said so.
                if self._answer(f"{address}ratings", body, allowed=(400, 404)):
                    self.rated.add(rater)

    def _answer(self, address: str, body: bytes | None = None, allowed: tuple[int, ...] = ()) -> Any:
        request = urllib.request.Request(address, body, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.counts["answers"] += 1
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code not in allowed:
                self.faults.append(f"{address}: {error.code} {error.read()[:500]!r}")
            return {"hits": []} if body is None else None
        except OSError as error:
            self.faults.append(f"{address}: {error}")
            return {"hits": []} if body is None else None


def exported(index: Path) -> list[dict[str, str]]:
    """The rows of ``emoir export`` but for the numbers of images."""
    command = [sys.executable, "-m", "emoir", "export", "--index", str(index)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [{**row, "id": ""} for row in csv.DictReader(io.StringIO(text))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(os.path.realpath(temporary))
        (base / "photos").mkdir()
        for number in range(PICTURES):
            save(base / "photos" / f"{number:06}.png", number)
        with Collection(base / "x.emoir") as photos:
            photos.index(base / "photos", workers=1)
        crowd = Crowd(base, time.monotonic() + 60 * minutes)
        command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--index", str(crowd.index), "--port=0"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        address = server.stderr.readline().rsplit(" ", 1)[1].strip() + "api/v1/"
        threads = [threading.Thread(target=crowd.run_index) for _ in range(2)]
        threads.append(threading.Thread(target=crowd.ask, args=(address,)))
        for thread in threads:
            thread.start()
        seed = PICTURES
        while crowd.going():
            crowd.counts[disturb(base / "photos", random, seed)] += 1
            seed += 1
            time.sleep(float(random.uniform(0, 0.2)))
        for thread in threads:
            thread.join()
        server.kill()
        log = server.communicate()[1]
        if crowd.faults:
            sys.exit("\n".join([*crowd.faults, "the end of the service's log:", log[-LOG_LENGTH:]]))
        last = [sys.executable, "-m", "emoir", "index", str(base / "photos"), "--index", str(crowd.index)]
        assert subprocess.run(last, capture_output=True, check=False).returncode in GOOD
        with Collection(base / "alone.emoir") as alone:
            alone.index(base / "photos", workers=1)
        assert exported(crowd.index) == exported(base / "alone.emoir"), "the exports differ"
        with closing(connect(crowd.index)) as connection:
            assert find_damage(connection) == []
            kept = {rater for (rater,) in connection.execute("SELECT rater FROM ratings")}
        assert kept >= crowd.rated, "an acknowledged rating is gone"
    print(", ".join(f"{count:,} {name}" for name, count in sorted(crowd.counts.items())))
    print(f"{len(crowd.rated):,} ratings acknowledged and kept; no command failed, no answer was wrong")
    print("\n" + provenance(f"{PICTURES} pictures at first", f"{minutes:g} minutes", "seed 0"))


if __name__ == "__main__":
    main()
