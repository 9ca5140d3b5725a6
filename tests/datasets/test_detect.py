from __future__ import annotations

from pathlib import Path

import pytest

from emoir.datasets import read_dataset
from emoir.emotions.spaces import MIKELS
from emoir.errors import DatasetError


def table(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_per_class(tmp_path: Path) -> None:
    for mood in ("calm", "wild"):
        (tmp_path / mood).mkdir()
        (tmp_path / mood / "1.jpg").touch()
    assert read_dataset(tmp_path, space="mood").class_names == {"mood": ("calm", "wild")}


def test_a_table_in_its_folder_or_by_name(tmp_path: Path) -> None:
    folder = table(tmp_path / "mine", "filename,mood,valence,arousal\na.jpg,calm,7,2\nb.jpg,,5,5\n")
    for source in (folder, folder / "labels.csv"):
        read = read_dataset(source, scale=(1, 9))
        assert read.class_names == {"mine": ("calm",)}
        assert read.classes["mine"].tolist() == [0, -1]
        assert read.valence is not None
        assert read.valence.tolist() == [0.75, 0.5]


def test_probabilities_and_a_named_column(tmp_path: Path) -> None:
    shares = read_dataset(table(tmp_path / "votes", "path,p_calm,p_wild\na.jpg,3,1\n"))
    assert shares.distributions["votes"].tolist() == [[0.75, 0.25]]
    # What the gallery writes is about emoir's own emotions; a name that is given goes before.
    gallery = table(
        tmp_path / "work", f"path,{','.join(f'p_{name}' for name in MIKELS.names)}\na.jpg,1,0,0,0,0,0,0,0\n"
    )
    assert read_dataset(gallery).class_names == {"mikels": MIKELS.names}
    assert read_dataset(gallery, space="mine").class_names == {"mine": MIKELS.names}
    named = read_dataset(table(tmp_path / "own", "image,feeling\na.jpg,calm\nb.jpg,wild\n"), label="feeling")
    assert named.class_names == {"own": ("calm", "wild")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("picture,mood\na.jpg,calm\n", "no column names the image; call it one of path"),
        ("path,colour\na.jpg,red\n", "no labels; name a class column with --label"),
        ("path,mood\n", "the table has no rows"),
    ],
)
def test_what_cannot_be_understood_is_said(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_dataset(table(tmp_path / "x", text))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="neither a folder nor a table"):
        read_dataset(tmp_path / "nothing")
    with pytest.raises(DatasetError, match="no column 'feeling'; it has path, mood"):
        read_dataset(table(tmp_path / "x", "path,mood\na.jpg,calm\n"), label="feeling")


def test_votes_deviations_groups_and_splits_speak_for_themselves(tmp_path: Path) -> None:
    text = (
        "path,p_calm,p_wild,valence,arousal,valence_sd,valence_n,group,split\n"
        "a.jpg,3,1,5,1,2,30,dog,train\nb.jpg,,,9,5,1,20,,test\n"
    )
    read = read_dataset(table(tmp_path / "own", text), scale=(1, 9))
    assert read.raters["own"][0] == 4
    assert read.raters["valence"].tolist() == [30, 20]
    assert read.std["valence"].tolist() == [0.25, 0.125]
    assert "arousal" not in read.std
    assert read.group is not None
    assert read.split is not None
    assert (read.group.tolist(), read.split.tolist()) == (["dog", ""], ["train", "test"])
    shares = read_dataset(table(tmp_path / "shares", "path,p_calm,p_wild\na.jpg,0.75,0.25\nb.jpg,1,0\n"))
    assert shares.raters == {}
