from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from emoir.datasets import ABSENT_CLASS, Columns, Table, read_folders, read_table
from emoir.emotions.spaces import MIKELS
from emoir.errors import DatasetError

ROWS = [
    {"path": "a.jpg", "mood": "calm", "p_up": "3", "p_down": "1", "v": "9", "a": "1", "theme": "dog"},
    {"path": "b.jpg", "mood": "", "p_up": "", "p_down": "", "v": "1", "a": "5", "theme": "dog"},
    {"path": "c.jpg", "mood": "wild", "p_up": "0", "p_down": "2", "v": "", "a": "", "theme": "sea"},
]
COLUMNS = Columns(
    distributions={"direction": {"up": "p_up", "down": "p_down"}},
    classes={"mood": "mood"},
    valence="v",
    arousal="a",
    scale=(1, 9),
    group="theme",
)


def write(folder: Path, suffix: str, rows: list[dict[str, str]]) -> Path:
    file = folder / f"labels{suffix}"
    if suffix == ".csv":
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        file.write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    elif suffix == ".jsonl":
        present = [{key: value for key, value in row.items() if value} for row in rows]
        file.write_text("\n".join(json.dumps(row) for row in present) + "\n\n")
    else:
        parquet.write_table(pyarrow.Table.from_pylist([{k: v or None for k, v in row.items()} for row in rows]), file)
    return file


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_reads_the_same(tmp_path: Path, suffix: str) -> None:
    table = read_table(write(tmp_path, suffix, ROWS), COLUMNS, name="mine")
    assert (table.name, len(table), table.paths[1]) == ("mine", 3, tmp_path / "b.jpg")
    assert table.class_names == {"direction": ("up", "down"), "mood": ("calm", "wild")}
    np.testing.assert_array_equal(table.classes["mood"], [0, ABSENT_CLASS, 1])
    np.testing.assert_array_equal(table.distributions["direction"], [[0.75, 0.25], [np.nan, np.nan], [0, 1]])
    assert table.valence is not None
    assert table.arousal is not None
    assert table.group is not None
    np.testing.assert_array_equal(table.valence, [1, 0, np.nan])
    np.testing.assert_array_equal(table.arousal, [0, 0.5, np.nan])
    assert table.group.tolist() == ["dog", "dog", "sea"]
    assert table.split is None


def test_take(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, ".csv", ROWS), COLUMNS).take([2, 0])
    assert [path.name for path in table.paths] == ["c.jpg", "a.jpg"]
    assert table.classes["mood"].tolist() == [1, 0]
    assert table.group is not None
    assert table.group.tolist() == ["sea", "dog"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"v": "twelve"}, r"labels\.csv, row 1, column v: 'twelve' is no finite number"),
        ({"v": "10"}, r"labels\.csv, row 1, column v: 10 is outside the scale \(1, 9\)"),
        ({"p_up": "-1"}, r"labels\.csv, row 1: probabilities must be positive"),
        ({"p_up": "0", "p_down": "0"}, r"labels\.csv, row 1: probabilities must be positive"),
    ],
)
def test_errors_name_file_row_and_column(tmp_path: Path, change: dict[str, str], message: str) -> None:
    file = write(tmp_path, ".csv", [{**ROWS[0], **change}, *ROWS[1:]])
    with pytest.raises(DatasetError, match=message):
        read_table(file, COLUMNS)


def test_unknown_columns_classes_and_formats(tmp_path: Path) -> None:
    file = write(tmp_path, ".csv", ROWS)
    with pytest.raises(DatasetError, match="no column 'feeling'; it has path, mood"):
        read_table(file, Columns(classes={"mood": "feeling"}))
    with pytest.raises(DatasetError, match="row 3: 'wild' is none of calm, sad"):
        read_table(file, Columns(classes={"mood": "mood"}, class_names={"mood": ("calm", "sad")}))
    # The content decides, not the name.
    assert len(read_table(file.rename(tmp_path / "labels.txt"), COLUMNS)) == len(ROWS)
    file.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(DatasetError, match="a spreadsheet or a ZIP archive; save it as UTF-8 text, such as CSV"):
        read_table(file, COLUMNS)
    file.write_text("path,mood\na.jpg,calm,1\n")
    with pytest.raises(DatasetError, match="line 2: 3 values for 2 columns"):
        read_table(file, Columns())
    file.write_bytes("path,mood\na.jpg,宁静\n".encode("gbk"))
    with pytest.raises(DatasetError, match=r"labels\.csv: it is not UTF-8 \(byte \d+\); save it as UTF-8"):
        read_table(file, Columns())
    (tmp_path / "labels.parquet").write_bytes(b"path;mood\na.jpg;calm\n")
    with pytest.raises(DatasetError, match=r"labels\.parquet: no Parquet that can be read"):
        read_table(tmp_path / "labels.parquet", Columns())
    for text, message in (('{"path": "a.jpg"}\n{oops\n', "line 2: no JSON"), ("[1]\n", "line 1: an object")):
        (tmp_path / "labels.jsonl").write_text(text)
        with pytest.raises(DatasetError, match=f"labels.jsonl: {message}"):
            read_table(tmp_path / "labels.jsonl", Columns())


def test_folders(tmp_path: Path) -> None:
    for name in (
        "wild/2.png",
        "calm/1.jpg",
        "calm/deep/3.JPG",
        "calm/notes.txt",
        ".cache/4.jpg",
        "empty/5.txt",
        "calm/._1.jpg",
        "calm/.x/6.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    table = read_folders(tmp_path, space="mood")
    assert [path.relative_to(tmp_path).as_posix() for path in table.paths] == [
        "calm/1.jpg",
        "calm/deep/3.JPG",
        "wild/2.png",
    ]
    assert table.class_names["mood"] == ("calm", "wild")
    assert table.classes["mood"].tolist() == [0, 0, 1]
    with pytest.raises(DatasetError, match="at least two sub-folders with images are needed, one per class; found 1"):
        read_folders(tmp_path / "calm")
    # The folder above one whose sub-folders are the classes.
    (tmp_path / "above").mkdir()
    for name in ("calm", "wild"):
        (tmp_path / name).rename(tmp_path / "above" / name)
    with pytest.raises(DatasetError, match=r"found 1; if the classes are the sub-folders of above, name .*above$"):
        read_folders(tmp_path)


def test_spaces_that_emoir_knows(tmp_path: Path) -> None:
    for name in ("Sadness/1.jpg", "awe/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    table = read_folders(tmp_path, space="mikels")
    assert table.class_names["mikels"] == MIKELS.names
    assert table.classes["mikels"].tolist() == [MIKELS.names.index("sadness"), MIKELS.names.index("awe")]
    (tmp_path / "labels.csv").write_text("path,mikels\n1.jpg,Sadness\n2.jpg,awe\n")
    listed = read_table(tmp_path / "labels.csv", Columns(classes={"mikels": "mikels"}))
    assert listed.class_names == table.class_names
    assert listed.classes["mikels"].tolist() == table.classes["mikels"].tolist()
    with pytest.raises(DatasetError, match=r"the classes negative, positive and none called Sadness, awe; .* --space"):
        read_folders(tmp_path, space="polarity")
    with pytest.raises(DatasetError, match="t: polarity needs all of its classes, negative, positive"):
        Table(name="t", paths=[], classes={"polarity": np.zeros(0, np.int64)}, class_names={"polarity": ("positive",)})


def test_a_table_checks_itself() -> None:
    paths = [Path("a"), Path("b")]
    with pytest.raises(DatasetError, match="valence has 1 rows for 2 images"):
        Table(name="t", paths=paths, valence=np.zeros(1))
    with pytest.raises(DatasetError, match=r"arousal must lie in \[0, 1\]"):
        Table(name="t", paths=paths, arousal=np.array([0.5, 7]))
    with pytest.raises(DatasetError, match="of b is no distribution"):
        Table(
            name="t",
            paths=paths,
            distributions={"s": np.array([[0.5, 0.5], [0.5, 0.6]])},
            class_names={"s": ("x", "y")},
        )
    with pytest.raises(DatasetError, match="no class names"):
        Table(name="t", paths=paths, classes={"s": np.array([0, 1])})
    with pytest.raises(DatasetError, match="none of its 2 names"):
        Table(name="t", paths=paths, classes={"s": np.array([0, 2])}, class_names={"s": ("x", "y")})
