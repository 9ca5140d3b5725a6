from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from emoir.images.exclusion import Exclusion, SkipReason, skip_by_name
from emoir.images.walk import walk


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def listed(root: Path, *exclude: str) -> tuple[set[str], dict[str, SkipReason]]:
    """Files below, and folders that were not looked into with the reason."""
    skipped: dict[str, SkipReason] = {}

    def note(path: bytes, reason: SkipReason) -> None:
        skipped[os.path.relpath(os.fsdecode(path), root)] = reason

    files = {
        os.path.relpath(os.path.join(os.fsdecode(listing.path), os.fsdecode(name)), root)
        for listing in walk(os.fsencode(root), lambda path, error: None, exclude=exclude, skipped=note)
        for name in listing.files
    }
    return files, skipped


@pytest.mark.parametrize(
    "name",
    [
        *("@eaDir", "#recycle", "#snapshot", "@Recycle", "$RECYCLE.BIN", "RECYCLER", "System Volume Information"),
        *("lost+found", "__MACOSX", "Photos Library.photoslibrary", "Old.aplibrary", "Catalog Previews.lrdata"),
    ],
)
def test_housekeeping_is_passed_over(tmp_path: Path, name: str) -> None:
    touch(tmp_path, "a.jpg", f"sub/{name}/b/SYNOPHOTO_THUMB_M.jpg")
    files, skipped = listed(tmp_path)
    assert files == {"a.jpg"}
    assert list(skipped) == [f"sub/{name}"]


def test_names_like_them_are_not() -> None:
    for name in (b"lost", b"recycle", b"eaDir", b"found.jpg", b"Recycling in Rome", b"caf\xe9"):
        assert skip_by_name(name) is None


def test_no_media(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "stickers/.nomedia", "stickers/b.jpg", "stickers/sub/c.jpg")
    assert listed(tmp_path) == ({"a.jpg"}, {"stickers": SkipReason.NO_MEDIA})


def test_ignore_files_as_git_reads_them(tmp_path: Path) -> None:
    touch(
        tmp_path, "a.jpg", "a.png", "keep.png", "scans/b.jpg", "trip/c.png", "trip/d.jpg", "trip/raw/e.jpg", "raw.jpg"
    )
    (tmp_path / ".emoirignore").write_text("# made by hand\n*.png\n!keep.png\n/scans/\nraw/\n", encoding="utf-8")
    (tmp_path / "trip" / ".emoirignore").write_text("!c.png\nd.jpg\n", encoding="utf-8")
    files, skipped = listed(tmp_path)
    assert files == {"a.jpg", "keep.png", "trip/c.png", "raw.jpg"}
    assert skipped == {"scans": SkipReason.EXCLUDED, "trip/raw": SkipReason.EXCLUDED}


def test_exclude_patterns_are_relative_to_the_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.tmp.jpg", "2019/old/c.jpg", "old/d.jpg")
    assert listed(tmp_path, "*.tmp.jpg", "/old")[0] == {"a.jpg", "2019/old/c.jpg"}
    assert listed(tmp_path, "old")[0] == {"a.jpg", "b.tmp.jpg"}


def test_an_ignore_file_that_is_none(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / ".emoirignore").write_bytes(b"\xff\xfe\0nonsense\n")
    assert "a.jpg" in listed(tmp_path)[0]
    (tmp_path / ".emoirignore").unlink()
    (tmp_path / ".emoirignore").mkdir()
    assert listed(tmp_path)[0] == {"a.jpg"}


def test_a_line_that_makes_no_sense_costs_only_itself(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "private/b.jpg", "c.jpg")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / ".emoirignore").write_text("!\n*.png\n/\\\nprivate/\n", encoding=encoding)
        assert listed(tmp_path)[0] == {"c.jpg"}, encoding


def test_links_to_folders_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert listed(tmp_path) == ({"real/a.jpg"}, {"link": SkipReason.LINK})


def test_the_last_word_counts() -> None:
    rules = Exclusion(b"/p/q", ["!x.jpg"], Exclusion(b"/p", ["*.jpg"]))
    assert not rules.excludes(b"/p/q/x.jpg")
    assert rules.excludes(b"/p/q/y.jpg")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the twin")
@pytest.mark.filterwarnings("ignore:Possible nested set")
def test_patterns_mean_what_they_mean_to_git(tmp_path: Path) -> None:
    names = ["a.jpg", "B.jpg", "x.png", "tail.jpg ", "[x].jpg", "foo/a.jpg", "foo/x.png", "foo/1/2/c.jpg", "keep/a.jpg"]
    touch(tmp_path, *names, "foo/1/c.jpg", "bar/foo/c.jpg", "bar/1/a.jpg", "1/2/3/a.jpg")
    git = ["git", "-C", os.fspath(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for list_ in (
        ["*.png\t"], ["*", "!/keep/"], ["!*", "foo/"], ["1", "[!a]", "!/*/"], ["***/c.jpg"], ["foo/**/"], ["**/"],
        ["*/", "!foo/"], ["tail.jpg\\   "], ["[[]x].jpg", "[[:upper:]].jpg"], ["*", "!*/", "!*.jpg"], ["/*", "!/foo"],
        ["a.jpg\u2028B.jpg"], ["foo/*", "!foo/1/"], ["*.jpg\r", "!keep/"], ["foo", "!foo/a.jpg"], ["**/1/**", "!c.jpg"],
    ):  # fmt: skip
        for name in (".gitignore", ".emoirignore"):
            (tmp_path / name).write_text("\n".join(list_) + "\n", encoding="utf-8", newline="")
        listed_by_git = subprocess.run(
            [*git, "ls-files", "--others", "-z", "--exclude-standard"], check=True, capture_output=True
        ).stdout
        kept = {name for name in os.fsdecode(listed_by_git).split("\0") if name and not name.startswith(".")}
        assert listed(tmp_path)[0] == kept, list_
