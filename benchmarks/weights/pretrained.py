"""The pre-trained network: a file of half floats with its config, and what its trunk gives of pictures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.augmentation import Augmentation, augment
from emoir.training.state import seeded

# The network after pre-training; it has seen no human-rated image.
PRETRAINED = Path(__file__).resolve().parent / "pretrained.safetensors"
BATCH = 32


def keep(network: EmotionNet, file: Path) -> None:
    """Write a network's weights as half floats, with its config."""
    weights = network.state_dict()
    halves = {key: value.half() if value.is_floating_point() else value for key, value in weights.items()}
    config = {"config": json.dumps(asdict(network.config))}
    save_file({key: value.contiguous() for key, value in halves.items()}, file, metadata=config)


def pretrained(file: Path = PRETRAINED) -> EmotionNet:
    """A network that ``keep`` wrote, in evaluation mode."""
    with safe_open(file, framework="pt") as stored:
        config = NetworkConfig.from_dict(json.loads(stored.metadata()["config"]))
        weights = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
    with seeded(0):
        network = EmotionNet(config)
    network.load_state_dict({key: one.float() if one.is_floating_point() else one for key, one in weights.items()})
    return network.eval()


def statistics_of(
    network: EmotionNet,
    pixels: NDArray[np.uint8],
    augmentation: Augmentation | None = None,
    generator: torch.Generator | None = None,
) -> NDArray[np.float16]:
    """What the fusion of a network reads: the pooled statistics of all stages.

    Args:
        network: in evaluation mode.
        pixels: (n, S, S, 3) sRGB; at the network's size where nothing is drawn.
        augmentation: draws one crop of each picture; None: pictures are read as they are.
        generator: of the draws.

    Returns:
        (n, d).
    """
    kept: list[NDArray[np.float16]] = []
    hook = network.fusion.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0].half().numpy()))
    with hook, torch.no_grad():
        for at in range(0, len(pixels), BATCH):
            images = torch.from_numpy(np.array(pixels[at : at + BATCH])).permute(0, 3, 1, 2).float() / 255
            if augmentation is not None:
                images = augment(images, network.config.size, augmentation, generator or torch.Generator())
            network(images.contiguous(memory_format=torch.channels_last))
    return np.concatenate(kept)
