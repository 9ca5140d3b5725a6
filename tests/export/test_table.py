from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from emoir import Collection
from emoir.export import (
    ExportTable,
    image_table,
    vector_columns,
    write_codebook,
    write_csv,
    write_json,
    write_matrix,
    write_parquet,
)
from emoir.extract import Failure
from emoir.extract.features import Features, measure_files
from emoir.images.decode import decode
from emoir.images.features import FEATURE_SIDE, Column, measure
from emoir.index import RowLayout
from emoir.index.base import ImageMetadata, as_path
from tests.pictures import noise, save_photos


def measured(metadata: list[ImageMetadata]) -> list[Features | None]:
    answers = measure_files([(as_path(image.path), image.modified_ns) for image in metadata], workers=2)
    return [None if isinstance(answer, Failure) else answer for answer in answers]


@pytest.fixture
def photos(collection: Collection, tmp_path: Path) -> Collection:
    save_photos(tmp_path / "photos", 4)
    records = tmp_path / "records.csv"
    records.write_text("path,id,title,Year,Place\n0000.jpg,K 1,Harvest,1931,\n0002.jpg,K 3,Fair,,Lyon\n")
    collection.index(tmp_path / "photos", workers=1, catalogue=records)
    return collection


def test_every_column_is_in_the_codebook_and_every_value_in_its_range(photos: Collection) -> None:
    metadata, readings, vectors = photos.rows()
    table = image_table(metadata, readings, measured(metadata))
    assert len(list(table.rows())) == 4
    for row in table.rows():
        assert list(row) == [column.name for column in table.columns]
        for column in table.columns:
            assert column.unit, column.name
            assert column.meaning, column.name
            value = row[column.name]
            if column.low is not None:
                assert value >= column.low, column.name
            if column.high is not None:
                assert value <= column.high, column.name
    columns = vector_columns(RowLayout(readings.class_names))
    assert len(columns) == vectors.shape[1]
    for column, values in zip(columns, vectors.T, strict=True):
        assert column.low is not None
        assert column.high is not None
        assert (values >= column.low).all(), column.name
        assert (values <= column.high).all(), column.name


def test_rows_hold_what_they_say(photos: Collection) -> None:
    metadata, readings, _ = photos.rows()
    table = image_table(metadata, readings, measured(metadata))
    first, second, *_ = table.rows()
    stated = ("record", "title", "record.Year", "record.Place")
    assert [first[name] for name in stated] == ["K 1", "Harvest", "1931", ""]
    assert [second[name] for name in stated] == [None] * 4
    assert first["mikels.awe"] == readings[0].to_dict()["distributions"]["mikels"]["awe"]
    alone = measure(decode(Path(first["path"]), size=FEATURE_SIDE).pixels)
    assert first["warmth"] == round(float(alone["warmth"] or 0), 4)
    assert first["colour_1"] == alone["colour_1"]


def test_files_that_are_gone_or_changed_are_not_measured(photos: Collection, tmp_path: Path) -> None:
    metadata, readings, _ = photos.rows()
    (tmp_path / "photos" / "0001.jpg").unlink()
    (tmp_path / "photos" / "0002.jpg").write_bytes((tmp_path / "photos" / "0003.jpg").read_bytes())
    answers = list(measure_files([(as_path(image.path), image.modified_ns) for image in metadata]))
    causes = [answer.cause if isinstance(answer, Failure) else None for answer in answers]
    assert causes == [
        None,
        "cannot be read: No such file or directory",
        "it changed since it was indexed; run emoir index again",
        None,
    ]
    table = image_table(metadata, readings, measured(metadata))
    assert [value is None for value in table.values["lightness"]] == [False, True, True, False]
    assert None not in table.values["valence"]


def test_native_size(photos: Collection, tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.fromarray(np.tile(noise(96, 1), (1, 2, 1))).save(path)
    Image.new("RGB", (200, 9)).save(tmp_path / "low.png")
    files = [(one, one.stat().st_mtime_ns) for one in (path, tmp_path / "low.png")]
    full, low = measure_files(files, native=True)
    assert isinstance(full, dict)
    assert full == measure(np.tile(noise(96, 1), (1, 2, 1)))
    assert isinstance(low, Failure)
    assert low.cause == "its shorter side has less than 16 pixels: measure it without --native"
    [squashed, _] = measure_files(files)
    assert isinstance(squashed, dict)
    assert squashed["fourier_slope"] != pytest.approx(full["fourier_slope"], abs=0.01)


def test_formats_agree(photos: Collection, tmp_path: Path) -> None:
    metadata, readings, _ = photos.rows()
    table = image_table(metadata, readings, measured(metadata))
    write_csv(table, tmp_path / "t.csv")
    write_parquet(table, tmp_path / "t.parquet")
    write_codebook(table.columns, tmp_path / "t.codebook.csv")
    by_line = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text(encoding="utf-8"))))
    by_column = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    for line, typed, row in zip(by_line, by_column, table.rows(), strict=True):
        assert typed == row
        assert line == {name: "" if value is None else str(value) for name, value in row.items()}
    book = list(csv.DictReader(io.StringIO((tmp_path / "t.codebook.csv").read_text(encoding="utf-8"))))
    assert [entry["name"] for entry in book] == list(by_line[0])
    numbers = [column for column in table.columns if column.name in ("lightness", "glcm_energy")]
    write_matrix(table.numbers(numbers), tmp_path / "t.npy")
    assert np.load(tmp_path / "t.npy").tolist() == [[row["lightness"], row["glcm_energy"]] for row in table.rows()]
    write_json([{"a": 1}], tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text()) == [{"a": 1}]


def test_standard_output_and_names_that_break_lines(capsys: pytest.CaptureFixture[str]) -> None:
    table = ExportTable((Column("path", "text", None, None, "where"),), {"path": ["two\nlines.jpg"]})
    write_csv(table, None)
    assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [["path"], [r"two\nlines.jpg"]]
