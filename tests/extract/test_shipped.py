"""The shipped weights read ten generated pictures as they did on the day they were exported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from emoir import Model
from tests.pictures import noise

STORED = Path(__file__).parent / "shipped_readings.json"


def readings(model: Model) -> list[dict[str, float]]:
    result = []
    for seed in range(10):
        # From dark to bright, so that the readings lie apart.
        reading = model.read((noise(200, seed) * ((seed + 1) / 10)).astype(np.uint8))
        numbers = {
            f"{space}.{name}": p for space, classes in reading.distributions.items() for name, p in classes.items()
        }
        numbers |= {"valence": reading.valence, "arousal": reading.arousal, "confidence": reading.confidence}
        numbers |= {f"embedding.{place}": float(reading.embedding[place]) for place in range(0, 128, 16)}
        result.append(numbers)
    return result


def test_shipped_readings(model: Model) -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    for now, then in zip(readings(model), stored, strict=True):
        assert now == pytest.approx(then, abs=2e-3)


def test_the_pictures_are_read_differently(model: Model) -> None:
    values = np.array([list(numbers.values()) for numbers in readings(model)])
    assert values.std(axis=0).max() > 0.02
