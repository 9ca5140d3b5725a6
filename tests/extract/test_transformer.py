from __future__ import annotations

import importlib
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
from emoir.images.decode import decode
from emoir.images.features import FEATURE_SIDE, measure
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


def test_measured_numbers_join_the_readings(tmp_path: Path) -> None:
    paths = save_photos(tmp_path, 2)
    features = EmotionFeatures(parts=("point", "features"), workers=1)
    numbers = features.fit_transform(np.array(paths, dtype=object).reshape(-1, 1))
    names = features.get_feature_names_out().tolist()
    assert numbers.shape == (2, len(names)) == (2, 2 + 100)
    alone = EmotionFeatures(parts=("features",)).fit_transform(paths)
    np.testing.assert_array_equal(alone, numbers[:, 2:])
    expected = measure(decode(paths[1], size=FEATURE_SIDE).pixels)
    for name in ("lightness", "fourier_slope", "palette_000000"):
        assert numbers[1, names.index(name)] == pytest.approx(expected[name], rel=1e-5)


def test_a_column_of_a_frame_is_a_list_of_images(tmp_path: Path) -> None:
    paths = save_photos(tmp_path, 2)
    features = EmotionFeatures(parts=("features",))
    pandas = importlib.import_module("pandas")
    frame = pandas.DataFrame({"path": [str(path) for path in paths]})
    np.testing.assert_array_equal(features.fit_transform(frame), features.fit_transform(paths))
    with pytest.raises(ShapeError, match=r"\(n, 1\)"):
        features.transform(np.array([paths], dtype=object))


def test_what_is_kept_is_not_read_again(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    features = EmotionFeatures(parts=("point", "features"), workers=1, memory=str(tmp_path / "kept"))
    first = features.fit_transform(paths)
    # What is kept is known by length and time: the content behind them is not looked at again.
    status = paths[0].stat()
    paths[0].write_bytes(b"x" * status.st_size)
    os.utime(paths[0], ns=(status.st_mtime_ns, status.st_mtime_ns))
    np.testing.assert_array_equal(clone(features).fit_transform(paths[::-1]), first[::-1])
    os.utime(paths[0], ns=(status.st_mtime_ns + 1, status.st_mtime_ns + 1))
    with pytest.raises(UndecodableImageError, match=r"0000\.jpg"):
        features.transform(paths)


def test_mistakes_are_named(tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_text("no image")
    with pytest.raises(UndecodableImageError, match=r"no\.jpg: not an image"):
        EmotionFeatures(workers=1).transform([tmp_path / "no.jpg"])
    with pytest.raises(ShapeError, match="choose among embedding, distributions, point and features"):
        EmotionFeatures(parts=("mood",)).get_feature_names_out()
