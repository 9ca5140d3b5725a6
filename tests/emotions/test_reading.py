from __future__ import annotations

import json

import numpy as np
import pytest

from emoir import EmotionReadings, Model
from emoir.emotions.calibration import ConfidenceCurve
from emoir.errors import ModelError, ShapeError
from tests.pictures import noise


def test_stack_is_the_inverse_of_indexing(model: Model) -> None:
    readings = [model.read(noise(64, seed)) for seed in range(3)]
    table = EmotionReadings.stack(readings)
    assert len(table) == 3
    for ours, theirs in zip(table, readings, strict=True):
        assert ours.to_dict() == theirs.to_dict()
        np.testing.assert_array_equal(ours.embedding, theirs.embedding)


def test_readings_of_two_models_do_not_mix(model: Model, other_model: object) -> None:
    other = Model(other_model)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="2 models"):
        EmotionReadings.stack([model.read(noise(64, 0)), other.read(noise(64, 0))])
    with pytest.raises(ShapeError, match="got 0"):
        EmotionReadings.stack([])


def test_columns_must_agree(model: Model) -> None:
    table = EmotionReadings.stack([model.read(noise(64, 0))])
    with pytest.raises(ShapeError, match="rows for 1 embeddings"):
        EmotionReadings(
            embeddings=table.embeddings,
            distributions=table.distributions,
            class_names=table.class_names,
            valence=np.zeros(2, np.float32),
            arousal=table.arousal,
            confidence=table.confidence,
            monochrome=table.monochrome,
            model=table.model,
        )


def test_json_of_a_reading(model: Model) -> None:
    values = json.loads(json.dumps(model.read(noise(64, 0)).to_dict()))
    assert list(values) == ["distributions", "valence", "arousal", "confidence", "monochrome", "model"]
    assert list(values["distributions"]) == ["mikels", "ekman"]
    assert sum(values["distributions"]["mikels"].values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("knots", "values"), [((), ()), ((0.2, 0.1), (0.1, 0.2)), ((0.1, 0.2), (0.3, 0.2)), ((0.1,), ())]
)
def test_a_curve_must_rise(knots: tuple[float, ...], values: tuple[float, ...]) -> None:
    with pytest.raises(ModelError, match="knots that ascend"):
        ConfidenceCurve("mikels", knots, values)
