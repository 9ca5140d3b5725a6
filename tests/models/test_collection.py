"""What a stranger does with public names only: an encoder of one's own, and an index of an earlier version."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emoir import Collection, Model
from emoir.cli.app import app
from emoir.errors import ModelMismatchError
from emoir.models import ModelFolder, earlier_models
from emoir.models.card import CARD
from emoir.models.library import add_model
from tests.models import toy
from tests.pictures import save_photos

OLDER = Path(__file__).parents[1] / "index" / "files"


def test_a_toy_encoder_is_indexed_and_searched(tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    paths = save_photos(tmp_path / "photos", 5)
    with Collection(tmp_path / "x.emoir", model=folder) as photos:
        done = photos.index(tmp_path / "photos", workers=1)
        assert (done.read, done.failed) == (5, 0)
        by_word = photos.search("awe", n=5)
        assert {found.path for found in by_word} == set(paths)
        # The class names of the model hold no awe: its place on the plane of valence and arousal answers.
        assert all(tuple(found.reading.distributions) == ("mood",) for found in by_word)
        by_example = photos.search("id:1", n=5)
        file = photos.images.rows([1])[0][0].path
    # The example itself is not among what is found.
    example = Path(os.fsdecode(file))
    assert {found.path for found in by_example} == set(paths) - {example}
    for found in by_example:
        read = Model(folder).read(found.path)
        assert read.embedding.shape == found.reading.embedding.shape == (17,)
        np.testing.assert_allclose(found.reading.embedding, read.embedding, atol=1e-3)
        assert found.reading.valence == pytest.approx(read.valence, abs=0.01)


def test_an_index_goes_on_with_its_own_model_if_that_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("EMOIR_MODEL", raising=False)
    folder = toy.toy_model(tmp_path / "toy")
    *_, last = save_photos(tmp_path / "photos", 4)
    shutil.move(last, tmp_path / last.name)
    with Collection(tmp_path / "x.emoir", model=folder) as photos:
        photos.index(tmp_path / "photos", workers=1)
    added = add_model(folder, "mine", ModelFolder(folder).file_names)
    (added.parent / "spoilt").mkdir()
    (added.parent / "spoilt" / CARD).write_text("{")
    with Collection(tmp_path / "x.emoir") as photos:
        assert photos.model_folder.folder == added
        assert len(photos.search(str(tmp_path / last.name), n=3)) == 3
        shutil.move(tmp_path / last.name, last)
        assert photos.index(workers=1).read == 1
    [outside] = save_photos(tmp_path / "outside", 1, first_seed=9)
    # Another that was named, or none that is known: no reading of it is compared with these.
    shutil.rmtree(added)
    for other in ("shipped", None):
        with Collection(tmp_path / "x.emoir", model=other) as photos, pytest.raises(ModelMismatchError):
            photos.search(str(outside), n=1)


def test_an_index_of_the_model_before_is_used_as_it_is_until_a_rebuild(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMOIR_MODEL", raising=False)
    *_, last = save_photos(tmp_path / "photos", 3)
    shutil.move(last, tmp_path / last.name)
    [earlier] = earlier_models()
    file = tmp_path / "x.emoir"

    def index(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["index", *arguments, "--index", str(file), "--workers", "1"])
        assert done.exit_code == 0
        return done.stderr

    assert "emoir index --rebuild" not in index(str(tmp_path / "photos"), "--model", earlier)
    with Collection(file) as photos:
        assert photos.has_newer_model
        assert photos.model.card.name == earlier
        # A picture from outside is read by the index's model, whose readings these are.
        assert len(photos.search(str(tmp_path / last.name), n=3)) == 2
        shutil.move(tmp_path / last.name, last)
        told = index()
        assert "1 read" in told
        assert f"emoir index --rebuild --index {file}" in told
        assert photos.status().model.id.startswith(f"{earlier}-")
        # Only a rebuild goes on to the model of today, for those who have the index open as well.
        told = index("--rebuild")
        assert "3 read" in told
        assert f"this index was made with {earlier}; everything is read again with emoir-0.5" in told
        assert photos.model.id == photos.status().model.id == ModelFolder(None).id
        assert len(photos.search(str(last), n=3)) == 2
    with Collection(file) as photos:
        assert not photos.has_newer_model


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_an_index_of_an_earlier_version_is_searched_without_a_rebuild(
    tmp_path: Path, other_model: Path, version: int
) -> None:
    model = Model("emoir-0.4")
    file = tmp_path / "x.emoir"
    shutil.copy(OLDER / f"format-{version}.emoir", file)
    [photo] = save_photos(tmp_path / "photos", 1, first_seed=100)
    with Collection(file) as photos:
        assert photos.status().model.id in model.card.earlier_ids
        for query in ("awe", "id:1", str(photo)):
            matches = photos.search(query, n=4)
            assert matches.searched == 4 - (query == "id:1")
            assert matches.matches[0].reading.model in (model.id, *model.card.earlier_ids)
        assert photos.status().images == 4
        before = {found.id: found.score for found in photos.search("awe", n=4)}
        # A run takes over the present id and keeps every reading; the folder is away.
        photos.index(workers=1)
        assert photos.status().images == 4
        photos.index(tmp_path / "photos", workers=1)
        status = photos.status()
        assert (status.model.id, status.images) == (model.id, 5)
        assert {found.id for found in photos.search("awe", n=5)} > set(before)
    shutil.copy(OLDER / f"format-{version}.emoir", file)
    with Collection(file, model=other_model) as photos, pytest.raises(ModelMismatchError, match="--rebuild"):
        photos.search(str(photo))
