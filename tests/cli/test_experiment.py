"""What emoir experiment makes sure of before it trains; the training itself is tested where it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from emoir.cli.experiment import _knows_nothing_of, _without_copies
from emoir.datasets import Table
from emoir.datasets.splits import image_digests
from emoir.images.picture_hash import hash_files
from emoir.models.card import TRAINING_DIGESTS, TRAINING_HASHES
from tests.pictures import save_photos


def test_the_distilled_row_begins_with_weights_that_have_not_seen_the_images(
    tmp_path: Path, other_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = save_photos(tmp_path / "photos", 4)
    (other_model / TRAINING_DIGESTS).write_text("")
    assert _knows_nothing_of(other_model, Table(name="mine", paths=paths))
    assert not capsys.readouterr().err
    for known in (paths[:2], paths):
        (other_model / TRAINING_DIGESTS).write_text("\n".join(image_digests(known)))
        assert not _knows_nothing_of(other_model, Table(name="mine", paths=paths))
        printed = capsys.readouterr().err
        assert "left out: the distilled row" in printed
        assert f"learnt from {len(known)} of these images" in printed
    (other_model / TRAINING_DIGESTS).write_text("")
    (other_model / TRAINING_HASHES).write_bytes(hash_files(paths[:1]).tobytes())
    Image.open(paths[0]).save(tmp_path / "copy.png")
    assert not _knows_nothing_of(other_model, Table(name="mine", paths=[tmp_path / "copy.png", *paths[1:]]))
    assert "learnt from 1 of these images" in capsys.readouterr().err


def test_extra_images_that_are_tested_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = save_photos(tmp_path / "photos", 4)
    tested = Table(name="tested", paths=paths[1:3])
    Image.open(paths[2]).save(tmp_path / "copy.png")
    extra = Table(name="web", paths=[*paths[:2], tmp_path / "copy.png", paths[3]])
    assert _without_copies(extra, tested, image_digests(tested.paths)).paths == [paths[0], paths[3]]
    assert "left out of web: 2 images that are tested" in capsys.readouterr().err
    assert len(_without_copies(extra, tested.take([]), [])) == 4
    assert not capsys.readouterr().err
