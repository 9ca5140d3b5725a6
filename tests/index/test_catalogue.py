"""Catalogues against a slow twin that looks at every record for every file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from emoir import Collection
from emoir.errors import CatalogueError
from emoir.index.base import Record
from emoir.index.catalogue import Joined, endings, read_catalogue
from tests.pictures import save_photos


def write(file: Path, text: str) -> Path:
    file.write_bytes(text.encode())
    return file


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_known_by_their_headers(tmp_path: Path, delimiter: str) -> None:
    lines = (
        ("\ufeffFile-Name", "Accession Number", "TITLE", "Link", "Year", "Notes"),
        ("a.jpg", "K 17", '"Harvest, ""late"""', "https://example.org/17", "1931", '"two\nlines"'),
        ("b.jpg", "", "", "", "", ""),
    )
    file = write(tmp_path / "records.csv", "\r\n".join(delimiter.join(line) for line in lines) + "\r\n\r\n")
    catalogue = read_catalogue(file)
    assert catalogue.records == {
        b"a.jpg": Record("K 17", 'Harvest, "late"', "https://example.org/17", {"Year": "1931", "Notes": "two\nlines"}),
        b"b.jpg": Record(None, None, None, {"Year": "", "Notes": ""}),
    }
    assert catalogue.notes == ()


def test_chinese_headers(tmp_path: Path) -> None:
    file = write(tmp_path / "目录.csv", "文件名,题名,编号,年代\n老照片.jpg,丰收,甲一,1931\n")
    assert read_catalogue(file).records["老照片.jpg".encode()] == Record("甲一", "丰收", None, {"年代": "1931"})


def test_what_paths_state(tmp_path: Path) -> None:
    paths = ["a.jpg", "./box/b.jpg", r"box\c.jpg", "../up/d.jpg", "/far/e.jpg", "box//f.jpg"]
    file = write(tmp_path / "records.csv", "path\n" + "\n".join(paths) + "\n")
    up, far = os.fsencode(os.path.realpath(tmp_path.parent) + "/up/d.jpg"), b"/far/e.jpg"
    assert list(read_catalogue(file).records) == [b"a.jpg", b"box/b.jpg", b"box/c.jpg", up, far, b"box/f.jpg"]


def test_what_is_passed_over_is_noted(tmp_path: Path) -> None:
    file = write(tmp_path / "records.csv", "path,title\na.jpg,first\n,nothing\n./a.jpg,second\n./,the folder\n")
    catalogue = read_catalogue(file)
    assert catalogue.records[b"a.jpg"].title == "first"
    assert catalogue.notes == (
        "line 3 names no file",
        "line 4 names ./a.jpg again; line 2 holds",
        "line 5 names no file",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no column names the image files; it has no header"),
        (b"picture,title\n", "it has picture, title; call the column one of path, filepath, file"),
        (b"path,title\na.jpg\n", "records.csv: line 2: 1 values for 2 columns"),
        (b"path,year,year\n", "the column 'year' occurs twice"),
        (b"path\ncaf\xe9.jpg\n", r"is not UTF-8 \(byte 8\); save it as UTF-8"),
        (b'path,title\na.jpg,"open\n', "records.csv: line 2: unexpected end of data"),
    ],
)
def test_what_is_no_catalogue(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "records.csv").write_bytes(content)
    with pytest.raises(CatalogueError, match=message):
        read_catalogue(tmp_path / "records.csv")


def twin(path: bytes, keys: Mapping[bytes, Record]) -> bytes | None:
    """The key with most of the path, by comparing names from the end."""
    names = path.split(b"/")
    fitting = [key for key in keys if names[-len(key.split(b"/")) :] == key.split(b"/")]
    return max(fitting, key=len, default=None)


def test_endings_against_the_twin() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        path = b"/" + b"/".join(random.choice([b"a", b"b", b"ab"], random.integers(1, 5)).tolist())
        keys = {
            b"/".join(random.choice([b"a", b"b", b"ab"], random.integers(1, 4)).tolist()): Record() for _ in range(6)
        }
        assert next((key for key in endings(path) if key in keys), None) == twin(path, keys)


@pytest.fixture
def archive(collection: Collection, tmp_path: Path) -> Path:
    """Two boxes that use the same names, and a folder that is not of the archive."""
    save_photos(tmp_path / "archive" / "box1", 2)
    save_photos(tmp_path / "archive" / "box2", 2, first_seed=10)
    (tmp_path / "archive" / "box2" / "0010.jpg").rename(tmp_path / "archive" / "box2" / "0000.jpg")
    save_photos(tmp_path / "holiday", 1)
    return tmp_path / "archive"


def titles(photos: Collection) -> dict[str, str | None]:
    metadata, _, _ = photos.rows()
    return {
        str(Path(*Path(os.fsdecode(entry.path)).parts[-2:])): None if entry.record is None else entry.record.title
        for entry in metadata
    }


def test_records_are_joined_below_their_folder(collection: Collection, archive: Path, tmp_path: Path) -> None:
    file = write(
        tmp_path / "records.csv", "path,title\n0000.jpg,by name\nbox2/0000.jpg,by more of the path\nnone.jpg,x\n"
    )
    collection.index(tmp_path / "holiday", workers=1)
    report = collection.index(archive, workers=1, catalogue=file)
    assert report.catalogue == Joined(records=3, joined=2, several=0, unmatched=("none.jpg",))
    assert titles(collection) == {
        "box1/0000.jpg": "by name",
        "box1/0001.jpg": None,
        "box2/0000.jpg": "by more of the path",
        "box2/0011.jpg": None,
    }
    [match] = collection.search("awe", n=1, min_score=0, paths=[archive / "box2" / "0000.jpg"])
    assert match.record is not None
    assert match.to_dict()["record"]["title"] == "by more of the path"
    # The same image outside the archive has no record, and is listed under its own name.
    [match] = collection.search("awe", n=1, min_score=0, paths=[tmp_path / "holiday" / "0000.jpg"])
    assert match.path == tmp_path / "holiday" / "0000.jpg"
    assert match.record is None
    [indexed] = collection.status().catalogues
    assert (indexed.root, indexed.source, indexed.records) == (os.fsencode(archive), os.fsencode(file), 3)


def test_later_files_join_and_a_later_catalogue_takes_the_place(
    collection: Collection, archive: Path, tmp_path: Path
) -> None:
    file = write(tmp_path / "records.csv", "path,title\n0007.jpg,later\n0000.jpg,twice\n")
    assert collection.index(archive, workers=1, catalogue=file).catalogue == Joined(
        records=2, joined=1, several=1, unmatched=("0007.jpg",)
    )
    save_photos(archive / "box1", 1, first_seed=7)
    assert collection.index(archive, workers=1).catalogue is None
    assert titles(collection)["box1/0007.jpg"] == "later"
    # Renamed inside the folder, a file keeps its record as long as its name says it.
    (archive / "box1" / "0007.jpg").rename(archive / "box2" / "0007.jpg")
    collection.index(archive, workers=1)
    assert titles(collection)["box2/0007.jpg"] == "later"
    collection.index(archive, workers=1, rebuild=True)
    assert titles(collection)["box2/0007.jpg"] == "later"
    write(file, "path,title\n0000.jpg,now\n")
    collection.index(archive, workers=1, catalogue=file)
    assert titles(collection)["box1/0000.jpg"] == "now"
    assert titles(collection)["box2/0007.jpg"] is None
    write(file, "path,title\n")
    collection.index(archive, workers=1, catalogue=file)
    assert titles(collection)["box1/0000.jpg"] is None
    assert collection.status().catalogues == ()


def test_a_malformed_catalogue_touches_nothing(collection: Collection, archive: Path, tmp_path: Path) -> None:
    collection.index(archive, workers=1, catalogue=write(tmp_path / "records.csv", "path,title\n0000.jpg,kept\n"))
    with pytest.raises(CatalogueError):
        collection.index(archive, catalogue=write(tmp_path / "records.csv", "nonsense\n"))
    assert titles(collection)["box1/0000.jpg"] == "kept"


def test_records_survive_a_repair(collection: Collection, archive: Path, tmp_path: Path) -> None:
    collection.index(archive, workers=1, catalogue=write(tmp_path / "records.csv", "path,title\n0000.jpg,kept\n"))
    before = titles(collection)
    collection.close()
    with closing(sqlite3.connect(collection.location)) as connection:
        connection.execute("UPDATE segments SET affect_checksum = affect_checksum + 1 WHERE id = 1")
        connection.commit()
    assert collection.repair().damaged
    collection.index(archive, workers=1)
    assert titles(collection) == before
