"""Predictions of a network for images at its own size."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from emoir.networks import Network
from emoir.training.inputs import Inputs

BATCH = 64


def predict(network: Network, inputs: Inputs) -> dict[str, NDArray[np.float32]]:
    """The outputs of a network for images, computed in batches on its device, without augmentation or gradients.

    Args:
        network: in evaluation mode.
        inputs: of the network's size.

    Returns:
        Per head its outputs (n, K), and ``embedding`` and ``features``.
    """
    parts: list[dict[str, torch.Tensor]] = []
    device = next(network.parameters()).device
    with torch.no_grad():
        for at in range(0, len(inputs), BATCH):
            rows = inputs.take(slice(at, at + BATCH))
            batch = torch.from_numpy(np.array(rows.pixels)).to(device).permute(0, 3, 1, 2).float() / 255
            numbers = None if rows.statistics is None else torch.from_numpy(rows.statistics).to(device)
            output = network(batch, numbers)
            parts.append({**output.heads, "embedding": output.embedding, "features": output.features})
    return {name: torch.cat([part[name] for part in parts]).float().cpu().numpy() for name in parts[0]}
