from __future__ import annotations

import os
from pathlib import Path

from emoir.images.walk import walk


def listed(folder: Path) -> dict[bytes, set[bytes]]:
    def fail(path: bytes, error: OSError) -> None:
        raise AssertionError(path) from error

    root = os.fsencode(folder)
    return {os.path.relpath(listing.path, root): set(listing.files) for listing in walk(root, fail)}


def test_names_of_every_kind(tmp_path: Path) -> None:
    names = [b"plain.jpg", b"two words.jpg", b"new\nline.jpg", "雪景 🏔.jpg".encode(), b"caf\xe9.jpg", b"-n.jpg"]
    for name in names:
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as stream:
            stream.write(b"x")
    assert listed(tmp_path) == {b".": set(names)}


def test_hidden_things_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.jpg").touch()
    (tmp_path / "._a.jpg").touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.jpg").touch()
    assert listed(tmp_path) == {b".": set(), b"sub": {b"b.jpg"}}


def test_figures_of_explain_are_no_photographs(tmp_path: Path) -> None:
    (tmp_path / "sea.jpg").touch()
    (tmp_path / "sea-explained.png").touch()
    (tmp_path / "explained.png").touch()
    (listing,) = walk(os.fsencode(tmp_path), lambda path, error: None)
    assert set(listing.files) == {b"sea.jpg", b"explained.png"}
    # One that an earlier version indexed is forgotten, though it is there.
    assert listing.excluded == {b"sea-explained.png"}


def test_links(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"12345")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    assert listed(tmp_path) == {b".": {b"a.jpg", b"link.jpg"}}


def test_parents_come_first_and_sizes_are_right(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    (tmp_path / "b" / "c" / "x").write_bytes(b"123")
    listings = list(walk(os.fsencode(tmp_path), lambda path, error: None))
    assert [os.path.relpath(listing.path, os.fsencode(tmp_path)) for listing in listings] == [b".", b"a", b"b", b"b/c"]
    status = (tmp_path / "b" / "c" / "x").stat()
    stat = listings[3].files[b"x"]
    assert (stat.size, stat.mtime_ns) == (3, status.st_mtime_ns)


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    seen: list[bytes] = []
    assert list(walk(os.fsencode(tmp_path / "gone"), lambda path, error: seen.append(path))) == []
    assert seen == [os.fsencode(tmp_path / "gone")]
