"""What may go wrong around a real ``emoir index``: one clear line each, and nothing lost."""

from __future__ import annotations

import csv
import io
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emoir import Collection
from emoir.errors import IndexFileError
from emoir.index.writer import Progress
from tests.cli.test_cli import Shell, committed
from tests.pictures import save_photos

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.fixture
def emoir(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def with_a_disk(emoir: Shell, script: str) -> list[str]:
    """Run a script that may mount a disk of its own on ./disk; its lines, talk among them."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a disk of one's own")
    (emoir.folder / "disk").mkdir()
    run = f'code=0; {sys.executable} -m emoir "$@" --index disk/i.emoir 2>&1 || code=$?; echo "code $code"'
    script = f"emoir() {{ {run}; }}\n{script}"
    done = subprocess.run(
        [*NAMESPACE, "bash", "-ec", script], cwd=emoir.folder, env=emoir.environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().splitlines()


def test_a_full_disk(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 30, side=24)
    save_photos(emoir.folder / "more", 30, side=24, first_seed=30)
    lines = with_a_disk(
        emoir,
        """
        mount -t tmpfs -o size=2m tmpfs disk
        emoir index photos
        cat /dev/zero > disk/filler 2>/dev/null || true
        emoir index more
        rm disk/filler
        emoir index photos more
        """,
    )
    assert lines.pop(0) == "made a new index: disk/i.emoir"
    assert lines[:2] == ["30 read, 0 files unchanged. The index holds 30 images.", "code 0"]
    assert lines[2:4] == [
        "emoir: index disk/i.emoir: the disk is full; free some space and run the command again, nothing is lost",
        "code 4",
    ]
    assert lines[4:] == ["30 read, 30 files unchanged. The index holds 60 images.", "code 0"]


def test_a_full_disk_from_the_start(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 2, side=24)
    lines = with_a_disk(emoir, "mount -t tmpfs -o size=16k tmpfs disk\nemoir index photos\nls -A disk")
    assert len(lines) == 2
    assert "the disk is full; free some space" in lines[0]
    assert lines[1] == "code 4"


def test_a_folder_that_cannot_be_written(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 3, side=24)
    lines = with_a_disk(
        emoir,
        """
        mount -t tmpfs -o size=2m tmpfs disk
        mount -o remount,ro disk
        emoir index photos
        mount -o remount,rw disk
        emoir index photos
        mount -o remount,ro disk
        rm photos/0000.jpg
        emoir index photos
        emoir search awe --all --format paths
        """,
    )
    assert lines[0] == "emoir: index disk/i.emoir: Read-only file system; choose another place with --index"
    assert lines.pop(2) == "made a new index: disk/i.emoir"
    assert lines[1:4] == ["code 4", "3 read, 0 files unchanged. The index holds 3 images.", "code 0"]
    assert lines[4:6] == ["emoir: index disk/i.emoir: it is read-only; choose another place with --index", "code 4"]
    assert len(lines[6:]) == 4


def test_a_disk_that_does_not_take_it(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 60, side=24)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The index itself fits, the log of the first batch does not.
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, limits[1]))
    try:
        refused = emoir("index", "photos", code=4).stderr
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    *_, line = refused.splitlines()
    assert b"would not read or write; nothing that was acknowledged is lost" in line
    assert b"60 read, 0 files unchanged" in emoir("index", "photos").stderr


def started(emoir: Shell, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "emoir", "index", *arguments]
    return subprocess.Popen(command, cwd=emoir.folder, env=emoir.environment, stderr=subprocess.PIPE)


def wait_for_a_batch(process: subprocess.Popen[bytes], index: Path) -> None:
    while process.poll() is None and committed(index) == 0:
        pass


def test_a_folder_that_vanishes(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 400, side=24)
    process = started(emoir, "photos", "--workers", "1")
    index = emoir.folder / "test.emoir"
    wait_for_a_batch(process, index)
    (emoir.folder / "photos").rename(emoir.folder / "unplugged")
    [line] = process.communicate()[1].splitlines()
    assert process.returncode == 4
    assert b"photos vanished while it was read; what was read is safe" in line
    done = committed(index)
    assert 0 < done < 400
    with Collection(index) as photos:
        assert photos.status().failures == ()
    (emoir.folder / "unplugged").rename(emoir.folder / "photos")
    assert f"{400 - done} read, {done} files unchanged".encode() in emoir("index", "photos").stderr


def test_an_index_that_is_taken_away(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 400, side=24)
    (emoir.folder / "here").mkdir()
    process = started(emoir, "photos", "--workers", "1", "--index", "here/i.emoir")
    wait_for_a_batch(process, emoir.folder / "here" / "i.emoir")
    (emoir.folder / "here").rename(emoir.folder / "there")
    [line] = process.communicate()[1].splitlines()
    assert process.returncode == 4
    assert b"index here/i.emoir was moved or deleted while it was in use; put it back" in line
    done = committed(emoir.folder / "there" / "i.emoir")
    assert 0 < done < 400
    (emoir.folder / "there").rename(emoir.folder / "here")
    finished = emoir("index", "photos", "--index", "here/i.emoir").stderr
    assert f"{400 - done} read, {done} file".encode() in finished


def test_files_that_vanish_one_by_one(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 40, side=24)

    def take_away(progress: Progress, path: Path, failure: str | None) -> None:
        assert failure is None
        for other in paths[1:]:
            other.unlink(missing_ok=True)

    with Collection(tmp_path / "i.emoir") as photos:
        done = photos.index(tmp_path / "photos", workers=1, report=take_away)
        assert done.failed == 0
        assert done.vanished > 0
        assert done.read + done.vanished == 40
        photos.index()
        assert photos.status().images == len(list((tmp_path / "photos").iterdir())) == 1


TOUCH = """
import os, sys
number = 10**18
while True:
    number += 1
    os.utime(sys.argv[1], ns=(number, number))
"""


def test_a_file_that_changes_while_it_is_read(emoir: Shell) -> None:
    changing, quiet = save_photos(emoir.folder / "photos", 2, side=24)
    with open(changing, "ab") as stream:
        # So long that it is changed many times before it has been read.
        stream.write(bytes(30_000_000))
    with subprocess.Popen([sys.executable, "-c", TOUCH, str(changing)]) as touching:
        try:
            while changing.stat().st_mtime_ns > 2 * 10**18 or changing.stat().st_mtime_ns < 10**18:
                pass
            line, _, summary = emoir("index", "photos", code=3).stderr.splitlines()
        finally:
            touching.kill()
    assert line == os.fsencode(changing) + b": it changed while it was read"
    assert summary == b"1 read, 0 files unchanged, 1 failed (see emoir status). The index holds 1 image."
    assert b"1 read, 1 file unchanged" in emoir("index", "photos").stderr
    assert os.fsencode(quiet) in emoir("search", "awe", "--all", "--format", "paths").stdout


def test_two_indexers_and_a_searcher(emoir: Shell) -> None:
    save_photos(emoir.folder / "photos", 300, side=24)
    for number in range(5):
        shutil.copy2(emoir.folder / "photos" / f"{number:04}.jpg", emoir.folder / "photos" / f"copy_{number}.jpg")
    index = emoir.folder / "test.emoir"
    indexers = [started(emoir, "photos", "--workers", "1") for _ in range(2)]
    wait_for_a_batch(indexers[0], index)
    seen = []
    with Collection(index) as photos:
        while any(indexer.poll() is None for indexer in indexers):
            seen.append(photos.search("awe", min_score=0).searched)
    assert seen == sorted(seen)
    assert 0 < seen[0] < 300
    for indexer in indexers:
        talk = indexer.communicate()[1]
        assert indexer.returncode == 0, talk
        assert b"The index holds 300 images." in talk.splitlines()[-1]
    emoir("index", "photos", "--index", "alone.emoir", "--workers", "1")
    together, alone = (
        [{**row, "id": ""} for row in csv.DictReader(io.StringIO(emoir("export", "--index", name).stdout.decode()))]
        for name in ("test.emoir", "alone.emoir")
    )
    assert together == alone
    assert not Collection(index).repair().damaged
    assert b"0 read, 305 files unchanged" in emoir("index", "photos").stderr


def test_an_index_that_another_replaces_is_not_written(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 1, side=24)
    with Collection(tmp_path / "i.emoir") as first:
        first.index(tmp_path / "photos", workers=1)
        for part in tmp_path.glob("i.emoir*"):
            part.rename(tmp_path / f"old_{part.name}")
        with Collection(tmp_path / "i.emoir") as second:
            second.index(tmp_path / "photos", workers=1)
        save_photos(tmp_path / "photos", 2, side=24)
        with pytest.raises(IndexFileError, match="another index was put in the place of"):
            first.index(tmp_path / "photos", workers=1)


def test_a_list_of_files_some_of_which_are_not_indexed(emoir: Shell) -> None:
    paths = save_photos(emoir.folder / "photos", 3)
    emoir("index", "photos")
    listed = emoir.folder / "list.txt"
    listed.write_bytes(b"\r\n".join([*(os.fsencode(path) for path in paths[:2]), b"nowhere.jpg"]))
    for command in (("search", "awe", "--all"), ("select", "-n", "2")):
        done = emoir(*command, "--from", "list.txt", "--format", "paths")
        assert b"1 of 3 listed files are not indexed, such as nowhere.jpg" in done.stderr
        assert sorted(Path(line).name for line in done.stdout.decode().splitlines()) == ["0000.jpg", "0001.jpg"]
    listed.write_bytes(b'"photos/0002.jpg" \r\n')
    done = emoir("search", "awe", "--all", "--from", "list.txt", "--format", "paths")
    assert (Path(done.stdout.decode().strip()).name, b"listed files" in done.stderr) == ("0002.jpg", False)
    # Started by a program that has closed them: the index must not open in their place.
    closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-m", "emoir", "search", "awe", "--from", "-"]
    assert subprocess.run(closed, cwd=emoir.folder, env=emoir.environment, check=False).returncode == 1
    listed.write_bytes(b"photos/0002.jpg\0")
    done = emoir("search", "awe", "--all", "--from", "list.txt", "--format", "paths")
    assert (Path(done.stdout.decode().strip()).name, b"listed files" in done.stderr) == ("0002.jpg", False)
