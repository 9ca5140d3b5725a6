from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.check import check_dataset
from tests.pictures import save_photos

NAMES = {"mood": ("calm", "wild")}


def test_everything_that_can_be_wrong(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "a", 6)
    copy, smaller, absent, broken = (tmp_path / "a" / name for name in ("copy.jpg", "small.jpg", "no.jpg", "bad.jpg"))
    shutil.copyfile(paths[0], copy)
    Image.open(paths[1]).resize((50, 40)).save(smaller, quality=60)
    broken.write_bytes(paths[2].read_bytes()[:300])
    save_photos(tmp_path / "b", 1, first_seed=20)
    save_photos(tmp_path / "maps", 1, first_seed=30)
    save_photos(tmp_path / ".hidden", 1, first_seed=40)
    rows = [*paths, copy, smaller, absent, broken, paths[3]]
    labels = np.array([0, 0, 1, 1, 0, ABSENT_CLASS, 1, 0, 1, 1, 1])
    split = np.array(["train"] * 6 + ["train", "test", "test", "", "train"])
    done: list[tuple[int, int]] = []
    table = Table(
        name="t", paths=rows, classes={"mood": labels}, class_names=NAMES, valence=np.linspace(0, 1, 11), split=split
    )
    found = check_dataset(
        table, tmp_path, other_folders=("maps",), report=lambda number, total: done.append((number, total))
    )

    assert found.images == 11
    assert found.missing == (absent,)
    assert list(found.broken) == [broken]
    assert found.broken[broken].startswith("damaged")
    assert found.extra == (tmp_path / "b" / "0020.jpg",)
    assert found.repeated == (paths[3],)
    exact, near = found.copies
    assert (exact.paths, exact.exact) == ((paths[0], copy), True)
    assert exact.classes == ("mood: calm", "mood: wild")
    assert (exact.contradiction, exact.leak) == (True, False)
    assert (near.paths, near.exact) == ((paths[1], smaller), False)
    assert near.splits == ("train", "test")
    assert (near.contradiction, near.leak) == (False, True)
    assert found.leaks == (near,)
    assert found.balance["mood"] == {"calm": 4, "wild": 6}
    assert list(found.balance["valence"].values()) == [2, 2, 2, 2, 3]
    assert found.splits == {"train": 8, "test": 2, "": 1}
    assert done[-1] == (10, 10)


def test_smooth_pictures_of_one_colour_are_not_the_same(tmp_path: Path) -> None:
    # Their hashes are all zero and their palettes alike: the thumbnail tells them apart.
    paths = []
    for number, (low, high) in enumerate(((0, 20), (20, 40), (0, 20))):
        ramp = np.linspace(high, low, 96)[None, :, None] + np.zeros((96, 96, 3))
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(ramp.astype(np.uint8)).save(paths[-1], compress_level=number)
    [group] = check_dataset(Table(name="t", paths=paths), None).copies
    assert group.paths == (paths[0], paths[2])


def test_nothing_there(tmp_path: Path) -> None:
    found = check_dataset(Table(name="t", paths=[tmp_path / "x.jpg"]), tmp_path)
    assert (found.missing, found.copies, found.extra) == ((tmp_path / "x.jpg",), (), ())
