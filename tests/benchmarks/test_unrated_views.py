"""From a git repository of pictures to views, to the teachers' embeddings, to a network that learns from them."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image

from emoir.errors import TrainingError
from emoir.experiment.rows import FOLLOWING_ROWS, ROWS
from emoir.experiment.variants import SIZE, ExperimentProtocol, build_network, load_start
from emoir.networks import Network
from emoir.training.config import TrainingConfig
from emoir.training.state import TrainingState, seeded
from tests.pictures import noise
from weights import distil, distillation, embed_views, label_free, pictures, sharing, unrated
from weights.embed_views import Embeddings, embed
from weights.sources import Source
from weights.teachers import Teacher
from weights.unrated import HELD_OUT, ViewPass

COUNT, SIDE = 260, 144
# In place of 2560: principal axes are found in a blink.
LENGTH = 48


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed_views, "LENGTH", LENGTH)


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pixels of 260 pictures of noise, taken from one list, as the source ``web``."""
    folder = tmp_path_factory.mktemp("data")
    rows = ((f"{seed:040x}", f"{seed}.jpg", jpeg(noise(160, seed))) for seed in range(COUNT))
    taken = pictures.take(
        rows, folder / "web", side=SIDE, most=None, rated=np.empty((0, 4), np.uint64), known=set[str]()
    )
    assert taken == COUNT
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    """A teacher that sees 8 x 8 pixels and says 48 fixed mixtures of them."""
    file = tmp_path_factory.mktemp("teacher") / "teacher.onnx"
    mixture = np.random.default_rng(0).normal(size=(8 * 8 * 3, LENGTH)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["numbers"], ["flat"]),
        helper.make_node("MatMul", ["flat", "mixture"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "teacher",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", LENGTH])],
        [onnx.numpy_helper.from_array(mixture, "mixture")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(file))
    return Teacher(file)


def test_pictures_come_out_of_the_history_of_a_repository(tmp_path: Path) -> None:
    repository = tmp_path / "someone+pictures" / "repo"
    repository.mkdir(parents=True)
    git(repository, "init", "-q")
    (repository / "images").mkdir()
    (repository / "images" / "gone.jpg").write_bytes(jpeg(noise(160, 1)))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    (repository / "images" / "gone.jpg").unlink()
    contents = {"kept.jpg": noise(160, 2), "again.png.jpg": noise(160, 2)[:, :159], "rated.jpg": noise(160, 3)}
    for name, pixels in contents.items():
        (repository / "images" / name).write_bytes(jpeg(pixels))
    (repository / "images" / "small.jpg").write_bytes(jpeg(noise(40, 4)))
    (repository / "images" / "broken.jpg").write_bytes(b"no picture")
    (repository / "elsewhere.jpg").write_bytes(jpeg(noise(160, 5)))
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "two")
    rated = np.array([pictures.wide_hash(np.ascontiguousarray(noise(64, 3)))])
    source = Source(repository="someone/pictures", folders=("images/",))
    found = list(pictures.from_repository(source, tmp_path))
    assert {path for _, path, _ in found} == {"images/gone.jpg", "images/small.jpg", "images/broken.jpg"} | {
        f"images/{name}" for name in contents
    }
    taken = pictures.take(found, tmp_path / "out", side=32, most=None, rated=rated, known=set[str]())
    table = (tmp_path / "out.csv").read_text()
    assert "gone.jpg" in table
    assert not any(name in table for name in ("rated", "small", "broken", "elsewhere"))
    assert (tmp_path / "out.pixels").stat().st_size == taken * 32 * 32 * 3


def test_a_pass_is_the_same_every_time_and_never_shows_what_is_held_out(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unrated, "HELD_OUT_EVERY", 10)
    first, second, held_out = (ViewPass(data, tmp_path, name) for name in ("0", "1", HELD_OUT))
    again = ViewPass(data, tmp_path, "0")
    assert [first.view(number) for number in range(len(first))] == [again.view(number) for number in range(len(first))]
    assert first.view(0) != second.view(0)
    # The source is shown twice in a pass.
    learnt = {row for _, row in first.rows}
    assert len(first) == 2 * len(learnt) == len(second)
    assert 10 < len(held_out) < 50
    assert learnt.isdisjoint(row for _, row in held_out.rows)
    assert len(learnt) + len(held_out) == COUNT


def test_a_pass_refuses_other_pictures_than_it_was_begun_with(data: Path, tmp_path: Path) -> None:
    ViewPass(data, tmp_path / "passes", "0")
    manifest = tmp_path / "passes" / "0" / "sources.json"
    manifest.write_text(json.dumps({"web": COUNT + 1}))
    with pytest.raises(TrainingError, match="begun with other pictures of web"):
        len(ViewPass(data, tmp_path / "passes", "0"))


def test_views_are_cut_from_their_box(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unrated, "draw_box", lambda generator: (0.5, 0.0, 1.0, 0.5))
    views = ViewPass(data, tmp_path, "0")
    source, row = views.rows[3]
    quarter = views.pictures[source].pixels[row][:72, 72:]
    assert np.array_equal(views.pixels(np.array([3]), 72)[0], quarter)


def test_embedding_goes_on_where_it_was_killed(data: Path, tmp_path: Path, teacher: Teacher) -> None:
    views = ViewPass(data, tmp_path, "0")
    embed(views, [teacher], 128)
    kept = Embeddings(views.folder)
    assert len(kept) == 128
    whole = kept.rows(0, 128)
    # A kill in the middle of a row.
    with kept.file.open("r+b") as stream:
        stream.truncate(100 * 2 * LENGTH + 77)
    assert len(kept) == 100
    embed(views, [teacher], 128)
    assert np.array_equal(kept.rows(0, 128), whole)
    numbers = np.arange(5)
    expected = teacher.embed(views.pixels(numbers, 8))
    np.testing.assert_allclose(kept.rows(0, 5), expected, atol=1e-3)


def test_embeddings_of_other_teachers_are_refused(data: Path, tmp_path: Path, teacher: Teacher) -> None:
    with pytest.raises(TrainingError, match="96 numbers together"):
        embed(ViewPass(data, tmp_path, "0"), [teacher, teacher], 64)


def test_a_stopped_run_learns_the_same(
    data: Path, tmp_path: Path, teacher: Teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(unrated, "HELD_OUT_EVERY", 10)
    for name, value in {"SEGMENT": 96, "BATCH": 32, "MEASURED": 32, "DIMENSIONS": 16}.items():
        monkeypatch.setattr(distil, name, value)
    for name, value in {"WARM_UP": 2, "DIMENSIONS": 16}.items():
        monkeypatch.setattr(distillation, name, value)
    for name, most in (("0", 192), (HELD_OUT, 32)):
        embed(ViewPass(data, tmp_path / "passes", name), [teacher], most)
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    whole = distillation.Distillation(tmp_path / "whole", 8, 32)
    distil.distil(data, tmp_path / "passes", whole, 3)
    distil.distil(data, tmp_path / "passes", distillation.Distillation(tmp_path / "stopped", 8, 32), 2)
    # The kill came after the log of the third segment and before its checkpoint.
    with (tmp_path / "stopped" / "log.jsonl").open("a") as log:
        log.write(json.dumps({"views": 288, "known": 0.0}) + "\n")
    resumed = distillation.Distillation(tmp_path / "stopped", 8, 32)
    resumed.restore("checkpoint.pt")
    assert (resumed.shown, resumed.step) == ([0, 1], 6)
    distil.distil(data, tmp_path / "passes", resumed, 3)
    for key, value in whole.averaged().state_dict().items():
        assert torch.equal(value, resumed.averaged().state_dict()[key]), key
    logs = [(tmp_path / name / "log.jsonl").read_text().splitlines() for name in ("whole", "stopped")]
    figures = [[(line["views"], line["known"], line["new"]) for line in map(json.loads, log)] for log in logs]
    assert figures[0] == figures[1]
    assert [views for views, _, _ in figures[0]] == [96, 192, 288]


def test_two_processes_learn_one_network(
    data: Path, tmp_path: Path, teacher: Teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unrated, "HELD_OUT_EVERY", 10)
    for name, most in (("0", 192), (HELD_OUT, 2)):
        embed(ViewPass(data, tmp_path / "passes", name), [teacher], most)
    (tmp_path / "run").mkdir()
    sharing.run_shared(2, learn_shared, data, tmp_path / "passes", tmp_path / "run")
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["views"] for line in lines] == [96, 192]
    first, second = (torch.load(tmp_path / f"{number}.pt", weights_only=True) for number in range(2))
    for key, value in first.items():
        assert torch.equal(value, second[key]), key
    kept = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert all(torch.equal(value, first[key]) for key, value in kept["network"].items())
    assert kept["step"] == 6


def learn_shared(data: Path, passes: Path, run: Path) -> None:
    """Learn two small segments, and leave the weights of this process."""
    for name, value in {"SEGMENT": 96, "BATCH": 32, "MEASURED": 2, "DIMENSIONS": 16}.items():
        setattr(distil, name, value)
    distillation.WARM_UP, distillation.DIMENSIONS = 2, 16
    embed_views.LENGTH, unrated.HELD_OUT_EVERY = LENGTH, 10
    distilled = distillation.Distillation(run, 8, 32)
    distil.distil(data, passes, distilled, 2)
    torch.save(distilled.network.state_dict(), run.parent / f"{sharing.number()}.pt")


def test_label_free_pre_training_goes_on_and_a_row_begins_with_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    for name, value in {"BATCH": 100, "SAVED_EVERY": 2, "STANDARDISED_BY": 1}.items():
        monkeypatch.setattr(label_free, name, value)
    photographs = label_free.Photographs(data, tmp_path / "passes")
    whole, other = photographs.batch(1), photographs.batch(4)
    assert whole.shape == (100, 3, 144, 144)
    again = label_free.Photographs(data, tmp_path / "passes")
    assert torch.equal(again.batch(1), whole)
    assert torch.equal(again.batch(4), other), "two batches of the third pass are left out"
    monkeypatch.setattr(label_free, "BATCH", 4)
    monkeypatch.setattr(label_free, "begin", small_start)

    def pretrain(folder: str, stop_at: int = -1) -> Path:
        class Stopped(label_free.Photographs):
            def batch(self, step: int) -> torch.Tensor:
                if step == stop_at:
                    raise KeyboardInterrupt
                return super().batch(step)

        shown = Stopped(data, tmp_path / "passes")
        label_free.pretrain("D", shown, tmp_path / folder, "cpu", 4)
        return tmp_path / folder / "D"

    end = pretrain("once")
    with pytest.raises(KeyboardInterrupt):
        pretrain("cut", stop_at=3)
    assert len((pretrain("cut") / "log.jsonl").read_text().splitlines()) == 2
    _, weights = load_start(end)
    gone_on = load_start(tmp_path / "cut" / "D")[1]
    assert gone_on.keys() == weights.keys()
    assert [name for name in weights if not torch.equal(gone_on[name], weights[name])] == []
    row = next(row for row in FOLLOWING_ROWS if row.letter == "D′")
    network = build_network(row.variant, TINY, {"mood": 3}, end, 192)
    assert torch.equal(network.state_dict()["fusion.1.weight"], weights["fusion.1.weight"])
    assert network.config.statistics == 192
    assert "weak.mood.weight" in network.state_dict()


TINY = ExperimentProtocol(width=8, blocks=(1, 1))


def small_start(letter: str, device: str, steps: int) -> TrainingState[Network]:
    config = TrainingConfig(epochs=2, batch=4, learning_rate=1e-3)
    with seeded(0):
        network = build_network(ROWS[3].variant, TINY, label_free.HEADS)
    return TrainingState(network, config, 8)


def test_what_is_masked_is_told_from_the_planes_inside() -> None:
    images = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    mask = label_free.draw_mask(2, torch.Generator().manual_seed(1))
    found = label_free.masked_statistics(images, mask)
    assert found.shape == (2, label_free.HEADS["masked"])
    inside = images[1][:, mask[1, 0] > 0]
    np.testing.assert_allclose(found[1, :3], inside.mean(dim=1), rtol=1e-5)
    np.testing.assert_allclose(found[1, 17:20], inside.std(dim=1, correction=0), rtol=1e-4)
