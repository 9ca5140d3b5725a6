"""Statistics beside the trunk: numbers that describe a whole picture, and the branch that reads them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoir.networks.pooling import mean_and_deviation
from emoir.planes import PlaneStack

BRANCH = 64
GRID = 2


def plane_statistics(images: Tensor, names: tuple[str, ...]) -> Tensor:
    """Mean, deviation and the means of a 2 x 2 grid of every channel of the planes, plane by plane.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1].
        names: of the planes.

    Returns:
        (B, 6 C) for planes of C channels together; of each plane its means, its deviations, then its grid's means
        channel by channel: left above, right above, left below, right below.

    Example:
        >>> plane_statistics(torch.zeros(1, 3, 8, 8), ("srgb", "saturation")).shape
        torch.Size([1, 24])
    """
    parts: list[Tensor] = []
    for plane in PlaneStack(names)(images):
        parts += [mean_and_deviation(plane), F.adaptive_avg_pool2d(plane, GRID).flatten(1)]
    return torch.cat(parts, dim=1)


class StatisticsBranch(nn.Module):
    """Numbers of a whole picture to 64 features: standardised, normalised, one linear layer, dropout.

    Args:
        numbers: how many come in.
        dropout: probability at which a feature is dropped in training.

    Example:
        >>> branch = StatisticsBranch(5, 0.3).eval()
        >>> branch.standardise(torch.rand(20, 5))
        >>> branch(torch.rand(2, 5)).shape
        torch.Size([2, 64])
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, numbers: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(numbers))
        self.register_buffer("spread", torch.ones(numbers))
        self.layers = nn.Sequential(nn.LayerNorm(numbers), nn.Linear(numbers, BRANCH), nn.GELU(), nn.Dropout(dropout))

    def standardise(self, numbers: Tensor) -> None:
        """Take centre and spread of every number from training pictures (n, numbers); a constant one stays as it is."""
        deviation = numbers.std(dim=0)
        self.centre.copy_(numbers.mean(dim=0))
        self.spread.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def forward(self, numbers: Tensor) -> Tensor:
        """(B, numbers) to (B, 64)."""
        # A picture far outside what training showed must not drown the others.
        features: Tensor = self.layers(((numbers - self.centre) / self.spread).clamp(-5, 5))
        return features
