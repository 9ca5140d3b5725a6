"""An hour of visitors: ``python benchmarks/serve_soak.py soak.csv``, then ``--plot docs/pictures/soak.svg``.

Ten visitors (locust, paced as people are) search, look at thumbnails, show a picture of their own, ask for
explanations, rate, download and export, while every 20 seconds a photograph is added to the folder and another taken
away, which ``emoir serve --watch`` indexes. Every ten seconds one line goes into the CSV: requests, requests lost, the
median time of each kind of request, memory (proportional set size of all processes of the service, the watch apart),
open handles and threads. Needs: pip install locust psutil
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

# First, for it replaces parts of the standard library.
import gevent
import locust
import psutil
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from emoir.evaluate.provenance import provenance
from serve_load import STATIC, photographs

API = "/api/v1"
VISITORS, SAMPLE_SECONDS, SECONDS_PER_CHANGE = 10, 10.0, 20.0
WORDS = ("awe", "calm", "sad but hopeful", "fear", "宁静", "joy & near:#2060a0", "va:0.8,0.3", "lonely")
EMOTIONS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
KINDS = ("static", "search", "thumbnail", "detail", "explanation", "upload", "rating", "export", "zip", "collection")
STATIC_FILES = tuple(sorted(file.name for file in STATIC.iterdir()))
PICTURE: bytes = b""


class Visitor(FastHttpUser):  # type: ignore[misc]
    """Somebody at the gallery; each request is named by its kind."""

    wait_time = locust.between(2, 6)

    def on_start(self) -> None:
        """Come in."""
        self.ids = [1]
        self.name = f"visitor {random.randrange(VISITORS)}"

    def _get(self, kind: str, path: str) -> Any:
        return self.client.get(path, name=kind)

    def _found(self, query: str) -> None:
        answer = self.client.get(f"{API}/search", params={"q": query, "limit": 12, "min_score": 0}, name="search")
        self.ids = [hit["id"] for hit in answer.json()["hits"]] or self.ids
        for id in self.ids:
            self._get("thumbnail", f"{API}/images/{id}/thumbnail?side=240")

    def search(self) -> None:
        """Look for something and at what is found."""
        self._found(random.choice(WORDS))

    def open(self) -> None:
        """Open a picture."""
        self._get("detail", f"{API}/images/{random.choice(self.ids)}")

    def explain(self) -> None:
        """Ask why."""
        emotion = random.choice(EMOTIONS)
        self._get("explanation", f"{API}/images/{random.choice(self.ids)}/explanation?emotion={emotion}")

    def show(self) -> None:
        """Search with a picture of one's own."""
        answer = self.client.post(f"{API}/describe", data=PICTURE, name="upload")
        self._found("reading:" + answer.json()["code"])

    def rate(self) -> None:
        """Rate a picture."""
        rating = {"image": random.choice(self.ids), "rater": self.name, "emotion": random.choice(EMOTIONS)}
        self.client.post(f"{API}/ratings", json=rating, name="rating")

    def export(self) -> None:
        """Take a table home."""
        self._get("export", f"{API}/export/readings")

    def download(self) -> None:
        """Take pictures home."""
        self.client.post(f"{API}/selection/files", json={"ids": self.ids[:5]}, name="zip")

    def overview(self) -> None:
        """Look at the whole collection."""
        self._get("collection", f"{API}/collection")

    def begin(self) -> None:
        """Load the page anew."""
        for name in STATIC_FILES:
            self._get("static", f"/static/{name}")

    # How often each of these is done.
    tasks = {search: 30, open: 10, explain: 4, show: 3, rate: 5, export: 2, download: 1, overview: 2, begin: 6}  # noqa: RUF012


class Window:
    """What came of the requests since the last sample."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, list[float]] = defaultdict(list)
        self.lost: list[str] = []

    def note(self, name: str, response_time: float, exception: Exception | None, **_: Any) -> None:
        """Take note of a request."""
        self.milliseconds[name].append(response_time)
        if exception is not None:
            # A picture that was taken away while somebody looked at it is gone, not lost.
            if getattr(getattr(exception, "response", None), "status_code", 0) in (404, 410):
                return
            self.lost.append(f"{name}: {exception}")

    def row(self) -> dict[str, Any]:
        """The columns of the CSV."""
        every = sorted(value for values in self.milliseconds.values() for value in values)
        row: dict[str, Any] = {"requests": len(every), "lost": len(self.lost)}
        row["ms_99"] = round(every[int(0.99 * (len(every) - 1))], 2) if every else ""
        for kind in KINDS:
            values = self.milliseconds.get(kind, [])
            row[f"n_{kind}"] = len(values)
            row[f"ms_{kind}"] = round(statistics.median(values), 2) if values else ""
        return row


def usage(server: psutil.Process) -> dict[str, Any]:
    """Memory, handles, threads and computing time of the service; the watch apart."""
    processes: list[psutil.Process] = [server]
    watch: list[psutil.Process] = []
    for child in server.children():
        family = [child, *child.children(recursive=True)]
        (watch if "spawn_main" in " ".join(child.cmdline()) else processes).extend(family)
    found: dict[str, Any] = {"handles": 0, "threads": 0, "cpu_s": 0.0}
    for name, group in (("memory_mb", processes), ("watch_mb", watch)):
        total = 0
        for process in group:
            try:
                total += process.memory_full_info().pss
                found["handles"] += process.num_fds() if group is processes else 0
                found["threads"] += process.num_threads() if group is processes else 0
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            found["cpu_s"] += times.user + times.system
        found[name] = round(total / 1e6, 1)
    found["cpu_s"] = round(found["cpu_s"], 1)
    return found


def change(folder: Path, until: float) -> None:
    """Add a photograph and take one away, again and again."""
    names = sorted(folder.iterdir())
    number = 0
    while time.monotonic() < until:
        gevent.sleep(SECONDS_PER_CHANGE)
        content = names[number % len(names)].read_bytes()
        if number:
            (folder / f"new {number - 1}.jpg").unlink()
        # Bytes behind the end of a JPEG make another file of it, that must be read.
        (folder / f"new {number}.jpg").write_bytes(content + b"%d" % number)
        number += 1


def soak(file: Path, minutes: float) -> None:
    """Serve, visit, sample."""
    global PICTURE
    with tempfile.TemporaryDirectory() as place:
        folder, index = Path(place) / "photographs", Path(place) / "soak.emoir"
        photographs(folder)
        PICTURE = next(folder.iterdir()).read_bytes()
        emoir = [sys.executable, "-m", "emoir"]
        subprocess.run([*emoir, "index", str(folder), "--index", str(index)], check=True)
        command = [*emoir, "serve", "--watch", "--no-browser", "--port", "0", "--index", str(index)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        address = process.stderr.readline().rsplit(" ", 1)[1].strip().rstrip("/")
        server, window = psutil.Process(process.pid), Window()
        environment = Environment(user_classes=[Visitor], host=address)
        environment.events.request.add_listener(lambda **about: window.note(**about))
        runner = environment.create_local_runner()
        began = time.monotonic()
        until = began + 60 * minutes
        runner.start(VISITORS, spawn_rate=2)
        gevent.spawn(change, folder, until)
        try:
            with file.open("w", newline="") as stream:
                writer: csv.DictWriter[str] | None = None
                while time.monotonic() < until:
                    gevent.sleep(SAMPLE_SECONDS)
                    done, window = window, Window()
                    for line in done.lost:
                        print(line, flush=True)
                    row = {"seconds": round(time.monotonic() - began, 1), **done.row(), **usage(server)}
                    if writer is None:
                        writer = csv.DictWriter(stream, row)
                        writer.writeheader()
                    writer.writerow(row)
                    stream.flush()
        finally:
            runner.quit()
            process.terminate()
            process.communicate()


def _median(rows: list[dict[str, str]], name: str) -> float:
    return statistics.median(float(row[name]) for row in rows if row[name] != "")


def report(file: Path, picture: Path | None) -> None:
    """Print what the CSV says, and draw it."""
    with file.open(newline="") as stream:
        # The first five minutes warm caches and pools.
        rows = [row for row in csv.DictReader(stream) if float(row["seconds"]) > 300]
    if not rows:
        raise SystemExit("less than five minutes: nothing to report")
    first, last = rows[: len(rows) // 6], rows[-(len(rows) // 6) :]
    columns = {"memory of the service, MB": "memory_mb", "memory of the watch, MB": "watch_mb"}
    columns |= {"open handles": "handles", "threads": "threads", "99 % of requests within, ms": "ms_99"}
    columns |= {f"median {kind}, ms": f"ms_{kind}" for kind in KINDS}
    base = _median(rows, "ms_static")
    print("| median of samples | first sixth | last sixth | most | ÷ static file |\n|---|---|---|---|---|")
    for name, column in columns.items():
        most = max(float(row[column]) for row in rows if row[column] != "")
        ratio = f"{_median(rows, column) / base:.1f}" if column.startswith("ms_") else ""
        print(f"| {name} | {_median(first, column):.1f} | {_median(last, column):.1f} | {most:.1f} | {ratio} |")
    requests, lost = (sum(int(row[name]) for row in rows) for name in ("requests", "lost"))
    seconds = float(rows[-1]["seconds"]) - float(rows[0]["seconds"])
    # Workers are replaced now and then, and take their time with them.
    steps = [float(later["cpu_s"]) - float(row["cpu_s"]) for row, later in itertools.pairwise(rows)]
    load = sum(max(0.0, step) for step in steps) / seconds
    print(f"\n{requests:,} requests in {seconds / 60:.0f} minutes, {lost} lost; {load:.2f} cores.")
    print("\n" + provenance(f"{VISITORS} visitors, a change on disk every {SECONDS_PER_CHANGE:g} s"))
    if picture is not None:
        draw(rows, picture)


def draw(rows: list[dict[str, str]], picture: Path) -> None:
    """Memory, handles and times over the hour."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True)
    minutes = [float(row["seconds"]) / 60 for row in rows]
    shown = {
        "MB": {"memory_mb": "service", "watch_mb": "watch"},
        "number": {"handles": "open handles", "threads": "threads"},
        "ms": {f"ms_{kind}": kind for kind in ("static", "thumbnail", "search", "upload", "explanation")},
    }
    for panel, (unit, lines) in zip(panels, shown.items(), strict=True):
        for column, name in lines.items():
            points = [(x, float(row[column])) for x, row in zip(minutes, rows, strict=True) if row[column] != ""]
            panel.plot(*zip(*points, strict=True), label=name, linewidth=0.9)
        panel.set_ylabel(unit)
        panel.legend(loc="upper right", fontsize="small", ncols=3)
    panels[2].set_yscale("log")
    panels[2].set_xlabel("minutes")
    figure.savefig(picture)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--plot", type=Path, help="draw a finished CSV in place of a run")
    arguments = parser.parse_args()
    if arguments.plot is None:
        soak(arguments.csv, arguments.minutes)
    report(arguments.csv, arguments.plot)
