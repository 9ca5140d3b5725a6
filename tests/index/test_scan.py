from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emoir import Model
from emoir.images.places import FileStat
from emoir.images.walk import Listing, Unreadable, walk
from emoir.index import FileOutcome, NotAnImage, SqliteStore
from emoir.index.indexed_model import IndexedModel
from emoir.index.scan import Scan, scan
from emoir.limits import Limits


@pytest.fixture
def index(tmp_path: Path, model: Model) -> SqliteStore:
    return SqliteStore(tmp_path / "test.emoir", model=IndexedModel.of(model))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_text("1")
    (folder / "sub" / "b").write_text("2")
    return folder


def scanned(index: SqliteStore, root: Path, *, prune: bool = False) -> Scan:
    """Scan and settle everything as the collection does, without reading a file."""
    result = Scan()
    scan(index, os.fsencode(root), result, prune=prune)
    index.record([FileOutcome(path, stat, NotAnImage()) for path, stat in result.fresh], Limits())
    index.forget(result.gone_files, result.gone_directories)
    return result


def test_only_changes_are_fresh(index: SqliteStore, root: Path) -> None:
    first = scanned(index, root)
    assert [path for path, _ in first.fresh] == [os.fsencode(root / "a"), os.fsencode(root / "sub" / "b")]
    second = scanned(index, root)
    assert (second.fresh, second.unchanged, second.removed) == ([], 2, 0)
    (root / "a").write_text("longer")
    os.utime(root / "sub" / "b", ns=(5, 5))
    third = scanned(index, root)
    assert third.fresh[0] == (os.fsencode(root / "a"), FileStat(6, (root / "a").stat().st_mtime_ns))
    assert third.fresh[1] == (os.fsencode(root / "sub" / "b"), FileStat(1, 5))


def test_deleted_files_and_folders_are_gone(index: SqliteStore, root: Path) -> None:
    scanned(index, root)
    (root / "a").unlink()
    result = scanned(index, root)
    assert (result.removed, result.kept) == (1, [])
    (root / "a").write_text("1")
    (root / "sub" / "b").unlink()
    (root / "sub").rmdir()
    result = scanned(index, root)
    assert (result.removed, result.kept, len(result.fresh)) == (1, [], 1)
    assert set(index.directories(os.fsencode(root))) == {os.fsencode(root)}


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_root_that_looks_unmounted_is_kept(index: SqliteStore, root: Path, how: str) -> None:
    scanned(index, root)
    root.rename(root.with_name("away"))
    if how == "empty":
        root.mkdir()
    result = scanned(index, root)
    assert (result.removed, result.kept) == (0, [os.fsencode(root)])
    assert index.files(os.fsencode(root)).keys() == {b"a"}
    result = scanned(index, root, prune=True)
    assert (result.removed, result.kept) == (2, [])
    assert index.files(os.fsencode(root)) == {}


def test_a_root_with_all_its_files_in_itself_is_kept_when_empty(index: SqliteStore, root: Path) -> None:
    (root / "sub" / "b").unlink()
    (root / "sub").rmdir()
    scanned(index, root)
    (root / "a").unlink()
    assert scanned(index, root).kept == [os.fsencode(root)]


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_folder_on_another_device_is_kept(index: SqliteStore, root: Path, how: str) -> None:
    scanned(index, root)
    # As if "sub" had been a mounted disk when it was read.
    index.set_devices({os.fsencode(root / "sub"): 123456})
    (root / "sub" / "b").unlink()
    if how == "missing":
        (root / "sub").rmdir()
    # Again and again: keeping it must not make it look as if it had always been there.
    for _ in range(3):
        result = scanned(index, root)
        assert (result.removed, result.kept) == (0, [os.fsencode(root / "sub")])
    assert scanned(index, root, prune=True).removed == 1


def test_an_emptied_folder_on_the_same_device_is_not(index: SqliteStore, root: Path) -> None:
    scanned(index, root)
    (root / "sub" / "b").unlink()
    result = scanned(index, root)
    assert (result.removed, result.kept) == (1, [])


def test_files_that_are_to_be_tried_again_are_fresh(index: SqliteStore, root: Path) -> None:
    scanned(index, root)
    result = Scan()
    scan(index, os.fsencode(root), result, again=frozenset({os.fsencode(root / "a")}))
    assert [path for path, _ in result.fresh] == [os.fsencode(root / "a")]
    assert result.unchanged == 1


def test_what_another_indexer_has_just_found_is_not_gone(
    index: SqliteStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(index, root)

    def walk_while_another_works(folder: bytes, unreadable: Unreadable, **options: Any) -> Iterator[Listing]:
        for number, listing in enumerate(walk(folder, unreadable, **options)):
            # A file that was not there when the folder was listed, but is recorded when the index is asked.
            new = os.path.join(listing.path, f"new_{number}".encode())
            with open(new, "wb") as stream:
                stream.write(b"3")
            with SqliteStore(index.file) as other:
                other.record([FileOutcome(new, FileStat(1, os.stat(new).st_mtime_ns), NotAnImage())], Limits())
            yield listing

    monkeypatch.setattr("emoir.index.scan.walk", walk_while_another_works)
    (root / "a").unlink()
    result = Scan()
    scan(index, os.fsencode(root), result)
    assert result.gone_files == [(os.fsencode(root), b"a")]
    assert result.removed == 1
