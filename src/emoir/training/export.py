"""Export: a trained network as a model folder that the runtime takes."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emoir.emotions.calibration import ConfidenceCurve, ScoreCurve
from emoir.errors import TrainingError
from emoir.files import atomic_write
from emoir.models.card import CARD, CARD_FORMAT, GRAPH, WEIGHTS
from emoir.models.model import ModelFolder
from emoir.networks import EmotionNet, NetworkConfig
from emoir.networks.base import EMBEDDING, VALENCE_AROUSAL
from emoir.networks.residual import ResidualBlock
from emoir.training.state import seeded
from emoir.training.training_images import write_training_images

OPSET = 18
# Weights of more numbers than this are kept as half floats.
LARGE = 4096
# The head that tells the domains of pictures apart, photographs and paintings say.
DOMAIN = "domain"
# Graph and network must agree to this, on every output.
TOLERANCE = 1e-4


Temperatures = Mapping[str, Mapping[str, float]]
"""Space to the heads that answer for it, each with the number that its logits are divided by."""


class ExportedNetwork(nn.Module):
    """What the runtime sees: uint8 sRGB in; embedding, valence and arousal, calibrated distributions out.

    Args:
        network: trained.
        temperatures: of the spaces that are exported. Where a space has several heads, one for each domain of pictures
            in the order of the head ``domain``, the answer is their mean, weighed by how likely the domains are.
    """

    def __init__(self, network: EmotionNet, temperatures: Temperatures) -> None:
        super().__init__()
        self.network = network
        self.temperatures = {space: dict(heads) for space, heads in temperatures.items()}

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(B, S, S, 3) uint8 to embedding (B, 128), (B, 2), and (B, K) for every distribution head."""
        output = self.network(images.permute(0, 3, 1, 2).float() / 255)
        distributions = (self._answer(output.heads, heads) for heads in self.temperatures.values())
        return output.embedding, output.heads[VALENCE_AROUSAL], *distributions

    @staticmethod
    def _answer(outputs: Mapping[str, Tensor], heads: Mapping[str, float]) -> Tensor:
        answers = [torch.softmax(outputs[head] / temperature, dim=1) for head, temperature in heads.items()]
        if len(answers) == 1:
            return answers[0]
        weights = torch.softmax(outputs[DOMAIN], dim=1)
        return (weights[:, :, None] * torch.stack(answers, dim=1)).sum(dim=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """The description of a network in its model folder, beside its weights.

    Args:
        name: of the model, without digest.
        class_names: space to its classes; heads of other spaces are left out.
        temperatures: space to its heads and their calibration temperatures.
        confidence: calibration of the top class.
        licence: one line on the terms of the weights.
        trained_on: every image that training has seen, labelled or not.
        notes: further entries of the card: data, seeds, metrics.
        scores: calibration of search per kind of query.
        began_with: the model that training began with; the images that it had learnt from count as well.
    """

    name: str
    class_names: Mapping[str, tuple[str, ...]]
    temperatures: Temperatures
    confidence: ConfidenceCurve
    licence: str
    trained_on: Sequence[Path] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, ScoreCurve] = field(default_factory=dict)
    began_with: ModelFolder | None = None


def export_model(network: EmotionNet, folder: Path, description: ModelDescription) -> None:
    """Write the graph (planes inside), the weights, the card and the digests of the training images.

    Args:
        network: trained.
        folder: is made; files of an earlier export are overwritten.
        description: what the card says.

    Raises:
        TrainingError: if graph and network disagree by more than 1e-4 on any output, at batch 1 or 17.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CARD).unlink(missing_ok=True)
    # Rounded before it is folded: the weights that are kept and the graph are then of one and the same network.
    network = _rounded(network)
    used = {space: dict(description.temperatures[space]) for space in description.class_names}
    write_graph(network, folder / GRAPH, used)
    weights = {key: value.half() if value.numel() > LARGE else value for key, value in network.state_dict().items()}
    save_file({key: value.contiguous() for key, value in weights.items()}, folder / WEIGHTS)
    # safetensors makes files that only their owner can read.
    (folder / WEIGHTS).chmod(0o644)
    write_training_images(folder, description.trained_on, description.began_with)
    card = {
        "format": CARD_FORMAT,
        "name": description.name,
        "preprocessing": {"size": network.config.size},
        "encoder": {"file": GRAPH, "input": "images", "licence": description.licence},
        "embedding_length": EMBEDDING,
        "class_names": {space: list(names) for space, names in description.class_names.items()},
        "confidence": asdict(description.confidence),
        "scores": {kind: asdict(curve) for kind, curve in description.scores.items()},
        "temperatures": used,
        "network": asdict(network.config),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        **description.notes,
    }
    # Last, and whole: a folder without a card is no model.
    with atomic_write(folder / CARD) as partial:
        partial.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_graph(network: EmotionNet, graph: Path, temperatures: Temperatures) -> None:
    """Write what the runtime sees of a network, planes inside, as ONNX, large weights as half floats.

    Args:
        network: its large weights have half floats' values.
        graph: the file.
        temperatures: space to its heads and their calibration temperatures; other heads are left out.

    Raises:
        TrainingError: if graph and network disagree by more than 1e-4 on any output, at batch 1 or 17.
    """
    exported = ExportedNetwork(folded(network), temperatures).eval()
    size = network.config.size
    outputs = ["embedding", VALENCE_AROUSAL, *temperatures]
    with _quiet():
        program = torch.onnx.export(
            exported,
            (torch.zeros(2, size, size, 3, dtype=torch.uint8),),
            input_names=["images"],
            output_names=outputs,
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise TrainingError("the ONNX exporter returned no graph")
    program.save(str(graph), external_data=False)
    _store_half(graph)
    check_agreement(exported, graph, outputs)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, whose messages are about itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def folded(network: EmotionNet) -> EmotionNet:
    """A copy in evaluation mode whose residual convolutions hold their normalisation, large weights as half floats.

    Half floats halve the files; they differ from the trained weights by less than a thousandth of each.
    """
    copy = deepcopy(network).eval()
    for block in copy.modules():
        if isinstance(block, ResidualBlock):
            block.convolution1 = fuse_conv_bn_eval(block.convolution1, block.norm1)
            block.convolution2 = fuse_conv_bn_eval(block.convolution2, block.norm2)
            block.norm1, block.norm2 = nn.Identity(), nn.Identity()  # type: ignore[assignment]
            if len(block.shortcut) > 1:
                *before, convolution, norm = block.shortcut
                fused = fuse_conv_bn_eval(convolution, norm)  # type: ignore[type-var, arg-type]
                block.shortcut = nn.Sequential(*before, fused)
    return _rounded(copy)


def _rounded(network: EmotionNet) -> EmotionNet:
    """A copy whose large weights are half floats' values."""
    copy = deepcopy(network).eval()
    for parameter in copy.parameters():
        if parameter.numel() > LARGE:
            parameter.data = parameter.data.half().float()
    return copy


def _store_half(graph: Path) -> None:
    """Keep large weights as half floats in the file; the runtime widens them once, when it loads the graph."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(graph))
    casts = []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        # Only what was rounded before: what the exporter computed anew would change.
        if values.dtype != np.float32 or values.size <= LARGE or (values.astype(np.float16) != values).any():
            continue
        half = numpy_helper.from_array(values.astype(np.float16), tensor.name + ".half")
        model.graph.initializer.remove(tensor)
        model.graph.initializer.append(half)
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.save(model, str(graph))


def load_network(folder: Path) -> EmotionNet:
    """The network of a model folder, as it was trained, in evaluation mode.

    Args:
        folder: as ``export_model`` wrote it.

    Raises:
        TrainingError: if the folder holds no network to go on from.
    """
    try:
        config = NetworkConfig.from_dict(json.loads((folder / CARD).read_text(encoding="utf-8"))["network"])
        weights = load_file(folder / WEIGHTS)
    except (OSError, KeyError) as error:
        cause = error if isinstance(error, OSError) else f"its card has no {error}"
        raise TrainingError(
            f"{folder} holds no network to go on from ({cause}); begin with the shipped model, or with a model that "
            "emoir train made without --encoder"
        ) from error
    # The weights are replaced at once: the caller's random numbers are not spent on them.
    with seeded(0):
        network = EmotionNet(config)
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}
    )
    return network.eval()


def check_agreement(exported: ExportedNetwork, graph: Path, outputs: list[str]) -> None:
    """Run network and graph on the same noise, at batch 1 and 17.

    Raises:
        TrainingError: naming the output and the largest difference above 1e-4.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    size = exported.network.config.size
    for batch in (1, 17):
        images = np.random.default_rng(batch).integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
        with torch.no_grad():
            expected = exported(torch.from_numpy(images))
        for name, ours, theirs in zip(outputs, expected, session.run(outputs, {"images": images}), strict=True):
            difference = float(abs(ours.numpy() - theirs).max())
            if difference > TOLERANCE:
                raise TrainingError(f"{graph.name} differs from the network by {difference:.2g} on {name}")
