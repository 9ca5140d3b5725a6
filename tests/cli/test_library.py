"""The library itself: where it lies, what is forgotten, saved and brought back; by the real command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.pictures import save_photos


def emoir(home: Path, *arguments: object, index: str = "~/x.emoir") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home), "EMOIR_INDEX": index}
    command = [sys.executable, "-m", "emoir", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)


def test_a_library_from_its_first_file_to_its_backup(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    first = emoir(tmp_path, "index", paths[0], "--workers", 1)
    assert f"made a new index: {tmp_path / 'x.emoir'}" in first.stderr
    assert "1 read" in first.stderr
    assert not (tmp_path / "~").exists()
    second = emoir(tmp_path, "index", tmp_path / "photos", "--workers", 1)
    assert "made a new index" not in second.stderr
    assert "2 read, 1 file unchanged. The index holds 3 images." in second.stderr
    # A mistyped name is an error, not a new and empty library.
    for command in ("status", "search"):
        mistyped = emoir(tmp_path, command, *(["awe"] if command == "search" else []), index="~/y.emoir")
        assert mistyped.returncode == 4
        assert "nothing has been indexed yet" in mistyped.stderr
    assert not (tmp_path / "y.emoir").exists()
    assert emoir(tmp_path, "backup", "saved.emoir").returncode == 0
    forgotten = emoir(tmp_path, "forget", "photos")
    assert forgotten.stderr.startswith("3 files forgotten.")
    assert "indexed folders" in emoir(tmp_path, "forget", "photos").stderr
    assert emoir(tmp_path, "search", "awe", "--everywhere").returncode == 1
    assert emoir(tmp_path, "restore", "saved.emoir").returncode == 0
    assert emoir(tmp_path, "search", "awe", "--everywhere", "--all").returncode == 0
