"""What an indexing run passes over is said in one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emoir import Collection
from emoir.cli.app import app
from tests.pictures import save_photos


def test_one_line_by_kind_and_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    photos = tmp_path / "photos"
    save_photos(photos, 2)
    save_photos(photos / "@eaDir", 1)
    save_photos(photos / "private", 1)
    for number in range(3):
        (photos / f"{number}.psd").write_bytes(b"8BPS\0\1" + bytes(100))
    (photos / "link").symlink_to(photos / "private")
    file = tmp_path / "i.emoir"
    result = CliRunner().invoke(
        app, ["index", str(photos), "--exclude", "private/", "--workers", "1", "--index", str(file)]
    )
    assert result.exit_code == 0, result.output
    [line] = [line for line in result.stderr.splitlines() if line.startswith("not looked at: ")]
    assert "3 Photoshop (export them as JPEG or PNG)" in line
    assert "1 folder of recycle bins and storage systems" in line
    assert "1 folder excluded" in line
    assert f"links to folders ({photos / 'link'})" in line
    assert ".psd" not in result.stderr
    with Collection(file) as collection:
        assert collection.status().images == 2
        # What is indexed and excluded later is forgotten.
        assert collection.index(photos, exclude=["0000.jpg"], workers=1).removed == 1
        assert collection.status().images == 1


def test_a_file_from_the_year_2300_costs_nothing(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    os.utime(paths[1], (10_413_792_000, 10_413_792_000))
    with Collection(tmp_path / "i.emoir") as collection:
        assert collection.index(tmp_path / "photos", workers=1).read == 3
        assert collection.index(tmp_path / "photos", workers=1).unchanged == 3
