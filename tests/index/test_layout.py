from __future__ import annotations

import numpy as np
import pytest

from emoir import EmotionReadings, Model
from emoir.errors import ShapeError
from emoir.images.palette import palette_histogram
from emoir.index import RowLayout
from tests.pictures import noise


def test_parts_cover_the_row_without_overlap() -> None:
    layout = RowLayout({"mikels": ("a", "b", "c"), "mine": ("x", "y")})
    parts = [layout.distribution("mikels"), layout.distribution("mine"), layout.point, layout.embedding, layout.palette]
    covered = [number for part in parts for number in range(part.start, part.stop)]
    assert covered == list(range(layout.length))
    assert [*range(layout.length)[layout.affect], *range(layout.length)[layout.appearance]] == covered
    with pytest.raises(ShapeError, match="no space 'ekman' in these rows; they hold mikels, mine"):
        layout.distribution("ekman")


def test_json_round_trip() -> None:
    layout = RowLayout({"mikels": ("a", "b"), "心情": ("好", "坏")})
    assert RowLayout.from_json(layout.to_json()) == layout


def test_readings_survive_packing(model: Model) -> None:
    pictures = [noise(96, seed) for seed in range(5)]
    readings = EmotionReadings.stack([model.read(picture) for picture in pictures])
    layout = RowLayout(readings.class_names)
    rows = layout.pack(readings, np.stack([palette_histogram(picture) for picture in pictures]))
    back = layout.unpack(rows, readings.confidence, readings.monochrome, readings.model)
    np.testing.assert_allclose(back.embeddings, readings.embeddings, atol=2e-4)
    np.testing.assert_allclose(back.valence, readings.valence, atol=5e-4)
    for space in readings.distributions:
        np.testing.assert_allclose(back.distributions[space], readings.distributions[space], atol=1e-3)


def test_products_are_what_they_are_said_to_be(model: Model) -> None:
    first, second = (model.read(noise(96, seed)) for seed in (1, 2))
    readings = EmotionReadings.stack([first, second])
    layout = RowLayout(readings.class_names)
    rows = layout.pack(readings, np.full((2, 64), 1 / 64, np.float32)).astype(np.float64)
    mikels = layout.distribution("mikels")
    coefficient = sum(
        (p * q) ** 0.5
        for p, q in zip(first.distributions["mikels"].values(), second.distributions["mikels"].values(), strict=True)
    )
    assert rows[0, mikels] @ rows[1, mikels] == pytest.approx(coefficient, abs=2e-3)
    valence, arousal, squares = rows[0, layout.point]
    distance = (first.valence - 0.3) ** 2 + (first.arousal - 0.8) ** 2
    assert squares - 2 * 0.3 * valence - 2 * 0.8 * arousal + 0.3**2 + 0.8**2 == pytest.approx(distance, abs=2e-3)
