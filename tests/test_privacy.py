"""Nothing leaves the machine, and nothing is written outside the index and its cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pictures import save_photos

ROOT = Path(__file__).parents[1]
UNSHARE = ["unshare", "--net", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def namespaces_work() -> bool:
    """Whether this system has network namespaces and lets us make one."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run([*UNSHARE, "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not namespaces_work(), reason="needs Linux and the right to make a network namespace")

SERVE = """
import json, subprocess, sys, urllib.request
command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0"]
server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
address = server.stderr.readline().rsplit(" ", 1)[1].strip()
try:
    for path in ("", "api/v1/search?q=awe", "api/v1/images/1/explanation", "api/v1/images/1/thumbnail"):
        with urllib.request.urlopen(address + path, timeout=120) as answer:
            assert answer.status == 200, path
finally:
    server.terminate()
    server.communicate(timeout=60)
"""


class Home:
    """An empty home directory, and commands run with it where nothing can be reached."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(mode=0o700)

    def run(self, *command: str) -> int:
        """Attempts to reach another machine while the command ran; it must succeed."""
        kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LANG", "VIRTUAL_ENV") if key in os.environ}
        done = subprocess.run(
            [*UNSHARE, sys.executable, "-m", "tests.offline", str(self.folder), *command],
            env={**kept, "HOME": str(self.home), "TMPDIR": str(self.temporary)},
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["code"] == 0, done.stderr
        return int(answer["attempts"])

    @property
    def temporary(self) -> Path:
        """Where temporary files go."""
        path = self.folder / "temporary"
        path.mkdir(exist_ok=True)
        return path

    def emoir(self, *arguments: str | Path | int) -> int:
        """As ``run``, of an emoir command."""
        return self.run(sys.executable, "-m", "emoir", *map(str, arguments))

    def written(self) -> set[str]:
        """Every file below home and in the folder of temporary files, except the index and the cache."""
        ours = (self.home / ".local/share/emoir", self.home / ".cache/emoir")
        files = [path for folder in (self.home, self.temporary) for path in folder.rglob("*") if path.is_file()]
        return {str(path) for path in files if not any(path.is_relative_to(folder) for folder in ours)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_look_up_would_be_noticed(home: Home) -> None:
    program = "import socket\ntry: socket.getaddrinfo('emoir.invalid', 443)\nexcept OSError: pass"
    assert home.run(sys.executable, "-c", program) > 0


def test_reading_searching_and_serving_reach_nobody(home: Home, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    first, *_ = save_photos(photos, 4)
    assert home.emoir("index", photos) == 0
    for arguments in (
        ("describe", first),
        ("explain", first, "--out", tmp_path / "explained.png"),
        ("search", "awe", "--in", photos),
        ("search", first, "--in", photos),
        ("status",),
        ("export", "-o", tmp_path / "readings.csv", "--in", photos),
        ("report", "--out", tmp_path / "report", "--in", photos),
    ):
        assert home.emoir(*arguments) == 0, arguments
    assert home.run(sys.executable, "-c", SERVE) == 0
    assert home.written() == set()


def test_the_library_reaches_nobody(home: Home) -> None:
    program = "import numpy as np\nfrom emoir import Model\nModel().read(np.zeros((8, 8, 3), np.uint8))"
    assert home.run(sys.executable, "-c", program) == 0
    assert home.written() == set()


def test_training_and_evaluating_reach_nobody(home: Home, tmp_path: Path) -> None:
    for number, path in enumerate(("known/awe", "known/fear", "new/awe", "new/fear")):
        (tmp_path / path).mkdir(parents=True)
        save_photos(tmp_path / path, 20, first_seed=20 * number)
    model = tmp_path / "model"
    assert home.emoir("train", tmp_path / "known", "--out", model, "--epochs", 1, "--keep-anyway") == 0
    assert home.emoir("evaluate", tmp_path / "new", "--model", model, "--out", tmp_path / "figures") == 0
    assert home.written() == set()
