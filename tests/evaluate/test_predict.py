from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoir import Model
from emoir.datasets import Table
from emoir.emotions.spaces import MIKELS
from emoir.errors import EmoirError
from emoir.evaluate.predict import predict
from tests.pictures import save_photos


def table(paths: list[Path], name: str = "t") -> Table:
    labels = np.arange(len(paths)) % 8
    return Table(name=name, paths=paths, classes={"mikels": labels}, class_names={"mikels": MIKELS.names[::-1]})


def test_readings_in_the_order_of_the_table(tmp_path: Path, model: Model) -> None:
    one, two = save_photos(tmp_path, 2)
    (tmp_path / "bad.jpg").write_text("no image")
    done: list[tuple[int, int]] = []
    data = table([two, tmp_path / "bad.jpg", one, two])
    predicted, failures = predict(data, model, workers=1, report=lambda number, total: done.append((number, total)))
    assert predicted.known.tolist() == [True, False, True, True]
    assert list(failures) == [tmp_path / "bad.jpg"]
    assert predicted.name == model.id
    assert predicted.embeddings is not None
    assert predicted.points is not None
    for row, path in ((0, two), (2, one), (3, two)):
        reading = model.read(path)
        expected = [reading.distributions["mikels"][name] for name in MIKELS.names[::-1]]
        np.testing.assert_allclose(predicted.probabilities["mikels"][row], expected, atol=1e-6)
        np.testing.assert_allclose(predicted.points[row], [reading.valence, reading.arousal], atol=1e-6)
        np.testing.assert_allclose(predicted.embeddings[row], reading.embedding, atol=1e-6)
    assert done[-1] == (3, 3)


def test_nothing_can_be_read(tmp_path: Path, model: Model) -> None:
    with pytest.raises(EmoirError, match=r"none of the 1 images of t could be read; the first of them: .*no\.jpg"):
        predict(table([tmp_path / "no.jpg"]), model, workers=1)
