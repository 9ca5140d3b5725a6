"""What the paper's comparison compares: its rows, and all that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from emoir.errors import TrainingError
from emoir.networks import AlexNet, EmotionNet, Network, NetworkConfig
from emoir.planes import PLANES
from emoir.training.augmentation import Augmentation
from emoir.training.export import load_network
from emoir.training.loop import TrainingConfig

COLOUR = tuple(name for name, plane in PLANES.items() if plane.kind == "colour")
TEXTURE = tuple(name for name, plane in PLANES.items() if plane.kind == "texture")
SIZE = 128
STEPS = 2_000


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the comparison.

    Args:
        name: as tables show it.
        planes: that the network sees; empty for AlexNet, which sees RGB.
        published: whether it is trained as AlexNet was published, not by our recipe.
        pretrained: whether it begins with the distilled weights.
        headline: whether it stands in a headline and runs with every seed.
    """

    name: str
    planes: tuple[str, ...] = ()
    published: bool = False
    pretrained: bool = False
    headline: bool = False


CONTENDERS = (
    Contender("original", published=True, headline=True),
    Contender("original + our recipe", headline=True),
    Contender("ours, RGB", ("srgb",), headline=True),
    Contender("ours, colour", COLOUR),
    Contender("ours, texture", ("srgb", *TEXTURE)),
    Contender("ours, colour + texture", (*COLOUR, *TEXTURE), headline=True),
    Contender("ours, colour + texture, distilled", (*COLOUR, *TEXTURE), pretrained=True),
)


def length(images: int) -> tuple[int, int]:
    """Batch and epochs that make about 2,000 steps over so many training images, as on the development sets.

    >>> length(1251), length(470)
    ((32, 51), (16, 68))
    """
    batch = 32 if images >= 1_000 else 16
    return batch, max(1, round(STEPS * batch / images))


def measured_every(epochs: int) -> int:
    """After how many epochs figures are taken, which cost a fifth of an epoch where nothing is shown besides.

    A short run has few epochs, and its curve needs some points.

    >>> measured_every(160), measured_every(60), measured_every(40), measured_every(8)
    (3, 3, 2, 1)
    """
    return max(1, min(3, epochs // 20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What all rows share; the values were chosen on validation folds (docs/experiment.md).

    Args:
        epochs: passes over the training images; the same for every row, so that all see as many pictures.
        batch: images per step.
        weight_decay, dropout, mixup: of our recipe.
        width: of our network's first stage.
        blocks: of our network, per stage.
        seeds: a headline row runs with each, the others with the first.
    """

    epochs: int = 60
    batch: int = 32
    weight_decay: float = 0.3
    dropout: float = 0.5
    mixup: float = 0.0
    width: int = 24
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    seeds: tuple[int, ...] = (0, 1, 2)

    def training(self, contender: Contender, seed: int) -> TrainingConfig:
        """How a row is trained."""
        if contender.published:
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
        rate = 5e-4 if contender.pretrained or not contender.planes else 2e-3
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


def build(contender: Contender, protocol: Protocol, heads: Mapping[str, int], pretrained: Path | None) -> Network:
    """The network of a row at its start; heads over the data set's classes, and valence and arousal."""
    config = NetworkConfig(
        size=SIZE,
        width=protocol.width,
        blocks=protocol.blocks,
        weak=dict(heads),
        planes=contender.planes or ("srgb",),
        dropout=protocol.dropout,
    )
    if not contender.planes:
        return AlexNet(config)
    if not contender.pretrained:
        return EmotionNet(config)
    if pretrained is None:
        raise TrainingError(f"{contender.name}: name the distilled weights to begin with")
    base = load_network(pretrained)
    network = EmotionNet(replace(base.config, distributions={}, weak=dict(heads), teacher=0, dropout=protocol.dropout))
    own = network.state_dict()
    network.load_state_dict({**own, **{key: value for key, value in base.state_dict().items() if key in own}})
    return network
