"""Saturation: how far a colour is from grey, relative to its own brightness."""

from __future__ import annotations

import torch
from torch import Tensor

from emoir.planes.base import Plane, check_srgb, halved


def saturation(images: Tensor) -> Tensor:
    """HSV saturation, (max - min) / max over the three channels; black has saturation 0.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1].

    Returns:
        (B, 1, H, W) in [0, 1].

    Raises:
        ShapeError: if the batch has another shape or an integer type.

    References:
        Smith, A. R. (1978). Color gamut transform pairs. SIGGRAPH 12(3), 12-19. DOI 10.1145/965139.807361

    Example:
        >>> red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
        >>> float(saturation(red))
        1.0
    """
    check_srgb(images)
    red, green, blue = images.split(1, dim=1)
    brightest = torch.maximum(torch.maximum(red, green), blue)
    darkest = torch.minimum(torch.minimum(red, green), blue)
    # 1/512 is below half of the smallest non-zero uint8 value, so it only decides what black is.
    return (brightest - darkest) / brightest.clamp(min=1 / 512)


class Saturation(Plane):
    """HSV saturation of every 2 x 2 pixels' mean colour, one channel in [0, 1]."""

    channels = 1
    value_range = (0.0, 1.0)
    kind = "colour"
    deviations = (0.244,)

    def forward(self, images: Tensor) -> Tensor:
        check_srgb(images)
        return saturation(halved(images))
