from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import ABSENT_CLASS, LabelledImages, Table
from emoir.errors import DatasetError
from emoir.images.decode import decode
from tests.pictures import save_photos


def table(folder: Path) -> Table:
    return Table(
        name="t",
        paths=save_photos(folder, 5),
        distributions={"shares": np.array([[0.25, 0.75]] * 4 + [[np.nan, np.nan]])},
        classes={"mood": np.array([1, ABSENT_CLASS, 0, 1, 0])},
        class_names={"mood": ("a", "b"), "shares": ("a", "b")},
        valence=np.array([0.5, 0.5, np.nan, 1, 0]),
        arousal=np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
    )


def test_only_labelled_rows(tmp_path: Path) -> None:
    data = table(tmp_path)
    moods = LabelledImages(data, size=16)
    assert (moods.target, len(moods)) == ("mood", 4)
    assert [int(label) for _, label in moods] == [1, 0, 1, 0]
    np.testing.assert_array_equal(moods[1][0], decode(data.paths[2], size=16).pixels)
    assert moods[-1][1] == 0
    assert len(moods[1:3]) == 2
    with pytest.raises(IndexError):
        moods[4]
    shares = LabelledImages(data, "shares", size=16)
    assert (len(shares), shares[0][1].tolist()) == (4, [0.25, 0.75])
    points = LabelledImages(data, "valence_arousal", size=16, transform=lambda pixels: pixels.mean())
    assert len(points) == 4
    assert points[2][1].tolist() == pytest.approx([1.0, 0.4])
    assert isinstance(points[0][0], float)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no label 'moods'; it has mood, shares, valence_arousal"):
        LabelledImages(table(tmp_path), "moods")
    empty = Table(name="t", paths=[Path("a")], classes={"mood": np.array([ABSENT_CLASS])}, class_names={"mood": ("a",)})
    with pytest.raises(DatasetError, match="no image has a label of mood"):
        LabelledImages(empty)


def test_a_torch_loader_takes_it(tmp_path: Path) -> None:
    data = pytest.importorskip("torch.utils.data")
    view = LabelledImages(table(tmp_path), size=16)
    pixels, labels = next(iter(data.DataLoader(view, batch_size=4)))
    assert (tuple(pixels.shape), str(pixels.dtype)) == ((4, 16, 16, 3), "torch.uint8")
    assert labels.tolist() == [1, 0, 1, 0]
