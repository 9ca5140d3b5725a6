"""Folders on a real disk are indexed as they change."""

from __future__ import annotations

import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from emoir import Collection
from emoir.errors import IndexFileError
from emoir.index.writer import IndexReport
from emoir.watch import watch
from tests.pictures import save_photos
from tests.web.test_serve import eventually


class Watcher:
    """A watch in a thread of its own, whose reports are waited for."""

    def __init__(self, collection: Collection) -> None:
        self._stop = threading.Event()
        self._reports: queue.Queue[IndexReport | IndexFileError] = queue.Queue()
        self._thread = threading.Thread(target=self._watch, args=(collection,))
        self._thread.start()

    def _watch(self, collection: Collection) -> None:
        for report in watch(collection, stop=self._stop):
            self._reports.put(report)

    def next(self) -> IndexReport:
        """The next report; waited for as long as a slow machine may need."""
        report = self._reports.get(timeout=120)
        assert isinstance(report, IndexReport)
        return report

    def close(self) -> None:
        """End the watch."""
        self._stop.set()
        self._thread.join(timeout=120)
        assert not self._thread.is_alive()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    save_photos(folder, 2)
    return folder


@pytest.fixture
def watcher(photos: Path, collection: Collection) -> Iterator[Watcher]:
    collection.index(photos)
    watcher = Watcher(collection)
    yield watcher
    watcher.close()


def test_new_changed_and_deleted_images_are_indexed(watcher: Watcher, photos: Path, collection: Collection) -> None:
    assert watcher.next().unchanged == 2
    below = photos / "2026" / "rome"
    below.mkdir(parents=True)
    [new] = save_photos(below, 1, first_seed=50)
    assert watcher.next().read == 1
    new.unlink()
    assert watcher.next().removed == 1
    assert collection.status().images == 2


def test_a_folder_that_comes_back_is_watched_again(watcher: Watcher, photos: Path, collection: Collection) -> None:
    watcher.next()
    away = photos.with_name("away")
    photos.rename(away)
    away.rename(photos)
    save_photos(photos, 1, first_seed=60)
    assert watcher.next().read == 1
    shutil.copytree(photos, photos.with_name("copy"))
    shutil.rmtree(photos)
    photos.with_name("copy").rename(photos)
    save_photos(photos, 1, first_seed=70)
    report = watcher.next()
    while not report.read:
        report = watcher.next()
    assert collection.status().images == 4


def test_changes_that_follow_each_other_make_few_runs(watcher: Watcher, photos: Path) -> None:
    watcher.next()
    for number in range(60):
        save_photos(photos, 1, first_seed=100 + number)
    read = [watcher.next().read]
    while sum(read) < 60:
        read.append(watcher.next().read)
    assert sum(read) == 60
    # One, unless the machine paused for a second between two pictures.
    assert len(read) < 10


def test_hidden_files_and_the_index_itself_cause_no_run(photos: Path) -> None:
    with Collection(photos / "index.emoir") as collection:
        collection.index(photos)
        watcher = Watcher(collection)
        try:
            watcher.next()
            (photos / ".hidden.jpg").write_bytes(b"x")
            save_photos(photos, 1, first_seed=80)
            assert watcher.next().read == 1
            with pytest.raises(queue.Empty):
                watcher._reports.get_nowait()
        finally:
            watcher.close()


def watched_folders(process: int) -> int:
    """How many folders the system watches for a process, as Linux tells."""
    found = 0
    for file in Path(f"/proc/{process}/fdinfo").iterdir():
        with suppress(FileNotFoundError):
            found += file.read_text().count("inotify wd:")
    return found


def test_the_command_goes_on_until_it_is_interrupted(photos: Path, tmp_path: Path) -> None:
    for number in range(20):
        (photos / str(number)).mkdir()
    command = [sys.executable, "-m", "emoir", "watch", str(photos), "--index", str(tmp_path / "a.emoir")]
    # A shell that runs tests in the background has them ignore Ctrl-C.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert "2 files unchanged. The index holds 2 images." in first, first
        assert process.stderr.readline() == "watching; Ctrl-C ends it\n"
        if Path("/proc/self/fdinfo").is_dir():
            # Nothing is polled: the system tells of every folder.
            eventually(lambda: watched_folders(process.pid) == 21)
        save_photos(photos, 1, first_seed=90)
        line = process.stderr.readline()
        assert "1 read, 2 files unchanged. The index holds 3 images." in line, line
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=120) == 130
        finally:
            process.kill()
