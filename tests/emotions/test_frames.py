from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoir import EmotionReadings, Model
from emoir.emotions.frames import reading_columns, to_frame
from emoir.errors import EmoirError, ShapeError
from tests.pictures import noise


@pytest.fixture(scope="module")
def readings(model: Model) -> EmotionReadings:
    return EmotionReadings.stack([model.read(noise(48, seed)) for seed in range(3)])


PATHS = [Path("a.jpg"), Path("b.jpg"), Path("c.jpg")]


def test_the_three_libraries_say_the_same(readings: EmotionReadings) -> None:
    pandas, arrow = readings.to_pandas(PATHS), readings.to_arrow(PATHS)
    polars = pytest.importorskip("polars") and readings.to_polars(PATHS)
    columns = list(reading_columns(readings, PATHS))
    assert columns[:2] == ["path", "mikels.amusement"]
    assert columns[-5:] == ["valence", "arousal", "confidence", "monochrome", "model"]
    assert list(pandas.columns) == list(polars.columns) == arrow.column_names == columns
    for name in ("mikels.awe", "ekman.neutral", "valence"):
        expected = reading_columns(readings)[name].tolist()
        assert pandas[name].tolist() == polars[name].to_list() == arrow[name].to_pylist() == expected
    assert pandas["path"].tolist() == ["a.jpg", "b.jpg", "c.jpg"]
    assert pandas["monochrome"].dtype == np.bool_
    assert "path" not in readings.to_pandas().columns


def test_mistakes(readings: EmotionReadings) -> None:
    with pytest.raises(ShapeError, match="1 paths for 3 readings"):
        readings.to_pandas(PATHS[:1])
    with pytest.raises(EmoirError, match="no_such_library is not installed: pip install no_such_library"):
        to_frame({}, "no_such_library")
