"""Statistics pooling: numbers of a whole feature map, independent of positions in the picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def mean_and_deviation(features: Tensor) -> Tensor:
    """Mean and standard deviation of every channel over the image plane.

    Args:
        features: (B, C, H, W).

    Returns:
        (B, 2C): the C means, then the C standard deviations (population), in float32.

    References:
        Huang, X. & Belongie, S. (2017). Arbitrary style transfer in real-time with adaptive instance
        normalization. ICCV, 1510-1519. DOI 10.1109/ICCV.2017.167

    Example:
        >>> mean_and_deviation(torch.ones(1, 2, 4, 4)).round(decimals=2).tolist()
        [[1.0, 1.0, 0.0, 0.0]]
    """
    values = features.float().flatten(2)
    mean = values.mean(dim=2)
    variance = ((values - mean.unsqueeze(2)) ** 2).mean(dim=2)
    # Moved off zero: a constant channel would give the square root an infinite slope.
    return torch.cat([mean, torch.sqrt(variance + 1e-6)], dim=1)


class GramPooling(nn.Module):
    """Second-order texture statistic: how channels occur together, independent of position.

    A 1 x 1 convolution reduces the map to a few channels; their Gram matrix (mean over the image plane
    of all pairwise products) is compressed by a signed square root, and its upper triangle is returned.

    Args:
        channels: C of the map.
        reduced: channels after the reduction, R.

    References:
        Gatys, L. A., Ecker, A. S. & Bethge, M. (2015). Texture synthesis using convolutional neural
        networks. NIPS 28, 262-270.

    Example:
        >>> GramPooling(32, 4)(torch.rand(2, 32, 8, 8)).shape
        torch.Size([2, 10])
    """

    upper: Tensor

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, reduced, 1, bias=False)
        rows, columns = torch.triu_indices(reduced, reduced)
        self.register_buffer("upper", rows * reduced + columns, persistent=False)
        self.length = len(rows)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to (B, R (R + 1) / 2)."""
        values = self.reduce(features).float().flatten(2)
        gram = values @ values.transpose(1, 2) / values.shape[2]
        products = gram.flatten(1).index_select(1, self.upper)
        return torch.sign(products) * (torch.sqrt(products.abs() + 1e-6) - 1e-3)
