from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir import Collection
from emoir.emotions.code import encode_reading
from emoir.errors import IndexFileError, ModelMismatchError, QueryError
from emoir.index import RowLayout
from emoir.index.writer import Progress
from emoir.limits import Limits
from emoir.models.card import CARD
from tests.pictures import encoded, noise, save_photos


def readings(collection: Collection) -> dict[str, dict[str, object]]:
    metadata, found, _ = collection.rows()
    return {os.fsdecode(entry.path): reading.to_dict() for entry, reading in zip(metadata, found, strict=True)}


def test_three_lines_in_a_script_without_a_main_guard(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 4)
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        from emoir import Collection
        photos = Collection("my.emoir"); photos.index("photos")
        for match in photos.search("calm", n=2): print(match.path.name)
        """)
    )
    done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == 2
    assert done.stderr == ""


def test_only_new_files_are_read(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    save_photos(folder, 5)
    (folder / "notes.txt").write_text("no image, and nobody said it was one")
    assert collection.index(folder).read == 5
    again = collection.index()
    assert (again.read, again.moved, again.failed, again.unchanged) == (0, 0, 0, 6)
    save_photos(folder, 2, first_seed=5)
    third = collection.index(folder)
    assert (third.read, third.unchanged) == (2, 6)
    Image.fromarray(noise(64, 77)).save(folder / "0000.jpg")
    before = readings(collection)
    fourth = collection.index(folder)
    assert (fourth.read, fourth.unchanged, fourth.removed) == (1, 7, 0)
    changed = {path for path, reading in readings(collection).items() if before[path] != reading}
    assert changed == {str(folder / "0000.jpg")}
    assert collection.status().images == 7


def test_moved_and_copied_files_keep_their_reading(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    save_photos(folder / "sub", 4)
    collection.index(folder)
    before = {Path(path).name: reading for path, reading in readings(collection).items()}
    ids = {match.path.name: match.id for match in collection.search("awe")}
    (folder / "sub").rename(folder / "moved")
    (folder / "moved" / "0001.jpg").rename(folder / "renamed.jpg")
    shutil.copy2(folder / "renamed.jpg", folder / "copy.jpg")
    report = collection.index()
    assert (report.read, report.moved, report.removed) == (0, 5, 4)
    after = {match.path.name: match.id for match in collection.search("awe")}
    # Of several copies the first path is named.
    assert after == {**{name: id for name, id in ids.items() if name != "0001.jpg"}, "copy.jpg": ids["0001.jpg"]}
    assert readings(collection)[str(folder / "copy.jpg")] == before["0001.jpg"]
    assert (collection.status().images, collection.status().files) == (4, 5)


def test_same_size_and_time_but_other_content_is_read(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in (1, 2):
        path = folder / f"{seed}.bmp"
        path.write_bytes(encoded(Image.fromarray(noise(32, seed)), "BMP"))
        os.utime(path, ns=(10**18, 10**18))
    assert collection.index(folder).read == 2
    (folder / "1.bmp").rename(folder / "3.bmp")
    report = collection.index()
    assert (report.moved, report.read) == (1, 0)


def test_deleted_files_disappear(collection: Collection, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    collection.index(tmp_path / "photos")
    paths[1].unlink()
    assert collection.index().removed == 1
    assert {match.path for match in collection.search("awe")} == {paths[0], paths[2]}


def test_a_folder_that_is_not_mounted_wipes_nothing(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    save_photos(folder, 3)
    collection.index(folder)
    folder.rename(tmp_path / "away")
    report = collection.index()
    assert (report.kept, report.removed) == ((folder,), 0)
    assert len(collection.search("awe")) == 3
    assert collection.index(prune=True).removed == 3
    assert collection.status().roots == ()
    assert len(collection.search("awe")) == 0


def test_failures_are_recorded_and_retried_only_when_the_file_changes(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    save_photos(folder, 2)
    (folder / "bad.jpg").write_text("a letter with the name of a photograph")
    seen: list[tuple[str, str | None]] = []

    def report(progress: Progress, path: Path, failure: str | None) -> None:
        seen.append((path.name, failure))

    first = collection.index(folder, report=report)
    assert (first.read, first.failed) == (2, 1)
    assert ("bad.jpg", "not an image: no known signature in its first bytes") in seen
    assert len(seen) == 3
    [failure] = collection.status().failures
    assert failure.path == os.fsencode(folder / "bad.jpg")
    second = collection.index(folder)
    assert (second.failed, second.unchanged) == (0, 3)
    (folder / "bad.jpg").write_bytes(encoded(Image.fromarray(noise(32, 1)), "PNG"))
    assert collection.index(folder).read == 1
    assert collection.status().failures == ()


def test_names_of_every_kind(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    content = encoded(Image.fromarray(noise(32, 1)), "PNG")
    names = [b"two words.png", b"new\nline.png", "雪景 🏔.png".encode(), b"caf\xe9.png", b"-n.png", b"no_suffix"]
    for number, name in enumerate(names):
        with open(os.path.join(os.fsencode(folder), name), "wb") as stream:
            stream.write(content + bytes(number))
    assert collection.index(folder).read == len(names)
    found = {os.fsencode(match.path.name) for match in collection.search("awe")}
    assert found == set(names)


def test_a_second_model_does_not_mix(collection: Collection, other_model: Path, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    collection.index(tmp_path / "photos")
    with Collection(collection.location, model=other_model) as other:
        with pytest.raises(ModelMismatchError, match="--rebuild"):
            other.index()
        assert other.index(rebuild=True).read == 2
        assert other.status().model.id == other.model.id
    with pytest.raises(ModelMismatchError):
        Collection(collection.location).index()


def test_a_code_and_its_index_may_differ_by_a_change_of_id(
    collection: Collection, other_model: Path, tmp_path: Path
) -> None:
    save_photos(tmp_path / "photos", 3)
    collection.index(tmp_path / "photos")
    name = next((tmp_path / "photos").iterdir())
    with Collection(collection.location, model=other_model) as other:
        code = f"reading:{encode_reading(other.model.read(name))}"
        with pytest.raises(QueryError, match="of another model"):
            other.search(code)
    card = json.loads((other_model / CARD).read_text(encoding="utf-8"))
    (other_model / CARD).write_text(json.dumps({**card, "earlier_ids": [collection.model.id]}), encoding="utf-8")
    with Collection(collection.location, model=other_model) as other:
        assert next(iter(other.search(code))).path.name == name.name
        other.index()
        older = f"reading:{encode_reading(collection.model.read(name))}"
        assert next(iter(other.search(older))).path.name == name.name


def test_errors_of_a_first_run(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(IndexFileError, match="no folder has been indexed yet"):
        collection.index()
    with pytest.raises(IndexFileError, match="is no folder"):
        collection.index(tmp_path / "nowhere")


def test_an_exception_in_the_middle_keeps_what_was_read(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    save_photos(folder, 12)

    class Stop(Exception):
        pass

    def stop(progress: Progress, path: Path, failure: str | None) -> None:
        if progress.done == 5:
            raise Stop

    with pytest.raises(Stop):
        collection.index(folder, report=stop)
    assert collection.status().images == 5
    report = collection.index()
    assert (report.read, report.unchanged) == (7, 5)


def test_vectors_stand_in_the_order_of_the_readings(collection: Collection, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 3)
    collection.index(tmp_path / "photos")
    _, found, vectors = collection.rows()
    layout = RowLayout(collection.model.card.class_names)
    np.testing.assert_array_equal(vectors[:, layout.embedding], found.embeddings)


def test_a_raised_limit_lifts_the_failure(collection: Collection, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    assert collection.index(tmp_path / "photos", limits=Limits(max_pixels=100)).failed == 2
    assert collection.index(limits=Limits(max_pixels=100)).unchanged == 2
    assert collection.index().read == 2
    assert collection.status().failures == ()


def test_a_rebuild_that_would_lose_a_folder_is_refused(collection: Collection, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    save_photos(first, 2)
    save_photos(second, 2, first_seed=10)
    collection.index(first, second)
    with pytest.raises(IndexFileError, match="is no folder"):
        collection.index(tmp_path / "typo", rebuild=True)
    assert collection.status().images == 4
    assert collection.index(first, rebuild=True).read == 4
    second.rename(tmp_path / "away")
    with pytest.raises(IndexFileError, match=r"second is missing or empty, and a rebuild would .* --prune"):
        collection.index(rebuild=True)
    # So does the place that a disk is mounted at.
    second.mkdir()
    with pytest.raises(IndexFileError, match=r"second is missing or empty, and a rebuild would .* --prune"):
        collection.index(rebuild=True)
    second.rmdir()
    assert collection.status().images == 4
    assert collection.index(rebuild=True, prune=True).read == 2
    assert [os.fsdecode(root) for root in collection.status().roots] == [str(first)]


def test_links_to_a_folder_are_the_folder(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    save_photos(folder, 3)
    (tmp_path / "link").symlink_to(folder)
    assert collection.index(tmp_path / "link").read == 3
    report = collection.index(folder, folder / ".", tmp_path / "link")
    assert (report.read, report.unchanged) == (0, 3)
    for place in (folder, tmp_path / "link"):
        assert len(collection.search("awe", folders=[place])) == 3
    [best] = collection.search("awe", n=1)
    assert len(collection.search(str(tmp_path / "link" / best.path.name), n=10)) == 2


def test_a_folder_that_was_renamed_is_known_by_its_new_name(collection: Collection, tmp_path: Path) -> None:
    # The old name sorts first, and would be named first if it were still known.
    save_photos(tmp_path / "a", 3)
    collection.index(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "z")
    report = collection.index(tmp_path / "z")
    assert (report.read, report.moved) == (0, 3)
    status = collection.status()
    assert [os.fsdecode(root) for root in status.roots] == [str(tmp_path / "z")]
    assert (status.images, status.files) == (3, 3)
    assert all(match.path.exists() for match in collection.search("awe"))


def test_folders_without_images_of_their_own_stay_indexed(collection: Collection, tmp_path: Path) -> None:
    inbox, archive, backup = tmp_path / "inbox", tmp_path / "archive", tmp_path / "backup"
    inbox.mkdir()
    save_photos(archive, 2)
    shutil.copytree(archive, backup)
    collection.index(inbox, archive, backup)
    backup.rename(tmp_path / "away")
    assert collection.index().kept == ()
    assert collection.status().files == 2
    (tmp_path / "away").rename(backup)
    save_photos(inbox, 1, first_seed=10)
    report = collection.index()
    assert (report.read, report.moved) == (1, 2)
    next(inbox.iterdir()).rename(archive / "new.jpg")
    assert collection.index().moved == 1
    assert [os.path.basename(root) for root in collection.status().roots] == [b"archive", b"backup", b"inbox"]
    assert collection.status().files == 5


def test_a_disk_that_is_away_keeps_what_is_nowhere_else(collection: Collection, tmp_path: Path) -> None:
    disk, home = tmp_path / "disk", tmp_path / "home"
    save_photos(disk, 3)
    home.mkdir()
    collection.index(disk, home)
    shutil.copy2(disk / "0000.jpg", home / "copy.jpg")
    disk.rename(tmp_path / "away")
    assert collection.index().kept == (disk,)
    assert {match.path for match in collection.search("awe")} == {
        home / "copy.jpg",
        disk / "0001.jpg",
        disk / "0002.jpg",
    }
    (tmp_path / "away").rename(disk)
    assert collection.index().read == 0
    assert (collection.status().images, collection.status().files) == (3, 4)
