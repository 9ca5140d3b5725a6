from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir import Model
from emoir.errors import EmoirError, ModelError
from emoir.extract import Extraction, Failure, LocalExtractor, extract, local
from emoir.files import file_digest
from emoir.limits import DEFAULT_LIMITS, Limits, RetryReason
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
    with LocalExtractor(shipped_model_folder(), workers=2) as extractor:
        answers = dict(extractor.extract([os.fsencode(path) for path in paths]))
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
    with LocalExtractor(shipped_model_folder(), workers=1, limits=Limits(max_pixels=100)) as extractor:
        answers = dict(extractor.extract(paths))
    assert cause(answers[paths[0]]) == "not an image: no known signature in its first bytes"
    assert cause(answers[paths[1]]) == "cannot be read: No such file or directory"
    assert cause(answers[paths[2]]) == "64 x 64 is over the limit of 100 pixels; raise it with --max-pixels"


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    paths = [os.fsencode(path) for path in save_photos(tmp_path, 90)]
    before = children()
    killed = 0
    answers: dict[bytes, Extraction | Failure] = {}
    with LocalExtractor(shipped_model_folder(), workers=2) as extractor:
        for path, answer in extractor.extract(paths):
            assert path not in answers
            answers[path] = answer
            if len(answers) in (5, 35, 65):
                os.kill(sorted(children() - before)[0], signal.SIGKILL)
                killed += 1
    assert killed == 3
    assert set(answers) == set(paths)
    assert all(isinstance(answer, Extraction) for answer in answers.values())
    assert children() == before


def slow_picture(folder: Path) -> bytes:
    """A progressive JPEG of noise: every one of its scans is decoded on its own, which takes most of a second."""
    file = folder / "slow.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (5000, 5000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, quality=100, progressive=True)
    return os.fsencode(file)


def test_a_file_that_computes_too_long_is_given_up(tmp_path: Path) -> None:
    slow = slow_picture(tmp_path)
    photos = [os.fsencode(path) for path in save_photos(tmp_path, 3)]
    limits = Limits(seconds_per_file=0.25)
    with LocalExtractor(shipped_model_folder(), workers=1, limits=limits) as extractor:
        answers = dict(extractor.extract([photos[0], slow, *photos[1:]]))
    failure = answers[slow]
    assert cause(failure) == "took longer than 0.25 seconds; raise the limit with --seconds-per-file"
    assert isinstance(failure, Failure)
    assert failure.retry_when is RetryReason.SECONDS
    assert sum(isinstance(answer, Extraction) for answer in answers.values()) == 3


def meddle(tmp_path: Path, word: str) -> tuple[dict[bytes, Extraction | Failure], bytes]:
    """What becomes of files when every worker that has the slow picture open gets a signal."""
    slow = slow_picture(tmp_path)
    photos = [os.fsencode(path) for path in save_photos(tmp_path, 4)]
    before = children()
    answers: dict[bytes, Extraction | Failure] = {}
    arguments = ["bash", "-c", MEDDLE, "meddle", word, str(os.getpid()), os.fsdecode(slow)]
    with (
        LocalExtractor(shipped_model_folder(), workers=1) as extractor,
        subprocess.Popen(arguments) as meddler,
    ):
        try:
            answers.update(extractor.extract([photos[0], slow, *photos[1:]]))
        finally:
            meddler.kill()
    assert sum(isinstance(answer, Extraction) for answer in answers.values()) == 4
    assert children() == before
    return answers, slow


# Sends the signal to every worker of the parent that has the file open.
MEDDLE = """
while true; do
  for worker in $(pgrep -P "$2" -f "[e]moir.extract.worker"); do
    for open in /proc/$worker/fd/*; do
      if [ "$(readlink "$open" 2>/dev/null)" = "$3" ]; then kill -$1 $worker; fi
    done
  done
done
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are read from Linux's /proc")
def test_a_file_that_kills_its_worker_twice_is_to_blame(tmp_path: Path) -> None:
    answers, slow = meddle(tmp_path, "KILL")
    assert cause(answers[slow]) == "its decoder crashed or ran out of memory 2 times (exit code -9)"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are read from Linux's /proc")
def test_a_stopped_worker_does_not_condemn_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing computes while it is stopped: what runs out is the patience.
    monkeypatch.setattr(local, "PATIENCE", 0.1)
    answers, slow = meddle(tmp_path, "STOP")
    failure = answers[slow]
    assert isinstance(failure, Failure)
    assert failure.retry_when is RetryReason.ENVIRONMENT
    assert failure.cause.endswith("a slow disk, or a process that was stopped; the next run tries again")


def test_time_that_a_worker_was_stopped_is_not_the_files(tmp_path: Path) -> None:
    paths = [os.fsencode(path) for path in save_photos(tmp_path, 12)]
    before = children()
    with LocalExtractor(shipped_model_folder(), workers=1, limits=Limits(seconds_per_file=1)) as extractor:
        stream = extractor.extract(paths)
        answers = dict([next(stream)])
        [worker] = children() - before
        os.kill(worker, signal.SIGSTOP)
        answers.update(stream)
    assert set(answers) == set(paths)
    assert all(isinstance(answer, Extraction) for answer in answers.values())


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), os.mkdir])
def test_what_is_no_regular_file_is_refused_at_once(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "odd.jpg")
    with LocalExtractor(shipped_model_folder(), workers=1) as extractor:
        [(_, answer)] = extractor.extract([os.fsencode(tmp_path / "odd.jpg")])
    assert cause(answer) in ("cannot be read: not a regular file", "cannot be read: Is a directory")


def test_a_model_that_cannot_be_loaded_is_an_error_not_a_failure_of_every_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "card.json").write_text("{}")
    with (
        LocalExtractor(tmp_path, workers=2) as extractor,
        pytest.raises(ModelError, match=r"card.json: format: must be 1 or 2"),
    ):
        list(extractor.extract([b"/a.jpg", b"/b.jpg"]))
    assert capfd.readouterr().err == ""


def test_workers_that_cannot_start_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "emoir.py").write_text("this is not emoir")
    monkeypatch.syspath_prepend(str(tmp_path))
    with (
        LocalExtractor(shipped_model_folder(), workers=1) as extractor,
        pytest.raises(EmoirError, match="ended with exit code 1 before it could read anything"),
    ):
        list(extractor.extract([b"/a.jpg"]))


def test_a_program_among_the_photographs_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = save_photos(tmp_path, 1)
    (tmp_path / "PIL.py").write_text(f"open({str(tmp_path / 'harm')!r}, 'w')")
    (tmp_path / "pickle.py").write_text(f"open({str(tmp_path / 'harm')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    with LocalExtractor(shipped_model_folder(), workers=1) as extractor:
        [(_, answer)] = extractor.extract([os.fsencode(paths[0])])
    assert isinstance(answer, Extraction)
    assert not (tmp_path / "harm").exists()
