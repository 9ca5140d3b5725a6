from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from emoir.datasets import Table
from emoir.datasets.splits import image_digests
from emoir.errors import LeakageError, ModelError
from emoir.evaluate.leakage import rows_not_trained_on, seen_in_training
from emoir.images.picture_hash import hash_files
from emoir.models.card import TRAINING_DIGESTS, TRAINING_HASHES
from emoir.models.model import ModelFolder
from tests.pictures import save_photos


def teach(folder: Path, digests: list[Path], hashes: list[Path]) -> ModelFolder:
    (folder / TRAINING_DIGESTS).write_text("\n".join(image_digests(digests)))
    (folder / TRAINING_HASHES).write_bytes(hash_files(hashes).tobytes())
    return ModelFolder(folder)


def test_training_images(tmp_path: Path, other_model: Path) -> None:
    paths = save_photos(tmp_path / "photos", 4)
    absent = tmp_path / "no.jpg"
    data = Table(name="t", paths=[paths[0], absent, *paths[1:]])
    model = teach(other_model, [paths[1], paths[3]], [])
    with pytest.raises(LeakageError, match=r"learnt from 2 of these 5 images.*--skip-training-images leaves these"):
        rows_not_trained_on(data, model)
    assert rows_not_trained_on(data, model, leave_out=True).tolist() == [0, 1, 3]
    assert rows_not_trained_on(data.take([0, 1, 3]), model).tolist() == [0, 1, 2]
    with pytest.raises(LeakageError, match=r"t: other-.* learnt from all \d+ images"):
        rows_not_trained_on(data.take([2, 4]), model, leave_out=True)


def test_other_encodings_under_any_name(tmp_path: Path, other_model: Path) -> None:
    paths = save_photos(tmp_path / "photos", 6)
    model = teach(other_model, [], paths[:5])
    folder = tmp_path / "holiday"
    folder.mkdir()
    pictures = [Image.open(path).convert("RGB") for path in paths]
    pictures[0].save(folder / "a.jpg", quality=40)
    pictures[1].save(folder / "b.png")
    pictures[2].resize((pictures[2].width // 2, pictures[2].height // 2)).save(folder / "c.jpg")
    ImageOps.mirror(pictures[3]).save(folder / "d.webp", quality=70)
    pictures[4].convert("L").save(folder / "e.jpg", quality=80)
    pictures[5].save(folder / "other.jpg", quality=40)
    (folder / "zz.jpg").write_bytes(b"no picture")
    copies = sorted(folder.iterdir())
    assert seen_in_training(copies, model).tolist() == [True] * 5 + [False, False]


def test_a_model_of_an_earlier_version_knows_digests_alone(tmp_path: Path, other_model: Path) -> None:
    paths = save_photos(tmp_path / "photos", 2)
    teach(other_model, paths, paths)
    (other_model / TRAINING_HASHES).unlink()
    model = ModelFolder(other_model)
    assert model.training_hashes().shape == (0, 32)
    Image.open(paths[0]).save(tmp_path / "copy.png")
    assert seen_in_training([paths[0], tmp_path / "copy.png"], model).tolist() == [True, False]


def test_damaged_hashes_are_refused(other_model: Path) -> None:
    (other_model / TRAINING_HASHES).write_bytes(b"\0" * 33)
    with pytest.raises(ModelError, match="33 bytes, which are no hashes of 32 bytes each"):
        ModelFolder(other_model).training_hashes()


def test_the_shipped_model_lists_what_it_learnt_from() -> None:
    model = ModelFolder()
    hashes = model.training_hashes()
    # Smooth pictures have none, and copies share one.
    assert 0.97 * len(model.training_digests()) < len(hashes) <= len(model.training_digests())
    assert hashes.nbytes < 1_000_000
    assert len(np.unique(hashes, axis=0)) == len(hashes)
