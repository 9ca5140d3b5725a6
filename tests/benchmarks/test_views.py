"""Views, with a teacher of three numbers that is made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emoir.errors import TrainingError
from emoir.images.decode import decode
from tests.pictures import save_photos
from weights.teachers import Teacher, teacher_embeddings
from weights.views import cached_views, random_boxes


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """The mean of each channel."""
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["floats", "axes"], ["embedding"], keepdims=0),
        ],
        "mean",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 32, 32, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])],
    )
    file = tmp_path / "teacher.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(file))
    return file


def test_a_teacher_against_numpy(teacher: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), dtype=np.uint8)
    means = pixels.mean(axis=(1, 2))
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    assert Teacher(teacher).length == 3
    np.testing.assert_allclose(Teacher(teacher).embed(pixels), expected, atol=1e-5)
    np.testing.assert_allclose(teacher_embeddings(pixels, [teacher, teacher]), np.hstack([expected] * 2), atol=1e-5)


def test_boxes_keep_to_their_bounds() -> None:
    boxes = np.array([box for seed in range(200) for box in random_boxes(2, [seed])[1:]])
    assert boxes.min() >= 0
    assert boxes.max() <= 1
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    assert 0.29 < areas.min() < 0.35
    assert 0.7 < areas.max() < 0.81
    assert random_boxes(2, [7]) == random_boxes(2, [7])


def test_every_view_lies_beside_what_the_teacher_saw(teacher: Path, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 70)
    views = cached_views(paths, [teacher], tmp_path / "views", crops=2, size=32, teacher_size=32)
    assert views.pixels.shape == (210, 32, 32, 3)
    whole = np.stack([decode(path, size=32).pixels for path in paths])
    np.testing.assert_array_equal(views.pixels[::3], whole)
    np.testing.assert_allclose(views.embeddings, Teacher(teacher).embed(np.asarray(views.pixels)), atol=1e-5)
    assert (abs(views.embeddings[1::3] - views.embeddings[::3]).max(axis=1) > 1e-4).mean() > 0.9


def test_a_stopped_call_goes_on(teacher: Path, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 130)
    made: list[int] = []

    def stop(done: int, total: int) -> None:
        made.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_views(paths, [teacher], tmp_path / "views", crops=0, size=32, teacher_size=32, threads=1, report=stop)
    views = cached_views(paths, [teacher], tmp_path / "views", crops=0, size=32, teacher_size=32, threads=1)
    np.testing.assert_allclose(views.embeddings, Teacher(teacher).embed(np.asarray(views.pixels)), atol=1e-5)
    assert made == [64]
    with pytest.raises(TrainingError, match="holds views of other images or settings"):
        cached_views(paths[1:], [teacher], tmp_path / "views", crops=0, size=32, teacher_size=32)


def test_a_second_call_leaves_the_list_of_images_to_its_readers(teacher: Path, tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 2)
    states = []
    for _ in range(2):
        cached_views(paths, [teacher], tmp_path / "views", crops=0, size=32, teacher_size=32)
        states.append((tmp_path / "views" / "views.txt").stat())
    assert states[0].st_ino == states[1].st_ino
    assert states[0].st_mtime_ns == states[1].st_mtime_ns
    assert sorted(file.name for file in (tmp_path / "views").iterdir()) == [
        "done.npy",
        "embeddings.npy",
        "pixels.npy",
        "views.txt",
    ]
