from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoir import Collection
from emoir.errors import QueryError
from tests.pictures import save_photos


@pytest.fixture
def photos(tmp_path: Path) -> Iterator[Collection]:
    save_photos(tmp_path / "photos", 5)
    with Collection(tmp_path / "index.emoir") as collection:
        collection.index(tmp_path / "photos", workers=1)
        yield collection


def test_a_board_keeps_its_order_notes_and_cover(photos: Collection) -> None:
    before = photos.images.revision
    board = photos.boards.create("sea", [3, 1, 3], notes="for the hall")
    assert photos.images.revision > before
    assert (board.images, board.cover, board.notes) == ((3, 1), 3, "for the hall")
    assert photos.boards.add("sea", [1, 5, 5]).images == (3, 1, 5)
    changed = photos.boards.change(board.id, images=[5, 3, 1], cover=1, name="海")
    assert (changed.images, changed.cover, changed.notes) == ((5, 3, 1), 1, "for the hall")
    # A cover that is no longer on the board is no cover.
    assert photos.boards.change("海", images=[5, 3]).cover == 5
    assert photos.boards.all() == [photos.boards.get(board.id)] == [photos.boards.get("海")]
    photos.boards.remove("海")
    assert photos.boards.all() == []
    assert photos.boards.create("sea").id == board.id + 1


def test_what_cannot_be_is_said(photos: Collection) -> None:
    photos.boards.create("sea")
    photos.boards.create("town")
    with pytest.raises(QueryError, match="there is a board 'sea' already"):
        photos.boards.create("sea")
    with pytest.raises(QueryError, match="there is a board 'sea' already"):
        photos.boards.change("town", name="sea")
    with pytest.raises(QueryError, match="no board 'hill'; there are: sea, town"):
        photos.boards.get("hill")
    for number in range(30):
        photos.boards.create(f"a{number:02}")
    with pytest.raises(QueryError, match=r"there are: a00, .*, a19, …$"):
        photos.boards.get("hill")
    with pytest.raises(QueryError, match="id:99"):
        photos.boards.add("sea", [1, 99])
    assert photos.boards.get("sea").images == ()


def test_boards_outlive_what_happens_to_their_images(photos: Collection, tmp_path: Path) -> None:
    ids = [4, 2, 5]
    photos.boards.create("sea", ids)
    photos.marks.set(2, True)
    photos.backup(tmp_path / "backup")
    [gone] = {
        path.name: path for path in (tmp_path / "photos").iterdir() if photos.images.id_of(bytes(path)) == 2
    }.values()
    gone.rename(tmp_path / "elsewhere.jpg")
    photos.index(tmp_path / "photos", workers=1)
    assert photos.boards.get("sea").images == (4, 5)
    photos.boards.change("sea", images=[5, 4])
    (tmp_path / "elsewhere.jpg").rename(gone)
    photos.index(tmp_path / "photos", workers=1, rebuild=True)
    names = [entry.path for entry in photos.images.metadata(photos.boards.get("sea").images)]
    assert names[-1] == bytes(gone)
    assert len(names) == 3
    [entry] = [entry for entry in photos.images.metadata(photos.boards.get("sea").images) if entry.disturbing]
    assert entry.path == bytes(gone)
    photos.restore(tmp_path / "backup")
    assert photos.boards.get("sea").images == tuple(ids)
    photos.close()
    damaged = tmp_path / "damaged.emoir"
    shutil.copy(tmp_path / "index.emoir", damaged)
    content = bytearray(damaged.read_bytes())
    content[20_000:20_004] = b"\xff\xff\xff\xff"
    damaged.write_bytes(content)
    with Collection(damaged) as again:
        again.repair()
        assert [board.name for board in again.boards.all()] == ["sea"]


def test_a_mark_is_metadata_and_is_logged(photos: Collection) -> None:
    before = photos.images.revision
    photos.marks.set(3, False)
    changed = photos.images.changes(before)
    assert changed is not None
    assert changed.tolist() == [3]
    assert [entry.disturbing for entry in photos.images.metadata([2, 3])] == [None, False]
    photos.marks.set(3, None)
    assert photos.images.metadata([3])[0].disturbing is None


def test_searches_are_saved_by_name(photos: Collection) -> None:
    first = photos.boards.save_search("sad blue", "?q=sadness+%26+blue")
    second = photos.boards.save_search("awe", "?q=awe")
    again = photos.boards.save_search("sad blue", "?q=sad+%26+blue")
    assert again.id == first.id
    assert photos.boards.searches() == [second, again]
    assert photos.boards.forget_search(first.id)
    assert not photos.boards.forget_search(first.id)
