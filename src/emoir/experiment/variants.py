"""What a row of a comparison is: its network, and the settings that it is trained with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from safetensors.torch import load_file
from torch import Tensor

from emoir.errors import TrainingError
from emoir.models.card import CARD, WEIGHTS
from emoir.networks import AlexNet, EmotionNet, Network, NetworkConfig
from emoir.planes import PLANES
from emoir.training.augmentation import Augmentation
from emoir.training.config import TrainingConfig

COLOUR = tuple(name for name, plane in PLANES.items() if plane.kind == "colour")
TEXTURE = tuple(name for name, plane in PLANES.items() if plane.kind == "texture")
SIZE = 96
STEPS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVariant:
    """One row of the comparison.

    Args:
        name: as tables show it.
        planes: that the network sees; empty for AlexNet, which sees RGB.
        published: whether it is trained as AlexNet was published, not by our recipe.
        pretrained: whether it begins with weights that were pre-trained.
        statistics: what the branch beside the trunk reads: nothing (no branch), the statistics of the picture itself,
            or, as a control of size, those of another picture.
    """

    name: str
    planes: tuple[str, ...] = ()
    published: bool = False
    pretrained: bool = False
    statistics: Literal["none", "own", "shuffled"] = "none"


def run_length(images: int) -> tuple[int, int]:
    """Batch and epochs that make about 400 steps over a number of training images.

    >>> run_length(1251), run_length(470)
    ((32, 10), (16, 14))
    """
    batch = 32 if images >= 1_000 else 16
    return batch, max(1, round(STEPS * batch / images))


def measured_every(epochs: int) -> int:
    """After how many epochs the curve gets a point, which costs a fifth of an epoch.

    A short run has few epochs, and its curve needs some points.

    >>> measured_every(160), measured_every(60), measured_every(40), measured_every(8)
    (3, 3, 2, 1)
    """
    return max(1, min(3, epochs // 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentProtocol:
    """The settings of a row; their values were chosen on validation folds (docs/experiment.md).

    Args:
        epochs: passes over the training images; of as many steps for every row.
        batch: images per step.
        weight_decay, dropout, mixup: of our recipe.
        learning_rate: of our recipe; None: 2e-3 for our network, a quarter of it for AlexNet and distilled weights.
        width: of our network's first stage.
        blocks: of our network, per stage.
    """

    epochs: int = 60
    batch: int = 32
    weight_decay: float = 0.3
    dropout: float = 0.5
    mixup: float = 0.0
    learning_rate: float | None = None
    width: int = 24
    blocks: tuple[int, ...] = (1, 1, 1, 1)

    def training(self, variant: ModelVariant, seed: int) -> TrainingConfig:
        """How a row is trained."""
        if variant.published:
            return TrainingConfig(
                epochs=self.epochs,
                batch=self.batch,
                learning_rate=0.01,
                weight_decay=5e-4,
                seed=seed,
                published=True,
                # Crops and mirrors, as published; its colour jitter was small.
                augmentation=Augmentation(smallest_area=0.75, aspect=1.0, jitter=0.05),
                bfloat16=True,
            )
        rate = self.learning_rate or (5e-4 if variant.pretrained or not variant.planes else 2e-3)
        return TrainingConfig(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=rate,
            weight_decay=self.weight_decay,
            mixup=self.mixup,
            ema=0.99,
            seed=seed,
            augmentation=Augmentation(),
            bfloat16=True,
        )


def build_network(
    variant: ModelVariant,
    protocol: ExperimentProtocol,
    heads: Mapping[str, int],
    pretrained: Path | None = None,
    statistics: int = 0,
) -> Network:
    """The network of a row at its start, with heads for the data set's classes and for valence and arousal.

    Args:
        variant: the row.
        protocol: width, depth and dropout.
        heads: class space to number of classes.
        pretrained: model folder of the network that a pre-trained row begins with.
        statistics: how many numbers of the whole picture the row is given, 0 for none.

    Raises:
        TrainingError: if a pre-trained row has no weights to begin with.
    """
    config = NetworkConfig(
        size=SIZE,
        width=protocol.width,
        blocks=protocol.blocks,
        planes=variant.planes or ("srgb",),
    )
    begins: dict[str, Tensor] = {}
    if variant.pretrained:
        if pretrained is None:
            raise TrainingError(f"{variant.name}: name the weights to begin with")
        config, begins = load_start(pretrained)
    config = replace(
        config, distributions={}, weak=dict(heads), teacher=0, dropout=protocol.dropout, statistics=statistics
    )
    network = EmotionNet(config) if variant.planes else AlexNet(config)
    # What pre-training did not have, such as heads of classes and a statistics branch, stays at its random start.
    # What it had and did not teach, the head of valence and arousal, comes along: all seeds begin with the same.
    own = network.state_dict()
    fitting = {name: value for name, value in begins.items() if name in own and own[name].shape == value.shape}
    network.load_state_dict({**own, **fitting})
    return network


def load_start(folder: Path) -> tuple[NetworkConfig, dict[str, Tensor]]:
    """The configuration and the weights of a model folder with any network.

    Args:
        folder: with a card that describes the network, and its weights.
    """
    described = json.loads((folder / CARD).read_text(encoding="utf-8"))["network"]
    return NetworkConfig.from_dict(described), load_file(folder / WEIGHTS)
