"""Structure-tensor coherence: whether the neighbourhood has one direction (grain, stripes) or none."""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from emoir.planes.base import Plane, luma

WINDOW_SIGMA = 1.5
WINDOW_RADIUS = 4
# Weak gradients count less, flat regions not at all: their direction is that of noise and of the JPEG coder. The value
# is a gradient of 2.5 grey levels per pixel, below which a fifth of a photograph lies.
FLAT = 1e-4


def _gradient_kernels() -> Tensor:
    """Sobel derivatives per pixel, (2, 1, 3, 3): along columns (x), along rows (y)."""
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    return torch.stack([sobel, sobel.T]).unsqueeze(1)


@functools.cache
def smoothing_matrix(length: int) -> NDArray[np.float32]:
    """The Gaussian window at every second pixel of a line, as a matrix: the line times it is smoothed and halved.

    A product with a banded matrix is several times faster on processors than a convolution of one channel.
    Beyond its ends the line goes on with its last value.

    Returns:
        (length, length / 2); the weights of each result, a column, sum to 1.

    Example:
        >>> bool(np.allclose(smoothing_matrix(20).sum(axis=0), 1))
        True
    """
    centres = np.arange(0, length, 2)
    matrix = np.zeros((length, len(centres)))
    for offset in range(-WINDOW_RADIUS, WINDOW_RADIUS + 1):
        weight = np.exp(-(offset**2) / (2 * WINDOW_SIGMA**2))
        np.add.at(matrix, ((centres + offset).clip(0, length - 1), centres // 2), weight)
    return np.asarray(matrix / matrix.sum(axis=0), dtype=np.float32)


def coherence(images: Tensor) -> Tensor:
    """Coherence of the structure tensor of the luma, (l1 - l2) / (l1 + l2) of its eigenvalues.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1], H and W even.

    Returns:
        (B, 1, H / 2, W / 2) in [0, 1], at every second pixel of every second row: 1 where all gradients share a
        direction, 0 where they cancel or where the picture is flat. Edges are replicated.

    Raises:
        ShapeError: if the batch has another shape, odd sides or an integer type.

    References:
        Bigun, J. & Granlund, G. H. (1987). Optimal orientation detection of linear symmetry.
        Proc. ICCV, 433-438.

    Example:
        >>> stripes = (torch.arange(32) % 8 < 4).float().expand(1, 3, 32, 32)
        >>> float(coherence(stripes)[0, 0, 8, 8]) > 0.9
        True
    """
    grey = luma(images)
    slopes = F.conv2d(F.pad(grey, (1,) * 4, mode="replicate"), _gradient_kernels().to(grey))
    x, y = slopes[:, 0:1], slopes[:, 1:2]
    down, across = (torch.from_numpy(smoothing_matrix(int(length))).to(grey) for length in grey.shape[2:])
    products = torch.cat([x * x, y * y, x * y], dim=1)
    xx, yy, xy = (down.T @ products @ across).split(1, dim=1)
    # Moved off zero: the square root's slope is infinite there.
    difference = torch.sqrt((xx - yy) ** 2 + 4 * xy**2 + 1e-12)
    result: Tensor = (difference - 1e-6) / (xx + yy + FLAT)
    return result


class Coherence(Plane):
    """Structure-tensor coherence, one channel in [0, 1]."""

    channels = 1
    value_range = (0.0, 1.0)
    kind = "texture"
    deviations = (0.308,)

    def forward(self, images: Tensor) -> Tensor:
        return coherence(images)
