from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from emoir import Collection
from emoir.cli.app import app
from emoir.index.base import as_path
from tests.pictures import save_photos


class Commands:
    """Runs commands on an index of three pictures."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = str(folder / "x.emoir")
        save_photos(folder, 3)
        with Collection(self.index) as photos:
            photos.index(folder, workers=1)
            self.names = {entry.id: as_path(entry.path).name for entry in photos.images.metadata([1, 2, 3])}

    def __call__(self, *arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, ["board", *arguments, "--index", self.index])
        assert done.exit_code == code, done.output
        return done


@pytest.fixture
def board(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def test_a_board_is_made_filled_and_taken_away(board: Commands) -> None:
    assert "emoir board add" in board("list", code=1).stderr
    board("add", "sea", "id:3", str(board.folder / board.names[1]), "--notes", "for the hall")
    assert "sea" in board("list").stdout
    shown = board("show", "sea")
    assert "for the hall" in shown.stderr
    names = [Path(line.split()[-1]).name for line in shown.stdout.splitlines()[1:]]
    assert names == [board.names[3], board.names[1]]
    board("remove", "sea", "id:3")
    assert len(board("show", "sea").stdout.splitlines()) == 2
    board("remove", "sea")
    assert "there is no board 'sea'" in board("show", "sea", code=2).stderr
    refused = board("add", "sea", "/no/such.jpg", code=2).stderr
    assert f"/no/such.jpg is not indexed; begin with: emoir index /no --index {board.index}\n" in refused


def test_a_board_is_exported_in_every_way(board: Commands) -> None:
    board("add", "sea", "id:3", "id:1")
    for suffix in ("html", "jpg", "zip", "csv"):
        board("export", "sea", "-o", str(board.folder / f"out.{suffix}"))
    assert (board.folder / "out.html").read_text().count("<figure>") == 2
    with Image.open(board.folder / "out.jpg") as sheet:
        assert sheet.size == (1344, 314)
    with zipfile.ZipFile(board.folder / "out.zip") as archive:
        names = archive.namelist()
    assert names == [f"1 {board.names[3]}", f"2 {board.names[1]}"]
    assert len((board.folder / "out.csv").read_text().splitlines()) == 3
    board("export", "sea", "--xmp")
    assert sorted(path.name for path in board.folder.glob("*.xmp")) == sorted(f"{board.names[id]}.xmp" for id in (1, 3))
    board("export", "sea", code=2)
    board("export", "sea", "-o", "x.png", code=2)
