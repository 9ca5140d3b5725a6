"""Kills real commands and wants everything that was acknowledged to be there: ``python benchmarks/kill_commands.py``.

Each run of a command is killed with SIGKILL when it touches files of its own for the n-th time (opening, renaming,
removing, connecting), n drawn anew for every kill; every second one a moment later, in the middle of what follows. A
server is killed while a rater sends ratings. After each kill the index must be whole, every rating and reading that it
held must be there, and what a command writes must be the old file or the new one, never half of one. After the last
kill of a kind the command runs through, and its result must be that of a run that nobody killed.

    python benchmarks/kill_commands.py [--kills 25] [--command repair]
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image

from emoir import Collection
from emoir.evaluate.provenance import provenance
from emoir.index.backup import backup
from emoir.index.damage import find_damage
from emoir.index.schema import connect
from emoir.models import Model
from emoir.models.card import CARD

# Runs emoir, counts what it does to files below a folder, and kills it at one of these steps or a while later.
KILLED = """
import os, runpy, signal, sys, threading
left, delay, base, seen = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], 0
def kill(): os.kill(os.getpid(), signal.SIGKILL)
def watch(event, arguments):
    global left, seen
    if event.split(".")[0] not in ("open", "os", "sqlite3", "shutil", "fcntl"):
        return
    if any(base in os.fsdecode(one) for one in arguments if isinstance(one, (str, bytes, os.PathLike))):
        left, seen = left - 1, seen + 1
        if left == 0:
            threading.Timer(delay, kill).start() if delay else kill()
sys.argv = ["emoir", *sys.argv[4:]]
sys.addaudithook(watch)
try:
    runpy.run_module("emoir", run_name="__main__")
finally:
    sys.stderr.write(f"steps {seen}\\n")
"""
PICTURES, MORE, SIDE, RATED = 40, 40, 24, 10
LONGEST_DELAY = 0.2
TRAINING = ("--epochs=3", "--keep-anyway")


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, without those of folders in it."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


class Scene:
    """A folder with pictures, a whole index of them, a backup, and what commands make of them."""

    def __init__(self, base: Path) -> None:
        self.base, self.index = base, base / "x.emoir"
        for folder, first, count in (("photos", 0, PICTURES), ("more", PICTURES, MORE)):
            (base / folder).mkdir()
            for number in range(first, first + count):
                pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(base / folder / f"{number:03}.png")
        for place in range(2 * PICTURES):
            (base / "labelled" / "ab"[place % 2]).mkdir(parents=True, exist_ok=True)
            pixels = np.full((SIDE, SIDE, 3), (200, 40, 40) if place % 2 else (40, 40, 200), np.uint8)
            pixels += np.random.default_rng(place).integers(0, 40, pixels.shape, dtype=np.uint8)
            Image.fromarray(pixels).save(base / "labelled" / "ab"[place % 2] / f"{place:03}.png")
        with Collection(self.index) as photos:
            photos.index(base / "photos", workers=1)
            for image in range(1, 1 + RATED):
                photos.ratings.add(image, "Ana", emotion="awe", valence=None, arousal=None)
        self.pristine = base / "pristine"
        backup(self.index, self.pristine)
        self.before = self.held()
        self.models: list[dict[str, bytes]] = []

    def old_model(self) -> Path:
        """A model that training made of a tiny one."""
        old = self.base / "old"
        if not old.exists():
            from emoir.emotions.calibration import ConfidenceCurve
            from emoir.networks import EmotionNet, NetworkConfig
            from emoir.training.export import ModelDescription, export_model

            curve = ConfidenceCurve("old", (0.3, 0.9), (0.2, 0.8))
            names, ones = {"old": ("up", "down")}, {"old": {"old": 1.0}}
            description = ModelDescription(
                name="tiny", class_names=names, temperatures=ones, confidence=curve, licence="none"
            )
            network = EmotionNet(NetworkConfig(size=32, width=8, blocks=(1, 1), distributions={"old": 2}))
            export_model(network.eval(), self.base / "tiny", description)
            run("train", str(self.base / "labelled"), f"--out={old}", f"--model={self.base / 'tiny'}", *TRAINING)
            self.models.append(contents(old))
        return old

    def renew(self) -> None:
        """Put the index back as it was at first."""
        for left in self.base.glob("x.emoir*"):
            left.unlink()
        shutil.copy(self.pristine, self.index)

    def held(self) -> tuple[dict[str, bytes], set[tuple[str, str]]]:
        """Rows by file name, and who rated what; of a whole index."""
        with closing(connect(self.index)) as connection:
            assert find_damage(connection) == []
        with Collection(self.index) as photos:
            metadata, rows = photos.images.rows()
            names = {entry.id: os.path.basename(entry.path).decode() for entry in metadata}
            rated = {(names[rating.image], rating.rater) for rating in photos.ratings.all()}
            return dict(zip(names.values(), (row.tobytes() for row in rows), strict=True)), rated

    def raters(self) -> int:
        """Ratings in the file at the index's path, whatever else may be wrong with it."""
        with closing(sqlite3.connect(f"{self.index.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM ratings").fetchone()[0])

    def keeps(self) -> None:
        """What was there is there."""
        held, rated = self.held()
        assert self.before[0].items() <= held.items()
        assert self.raters() == RATED
        assert rated == self.before[1]

    def spoil(self) -> None:
        """Noise in the index where only its own checksums notice it."""
        self.renew()
        with closing(sqlite3.connect(self.index)) as connection, connection:
            connection.execute("UPDATE segments SET appearance = zeroblob(length(appearance))")


class Kind:
    """A command to kill.

    Args:
        words: its arguments.
        renew: makes the scene ready, before each kill.
        check: after each kill.
        finish: after the command ran through; default: ``check``.
    """

    def __init__(
        self,
        words: list[str],
        renew: Callable[[], object],
        check: Callable[[], object],
        finish: Callable[[], object] | None = None,
    ) -> None:
        self.words, self.renew, self.check, self.finish = words, renew, check, finish or check


def kinds(scene: Scene) -> dict[str, Kind]:
    """By name, in the order in which they run."""
    base, index = scene.base, f"--index={scene.index}"
    copy, table, page, model = base / "copy", base / "table.csv", base / "page.html", base / "model"

    def old_or_new(file: Path, old: bytes, whole: Callable[[bytes], bool]) -> Callable[[], object]:
        def check() -> None:
            content = file.read_bytes()
            assert content == old or whole(content), file
            scene.keeps()

        return check

    def indexed() -> None:
        scene.keeps()
        assert len(scene.held()[0]) == PICTURES + MORE

    def old_backup() -> None:
        shutil.copy(scene.pristine, copy)

    def backed_up() -> None:
        with closing(sqlite3.connect(copy)) as connection:
            assert find_damage(connection) == []
        scene.keeps()

    def repaired() -> None:
        run("index", str(base / "photos"), index, "--workers=1")
        scene.keeps()

    def old_model() -> None:
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(scene.old_model(), model)

    def old_or_new_model() -> None:
        # Between the two there is none: the card goes first and comes last, and the run is there to go on with.
        found = contents(model)
        assert (model / "run").is_dir() if CARD not in found else found in scene.models and Model(model).id
        scene.keeps()

    def new_model() -> None:
        scene.models.append(contents(model))
        # Bit for bit what the first run gave, that nobody killed.
        assert scene.models[-1] == scene.models[1]
        assert not (model / "run").exists()

    page_end = b"</html>"
    return {
        "index": Kind(["index", str(base / "more"), index, "--workers=1"], scene.renew, scene.keeps, indexed),
        "rebuild": Kind(["index", "--rebuild", index, "--workers=1"], scene.renew, scene.keeps, scene.keeps),
        "repair": Kind(
            ["index", "--repair", str(base / "photos"), index, "--workers=1"],
            scene.spoil,
            lambda: scene.raters() == RATED or sys.exit("ratings are gone"),
            repaired,
        ),
        "backup": Kind(["backup", str(copy), index], old_backup, backed_up),
        "restore": Kind(["restore", str(scene.pristine), index], scene.renew, scene.keeps),
        "export": Kind(
            ["export", "-o", str(table), index],
            lambda: table.write_bytes(b"old"),
            old_or_new(table, b"old", lambda content: content.count(b"\n") == PICTURES + 1),
        ),
        "report": Kind(
            ["report", "--out", str(page), index],
            lambda: page.write_bytes(b"old"),
            old_or_new(page, b"old", lambda content: content.rstrip().endswith(page_end)),
        ),
        "train": Kind(
            ["train", str(base / "labelled"), f"--out={model}", f"--model={base / 'tiny'}", *TRAINING, "--seed=1"],
            old_model,
            old_or_new_model,
            new_model,
        ),
    }


def run(*words: str, step: int = 0, delay: float = 0.0, base: Path = Path("/")) -> tuple[int, int]:
    """Run a command, killed at a step if there is one; its exit code, and how many steps it took."""
    command = [sys.executable, "-c", KILLED, str(step), str(delay), str(base), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, -signal.SIGKILL):
        sys.exit(f"emoir {' '.join(words)} ended with {done.returncode}: {done.stderr[-2000:]}")
    steps = [line for line in done.stderr.splitlines() if line.startswith("steps ")]
    return done.returncode, int(steps[-1].split()[1]) if steps else 0


def kill_command(name: str, scene: Scene, kills: int, random: np.random.Generator) -> str:
    """Kill one command again and again; a row of the table."""
    kind = kinds(scene)[name]
    scene.renew()
    kind.renew()
    _, steps = run(*kind.words, base=scene.base)
    kind.finish()
    killed = 0
    while killed < kills:
        if name not in ("index", "train") or killed % 5 == 0:
            # Other runs go on where the last was killed.
            scene.renew()
            kind.renew()
        delay = float(random.uniform(0, LONGEST_DELAY)) if killed % 2 else 0.0
        code, _ = run(*kind.words, step=int(random.integers(1, steps + 1)), delay=delay, base=scene.base)
        if code:
            killed += 1
            kind.check()
    run(*kind.words, base=scene.base)
    kind.finish()
    return f"| {name} | {steps} | {killed} | 0 |"


def kill_server(scene: Scene, kills: int, random: np.random.Generator) -> str:
    """Kill a server while a rater sends ratings; a row of the table."""
    scene.renew()
    acknowledged = 0
    for number in range(kills):
        command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--index", str(scene.index), "--port=0"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        address = process.stderr.readline().rsplit(" ", 1)[1].strip()
        timer = threading.Timer(float(random.uniform(0.02, 0.5)), process.kill)
        sent = [f"rater {number}.{turn}" for turn in range(1000)]
        for turn, rater in enumerate(sent):
            body = f'{{"image": {1 + turn % PICTURES}, "rater": "{rater}", "emotion": "awe"}}'.encode()
            request = urllib.request.Request(f"{address}api/v1/ratings", body, {"content-type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    assert answer.status == 201
            except OSError:
                break
            acknowledged += 1
            if turn == 0:
                timer.start()
        process.kill()
        process.communicate()
        _, rated = scene.held()
        assert {rater for _, rater in rated} >= {"Ana", *sent[:turn]}, "an acknowledged rating is gone"
    print(f"{acknowledged:,} ratings were acknowledged", file=sys.stderr)
    return f"| ratings (a server) | | {kills} | 0 |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=25, help="of each command")
    parser.add_argument("--command", help="only this one; ratings for the server")
    chosen = parser.parse_args()
    print("| command | steps | kills | losses |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        scene = Scene(Path(os.path.realpath(temporary)))
        for place, name in enumerate([*kinds(scene), "ratings"]):
            if chosen.command in (None, name):
                random = np.random.default_rng(place)
                kill = kill_server(scene, chosen.kills, random) if name == "ratings" else None
                print(kill or kill_command(name, scene, chosen.kills, random), flush=True)
    print("\n" + provenance(f"{PICTURES} + {MORE} pictures", "1 worker", "seeds by place"))


if __name__ == "__main__":
    main()
