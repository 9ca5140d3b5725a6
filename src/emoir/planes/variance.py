"""Local variance over the LBP neighbourhood: the contrast that LBP codes leave out."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from emoir.planes.base import Plane, luma, mixed

NEIGHBOURS = 8
RADIUS = 1.0


def circle_kernels() -> Tensor:
    """Kernels that sample 8 points on the circle of radius 1 px, bilinearly between pixels.

    Returns:
        (8, 1, 3, 3); each kernel sums to 1.

    Example:
        >>> circle_kernels().sum(dim=(1, 2, 3)).allclose(torch.ones(8))
        True
    """
    kernels = torch.zeros(NEIGHBOURS, 1, 3, 3, dtype=torch.float64)
    for neighbour in range(NEIGHBOURS):
        angle = 2 * math.pi * neighbour / NEIGHBOURS
        row, column = -RADIUS * math.sin(angle), RADIUS * math.cos(angle)
        for y in (-1, 0, 1):
            for x in (-1, 0, 1):
                kernels[neighbour, 0, y + 1, x + 1] = max(0.0, 1 - abs(row - y)) * max(0.0, 1 - abs(column - x))
    return kernels.float()


# Made once: a network asks for them at every batch. Less their mean, they give what the samples differ by from theirs.
_CENTRED = circle_kernels() - circle_kernels().mean(dim=0)


def local_variance(images: Tensor) -> Tensor:
    """Rotation-invariant local variance VAR(8, 1) of the luma, at every second pixel of every second row.

    It is the companion of local binary patterns: LBP keeps the pattern and drops the contrast, VAR keeps
    the contrast and drops the pattern. Unlike LBP codes it has a gradient.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1], H and W even.

    Returns:
        (B, 1, H / 2, W / 2) in [0, 0.25]; edges are replicated.

    Raises:
        ShapeError: if the batch has another shape, odd sides or an integer type.

    References:
        Ojala, T., Pietikainen, M. & Maenpaa, T. (2002). IEEE TPAMI 24(7), 971-987, equation 10.
        DOI 10.1109/TPAMI.2002.1017623

    Example:
        >>> float(local_variance(torch.full((1, 3, 8, 8), 0.3)).max()) < 1e-12
        True
    """
    grey = luma(images)
    centred = F.conv2d(F.pad(grey, (1,) * 4, mode="replicate"), _CENTRED.to(grey), stride=2)
    return mixed(centred * centred, torch.full((1, NEIGHBOURS), 1 / NEIGHBOURS).to(grey))


class Variance(Plane):
    """Twice the square root of VAR(8, 1): local contrast, one channel in [0, 1]."""

    channels = 1
    value_range = (0.0, 1.0)
    kind = "texture"
    deviations = (0.092,)

    def forward(self, images: Tensor) -> Tensor:
        # The root is moved off zero, where its slope is infinite.
        return 2 * torch.sqrt(local_variance(images) + 1e-6)
