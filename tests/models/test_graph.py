"""Models from strangers: what they say is checked when they are loaded, and at every answer."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from emoir import Model
from emoir.errors import ModelError
from emoir.extract import LocalExtractor
from emoir.models import graph as graphs
from emoir.models.onnx_file import check_self_contained
from tests.models import toy
from tests.pictures import noise, save_photos


def test_a_toy_encoder_is_one_card(tmp_path: Path) -> None:
    model = Model(toy.toy_model(tmp_path / "toy"))
    reading = model.read(noise(50, 0))
    assert reading.embedding.shape == (17,)
    assert tuple(reading.distributions["mood"]) == toy.CLASSES
    # By hand: means of the normalised planes, through both matrices.
    weights = {
        tensor.name: numpy_helper.to_array(tensor)
        for made in (toy.encoder(), toy.heads())
        for tensor in made.graph.initializer
    }
    pixels = model.load(noise(50, 0)).pixels
    planes = (pixels / 255 - [0.48, 0.46, 0.41]) / [0.27, 0.26, 0.28]
    features = planes.mean(axis=(0, 1)) @ weights["mix"]
    point = 1 / (1 + np.exp(-features @ weights["to_point"]))
    assert [reading.valence, reading.arousal] == pytest.approx(point, abs=1e-5)
    raw = features @ weights["to_embedding"] + 1
    np.testing.assert_allclose(reading.embedding, raw / np.linalg.norm(raw), atol=1e-5)


def test_a_graph_with_a_fixed_batch_reads_image_by_image(tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    free = Model(folder)
    pixels = np.stack([noise(toy.SIZE, seed) for seed in range(5)])
    expected = free.read_pixels(pixels)
    made = onnx.load(folder / "encoder.onnx")
    for port in (*made.graph.input, *made.graph.output):
        port.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(made, folder / "encoder.onnx")
    np.testing.assert_allclose(Model(folder).read_pixels(pixels).embeddings, expected.embeddings, atol=1e-6)


def test_cropping_takes_the_middle(tmp_path: Path) -> None:
    picture = np.zeros((40, 120, 3), np.uint8)
    picture[:, 40:80] = 200
    folder = toy.toy_model(tmp_path / "toy", lambda card: card["preprocessing"].update(resize="crop", shorter_side=20))
    prepared = Model(folder).load(picture)
    assert prepared.pixels.shape == (16, 16, 3)
    assert (prepared.pixels > 190).all()
    # What is measured is the whole picture.
    assert prepared.measured.shape == (128, 128, 3)
    assert (prepared.measured == 0).mean() > 0.6


def test_palettes_do_not_depend_on_the_encoder(model: Model, tmp_path: Path) -> None:
    other = Model(toy.toy_model(tmp_path / "toy"))
    [path] = save_photos(tmp_path, 1)
    np.testing.assert_array_equal(model.load(path).measured, other.load(path).measured)
    np.testing.assert_array_equal(model.load(path).measured, model.load(path).pixels)


@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ({"mood": np.array([[-0.2, 0.7, 0.5]])}, "mood of an image is -0.2, outside 0 to 1"),
        ({"mood": np.array([[0.2, 0.2, 0.2]])}, "mood: probabilities of an image sum to 0.6, not 1"),
        ({"mood": np.array([[2.0, 0.0, 0.0]])}, "mood of an image is 2, outside 0 to 1"),
        ({"mood": np.array([[np.nan, 0.5, 0.5]])}, "mood is not a finite number"),
        ({"valence_arousal": np.array([[1.5, 0.5]])}, "valence_arousal of an image is 1.5"),
        ({"valence_arousal": np.array([[-np.inf, 0.5]])}, "valence_arousal is not a finite number"),
        ({"embedding": np.full((1, 17), np.nan)}, "embedding is not a finite number"),
        ({"embedding": np.zeros((1, 17))}, "embedding of an image has length 0, not 1"),
        ({"embedding": np.eye(1, 16)}, r"embedding is \('n', 16\); the card says \('n', 17\)"),
        ({"mood": np.array([[0.5, 0.5]])}, r"mood is \('n', 2\); the card says \('n', 3\)"),
    ],
)
def test_impossible_answers_are_the_models_fault(
    answers: dict[str, NDArray[np.float64]], cause: str, tmp_path: Path
) -> None:
    folder = toy.constant_model(tmp_path / "toy", **answers)
    with pytest.raises(ModelError, match=cause):
        Model(folder)
    [path] = save_photos(tmp_path, 1)
    with LocalExtractor(folder, workers=1) as extractor, pytest.raises(ModelError, match=cause):
        list(extractor.extract([os.fsencode(path)]))


def test_an_answer_that_is_impossible_for_one_picture_ends_the_run(tmp_path: Path) -> None:
    """Grey reads well; a white picture gives a logarithm of nothing."""
    folder = toy.constant_model(tmp_path / "toy")
    made = onnx.load(folder / "model.onnx")
    position = next(at for at, node in enumerate(made.graph.node) if node.output[0] == "nothing")
    made.graph.node.remove(made.graph.node[position])
    nodes = [
        helper.make_node("Sub", ["white", "mean"], ["room"]),
        helper.make_node("Log", ["room"], ["logarithm"]),
        helper.make_node("Mul", ["logarithm", "zero"], ["nothing"]),
    ]
    for offset, node in enumerate(nodes):
        made.graph.node.insert(position + offset, node)
    made.graph.initializer.append(numpy_helper.from_array(np.array(255, np.float32), "white"))
    onnx.save(made, folder / "model.onnx")
    model = Model(folder)
    with pytest.raises(ModelError, match="not a finite number"):
        model.read(np.full((30, 30, 3), 255, np.uint8))


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"input": "images"}, r"takes pixel_values; the card names images"),
        ({"output": "pooled"}, r"gives features; the card needs pooled"),
        ({"length": 25}, r"features is \('n', 24\); the card says \('n', 25\)"),
        ({"file": "heads.onnx"}, "files of their own"),
        ({"file": "missing.onnx"}, "missing.onnx cannot be read"),
    ],
)
def test_graph_and_card_must_agree(change: dict[str, object], cause: str, tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy", lambda card: card["encoder"].update(change))
    with pytest.raises(ModelError, match=cause):
        Model(folder)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"size": 17}, r"pixel_values is \('n', 3, 16, 16\); the card says \('n', 3, 17, 17\)"),
        ({"layout": "NHWC"}, r"the card says \('n', 16, 16, 3\)"),
        (
            {"type": "uint8", "mean": [0, 0, 0], "deviation": [1, 1, 1]},
            r"the card says tensor\(uint8\)",
        ),
    ],
)
def test_graph_and_preprocessing_must_agree(change: dict[str, object], cause: str, tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy", lambda card: card["preprocessing"].update(change))
    with pytest.raises(ModelError, match=cause):
        Model(folder)


def external(where: str) -> onnx.ModelProto:
    """A model one of whose tensors lies in secret.bin: as a weight, in a node, below a condition, or in a function."""
    tensor = TensorProto(name="mix", data_type=TensorProto.FLOAT, dims=[3, toy.FEATURES])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret.bin")
    made = toy.encoder()
    if where == "weight":
        del made.graph.initializer[1]
        made.graph.initializer.append(tensor)
        return made
    constant = helper.make_node("Constant", [], ["unused"], value=tensor)
    if where == "node":
        made.graph.node.append(constant)
    elif where == "branch":
        branch = helper.make_graph([constant], "branch", [], [])
        made.graph.node.append(helper.make_node("If", ["axes"], ["x"], then_branch=branch, else_branch=branch))
    else:
        made.functions.append(helper.make_function("d", "f", [], ["unused"], [constant], []))
    return made


@pytest.mark.parametrize("where", ["weight", "node", "branch", "function"])
def test_a_model_is_one_file(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    secret = np.random.default_rng(0).normal(size=(3, toy.FEATURES)).astype(np.float32).tobytes()
    # The runtime would look in the working directory.
    for place in (folder, tmp_path):
        (place / "secret.bin").write_bytes(secret)
    monkeypatch.chdir(tmp_path)
    (folder / "encoder.onnx").write_bytes(external(where).SerializeToString())
    with pytest.raises(ModelError, match="keeps numbers in another file"):
        Model(folder)


def test_a_location_without_a_file_is_refused_too() -> None:
    tensor = TensorProto(name="x", data_location=TensorProto.EXTERNAL)
    made = onnx.ModelProto(graph=onnx.GraphProto(initializer=[tensor]))
    with pytest.raises(ModelError, match="another file"):
        check_self_contained(made.SerializeToString(), "x.onnx")


@pytest.mark.parametrize(
    "content", [b"", bytes(100), b"\xff" * 100, b"a letter", b"\x3a\xff\xff\xff\x7f", b"xxxxORTMxxxx"]
)
def test_what_is_no_onnx_file(content: bytes, tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    (folder / "encoder.onnx").write_bytes(content)
    with pytest.raises(ModelError):
        Model(folder)


def test_every_shortened_graph_is_refused(tmp_path: Path) -> None:
    content = toy.encoder().SerializeToString()
    folder = toy.toy_model(tmp_path / "toy")
    for length in range(0, len(content), 7):
        (folder / "encoder.onnx").write_bytes(content[:length])
        with pytest.raises(ModelError):
            Model(folder)


def endless(folder: Path) -> Path:
    """A model that goes round and round."""
    toy.constant_model(folder)
    made = onnx.load(folder / "model.onnx")
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_in"], ["go_out"]), helper.make_node("Cos", ["x_in"], ["x_out"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_in", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x_in", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x_out", TensorProto.FLOAT, None),
        ],
    )
    position = next(at for at, node in enumerate(made.graph.node) if node.output[0] == "nothing")
    made.graph.node[position].input[0] = "turned"
    made.graph.node.insert(position, helper.make_node("Loop", ["", "go", "mean"], ["turned"], body=body))
    made.graph.initializer.append(numpy_helper.from_array(np.array(True), "go"))
    onnx.save(made, folder / "model.onnx")
    return folder


def test_a_model_that_computes_for_ever_while_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "SECONDS_TO_LOAD", 0.1)
    folder = toy.constant_model(tmp_path / "toy")
    made = onnx.load(folder / "model.onnx")
    # A product of large constants, again and again: the runtime works it out beforehand.
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["product_0"])]
    nodes += [helper.make_node("MatMul", [f"product_{n}"] * 2, [f"product_{n + 1}"]) for n in range(10)]
    nodes.append(helper.make_node("Identity", ["product_10"], ["product"]))
    made.graph.node.extend(nodes)
    made.graph.output.append(helper.make_tensor_value_info("product", TensorProto.FLOAT, [1500, 1500]))
    made.graph.initializer.append(numpy_helper.from_array(np.array([1500, 1500]), "shape"))
    onnx.save(made, folder / "model.onnx")
    with pytest.raises(ModelError, match=r"computed for more than 0\.1 seconds while it was loaded"):
        Model(folder)


@pytest.mark.parametrize("times", [1, 10])
def test_functions_that_stand_for_more_nodes_than_there_may_be(times: int) -> None:
    made = toy.encoder()
    made.opset_import.append(helper.make_opsetid("own", 1))
    for number in range(6):
        # Ten calls of the next, five deep, are a hundred thousand nodes; where it is one, the last calls itself.
        called = f"F{min(number + 1, 5)}"
        steps = [helper.make_node(called, [f"x{n}"], [f"x{n + 1}"], domain="own") for n in range(times)]
        imports = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
        if number == 5 and times > 1:
            steps = [helper.make_node("Cos", ["x0"], [f"x{times}"])]
        made.functions.append(helper.make_function("own", f"F{number}", ["x0"], [f"x{times}"], steps, imports))
    made.graph.node.append(helper.make_node("F1", ["features"], ["more"], domain="own"))
    if times > 1:
        check_self_contained(made.SerializeToString(), "x")
    made.graph.node[-1].op_type = "F0"
    with pytest.raises(ModelError, match="stands for more than 100,000 nodes, or calls itself"):
        check_self_contained(made.SerializeToString(), "x")


def test_a_model_that_asks_for_more_memory_than_there_is(tmp_path: Path) -> None:
    folder = toy.constant_model(tmp_path / "toy")
    made = onnx.load(folder / "model.onnx")
    position = next(at for at, node in enumerate(made.graph.node) if node.output[0] == "nothing")
    made.graph.node[position].input[0] = "most"
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["much"])]
    nodes.append(helper.make_node("ReduceMax", ["much"], ["greatest"], keepdims=0))
    nodes.append(helper.make_node("Max", ["greatest", "mean"], ["most"]))
    for offset, node in enumerate(nodes):
        made.graph.node.insert(position + offset, node)
    made.graph.initializer.append(numpy_helper.from_array(np.array([2**40, 16]), "shape"))
    onnx.save(made, folder / "model.onnx")
    with pytest.raises(ModelError, match="needs more memory for one picture than there is"):
        Model(folder)


def test_an_endless_model_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "SECONDS_PER_IMAGE", 0.5)
    before = threading.active_count()
    with pytest.raises(ModelError, match=r"computed for more than 0\.5 seconds and was stopped"):
        Model(endless(tmp_path / "endless"))
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("name", ["card.json", "encoder.onnx", "heads.onnx"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_parts_that_are_no_files(name: str, kind: str, tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    with pytest.raises(ModelError, match=f"{name} cannot be read"):
        Model(folder)


def test_a_folder_of_format_1_reads_as_it_did(tmp_path: Path) -> None:
    model = Model("emoir-0.4")
    folder = shutil.copytree(model.folder, tmp_path / "format_1")
    shutil.copy(Path(__file__).parent / "format_1" / "card.json", folder)
    (folder / "training_digests.txt").rename(folder / "learnt_from.txt")
    old = Model(folder)
    assert old.id == "emoir-0.4-e923bac6981e"
    assert old.id in model.card.earlier_ids
    assert old.training_digests() == model.training_digests()
    for content in (b"\xff\xfe\0\1", b"0123456789abcdef\nimage.jpg\n"):
        (folder / "learnt_from.txt").write_bytes(content)
        with pytest.raises(ModelError, match="is no digest, so no metric can be trusted"):
            old.training_digests()
    pixels = noise(100, 3)
    np.testing.assert_array_equal(old.read(pixels).embedding, model.read(pixels).embedding)
