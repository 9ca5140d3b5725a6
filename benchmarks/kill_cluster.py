"""Kills what indexing and searching on many machines stand on: ``python benchmarks/kill_cluster.py PART``.

Parts:
    readers  processes of a Ray cluster, with SIGKILL, while ``Collection.index`` reads on it
    nodes    machines of a Ray cluster, as many processes of this one: all of a node's processes at once
    milvus   a Milvus server, with SIGKILL, while a replica is sent; it is started again on the same data
    memory   no kills: how much the process that indexes holds while a cluster reads very many files
    speed    no kills: a Ray cluster of two readers against two worker processes, in turns, processor and wall time

Afterwards nothing that was acknowledged may be missing, nothing may be there twice, and the export must equal that of
a run that nobody disturbed; numbers of images are given in the order of answers and are left out.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from emoir import Collection
from emoir.errors import EngineAwayError
from emoir.evaluate.provenance import provenance
from emoir.extract.cluster import LOCAL, PARCEL, RayExtractor
from emoir.index import SqliteStore
from emoir.index.vectors.engine import RowBatch
from emoir.index.vectors.engine_vectors import EngineVectors
from emoir.index.vectors.milvus import MilvusEngine
from emoir.index.writer import Progress
from emoir.models import shipped_model_folder
from kill_index import Contents, export, make_pictures
from synthetic import made_up_files, write_index

WORKERS = 2
# A reader that was killed is running again after so many seconds, or something is wrong.
PATIENCE = 120


def readers() -> list[int]:
    """Process numbers of the readers that this process started."""
    found = subprocess.run(["pgrep", "-f", "^ray::Reader"], capture_output=True, text=True, check=False)
    return [int(number) for number in found.stdout.split() if os.getpid() in _ancestors(int(number))]


def both_run() -> bool:
    """Wait until all readers run again."""
    until = time.monotonic() + PATIENCE
    while len(readers()) < WORKERS and time.monotonic() < until:
        time.sleep(0.1)
    return len(readers()) == WORKERS


def _ancestors(process: int) -> Iterator[int]:
    while process > 1:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        process = int(status.rpartition(")")[2].split()[1])
        yield process


class Disturber:
    """Kills when so many files more were answered than at the last time, until it has killed often enough."""

    def __init__(self, kills: int, every: int, kill: Callable[[], bool]) -> None:
        self.left, self.done, self._every, self._kill, self._next = kills, 0, every, kill, every

    def __call__(self, progress: Progress, path: Path, failure: str | None) -> None:
        if self.left and progress.done >= self._next and self._kill():
            self.left, self.done, self._next = self.left - 1, self.done + 1, progress.done + self._every


def disturbed(kills: int, pictures: int, address: Callable[[], str], kill: Callable[[], bool], name: str) -> None:
    """Index with kills, compare with an undisturbed run, print."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(os.path.realpath(temporary))
        whole, other = base / "whole.emoir", base / "killed.emoir"
        make_pictures(base / "pictures", pictures)
        with Collection(whole) as photos:
            photos.index(base / "pictures", workers=WORKERS)
        disturber = Disturber(kills, max(PARCEL, pictures // (kills + 1)), kill)
        with Collection(other) as photos:
            extractor = RayExtractor(shipped_model_folder(), address=address(), workers=WORKERS)
            report = photos.index(base / "pictures", extractor=extractor, report=disturber)
        if disturber.left:
            sys.exit(f"only {disturber.done} kills: more --pictures are needed")
        contents = Contents(other)
        if len(contents.files) != pictures or report.read + report.failed != pictures:
            sys.exit(f"{len(contents.files)} of {pictures} files are there; {report}")
        if export(whole, with_numbers=False) != export(other, with_numbers=False):
            sys.exit("\n".join(["the exports differ:", *differences(whole, other)]))
    print(f"{disturber.done} {name} killed; every file is there once, and the export equals the undisturbed run's")
    print("\n" + provenance(f"{pictures} pictures, one in eight broken", f"{WORKERS} readers", "seed 0"))


def differences(whole: Path, other: Path) -> Iterator[str]:
    """In which files two indexes differ, and why one of these failed."""
    before, after = Contents(whole), Contents(other)
    with Collection(other) as photos:
        causes = {failure.path: failure.cause for failure in photos.status().failures}
    for path in sorted(before.files | after.files):
        ours, theirs = before.images.get(path), after.images.get(path)
        if (ours and ours[1]) != (theirs and theirs[1]):
            yield f"{os.fsdecode(path)}: {causes.get(path) or ('another row' if theirs else 'not there')}"


def kill_readers(kills: int, pictures: int) -> None:
    """A reader at a time; the next only when two are running again."""
    random = np.random.default_rng(0)

    def kill() -> bool:
        if not both_run():
            return False
        os.kill(int(random.choice(readers())), signal.SIGKILL)
        return True

    disturbed(kills, pictures, lambda: LOCAL, kill, "readers")


def kill_nodes(kills: int, pictures: int) -> None:
    """The node that holds a reader; another takes its place."""
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes = [cluster.add_node(num_cpus=1)]

    def kill() -> bool:
        if not both_run():
            return False
        node = nodes.pop()
        nodes.append(cluster.add_node(num_cpus=1))
        cluster.remove_node(node, allow_graceful=False)
        return True

    try:
        disturbed(kills, pictures, lambda: str(cluster.address), kill, "nodes")
    finally:
        cluster.shutdown()


class Doomed(MilvusEngine):
    """Its server is killed at some moment of a batch."""

    kill: Callable[[], None] | None = None
    seconds = 1.0

    def put(self, batch: RowBatch) -> None:
        """Send it; perhaps the server does not live to answer."""
        if self.kill is None:
            super().put(batch)
            return
        timer = threading.Timer(self.seconds * np.random.default_rng().random(), self.kill)
        timer.start()
        try:
            super().put(batch)
        finally:
            timer.join()


def kill_milvus(kills: int, rows: int) -> None:
    """Send a replica; every second batch loses its server."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        server = milvus_server(base)
        try:
            server.start()
            write_index(base / "x.emoir", b"/photos", made_up_files(rows))
            engine = Doomed(f"milvus://127.0.0.1:{server.listen_port}/photos")
            unanswered = done = 0
            with SqliteStore(base / "x.emoir") as store:
                vectors = EngineVectors(engine)
                acknowledged = 0
                while True:
                    began = time.monotonic()
                    try:
                        for state in vectors.replica.steps(store):
                            assert state.filled >= acknowledged, "what was acknowledged is gone"
                            acknowledged = state.filled
                            engine.seconds = min(5.0, time.monotonic() - began)
                            began = time.monotonic()
                            engine.kill = partial(kill_server, server) if done < kills and engine.kill is None else None
                        break
                    except EngineAwayError:
                        unanswered += 1
                    finally:
                        if server.server_proc.poll() is not None:
                            done, engine.kill = done + 1, None
                            start_again(server)
                check = vectors.replica.verify(store)
                if done < kills or not check.whole or check.compared != rows:
                    sys.exit(f"{done} kills; {check}")
        finally:
            server.stop()
    print(
        f"{done} kills of Milvus, {unanswered} of them before it had answered; {rows:,} rows compared number by "
        "number: none missing, none twice, none different"
    )
    print("\n" + provenance(f"{rows:,} made-up rows, batches of 8,192", "moments drawn at random"))


def milvus_server(folder: Path) -> Any:
    """A ``MilvusServer`` with its data in a folder, not started yet; several may run on a machine."""
    from milvus import MilvusServer

    # Its etcd would take port 2380 whatever the others are.
    urls = ("listen-client-urls", "advertise-client-urls", "listen-peer-urls", "initial-advertise-peer-urls")
    settings = [f"{url}: http://127.0.0.1:0" for url in urls]
    etcd = folder / "etcd.yaml"
    etcd.write_text("\n".join([*settings, "initial-cluster: default=http://127.0.0.1:0"]), encoding="utf-8")
    os.environ["ETCD_CONFIG_PATH"] = str(etcd)
    server = MilvusServer()
    server.set_base_dir(str(folder / "milvus"))
    return server


def kill_server(server: Any) -> None:
    """A ``MilvusServer``, with SIGKILL."""
    os.kill(server.server_proc.pid, signal.SIGKILL)
    server.server_proc.wait()


def start_again(server: Any) -> None:
    """On the same ports, which the package would choose anew."""
    base = Path(server.config.base_data_dir)
    environment = {
        "DEPLOY_MODE": "STANDALONE",
        "METRICS_PORT": str(server.webservice_port),
        "MILVUS_RUN_DIR": str(base / "run"),
        "LD_LIBRARY_PATH": str(Path(server.server_proc.args[0]).parent),
    }
    with open(base / "again.log", "w", encoding="utf-8") as log:
        server.server_proc = subprocess.Popen(
            server.server_proc.args, cwd=base, env=os.environ | environment, stdout=log, stderr=log
        )
    server.wait_started()


def memory(count: int) -> None:
    """Names of a few broken files, all of which the cluster opens; a tenth of them after the other."""
    samples: list[tuple[int, float]] = []

    def note(progress: Progress, path: Path, failure: str | None) -> None:
        if progress.done >= count * len(samples) // 10:
            samples.append((progress.done, resident()))

    with tempfile.TemporaryDirectory() as temporary:
        base = Path(os.path.realpath(temporary))
        for number in range(count):
            folder = base / "pictures" / f"{number // 1000:04}"
            if number % 1000 == 0:
                folder.mkdir(parents=True)
                (folder / "000.jpg").write_bytes(b"no picture at all")
            else:
                os.link(folder / "000.jpg", folder / f"{number % 1000:03}.jpg")
        before = resident()
        with Collection(base / "x.emoir") as photos:
            extractor = RayExtractor(shipped_model_folder(), workers=WORKERS)
            report = photos.index(base / "pictures", extractor=extractor, report=note)
    if report.failed != count:
        sys.exit(f"{report.failed} of {count} files were opened")
    print("| files done | memory of the process that indexes |\n|---|---|")
    print(f"| before the run | {before:.0f} MB |")
    print("\n".join(f"| {done:,} | {megabytes:.0f} MB |" for done, megabytes in samples))
    print("\n" + provenance(f"{count:,} names of broken files", f"{WORKERS} readers"))


def resident() -> float:
    """Megabytes that this process holds in memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1000


def speed(folder: Path, repeats: int) -> None:
    """The same photographs by both; from the first answer to the last, as starting costs the same for any number."""
    paths = [os.fsencode(path) for path in sorted(folder.iterdir())]
    rates: dict[str, list[float]] = {"Ray": [], "pool": []}
    from emoir.extract import LocalExtractor

    for _ in range(repeats):
        for name, extractor in (
            ("Ray", RayExtractor(shipped_model_folder(), workers=WORKERS)),
            ("pool", LocalExtractor(shipped_model_folder(), workers=WORKERS)),
        ):
            with extractor as opened:
                answers = opened.extract(paths)
                for _ in range(PARCEL * WORKERS):
                    next(answers)
                began = time.perf_counter()
                left = sum(1 for _ in answers)
                rates[name].append(left / (time.perf_counter() - began))
    ray, pool = (statistics.median(rates[name]) for name in ("Ray", "pool"))
    print("| photographs | Ray, 2 readers | local pool, 2 workers | ratio | must |\n|---|---|---|---|---|")
    print(f"| {len(paths):,} | {ray:.1f} / s | {pool:.1f} / s | {ray / pool:.2f} | ≥ .85 |")
    print("\n" + provenance(f"{repeats} repeats in turns, medians"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["readers", "nodes", "milvus", "memory", "speed"])
    parser.add_argument("--kills", type=int, help="default: 20 readers, 5 nodes, 10 of Milvus")
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, default=Path("runs/performance/1000_photographs"), help="of speed")
    parser.add_argument("--files", type=int, default=1_000_000, help="of memory")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    if asked.part == "readers":
        kill_readers(asked.kills or 20, asked.pictures)
    elif asked.part == "nodes":
        kill_nodes(asked.kills or 5, asked.pictures)
    elif asked.part == "milvus":
        kill_milvus(asked.kills or 10, asked.rows)
    elif asked.part == "memory":
        memory(asked.files)
    else:
        speed(asked.folder, asked.repeats)


if __name__ == "__main__":
    main()
