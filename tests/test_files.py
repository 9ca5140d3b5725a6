"""A file is what it was or what it shall be, whoever else writes it."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from emoir.cli.search_options import read_list
from emoir.datasets.delimited import header_of
from emoir.emotions.lexicon_files import read_lexicon
from emoir.errors import EmoirError
from emoir.files import atomic_write, open_regular
from emoir.index.catalogue import read_catalogue


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("before")

    def interrupted() -> None:
        with atomic_write(file) as partial:
            partial.write_text("half of")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_two_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    both = Barrier(2, timeout=60)

    def write(content: str) -> None:
        with atomic_write(file) as partial, open(partial, "w") as stream:
            stream.write(content[:3])
            both.wait()
            stream.write(content[3:])
            both.wait()

    contents = ["111" * 9, "222" * 9]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, contents))
    assert file.read_text() in contents
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder", "link to a pipe"])
def test_only_regular_files_are_opened(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "odd"
    if kind == "device":
        file.symlink_to("/dev/zero")
    elif kind == "socket":
        # A socket's name must be short, whatever the folder's is.
        with socket.socket(socket.AF_UNIX) as listener, contextlib.chdir(tmp_path):
            listener.bind("odd")
    elif kind == "folder":
        file.mkdir()
    else:
        os.mkfifo(tmp_path / "pipe" if kind.startswith("link") else file)
        if kind.startswith("link"):
            file.symlink_to(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
        open_regular(file)


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with open_regular(os.fsencode(tmp_path / "b")) as stream:
        assert stream.read() == b"content"


@pytest.mark.parametrize("read", [read_lexicon, read_catalogue, header_of, lambda file: read_list(str(file))])
def test_tables_that_are_no_files_are_refused_at_once(read: Callable[[Path], object], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises((EmoirError, OSError), match="not a regular file"):
        read(tmp_path / "pipe.csv")
