from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir import Model
from emoir.emotions import EKMAN, MIKELS
from emoir.errors import ModelError, ShapeError, UndecodableImageError
from emoir.models.card import CARD, GRAPH
from emoir.models.model import ModelFolder
from tests.pictures import encoded, noise


def test_all_kinds_of_input_give_the_same_reading(model: Model, tmp_path: Path) -> None:
    pixels = noise(120, 0)
    content = encoded(Image.fromarray(pixels), "PNG")
    path = tmp_path / "a b.png"
    path.write_bytes(content)
    expected = model.read(pixels)
    for source in (path, str(path), content, Image.fromarray(pixels)):
        reading = model.read(source)
        assert reading.to_dict() == expected.to_dict()
        np.testing.assert_array_equal(reading.embedding, expected.embedding)


def test_what_a_reading_promises(model: Model) -> None:
    reading = model.read(noise(90, 1))
    assert reading.embedding.shape == (128,)
    assert float(np.linalg.norm(reading.embedding)) == pytest.approx(1, abs=1e-5)
    assert tuple(reading.distributions["mikels"]) == MIKELS.names
    assert tuple(reading.distributions["ekman"]) == EKMAN.names
    for classes in reading.distributions.values():
        assert sum(classes.values()) == pytest.approx(1, abs=1e-5)
    for number in (reading.valence, reading.arousal, reading.confidence):
        assert 0 <= number <= 1
    assert reading.model == model.id


def test_different_pictures_read_differently(model: Model) -> None:
    day = np.full((64, 64, 3), (250, 210, 90), np.uint8)
    night = np.full((64, 64, 3), (8, 10, 30), np.uint8)
    assert model.read(day).distributions != model.read(night).distributions


def test_a_batch_reads_as_its_images_do(model: Model) -> None:
    images = np.stack([noise(model.card.size, seed) for seed in range(17)])
    together = model.read_pixels(images)
    for row in range(17):
        alone = model.read_pixels(images[row : row + 1])
        np.testing.assert_allclose(together.embeddings[row], alone.embeddings[0], atol=1e-5)
        np.testing.assert_allclose(together.valence[row], alone.valence[0], atol=1e-5)


def test_threads_share_a_model(model: Model) -> None:
    pictures = [noise(80, seed) for seed in range(8)]
    expected = [model.read(picture).to_dict() for picture in pictures]
    found: dict[tuple[int, int], object] = {}

    def work(thread: int) -> None:
        for number, picture in enumerate(pictures):
            found[thread, number] = model.read(picture).to_dict()

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {(thread, number): expected[number] for thread in range(6) for number in range(8)}


@pytest.mark.parametrize("wrong", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3))])
def test_other_arrays_are_refused(model: Model, wrong: np.ndarray) -> None:
    with pytest.raises(ShapeError, match=r"expected \(H, W, 3\) uint8 sRGB"):
        model.read(wrong)


def test_other_batches_are_refused(model: Model) -> None:
    with pytest.raises(ShapeError, match="expected"):
        model.read_pixels(np.zeros((0, model.card.size, model.card.size, 3), np.uint8))


def test_what_cannot_be_decoded(model: Model) -> None:
    with pytest.raises(UndecodableImageError, match="not an image"):
        model.read(b"hello, this is a letter and not a picture")


def test_the_id_follows_graph_and_card(model: Model, other_model: Path) -> None:
    assert Model().id == model.id
    assert Model(other_model).id != model.id
    assert Model(other_model).id.startswith("other-")


def test_the_id_covers_what_readings_depend_on(tmp_path: Path) -> None:
    folder = shutil.copytree(ModelFolder().folder, tmp_path / "model")
    card = json.loads((folder / "card.json").read_text())
    card["scores"]["point"]["chance"] = 0.5
    card["confidence"]["unsure_below"] = 0.9
    (folder / "card.json").write_text(json.dumps(card))
    assert ModelFolder(folder).id == ModelFolder().id
    assert Model(folder).read(np.full((64, 64, 3), 128, np.uint8)).unsure_below == 0.9
    card["confidence"]["values"][0] = 0.0
    (folder / "card.json").write_text(json.dumps(card))
    assert ModelFolder(folder).id != ModelFolder().id


def test_folders_that_are_no_models(tmp_path: Path, other_model: Path) -> None:
    with pytest.raises(ModelError, match=r"is no model folder: card\.json cannot be read"):
        Model(tmp_path)
    card = json.loads((other_model / CARD).read_text(encoding="utf-8"))
    (other_model / CARD).write_text(json.dumps({**card, "format": 99}), encoding="utf-8")
    with pytest.raises(ModelError, match="newer emoir"):
        Model(other_model)
    del card["confidence"]
    (other_model / CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="confidence: Field required"):
        Model(other_model)


def test_a_damaged_graph(other_model: Path) -> None:
    (other_model / GRAPH).write_bytes((other_model / GRAPH).read_bytes()[:1000])
    with pytest.raises(ModelError, match="no ONNX file, or damaged"):
        Model(other_model)
