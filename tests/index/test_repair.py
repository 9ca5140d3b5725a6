"""Real damage to a real file: pages overwritten with noise, then salvaged, then read to the end."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from emoir import Collection
from emoir.errors import IndexFileError
from emoir.index import SqliteStore
from emoir.index.location import check_filesystem, file_system
from emoir.index.repair import repair
from tests.pictures import save_photos

PAGE = 4096


def description_pages(file: Path) -> set[int]:
    """Numbers, from 0, of the pages that describe the tables: the first, and those that it points to.

    See "B-tree Pages" in SQLite's file format: without them nobody knows what the other pages are.
    """
    first = file.read_bytes()[:PAGE]
    if first[100] != 5:
        return {0}
    cells = int.from_bytes(first[103:105], "big")
    places = [int.from_bytes(first[112 + 2 * cell : 114 + 2 * cell], "big") for cell in range(cells)]
    children = [first[108:112], *(first[place : place + 4] for place in places)]
    return {0, *(int.from_bytes(child, "big") - 1 for child in children)}


def damage(file: Path, seed: int, pages: int = 1) -> None:
    """Overwrite some pages, none that describes the tables, with noise."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    random = np.random.default_rng(seed)
    with open(file, "r+b") as stream:
        count = file.stat().st_size // PAGE
        kept = sorted(description_pages(file))
        for page in random.choice(np.delete(np.arange(count), kept), pages, replace=False):
            stream.seek(int(page) * PAGE)
            stream.write(random.bytes(PAGE))


def everything(photos: Collection) -> list[tuple[bytes, bytes]]:
    metadata, _, rows = photos.rows()
    return [(entry.path, row.tobytes()) for entry, row in zip(metadata, rows, strict=True)]


def test_a_whole_index_is_left_alone(collection: Collection, tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 3)
    collection.index(tmp_path / "photos", workers=1)
    before = everything(collection)
    assert not collection.repair().damaged
    assert everything(collection) == before
    assert sorted(path.name for path in collection.location.parent.iterdir() if "damaged" in path.name) == []


@pytest.mark.parametrize("seed", range(8))
def test_what_can_be_read_is_kept_and_the_rest_is_read_again(tmp_path: Path, seed: int) -> None:
    paths = save_photos(tmp_path / "photos", 40)
    with Collection(tmp_path / "index.emoir") as photos:
        # Several segments, as a collection that grew has them.
        for part in range(4):
            folder = tmp_path / "parts" / str(part)
            folder.mkdir(parents=True)
            for path in paths[part * 10 : part * 10 + 10]:
                (folder / path.name).write_bytes(path.read_bytes())
            photos.index(folder, workers=2)
        expected = everything(photos)
    damage(tmp_path / "index.emoir", seed, pages=2)
    with Collection(tmp_path / "index.emoir") as photos:
        result = photos.repair()
        if result.damaged:
            assert result.kept_as is not None
            assert result.kept_as.exists()
        photos.index(tmp_path / "parts", workers=2)
        assert everything(photos) == expected
        assert photos.status().images == 40
    connection = sqlite3.connect(tmp_path / "index.emoir")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_an_older_index_is_salvaged_as_well(tmp_path: Path, seed: int, version: int) -> None:
    file = tmp_path / "index.emoir"
    shutil.copy(Path(__file__).parent / "files" / f"format-{version}.emoir", file)
    damage(file, seed)
    result = repair(file)
    with SqliteStore(file) as index:
        assert len(index.rows()[0]) <= 4
    assert not repair(file).damaged
    assert not result.damaged or result.problems


def test_a_vector_without_image_is_not_carried_over(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 8)
    with Collection(tmp_path / "index.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
        expected = everything(photos)
    with closing(sqlite3.connect(tmp_path / "index.emoir")) as connection, connection:
        # The last images are lost, their vectors are not; and something is wrong besides.
        connection.execute("DELETE FROM files WHERE image > 5")
        connection.execute("DELETE FROM images WHERE id > 5")
        segment = connection.execute("SELECT ids, affect, appearance, affect_checksum FROM segments").fetchone()
        connection.execute(
            "INSERT INTO segments (ids, affect, appearance, affect_checksum, appearance_checksum) "
            "VALUES (?, ?, ?, ?, 0)",
            (*segment[:3], segment[3] + 1),
        )
        assert connection.execute("SELECT 1 FROM meta WHERE key = 'compact'").fetchone() is not None
    with Collection(tmp_path / "index.emoir") as photos:
        assert photos.repair().images == 5
        assert photos.images.vectors().ids.tolist() == [1, 2, 3, 4, 5]
        photos.index(tmp_path / "photos", workers=1)
        assert everything(photos) == expected
        assert len(paths) == len(photos.images.vectors().ids)


def spoil(file: Path, column: str) -> None:
    """Overwrite row vectors with noise that leaves SQLite's own pages whole."""
    noise = np.random.default_rng(1).bytes(64)
    with closing(sqlite3.connect(file)) as connection, connection:
        for segment, blob in connection.execute(f"SELECT id, {column} FROM segments").fetchall():
            connection.execute(f"UPDATE segments SET {column} = ? WHERE id = ?", (noise + blob[64:], segment))


def test_spoilt_rows_are_not_ranked(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 8)
    with Collection(tmp_path / "index.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
        expected = everything(photos)
    spoil(tmp_path / "index.emoir", "affect")
    with Collection(tmp_path / "index.emoir") as photos:
        with pytest.raises(IndexFileError, match=r"index\.emoir: .*row vectors.*--repair"):
            photos.search("calm")
        assert photos.repair().images == 0
        photos.index(tmp_path / "photos", workers=1)
        # The numbers of what was lost are not given again: they may stand in links.
        assert photos.images.vectors().ids.tolist() == list(range(9, 17))
        assert everything(photos) == expected


def test_spoilt_rows_do_not_get_a_new_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in an index that is too large to be read to its end when it is opened.
    monkeypatch.setattr("emoir.index.file.SMALL_BYTES", 0)
    save_photos(tmp_path / "photos", 4)
    save_photos(tmp_path / "more", 4, first_seed=10)
    with Collection(tmp_path / "index.emoir") as photos:
        photos.index(tmp_path / "photos", workers=1)
    spoil(tmp_path / "index.emoir", "appearance")
    with Collection(tmp_path / "index.emoir") as photos:
        with pytest.raises(IndexFileError, match="row vectors"):
            photos.index(tmp_path / "more", workers=1)
        assert photos.repair().images == 4
        assert photos.index(tmp_path / "photos", tmp_path / "more", workers=1).read == 4


def test_what_cannot_be_salvaged(tmp_path: Path) -> None:
    with pytest.raises(IndexFileError, match="there is no index"):
        Collection(tmp_path / "nothing.emoir").repair()
    (tmp_path / "noise.emoir").write_bytes(np.random.default_rng(0).bytes(5 * PAGE))
    with pytest.raises(IndexFileError, match="damaged"):
        repair(tmp_path / "noise.emoir")


MOUNT_TABLE = r"""sysfs /sys sysfs rw 0 0
/dev/sda1 / ext4 rw 0 0
nas:/photos /mnt/nas nfs4 rw 0 0
/dev/sdb1 /mnt/nas/local\040disk ext4 rw 0 0
me@host:/ /home/me/far fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/x.emoir", "ext4"),
        ("/mnt/nas/x.emoir", "nfs4"),
        ("/mnt/nas2/x.emoir", "ext4"),
        ("/mnt/nas/local disk/x.emoir", "ext4"),
        ("/home/me/far/away/x.emoir", "fuse.sshfs"),
    ],
)
def test_the_kind_of_file_system(path: str, kind: str) -> None:
    assert file_system(path, MOUNT_TABLE) == kind


def test_an_address_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_photos(tmp_path / "photos", 1)
    with pytest.raises(IndexFileError, match="milvus addresses are not supported"):
        Collection("milvus://localhost:19530/photos").index(tmp_path / "photos")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_network_file_system_is_refused_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"nas:/x {tmp_path} nfs4 rw 0 0\n")
    check_filesystem(tmp_path / "index.emoir")
    (tmp_path / "link.emoir").symlink_to(tmp_path / "unmounted" / "index.emoir")
    with pytest.raises(IndexFileError, match=r"is a link to .*, which is not there; is its disk mounted\?"):
        check_filesystem(tmp_path / "link.emoir")
    with pytest.raises(IndexFileError, match="there is no user of that name"):
        check_filesystem(Path("~nobody-is-called-so/index.emoir"))
    monkeypatch.setattr("emoir.index.location.MOUNTS", table)
    with pytest.raises(IndexFileError, match=r"lies on nfs4, .* with --index"):
        Collection(tmp_path / "index.emoir").index(tmp_path)
