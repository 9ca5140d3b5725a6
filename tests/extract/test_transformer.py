from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from emoir import Model
from emoir.errors import ShapeError, UndecodableImageError
from emoir.extract.transformer import EmotionFeatures
from tests.pictures import save_photos


def test_features_are_the_readings_in_the_order_asked(tmp_path: Path, model: Model) -> None:
    paths = save_photos(tmp_path, 3)
    features = EmotionFeatures(parts=("point", "embedding", "distributions"), workers=1)
    asked = [paths[2], os.fspath(paths[0]), paths[2]]
    numbers = features.fit_transform(asked)
    names = features.get_feature_names_out().tolist()
    assert numbers.shape == (3, len(names)) == (3, 2 + 128 + 8 + 7)
    reading = model.read(paths[0])
    assert numbers[1, names.index("valence")] == pytest.approx(reading.valence)
    assert numbers[1, names.index("ekman.joy")] == pytest.approx(reading.distributions["ekman"]["joy"])
    np.testing.assert_allclose(numbers[1, 2:130], reading.embedding)
    np.testing.assert_array_equal(numbers[0], numbers[2])


def test_it_stands_first_in_a_pipeline(tmp_path: Path) -> None:
    paths = save_photos(tmp_path, 6)
    labels = np.arange(6) % 2
    pipeline = make_pipeline(clone(EmotionFeatures(workers=1)), LogisticRegression(C=1e4, max_iter=1000))
    assert pipeline.fit(paths, labels).predict(paths).tolist() == labels.tolist()


def test_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_text("no image")
    with pytest.raises(UndecodableImageError, match=r"no\.jpg: not an image"):
        EmotionFeatures(workers=1).transform([tmp_path / "no.jpg"])
    with pytest.raises(ShapeError, match="choose among embedding, distributions and point"):
        EmotionFeatures(parts=("mood",)).get_feature_names_out()
