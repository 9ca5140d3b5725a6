"""RayExtractor on a real Ray cluster of this machine: what one process gives, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoir import Collection
from emoir.errors import EmoirError, ModelError
from emoir.extract import Extraction, Failure
from emoir.extract.cluster import AHEAD, PARCEL, RayExtractor
from emoir.limits import Limits
from emoir.models import shipped_model_folder
from tests.cli.test_library import emoir
from tests.pictures import save_photos

pytest.importorskip("ray", reason="the package ray is not installed")


def readers() -> list[int]:
    """Process numbers of the readers; only those of this test's own cluster, whose processes have it as a parent."""
    found = subprocess.run(["pgrep", "-f", "^ray::Reader"], capture_output=True, text=True, check=False)
    mine = os.getpid()
    return [int(number) for number in found.stdout.split() if mine in ancestors(int(number))]


def ancestors(process: int) -> Iterator[int]:
    while process > 1:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        process = int(status.rpartition(")")[2].split()[1])
        yield process


def model_folders() -> set[Path]:
    """Where the worker processes of the readers have their model from."""
    found = subprocess.run(["pgrep", "-f", "emoir.extract.worker"], capture_output=True, text=True, check=False)
    mine = [number for number in map(int, found.stdout.split()) if os.getpid() in ancestors(number)]
    commands = [Path(f"/proc/{number}/cmdline").read_text(encoding="utf-8").split("\0") for number in mine]
    return {Path(command[command.index("emoir.extract.worker") + 1]) for command in commands}


def test_a_killed_reader_loses_nothing_and_reads_nothing_twice(tmp_path: Path) -> None:
    paths = [os.fsencode(path) for path in save_photos(tmp_path / "photos", 5 * PARCEL)]
    text = tmp_path / "letter.jpg"
    text.write_text("this is a letter that somebody called a photograph")
    drawn = killed = 0

    def counted() -> Iterator[bytes]:
        nonlocal drawn
        for path in [os.fsencode(text), *paths]:
            drawn += 1
            yield path

    answers: list[tuple[bytes, Extraction | Failure]] = []
    with RayExtractor(shipped_model_folder(), workers=1, limits=Limits(max_pixels=5000)) as extractor:
        for answer in extractor.extract(counted()):
            answers.append(answer)
            # No more is drawn than the readers hold.
            assert drawn <= len(answers) + (AHEAD + 1) * PARCEL
            if len(answers) == 1:
                [folder] = model_folders()
            if len(answers) % PARCEL == 1 and killed < 2:
                for victim in readers():
                    os.kill(victim, signal.SIGKILL)
                    killed += 1
    assert killed == 2
    assert not list(folder.parent.glob(f"{folder.name}*"))
    assert sorted(path for path, _ in answers) == sorted([os.fsencode(text), *paths])
    [(path, failure)] = [(path, one) for path, one in answers if isinstance(one, Failure)]
    assert (path, failure) == (os.fsencode(text), Failure("not an image: no known signature in its first bytes"))


def test_an_index_is_what_worker_processes_make(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", PARCEL + 3)
    tables = []
    for name, more in (("ray", ("--ray", "local")), ("local", ())):
        indexed = emoir(tmp_path, "index", "photos", "--workers", 1, *more, index=f"~/{name}.emoir")
        assert (indexed.returncode, f"{PARCEL + 3} read" in indexed.stderr) == (0, True), indexed.stderr
        with Collection(tmp_path / f"{name}.emoir") as photos:
            metadata, _, rows = photos.rows()
            tables.append(([entry.path for entry in metadata], rows.tolist()))
    assert tables[0] == tables[1]


def test_a_fault_of_the_model_ends_the_run(tmp_path: Path, other_model: Path) -> None:
    [path] = save_photos(tmp_path, 1)
    graph = next(other_model.glob("*.onnx"))
    graph.write_bytes(b"no graph")
    with RayExtractor(other_model, workers=1) as extractor, pytest.raises(ModelError):
        list(extractor.extract([os.fsencode(path)]))


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    [path] = save_photos(tmp_path, 1)
    with (
        RayExtractor(shipped_model_folder(), address="127.0.0.1:1") as extractor,
        pytest.raises(EmoirError, match=r"^no Ray cluster at 127\.0\.0\.1:1 "),
    ):
        list(extractor.extract([os.fsencode(path)]))
