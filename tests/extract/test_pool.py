from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from emoir import Model
from emoir.errors import EmoirError, ModelError
from emoir.extract import Extraction, Failure, WorkerPool, extract, file_digest
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.models import shipped_model_folder
from tests.pictures import save_photos


def children() -> set[int]:
    """Process numbers of this process's living children."""
    found = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True, text=True, check=False)
    return {int(number) for number in found.stdout.split()}


def cause(answer: Extraction | Failure) -> str:
    assert isinstance(answer, Failure)
    return answer.cause


def test_workers_give_what_this_process_gives(model: Model, tmp_path: Path) -> None:
    paths = save_photos(tmp_path, 9)
    with WorkerPool(shipped_model_folder(), workers=2) as pool:
        answers = dict(pool.extract([os.fsencode(path) for path in paths]))
    assert len(answers) == 9
    for path in paths:
        there, here = answers[os.fsencode(path)], extract(path, model, limits=DEFAULT_LIMITS)
        assert isinstance(there, Extraction)
        assert there.digest == here.digest == file_digest(path)
        assert there.reading.to_dict() == here.reading.to_dict()
        np.testing.assert_array_equal(there.reading.embedding, here.reading.embedding)
        np.testing.assert_array_equal(there.palette, here.palette)
        assert (there.width, there.height, there.stat) == (here.width, here.height, here.stat)


def test_failures_are_answers(tmp_path: Path) -> None:
    text = tmp_path / "letter.jpg"
    text.write_text("this is a letter that somebody called a photograph")
    paths = [os.fsencode(text), os.fsencode(tmp_path / "caf\udce9.jpg"), os.fsencode(save_photos(tmp_path, 1)[0])]
    with WorkerPool(shipped_model_folder(), workers=1, limits=Limits(max_pixels=100)) as pool:
        answers = dict(pool.extract(paths))
    assert cause(answers[paths[0]]) == "not an image: no known signature in its first bytes"
    assert cause(answers[paths[1]]) == "cannot be read: No such file or directory"
    assert cause(answers[paths[2]]) == "64 x 64 is over the limit of 100 pixels; raise it with --max-pixels"


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    paths = [os.fsencode(path) for path in save_photos(tmp_path, 90)]
    before = children()
    killed = 0
    answers: dict[bytes, Extraction | Failure] = {}
    with WorkerPool(shipped_model_folder(), workers=2) as pool:
        for path, answer in pool.extract(paths):
            assert path not in answers
            answers[path] = answer
            if len(answers) in (5, 35, 65):
                os.kill(sorted(children() - before)[0], signal.SIGKILL)
                killed += 1
    assert killed == 3
    assert set(answers) == set(paths)
    assert all(isinstance(answer, Extraction) for answer in answers.values())
    assert children() == before


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    pipe = tmp_path / "endless.jpg"
    os.mkfifo(pipe)
    photos = save_photos(tmp_path, 3)
    paths = [os.fsencode(path) for path in (photos[0], pipe, photos[1], photos[2])]
    with WorkerPool(shipped_model_folder(), workers=1, limits=Limits(seconds_per_file=1.0)) as pool:
        answers = dict(pool.extract(paths))
    assert cause(answers[os.fsencode(pipe)]) == "took longer than 1 seconds; raise the limit with --seconds-per-file"
    assert sum(isinstance(answer, Extraction) for answer in answers.values()) == 3


def test_a_file_that_kills_its_worker_twice_is_to_blame(tmp_path: Path) -> None:
    # The worker stands in the pipe's open call when it is killed; whoever reads it next is killed there, too.
    pipe = tmp_path / "deadly.jpg"
    os.mkfifo(pipe)
    photos = [os.fsencode(path) for path in save_photos(tmp_path, 4)]
    before = children()
    answers: dict[bytes, Extraction | Failure] = {}
    with (
        WorkerPool(shipped_model_folder(), workers=1) as pool,
        subprocess.Popen(["bash", "-c", KILL_READERS, "kill", str(os.getpid()), str(pipe)]) as executioner,
    ):
        try:
            answers.update(pool.extract([photos[0], os.fsencode(pipe), *photos[1:]]))
        finally:
            executioner.kill()
    assert cause(answers[os.fsencode(pipe)]) == "its decoder crashed or ran out of memory 2 times (exit code -9)"
    assert sum(isinstance(answer, Extraction) for answer in answers.values()) == 4
    assert children() == before


# A reader that waits for a writer shows in no list of open files, so a writer is offered: once it is accepted, a reader
# is there, and all workers of the parent are killed and waited for.
KILL_READERS = """
while true; do
  exec 3>"$2"
  for worker in $(pgrep -P "$1" -f "[e]moir.extract.worker"); do
    kill -KILL $worker
    while kill -0 $worker 2>/dev/null; do :; done
  done
  exec 3>&-
done
"""


def test_a_model_that_cannot_be_loaded_is_an_error_not_a_failure_of_every_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "card.json").write_text("{}")
    with (
        WorkerPool(tmp_path, workers=2) as pool,
        pytest.raises(ModelError, match=r"card.json is damaged or incomplete"),
    ):
        list(pool.extract([b"/a.jpg", b"/b.jpg"]))
    assert capfd.readouterr().err == ""


def test_workers_that_cannot_start_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "emoir.py").write_text("this is not emoir")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        WorkerPool(shipped_model_folder(), workers=1) as pool,
        pytest.raises(EmoirError, match="ended with exit code 1 before it could read anything"),
    ):
        list(pool.extract([b"/a.jpg"]))


def test_a_program_among_the_photographs_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = save_photos(tmp_path, 1)
    (tmp_path / "PIL.py").write_text(f"open({str(tmp_path / 'harm')!r}, 'w')")
    (tmp_path / "pickle.py").write_text(f"open({str(tmp_path / 'harm')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with WorkerPool(shipped_model_folder(), workers=1) as pool:
        [(_, answer)] = pool.extract([os.fsencode(paths[0])])
    assert isinstance(answer, Extraction)
    assert not (tmp_path / "harm").exists()
