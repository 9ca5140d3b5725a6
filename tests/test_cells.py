from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import pytest

from emoir import Collection
from emoir.cells import STANDARD_INPUT, composed, parse_number, read_cells, read_table_cells, read_text
from emoir.cli.search_options import read_list
from emoir.datasets import read_dataset
from emoir.emotions.lexicon_files import read_lexicon
from emoir.errors import CatalogueError, DatasetError
from emoir.index.catalogue import endings, read_catalogue
from emoir.index.selection import Selection
from tests.pictures import save_photos


@pytest.mark.parametrize(
    "text",
    [
        "path,mood,valence\na.jpg,calm,0.25\nsub/b.jpg,wild,\n",
        "path;mood;valence\na.jpg;calm;0,25\nsub\\b.jpg;wild;NA\n",
        "path\tmood\tvalence\na.jpg\tcalm\t0.25\nsub/b.jpg\twild\tn/a\n",
        "path, mood, valence\r\na.jpg , calm, 0.25\r\n\r\nsub\\b.jpg, wild, -\r\n,,\r\n",
        '"path";"mood";"valence"\n"a.jpg";"calm";"0,25"\n"sub\\b.jpg";"wild";"#N/A"\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_write_them(tmp_path: Path, text: str, encoding: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(text.encode(encoding))
    names, rows = read_cells(read_text(file))
    assert names == ["path", "mood", "valence"]
    assert [cells[1] for _, cells in rows] == ["calm", "wild"]
    assert parse_number(rows[0][1][2]) == 0.25
    assert math.isnan(parse_number(rows[1][1][2]))
    table = read_dataset(tmp_path, space="mine")
    assert list(table.paths) == [tmp_path / "a.jpg", tmp_path / "sub" / "b.jpg"]
    assert table.classes["mine"].tolist() == [0, 1]


def test_columns_of_votes(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("path\tvotes_calm\tvotes_wild\na.jpg\t3\t1\n", encoding="utf-8")
    table = read_dataset(tmp_path, space="mine")
    assert table.distributions["mine"].tolist() == [[0.75, 0.25]]
    assert table.raters["mine"].tolist() == [4.0]


@pytest.mark.parametrize("cell", ["inf", "-inf", "1e999", "1_000", "calm", "1,2,3"])
def test_cells_that_are_no_numbers(tmp_path: Path, cell: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the message is float's own)
        parse_number(cell)
    (tmp_path / "labels.csv").write_text(f'path;p_a;p_b\na.jpg;"{cell}";1\n', encoding="utf-8")
    with pytest.raises(DatasetError, match=r"row 1, column p_a: .* is no finite number"):
        read_dataset(tmp_path, space="mine")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,mood\na\0.jpg,calm\n", "line 2 holds a NUL character"),
        (b"path,mood\na.jpg,calm,more\n", "line 2: 3 values for 2 columns"),
        (b'path,mood\n"a.jpg,calm\n', "line 2: "),
        ("path,mood\nMüller.jpg,calm\n".encode("latin-1"), "it is not UTF-8"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        read_dataset(file)
    with pytest.raises(CatalogueError, match=message):
        read_catalogue(file)


def test_long_cells_and_deep_lines(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    file = tmp_path / "labels.csv"
    file.write_text(f"path,mood,note\na.jpg,calm,{'x' * 200_000}\nb.jpg,wild,\n", encoding="utf-8")
    assert len(read_dataset(file)) == 2
    assert csv.field_size_limit() == before
    deep = tmp_path / "labels.jsonl"
    deep.write_text("[" * 100_000 + "\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="line 1: no JSON"):
        read_dataset(deep)


def test_lists_in_utf_16_with_names_in_another_form(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    [photo] = save_photos(photos, 1)
    stored = photo.rename(photos / "M\u00fcller.jpg")
    listed = tmp_path / "list.txt"
    listed.write_text(str(stored).replace("\u00fc", "u\u0308") + "\r\n", encoding="utf-16")
    with Collection(tmp_path / "i.emoir") as collection:
        collection.index(photos, workers=1)
        files = read_list(str(listed))
        assert files is not None
        assert Selection.of(collection.images, None, files).listed == {1: os.fsencode(stored)}


def test_names_are_compared_in_their_composed_form(tmp_path: Path) -> None:
    apart, together = "Mu\u0308ller.jpg", "M\u00fcller.jpg"
    file = tmp_path / "records.csv"
    for written, stored in ((apart, together), (together, apart)):
        file.write_text(f"path,title\nbox/{written},Harvest\n", encoding="utf-8")
        [key] = read_catalogue(file).records
        assert key == composed(key)
        assert key in set(endings(f"/photos/box/{stored}".encode()))


def test_one_reader_for_whatever_a_table_is_written_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pytest.importorskip("pyarrow").table({"file": ["a.jpg", "b.jpg"], "title": ["Harvest", None]})
    parquet.write_table(table, tmp_path / "records")
    (tmp_path / "records.csv").write_text("file;title\na.jpg;Harvest\nb.jpg;\n", encoding="utf-16")
    (tmp_path / "records.txt").write_text('{"file": "a.jpg", "title": "Harvest"}\n\n{"title": null, "file": "b.jpg"}\n')
    for name in ("records", "records.csv", "records.txt"):
        file = tmp_path / name
        assert [cells for _, cells in read_table_cells(file)[1]] == [["a.jpg", "Harvest"], ["b.jpg", ""]], name
        records = read_catalogue(file).records
        assert {key: record.title for key, record in records.items()} == {b"a.jpg": "Harvest", b"b.jpg": None}
        with monkeypatch.context() as patch, file.open() as stream:
            patch.setattr("sys.stdin", stream)
            assert read_table_cells(STANDARD_INPUT) == read_table_cells(file)


def test_published_tables_and_lexicons_are_read_by_it(tmp_path: Path) -> None:
    # As a spreadsheet saves them where numbers have decimal commas, and as Excel's Unicode text.
    columns = "Theme;Valence_mean;Valence_SD;Valence_N;Arousal_mean;Arousal_SD;Arousal_N"
    (tmp_path / "OASIS.csv").write_text(f";{columns}\n1;Dog 1;6,4;0,5;100;1;0,5;100\n", encoding="utf-16")
    table = read_dataset(tmp_path)
    assert table.valence is not None
    assert table.valence.tolist() == pytest.approx([0.9])
    semicolons = "Word;Valence;Arousal;Dominance\ncalm;0,8;0,1;0,5\n"
    quote_as_a_word = 'Word\tValence\tArousal\tDominance\n"\t1\t0\t0\ncalm\t.8\t.1\t0\n'
    for text in (semicolons, quote_as_a_word):
        (tmp_path / "lexicon.txt").write_text(text, encoding="utf-16")
        assert read_lexicon(tmp_path / "lexicon.txt")["calm"].valence == pytest.approx(0.8)


@pytest.mark.parametrize("text", ['{"file": "\\ud800.jpg"}\n', '{"file": "a\\u0000.jpg"}\n', '[{"file": "\\udfff"}]'])
def test_what_json_can_write_and_no_name_can_hold(tmp_path: Path, text: str) -> None:
    (tmp_path / "records.json").write_text(text)
    with pytest.raises(CatalogueError, match="line 1 holds a NUL character or half of a surrogate pair"):
        read_catalogue(tmp_path / "records.json")


def test_a_date_in_parquet_that_no_calendar_holds(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "records.parquet"
    parquet.write_table(arrow.table({"path": ["a.jpg"], "taken": arrow.array([2**62], arrow.timestamp("ms"))}), file)
    with pytest.raises(CatalogueError, match="no Parquet that can be read: "):
        read_catalogue(file)


def test_tables_of_careless_archivists(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    for text in (
        "sep=;\npath;emotion\na.jpg;awe\n",
        "sep=|\r\npath|emotion\r\na.jpg|awe\r\n",
        "path,emotion\ra.jpg,awe\r",
        '[{"path": "a.jpg", "emotion": "awe"}]',
        "path,emotion\na.jpg,\u00a0awe\u00a0\n",
        "\n\r\npath,emotion\na.jpg,awe\n",
        "path;emotion;;\na.jpg;awe;;\n",
    ):
        file.write_bytes(text.encode())
        table = read_dataset(file, space="mine")
        assert [path.name for path in table.paths] == ["a.jpg"]
        assert table.class_names["mine"] == ("awe",)
    for text, message in (
        ("path,emotion,emotion\na.jpg,awe,fear\n", "the column 'emotion' occurs twice"),
        ("Pfad,emotion\na.jpg,awe\n", "call it one of path, .*; it has Pfad, emotion"),
        ("[1]", "an object of columns is needed"),
        (f'{{"path": "a.jpg", "n": {"9" * 5000}}}', "line 1: no JSON: Exceeds the limit"),
    ):
        file.write_text(text)
        with pytest.raises(DatasetError, match=message):
            read_dataset(file)
