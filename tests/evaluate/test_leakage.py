from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoir import Model
from emoir.datasets import Table
from emoir.datasets.splits import image_digests
from emoir.errors import LeakageError
from emoir.evaluate.leakage import rows_not_trained_on, training_set_named_like, training_sets
from emoir.models.card import CARD, TRAINING_DIGESTS
from tests.pictures import save_photos


def test_images_that_were_learnt_from(tmp_path: Path, other_model: Path) -> None:
    paths = save_photos(tmp_path / "photos", 4)
    absent = tmp_path / "no.jpg"
    data = Table("t", [paths[0], absent, *paths[1:]])
    (other_model / TRAINING_DIGESTS).write_text("\n".join(image_digests([paths[1], paths[3]])))
    model = Model(other_model)
    with pytest.raises(
        LeakageError, match=r"learnt from 2 of these 4 images.*--skip-training-images leaves these images out"
    ):
        rows_not_trained_on(data, model)
    assert rows_not_trained_on(data, model, leave_out=True).tolist() == [0, 1, 3]
    assert rows_not_trained_on(data.take([0, 1, 3]), model).tolist() == [0, 1, 2]
    with pytest.raises(LeakageError, match=r"t: other-.* learnt from every one of its images"):
        rows_not_trained_on(data.take([2, 4]), model, leave_out=True)


def table(paths: list[Path], name: str) -> Table:
    return Table(name, paths)


def test_sets_that_a_card_names(model: Model, other_model: Path) -> None:
    assert {"emotion6", "fi_subset", "mvsa_single"} <= training_sets(model)
    assert "gaped" not in training_sets(model)
    assert training_set_named_like(model, table([Path("a")], "fi")) == "fi_subset"
    assert training_set_named_like(model, table([Path("a")], "emotion6")) == "emotion6"
    assert training_set_named_like(model, table([Path("a")], "emotion")) is None
    assert training_set_named_like(model, table([Path("a")], "photos")) is None
    card = json.loads((other_model / CARD).read_text())
    card["data"] = {"mine": 100, "held out": 20}
    (other_model / CARD).write_text(json.dumps(card))
    assert training_set_named_like(Model(other_model), table([Path("a")], "mine")) == "mine"
