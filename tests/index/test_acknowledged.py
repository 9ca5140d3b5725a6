"""What was acknowledged stays: real servers, real commands, SIGKILL, and files that are taken away."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from emoir import Collection
from emoir.errors import IndexFileError
from emoir.index.backup import backup, restore
from emoir.index.repair import repair
from tests.index.serving import emoir, run, serving
from tests.index.test_repair import everything, spoil
from tests.pictures import save_photos


@pytest.fixture
def index(tmp_path: Path) -> Path:
    save_photos(tmp_path / "photos", 12)
    with Collection(tmp_path / "x.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
    return tmp_path / "x.emoir"


def raters(file: Path) -> set[str]:
    """Read as any SQLite tool would read a plain copy, in a folder of its own."""
    folder = file.parent / "alone"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(file, folder / "copy")
    with closing(sqlite3.connect(folder / "copy")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {rater for (rater,) in connection.execute("SELECT rater FROM ratings")}


def test_ratings_of_a_server_stay_through_repairs(index: Path) -> None:
    with serving(index) as server:
        assert server.rate(1, "before") == 201
        spoil(index, "appearance")
        repaired = run("index", "--repair", "--index", index)
        assert "readings were salvaged" in repaired.stderr, repaired.stderr
        answers = {rater: server.rate(13, rater) for rater in "abcde"}
        assert set(answers.values()) == {201}
        assert server.ask("ratings")[1]["raters"] == dict.fromkeys(["before", *"abcde"], 1)
    assert raters(index) >= {"before", *"abcde"}


def test_a_rating_is_refused_when_the_file_is_gone(index: Path) -> None:
    with serving(index) as server:
        assert server.rate(1, "kept") == 201
        away = index.rename(index.with_name("away"))
        status, answer = server.ask("ratings", {"image": 2, "rater": "lost", "emotion": "awe"})
        assert status >= 400
        assert "moved or deleted" in answer["detail"]
        assert server.ask("search?q=awe")[0] >= 400
        assert not index.exists()
        away.rename(index)
        assert server.rate(2, "back") == 201
    assert raters(index) == {"kept", "back"}


def test_a_copy_of_the_same_library_is_taken_up_and_another_is_not(index: Path, tmp_path: Path) -> None:
    backup(index, tmp_path / "copy")
    with Collection(tmp_path / "other") as other:
        other.index(tmp_path / "photos", workers=1)
    with serving(index) as server:
        (tmp_path / "copy").replace(index)
        assert server.rate(1, "into the copy") == 201
        (tmp_path / "other").replace(index)
        status, answer = server.ask("ratings", {"image": 1, "rater": "x", "emotion": "awe"})
        assert status >= 400
        assert "another index was put in the place" in answer["detail"]
    assert raters(index) == set()


def test_a_file_taken_away_in_the_middle_of_a_write(index: Path) -> None:
    with Collection(index) as photos:
        store = photos.ratings._file

        def write() -> None:
            with store.writing() as connection:
                connection.execute("DELETE FROM ratings")
                index.unlink()

        with pytest.raises(IndexFileError, match="while it was written"):
            write()
    with pytest.raises(IndexFileError, match="nothing has been indexed yet"):
        Collection(index).search("awe")


def test_a_plain_copy_of_an_idle_index_is_whole(index: Path) -> None:
    with serving(index) as server:
        assert server.ask("search?q=awe")[0] == 200
        for image in (1, 2):
            assert server.rate(image, str(image)) == 201
        assert raters(index) == {"1", "2"}
        server.process.send_signal(signal.SIGINT)
        server.process.wait(timeout=60)
    assert not index.with_name("x.emoir-wal").exists()


def test_what_a_log_holds_is_settled_when_its_reader_is_gone(index: Path) -> None:
    with Collection(index) as photos, closing(sqlite3.connect(index)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM ratings").fetchone()
        photos.ratings.add(1, "Ana", emotion="awe", valence=None, arousal=None)
        assert raters(index) == set()
        reader.rollback()
        timer = photos.ratings._file._timer
        assert timer is not None
        timer.join()
        assert raters(index) == {"Ana"}


def test_a_log_without_its_index_is_not_read_into_a_new_one(index: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(index)
    connection.execute("DELETE FROM ratings")
    connection.execute("UPDATE images SET width = 7")
    connection.commit()
    log = index.with_name("x.emoir-wal").read_bytes()
    assert log
    connection.close()
    index.unlink()
    index.with_name("x.emoir-wal").write_bytes(log)
    with Collection(index) as photos:
        photos.index(tmp_path / "photos", workers=1)
        assert {metadata.width for metadata in photos.rows()[0]} == {64}


def test_backup_and_restore(index: Path, tmp_path: Path) -> None:
    # A sidecar is no file of an image.
    (tmp_path / "photos" / "0000.jpg.xmp").write_text("<x/>", encoding="utf-8")
    assert run("index", "--index", index).returncode == 0
    with serving(index) as server:
        assert server.rate(1, "first") == 201
        saved = run("backup", tmp_path / "b" / "backup.emoir", "--index", index)
        assert saved.returncode == 0, saved.stderr
        assert "12 images in 12 files, 1 rating; verified" in saved.stderr
        assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["backup.emoir"]
        assert raters(tmp_path / "b" / "backup.emoir") == {"first"}
        assert server.rate(2, "second") == 201
        back = run("restore", tmp_path / "b" / "backup.emoir", "--index", index)
        assert back.returncode == 0, back.stderr
        assert "x.emoir.replaced" in back.stderr
        # The server goes on with what was restored.
        assert server.ask("ratings")[1]["raters"] == {"first": 1}
        assert server.rate(3, "third") == 201
    assert raters(index) == {"first", "third"}
    assert raters(index.with_name("x.emoir.replaced")) == {"first", "second"}


def test_a_restore_into_nothing_and_into_ruins(index: Path, tmp_path: Path) -> None:
    with Collection(index) as photos:
        expected = everything(photos)
    backup(index, tmp_path / "backup")
    assert restore(tmp_path / "backup", tmp_path / "new" / "x.emoir").kept_as is None
    with Collection(tmp_path / "new" / "x.emoir") as photos:
        assert everything(photos) == expected
    for ruin in (b"no database at all", index.read_bytes()[:9000], b"", index.read_bytes()[:-4096]):
        index.write_bytes(ruin)
        report = restore(tmp_path / "backup", index)
        assert report.images == 12
        assert report.kept_as is not None
        with Collection(index) as photos:
            assert everything(photos) == expected


def test_links_stay_links_and_lead_to_what_is_new(index: Path, tmp_path: Path) -> None:
    real, link, disk = tmp_path / "disk" / "real.emoir", tmp_path / "link.emoir", tmp_path / "disk" / "backup"
    real.parent.mkdir()
    shutil.copy(index, real)
    link.symlink_to(real)
    (tmp_path / "backup").symlink_to(disk)
    with Collection(link) as photos:
        with pytest.raises(IndexFileError, match="which is not there"):
            photos.backup(tmp_path / "backup")
        shutil.copy(index, disk)
        photos.ratings.add(1, "first", emotion=None, valence=0.5, arousal=0.5)
        assert photos.backup(tmp_path / "backup").ratings == 1
        assert raters(disk) == {"first"}
        photos.ratings.add(1, "second", emotion=None, valence=0.5, arousal=0.5)
        assert photos.restore(tmp_path / "backup").file == real
    spoil(real, "appearance")
    with Collection(link) as photos:
        assert photos.repair().damaged
    assert link.is_symlink()
    assert raters(real) == raters(link) == {"first"}


def test_what_is_refused(index: Path, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Ana,")
    before = index.read_bytes()
    for file in (tmp_path / "letter", index):
        with pytest.raises(IndexFileError):
            backup(index, file)
        with pytest.raises(IndexFileError):
            restore(file, index)
    with pytest.raises(IndexFileError, match="there is no backup"):
        restore(tmp_path / "none", index)
    with pytest.raises(IndexFileError, match="there is no index"):
        backup(tmp_path / "none", tmp_path / "b")
    backup(index, tmp_path / "backup")
    spoil(tmp_path / "backup", "appearance")
    with pytest.raises(IndexFileError, match="backup is damaged, nothing was copied"):
        restore(tmp_path / "backup", index)
    spoil(index, "appearance")
    with pytest.raises(IndexFileError, match="damaged, nothing was copied"):
        backup(index, tmp_path / "backup2")
    assert (tmp_path / "letter").read_text() == "Dear Ana,"
    assert not (tmp_path / "backup2").exists()
    assert len(before) == index.stat().st_size


def test_no_number_is_given_again_after_a_restore(index: Path, tmp_path: Path) -> None:
    backup(index, tmp_path / "backup")
    with Collection(index) as photos:
        save_photos(tmp_path / "photos", 3, first_seed=50)
        photos.index(workers=1)
        photos.restore(tmp_path / "backup")
        photos.index(workers=1)
        ids = sorted(metadata.id for metadata in photos.rows()[0])
    assert ids == [*range(1, 13), 16, 17, 18]


@pytest.mark.parametrize("what", ["repair", "restore", "backup"])
def test_one_whole_file_lies_there_whenever_it_is_killed(index: Path, tmp_path: Path, what: str) -> None:
    with Collection(index) as photos:
        photos.ratings.add(1, "Ana", emotion="awe", valence=None, arousal=None)
        expected = everything(photos)
    backup(index, tmp_path / "backup")
    pristine = index.read_bytes()
    program = {
        "repair": f"from emoir.index.repair import repair; repair(Path({str(index)!r}))",
        "restore": f"from emoir.index.backup import restore; restore(Path({str(tmp_path / 'backup')!r}), "
        f"Path({str(index)!r}))",
        "backup": f"from emoir.index.backup import backup; backup(Path({str(index)!r}), "
        f"Path({str(tmp_path / 'backup')!r}))",
    }[what]
    # Killed at every 7th step that touches a file: opening, renaming, removing, connecting.
    killer = (
        "import os, signal, sys\nfrom pathlib import Path\nimport emoir.index.backup, emoir.index.repair\n"
        "left = int(sys.argv[1])\n"
        "def count(event, arguments):\n"
        "    global left\n"
        "    if event.split('.')[0] in ('open', 'os', 'sqlite3', 'shutil', 'fcntl'):\n"
        "        left -= 1\n"
        "        if left == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"sys.addaudithook(count)\n{program}\nprint('ended')\n"
    )
    ended = False
    step = 1
    while not ended:
        for left in index.parent.glob("x.emoir*"):
            left.unlink()
        index.write_bytes(pristine)
        if what == "repair":
            # Only the second blob's noise: the ratings must be there all the time.
            spoil(index, "appearance")
        done = subprocess.run([emoir()[0], "-c", killer, str(step)], capture_output=True, text=True, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        ended = "ended" in done.stdout
        for file in (index, tmp_path / "backup"):
            assert raters(file) == {"Ana"}, step
        step += 7
    assert step > 30
    repair(index)
    with Collection(index) as photos:
        photos.index(tmp_path / "photos", workers=1)
        assert [vector for _, vector in everything(photos)] == [vector for _, vector in expected]
    backup(index, tmp_path / "backup")
    assert [path.name for path in index.parent.iterdir() if ".work-" in path.name] == []
