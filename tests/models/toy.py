"""Toy models, built node by node: an encoder of a stranger and heads of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, save_model

CLASSES = ("glad", "sad", "bored")
SIZE, FEATURES, EMBEDDING = 16, 24, 17


def graph(
    nodes: Sequence[NodeProto],
    weights: dict[str, NDArray[Any]],
    *,
    inputs: dict[str, tuple[int, Sequence[Any]]],
    outputs: dict[str, Sequence[Any]],
) -> ModelProto:
    """A model of one graph; inputs are (type, shape), outputs float of a shape."""
    made = helper.make_graph(
        list(nodes),
        "toy",
        [helper.make_tensor_value_info(name, type, shape) for name, (type, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def encoder(mix: NDArray[Any] | None = None, side: int | str = SIZE) -> ModelProto:
    """(n, 3, 16, 16) float to (n, 24): the means of three planes, mixed by (3, 24) numbers, else by random ones."""
    mix = np.random.default_rng(0).normal(size=(3, FEATURES)) if mix is None else mix
    return graph(
        [
            helper.make_node("ReduceMean", ["pixel_values", "axes"], ["means"], keepdims=0),
            helper.make_node("MatMul", ["means", "mix"], ["features"]),
        ],
        {"axes": np.array([2, 3]), "mix": mix.astype(np.float32)},
        inputs={"pixel_values": (TensorProto.FLOAT, ["n", 3, side, side])},
        outputs={"features": ["n", FEATURES]},
    )


def heads() -> ModelProto:
    """(n, 24) to a 17-number embedding of unit length, valence and arousal, and three classes."""
    random = np.random.default_rng(1)
    weights = {
        "to_embedding": random.normal(size=(FEATURES, EMBEDDING)).astype(np.float32),
        "bias": np.ones(EMBEDDING, np.float32),
        "to_point": random.normal(size=(FEATURES, 2)).astype(np.float32),
        "to_mood": random.normal(size=(FEATURES, len(CLASSES))).astype(np.float32),
    }
    nodes = [
        helper.make_node("Gemm", ["features", "to_embedding", "bias"], ["raw"]),
        helper.make_node("LpNormalization", ["raw"], ["embedding"], axis=1, p=2),
        helper.make_node("MatMul", ["features", "to_point"], ["point"]),
        helper.make_node("Sigmoid", ["point"], ["valence_arousal"]),
        helper.make_node("MatMul", ["features", "to_mood"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["mood"], axis=1),
    ]
    return graph(
        nodes,
        weights,
        inputs={"features": (TensorProto.FLOAT, ["n", FEATURES])},
        outputs={"embedding": ["n", EMBEDDING], "valence_arousal": ["n", 2], "mood": ["n", len(CLASSES)]},
    )


# Pictures are their mean red, green and blue, and so are words; other words are no colour in particular.
COLOURS = np.eye(3, FEATURES)
WORDS = {
    "[PAD]": np.full(FEATURES, 9.0),
    "[UNK]": 0.1 * COLOURS.sum(axis=0),
    **dict(zip(("red", "green", "blue"), COLOURS, strict=True)),
    "红色": COLOURS[0],
}
CONTEXT = 6


def text_tower(context: int | str = "t", length: int = FEATURES) -> ModelProto:
    """(n, t) tokens to (n, 24): the sum of the words' colours, without what is masked."""
    table = np.stack(list(WORDS.values()))[:, :length]
    return graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["words"]),
            helper.make_node("Cast", ["attention_mask"], ["there"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["there", "last"], ["column"]),
            helper.make_node("Mul", ["words", "column"], ["counted"]),
            helper.make_node("ReduceSum", ["counted", "middle"], ["text_embeds"], keepdims=0),
        ],
        {"table": table.astype(np.float32), "last": np.array([2]), "middle": np.array([1])},
        inputs={name: (TensorProto.INT64, ["n", context]) for name in ("input_ids", "attention_mask")},
        outputs={"text_embeds": ["n", length]},
    )


def write_tokenizer(folder: Path) -> None:
    """A tokenizer of these words, as one is published."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]")
    made = Tokenizer(words)
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    stated = {"model_max_length": CONTEXT, "pad_token": {"content": "[PAD]"}, "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(stated))


def card() -> dict[str, Any]:
    """The one card that makes a model of the two."""
    return {
        "format": 2,
        "name": "toy",
        "preprocessing": {
            "size": SIZE,
            "layout": "NCHW",
            "type": "float32",
            "mean": [0.48, 0.46, 0.41],
            "deviation": [0.27, 0.26, 0.28],
        },
        "encoder": {
            "file": "encoder.onnx",
            "input": "pixel_values",
            "output": "features",
            "length": FEATURES,
            "licence": "MIT",
        },
        "heads": {"file": "heads.onnx", "input": "features", "licence": "CC0"},
        "embedding_length": EMBEDDING,
        "class_names": {"mood": list(CLASSES)},
        "confidence": {"space": "mood", "knots": [0.3, 1.0], "values": [0.2, 0.9]},
    }


def toy_model(folder: Path, change: Callable[[dict[str, Any]], object] | None = None) -> Path:
    """A folder with encoder, heads and card; the card changed in place, if asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    save_model(encoder(), folder / "encoder.onnx")
    save_model(heads(), folder / "heads.onnx")
    values = card()
    if change is not None:
        change(values)
    (folder / "card.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def constant_model(folder: Path, **answers: NDArray[Any]) -> Path:
    """A folder whose model answers every picture alike: what is given, in place of what would be right."""
    right = {
        "embedding": np.eye(1, EMBEDDING),
        "valence_arousal": np.array([[0.5, 0.5]]),
        "mood": np.array([[0.2, 0.3, 0.5]]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    weights: dict[str, Any] = {}
    nodes = [helper.make_node("Cast", ["images"], ["numbers"], to=TensorProto.FLOAT)]
    nodes.append(helper.make_node("ReduceMean", ["numbers", "axes"], ["mean"], keepdims=0))
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    nodes.append(helper.make_node("Unsqueeze", ["nothing", "last"], ["column"]))
    weights |= {"axes": np.array([1, 2, 3]), "zero": np.float32(0), "last": np.array([1])}
    for name, value in (right | answers).items():
        weights[f"{name}_row"] = np.asarray(value, np.float32)
        nodes.append(helper.make_node("Add", ["column", f"{name}_row"], [name]))
    made = graph(
        nodes,
        weights,
        inputs={"images": (TensorProto.UINT8, ["n", SIZE, SIZE, 3])},
        outputs={name: ["n", None] for name in right},
    )
    save_model(made, folder / "model.onnx")
    values = card() | {"preprocessing": {"size": SIZE}, "encoder": {"input": "images", "licence": "MIT"}}
    del values["heads"]
    (folder / "card.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def colour_model(folder: Path, **scores: object) -> Path:
    """A folder whose embedding is a picture's mean colour, with a text tower; its mood is sad for dark pictures.

    Args:
        folder: is made.
        scores: calibration of search.
    """
    from emoir.models.text_tower import find_text

    folder.mkdir(parents=True)
    save_model(encoder(COLOURS), folder / "encoder.onnx")
    nodes = [
        helper.make_node("LpNormalization", ["features"], ["embedding"], axis=1, p=2),
        helper.make_node("MatMul", ["features", "dark"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["mood"], axis=1),
        helper.make_node("MatMul", ["features", "nothing"], ["point"]),
        helper.make_node("Sigmoid", ["point"], ["valence_arousal"]),
    ]
    dark = np.zeros((FEATURES, 3))
    dark[:3] = [1, -1, 0]
    made = graph(
        nodes,
        {"dark": dark.astype(np.float32), "nothing": np.zeros((FEATURES, 2), np.float32)},
        inputs={"features": (TensorProto.FLOAT, ["n", FEATURES])},
        outputs={"embedding": ["n", FEATURES], "valence_arousal": ["n", 2], "mood": ["n", 3]},
    )
    save_model(made, folder / "heads.onnx")
    save_model(text_tower(), folder / "text_model.onnx")
    write_tokenizer(folder)
    text = find_text(folder / "text_model.onnx", (folder,), FEATURES, "MIT")
    assert text is not None
    (folder / "tokenizer.json").write_text(text.tokens.to_json())
    values = card() | {"embedding_length": FEATURES, "scores": scores, "text": asdict(text.part)}
    values["preprocessing"] |= {"mean": [0.5] * 3, "deviation": [0.25] * 3}
    (folder / "card.json").write_text(json.dumps(values), encoding="utf-8")
    return folder
