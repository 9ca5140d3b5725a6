"""An hour of visitors: ``python benchmarks/serve_soak.py soak.csv``, then ``--plot docs/pictures/soak.svg``.

Ten visitors (locust, paced as people are) search, look at thumbnails, show a picture of their own, ask for
explanations, rate, download and export, while every 20 seconds a photograph is added to the folder and another taken
away, which ``emoir serve --watch`` indexes. After each answer the visitor fetches a static file of the same size from a
plain server (Caddy): the ratio of the two medians of the same five minutes says how slow the service is, whatever else
the machine has to do. Every five minutes one line goes into the CSV: requests, requests lost, both medians of each kind
of request, computing time, memory (proportional set size of all processes of the service, the watch apart), open
handles and threads. Needs: pip install locust psutil scipy; apt-get install caddy
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# First, for it replaces parts of the standard library.
import gevent
import locust
import psutil
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

import emoir
from emoir.evaluate.provenance import provenance
from serve_load import photographs, static_server

API = "/api/v1"
VISITORS, SAMPLE_SECONDS, SECONDS_PER_CHANGE = 10, 10.0, 20.0
WORDS = ("awe", "calm", "sad but hopeful", "fear", "宁静", "joy & near:#2060a0", "va:0.8,0.3", "lonely")
EMOTIONS = ("amusement", "anger", "awe", "contentment", "disgust", "excitement", "fear", "sadness")
KINDS = ("script", "search", "thumbnail", "detail", "explanation", "upload", "rating", "export", "zip", "collection")
SCRIPTS = tuple(sorted(file.name for file in (Path(emoir.__file__).parent / "web" / "static").glob("*.js")))
PLAIN = " static"


class Visitor(FastHttpUser):  # type: ignore[misc]
    """Somebody at the gallery; each request is named by its kind."""

    wait_time = locust.between(2, 6)
    picture = b""
    plain, files = "", Path()

    def on_start(self) -> None:
        """Come in."""
        self.ids = [1]
        self.name = f"visitor {random.randrange(VISITORS)}"

    def _ask(self, kind: str, path: str, method: str = "GET", **what: Any) -> Any:
        """Ask, then fetch as much from the plain server."""
        answer = self.client.request(method, path, name=kind, **what)
        if answer.status_code in (200, 201):
            file = self.files / str(len(answer.content))
            if not file.exists():
                file.write_bytes(answer.content)
            self.client.get(f"{self.plain}{file.name}", name=kind + PLAIN)
        return answer

    def _found(self, query: str) -> None:
        answer = self._ask("search", f"{API}/search", params={"q": query, "limit": 12, "min_score": 0})
        self.ids = [hit["id"] for hit in answer.json()["hits"]] or self.ids
        for id in self.ids:
            self._ask("thumbnail", f"{API}/images/{id}/thumbnail?side=240")

    def search(self) -> None:
        """Look for something and at what is found."""
        self._found(random.choice(WORDS))

    def open(self) -> None:
        """Open a picture."""
        self._ask("detail", f"{API}/images/{random.choice(self.ids)}")

    def explain(self) -> None:
        """Ask why."""
        emotion = random.choice(EMOTIONS)
        self._ask("explanation", f"{API}/images/{random.choice(self.ids)}/explanation?emotion={emotion}")

    def show(self) -> None:
        """Search with a picture of one's own."""
        answer = self._ask("upload", f"{API}/describe", "POST", data=self.picture)
        self._found("reading:" + answer.json()["code"])

    def rate(self) -> None:
        """Rate a picture."""
        rating = {"image": random.choice(self.ids), "rater": self.name, "emotion": random.choice(EMOTIONS)}
        self._ask("rating", f"{API}/ratings", "POST", json=rating)

    def export(self) -> None:
        """Take a table home."""
        self._ask("export", f"{API}/export/readings")

    def download(self) -> None:
        """Take pictures home."""
        self._ask("zip", f"{API}/selection/files", "POST", json={"ids": self.ids[:5]})

    def overview(self) -> None:
        """Look at the whole collection."""
        self._ask("collection", f"{API}/collection")

    def begin(self) -> None:
        """Load the page anew."""
        for name in SCRIPTS:
            self._ask("script", f"/static/{name}")

    # How often each of these is done.
    tasks = {search: 30, open: 10, explain: 4, show: 3, rate: 5, export: 2, download: 1, overview: 2, begin: 6}  # noqa: RUF012


class Window:
    """What came of some minutes."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, list[float]] = defaultdict(list)
        self.usage: list[dict[str, float]] = []
        self.lost = 0

    def note(self, name: str, response_time: float, exception: Exception | None, **_: Any) -> None:
        """Take note of a request."""
        self.milliseconds[name].append(response_time)
        # A picture that was taken away while somebody looked at it is gone, not lost.
        if exception is not None and getattr(getattr(exception, "response", None), "status_code", 0) not in (404, 410):
            self.lost += 1
            print(f"{name}: {exception}", flush=True)

    def row(self, minutes: float) -> dict[str, Any]:
        """The columns of the CSV."""
        own = {kind: self.milliseconds[kind] for kind in KINDS}
        row: dict[str, Any] = {"minutes": round(minutes, 1), "requests": sum(map(len, own.values())), "lost": self.lost}
        row |= {name: statistics.median(one[name] for one in self.usage) for name in self.usage[0]}
        row["computing_s"] = round(sum(one["computing_s"] for one in self.usage), 1)
        for kind, values in own.items():
            plain = self.milliseconds[kind + PLAIN]
            row[f"n_{kind}"] = len(values)
            row[f"ms_{kind}"] = round(statistics.median(values), 3) if plain else ""
            row[f"plain_{kind}"] = round(statistics.median(plain), 3) if plain else ""
        return row


class Usage:
    """Memory, handles, threads and computing time of a service; the watch apart."""

    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self._computed: dict[int, float] = {}

    def sample(self) -> dict[str, float]:
        """What is in use, and the seconds computed since the last sample."""
        groups: dict[str, list[psutil.Process]] = {"memory_mb": [self._server], "watch_mb": []}
        for child in self._server.children():
            group = "watch_mb" if "spawn_main" in " ".join(child.cmdline()) else "memory_mb"
            groups[group] += [child, *child.children(recursive=True)]
        found = dict.fromkeys((*groups, "handles", "threads", "computing_s"), 0.0)
        for name, processes in groups.items():
            for process in processes:
                try:
                    found[name] += process.memory_full_info().pss / 1e6
                    computed = sum(process.cpu_times()[:2])
                    if name == "memory_mb":
                        found["handles"] += process.num_fds()
                        found["threads"] += process.num_threads()
                        # What a worker that is replaced meanwhile computes at last is not counted.
                        found["computing_s"] += computed - self._computed.get(process.pid, 0.0)
                        self._computed[process.pid] = computed
                except psutil.NoSuchProcess:
                    continue
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


def soak(file: Path, minutes: float, window_minutes: float) -> None:
    """Serve, visit, sample."""
    with tempfile.TemporaryDirectory() as place:
        folder, index, Visitor.files = (Path(place) / name for name in ("photographs", "soak.emoir", "plain"))
        photographs(folder)
        Visitor.files.mkdir()
        Visitor.picture = next(folder.iterdir()).read_bytes()
        command = [sys.executable, "-m", "emoir"]
        subprocess.run([*command, "index", str(folder), "--index", str(index)], check=True)
        command += ["serve", "--watch", "--no-browser", "--port", "0", "--index", str(index)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        address = process.stderr.readline().rsplit(" ", 1)[1].strip().rstrip("/")
        environment = Environment(user_classes=[Visitor], host=address)
        window, usage = Window(), Usage(psutil.Process(process.pid))
        environment.events.request.add_listener(lambda **about: window.note(**about))
        runner = environment.create_local_runner()
        try:
            with static_server(Visitor.files) as Visitor.plain, file.open("w", newline="") as stream:
                began = ended = time.monotonic()
                runner.start(VISITORS, spawn_rate=2)
                gevent.spawn(change, folder, began + 60 * minutes)
                writer: csv.DictWriter[str] | None = None
                while ended < began + 60 * minutes:
                    while time.monotonic() < ended + 60 * window_minutes:
                        gevent.sleep(SAMPLE_SECONDS)
                        window.usage.append(usage.sample())
                    ended = time.monotonic()
                    done, window = window, Window()
                    row = done.row((ended - began) / 60)
                    if writer is None:
                        writer = csv.DictWriter(stream, row)
                        writer.writeheader()
                    writer.writerow(row)
                    stream.flush()
                runner.quit()
        finally:
            process.terminate()
            process.communicate()


def slope(minutes: Sequence[float], values: Sequence[float], *, percent: bool = False) -> str:
    """What values gain in an hour, by Theil and Sen, with its 95 % interval; perhaps in percent of their median."""
    from scipy.stats import theilslopes

    found = theilslopes(values, minutes, 0.95)
    unit = 100 / statistics.median(values) if percent else 1.0
    middle, low, high = (60 * unit * one for one in (found.slope, found.low_slope, found.high_slope))
    return f"{middle:+.1f} [{low:+.1f}, {high:+.1f}]"


def report(file: Path, picture: Path | None) -> None:
    """Print what the CSV says, and draw it."""
    with file.open(newline="") as stream:
        # The first minutes warm caches and pools.
        rows = [*csv.DictReader(stream)][1:]
    if len(rows) < 3:
        raise SystemExit("too short: nothing to report")

    def column(name: str) -> list[float]:
        return [float(row[name] or "nan") for row in rows]

    minutes = column("minutes")
    ratios = {
        kind: [a / b for a, b in zip(column(f"ms_{kind}"), column(f"plain_{kind}"), strict=True)] for kind in KINDS
    }
    per_request = [1000 * a / b for a, b in zip(column("computing_s"), column("requests"), strict=True)]
    used = {"memory of the service, MB": column("memory_mb"), "memory of the watch, MB": column("watch_mb")}
    used |= {"open handles": column("handles"), "threads": column("threads"), "computing per request, ms": per_request}
    print("| in use | first | last | most | change per hour |\n|---|---|---|---|---|")
    for name, values in used.items():
        print(f"| {name} | {values[0]:.1f} | {values[-1]:.1f} | {max(values):.1f} | {slope(minutes, values)} |")
    print("\n| answer | number | median, ms | ÷ static file | change per hour, % |\n|---|---|---|---|---|")
    for kind, values in ratios.items():
        known = [(at, value) for at, value in zip(minutes, values, strict=True) if value == value]
        middle = statistics.median(value for _, value in known)
        milliseconds = statistics.median(float(row[f"ms_{kind}"]) for row in rows if row[f"ms_{kind}"])
        number = sum(int(row[f"n_{kind}"]) for row in rows)
        gained = slope(*zip(*known, strict=True), percent=True)
        print(f"| {kind} | {number:,} | {milliseconds:.1f} | {middle:.1f} | {gained} |")
    requests, lost = (sum(int(row[name]) for row in rows) for name in ("requests", "lost"))
    print(f"\n{requests:,} requests in {len(rows)} windows up to minute {minutes[-1]:.0f}, {lost} lost.")
    print("\n" + provenance(f"{VISITORS} visitors, a change on disk every {SECONDS_PER_CHANGE:g} s"))
    if picture is not None:
        draw(minutes, used, ratios, picture)


def draw(minutes: list[float], used: dict[str, list[float]], ratios: dict[str, list[float]], picture: Path) -> None:
    """Memory, handles and ratios over the hour."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 7), layout="constrained")
    panels, names = figure.subplots(3, 1, sharex=True), list(used)
    lines = ({n: used[n] for n in names[:2]}, {n: used[n] for n in names[2:]}, ratios)
    for panel, values, unit in zip(panels, lines, ("MB", "number, ms", "÷ static file"), strict=True):
        for name, line in values.items():
            panel.plot(minutes, line, label=name.removesuffix(", MB"), marker=".", linewidth=0.9)
        panel.set_ylabel(unit)
        panel.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize="small")
    panels[0].set_ylim(bottom=0)
    panels[2].set(yscale="log", xlabel="minutes")
    with rc_context({"svg.fonttype": "none"}):
        figure.savefig(picture)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--window", type=float, default=5.0, help="minutes of one line")
    parser.add_argument("--plot", type=Path, help="draw a finished CSV in place of a run")
    arguments = parser.parse_args()
    if arguments.plot is None:
        soak(arguments.csv, arguments.minutes, arguments.window)
    report(arguments.csv, arguments.plot)
