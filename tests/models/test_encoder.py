"""Encoders as strangers publish them: their own words on preprocessing, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emoir.errors import ModelError
from emoir.models.encoder import copy_encoder, find_encoder
from emoir.models.preprocessing import parse_preprocessor
from tests.models import toy
from tests.pictures import noise
from tests.training.test_train_heads import hub_folder

CLIP = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
# As published: docs/encoders.md names the repositories.
PUBLISHED: dict[str, tuple[dict[str, Any], tuple[int, str, int | None]]] = {
    "CLIP ViT-B/32": (
        {"crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True, "size": 224, **CLIP},
        (224, "crop", 224),
    ),
    "CLIP ViT-B/32, newer file": (
        {
            "crop_size": {"height": 224, "width": 224},
            "do_center_crop": True,
            "do_rescale": True,
            "rescale_factor": 0.00392156862745098,
            "size": {"shortest_edge": 224},
            **CLIP,
        },
        (224, "crop", 224),
    ),
    "SigLIP base": (
        {"do_rescale": True, "size": {"height": 224, "width": 224}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3},
        (224, "square", None),
    ),
    "Chinese-CLIP": (
        {"do_center_crop": False, "do_resize": True, "size": {"height": 224, "width": 224}, **CLIP},
        (224, "square", None),
    ),
    "Chinese-CLIP, older file": (
        {"do_center_crop": False, "do_resize": True, "size": 224, **CLIP},
        (224, "square", None),
    ),
    "DINOv2 small": (
        {
            "crop_size": {"height": 224, "width": 224},
            "do_center_crop": True,
            "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225],
            "size": {"shortest_edge": 256},
        },
        (224, "crop", 256),
    ),
    "not normalised": (
        {"crop_size": 256, "do_center_crop": True, "do_normalize": False, "size": {"shortest_edge": 256}},
        (256, "crop", 256),
    ),
    "ConvNeXt": ({"crop_pct": 0.875, "size": {"shortest_edge": 224}, **CLIP}, (224, "crop", 256)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_preprocessing(name: str) -> None:
    values, (size, resize, shorter) = PUBLISHED[name]
    found = parse_preprocessor(values)
    assert (found.size, found.resize, found.shorter_side) == (size, resize, shorter)
    white = found.tensor(np.full((1, size, size, 3), 255, np.uint8))[0, :, 0, 0]
    wanted = (1 - np.array(values["image_mean"])) / values["image_std"] if "image_mean" in values else np.ones(3)
    np.testing.assert_allclose(white, wanted, rtol=1e-6)


def test_timm_says_it_in_its_own_file(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path / "toy")
    (folder / "preprocessor_config.json").unlink()
    timm = {"input_size": [3, 16, 16], "crop_pct": 0.8, "mean": [0.5] * 3, "std": [0.25] * 3}
    (folder / "config.json").write_text(json.dumps({"pretrained_cfg": timm}))
    found = find_encoder(folder).preprocessing
    assert (found.size, found.resize, found.shorter_side, found.mean) == (16, "crop", 20, (0.5, 0.5, 0.5))


def test_scaling_that_is_not_by_255(tmp_path: Path) -> None:
    found = parse_preprocessor({"size": 16, "do_rescale": False, "image_mean": [127.0] * 3, "image_std": [128.0] * 3})
    values = found.tensor(np.full((1, 16, 16, 3), 255, np.uint8))
    np.testing.assert_allclose(values, 1, rtol=1e-5)


def test_one_file_is_an_encoder_too(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path / "toy")
    found = find_encoder(folder / "onnx")
    assert found.preprocessing == find_encoder(folder).preprocessing
    found = find_encoder(folder / "onnx" / "vision_model.onnx")
    assert (found.name, found.licence, found.output, found.length) == ("vision_model", "mit", "features", toy.FEATURES)
    assert found.preprocessing == find_encoder(folder).preprocessing


def test_logits_stand_behind_the_embedding(tmp_path: Path) -> None:
    made = toy.encoder()
    made.graph.node.append(helper.make_node("MatMul", ["features", "to_classes"], ["logits"]))
    matrix = np.random.default_rng(2).normal(size=(toy.FEATURES, 1000)).astype(np.float32)
    made.graph.initializer.append(onnx.numpy_helper.from_array(matrix, "to_classes"))
    made.graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 1000]))
    found = find_encoder(hub_folder(tmp_path / "toy", made))
    assert (found.output, found.logits) == ("features", "logits")
    copied = copy_encoder(found, tmp_path / "encoder.onnx")
    import onnxruntime

    session = onnxruntime.InferenceSession(tmp_path / "encoder.onnx", providers=["CPUExecutionProvider"])
    pixels = found.preprocessing.tensor(noise(toy.SIZE, 1)[None])
    embedding, logits, both = session.run(["features", "logits", copied.features], {"pixel_values": pixels})
    np.testing.assert_array_equal(both, np.hstack([embedding, logits]))
    np.testing.assert_allclose(embedding @ matrix, logits, rtol=1e-4, atol=1e-5)


def test_what_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file or folder"):
        find_encoder(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"holds none of onnx/vision_model\.onnx"):
        find_encoder(tmp_path)
    folder = hub_folder(tmp_path / "a")
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ModelError, match=r"no preprocessor_config\.json in .*/a/onnx or .*/a: it says"):
        find_encoder(folder)
    for wrong, cause in {
        "{}": "does not state 'size', so pixels cannot be prepared",
        '{"size": 16}': "does not state 'image_mean', so pixels cannot be prepared",
        '{"size": {"longest_edge": 9}}': "is no square of 8 pixels a side or more",
        '{"size": 3, "do_normalize": false}': "size 3 is no square of 8 pixels a side or more",
        '{"size": {"height": 16, "width": 24}}': r"\{'height': 16, 'width': 24\} is no square",
        '{"size": 16, "image_mean": [0.5], "image_std": [0.5]}': "three numbers each are needed",
        '{"size": 16, "image_mean": [0, 0, 0], "image_std": [1, 0, 1]}': "the latter above 0",
    }.items():
        (folder / "preprocessor_config.json").write_text(wrong)
        with pytest.raises(ModelError, match=cause):
            find_encoder(folder)
    (folder / "preprocessor_config.json").write_text('{"size": 32, "do_normalize": false}')
    with pytest.raises(ModelError, match=r"takes 16 pixels a side, preprocessor_config\.json says 32"):
        find_encoder(folder)
    two = toy.encoder()
    two.graph.input.append(helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", 77]))
    with pytest.raises(ModelError, match="takes pixel_values, input_ids; an encoder takes pixels alone"):
        find_encoder(hub_folder(tmp_path / "b", two))
    half = toy.encoder()
    half.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    with pytest.raises(ModelError, match=r"float32 or uint8 pixels are needed|cannot be used as an encoder"):
        find_encoder(hub_folder(tmp_path / "c", half))
    with pytest.raises(ModelError, match="is a model already: use it with --model"):
        find_encoder(toy.toy_model(tmp_path / "model"))
    named = hub_folder(tmp_path / "d") / "onnx" / "vision_model.onnx"
    named.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(ModelError, match=r"stands for a file that was not fetched: run git lfs pull"):
        find_encoder(tmp_path / "d")
    named.rename(named.with_name("vision_model_quantized.onnx"))
    with pytest.raises(ModelError, match=r"name the ONNX file itself, such as .*/onnx/vision_model_quantized\.onnx"):
        find_encoder(tmp_path / "d")


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("license: mit # by its authors", "mit"),
        ("license: other\nlicense_name: apple-amlr\nlicense_link: LICENSE", "apple-amlr"),
        ("license:\n- mit\n- 'apache-2.0'\ntags:\n- x", "mit, apache-2.0"),
        ('license: ["mit", cc0-1.0]', "mit, cc0-1.0"),
        ("license:\ntags: [x]", "not stated"),
        ("license: a\tlicence\u00a0of\u200b ours", "a\\tlicence of\\u200b ours"),
    ],
)
def test_the_licence_is_what_the_readme_states(head: str, licence: str, tmp_path: Path) -> None:
    folder = hub_folder(tmp_path / "toy")
    for end in ("\n", "\r\n"):
        (folder / "README.md").write_bytes(f"---\n{head}\n---\nlicense: none".replace("\n", end).encode())
        assert find_encoder(folder).licence == licence
