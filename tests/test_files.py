"""A file is what it was or what it shall be, whoever else writes it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from emoir.files import atomic_write


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
