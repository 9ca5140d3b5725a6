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
# Squared gradients below this are noise of 8-bit images: flat regions have coherence 0, not noise.
FLAT = 1e-4


def _gradient_kernels() -> Tensor:
    """Sobel derivatives per pixel, (2, 1, 3, 3): along columns (x), along rows (y)."""
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    return torch.stack([sobel, sobel.T]).unsqueeze(1)


@functools.cache
def smoothing_matrix(length: int) -> NDArray[np.float32]:
    """The Gaussian window along one axis as a matrix: a line of pixels times it is the line smoothed.

    A product with a banded matrix is several times faster on processors than a convolution of one channel.
    Beyond its ends the line goes on with its last value.

    Returns:
        (length, length); the weights of each result, a column, sum to 1.

    Example:
        >>> bool(np.allclose(smoothing_matrix(20).sum(axis=0), 1))
        True
    """
    axis = np.arange(length)
    matrix = np.zeros((length, length))
    for offset in range(-WINDOW_RADIUS, WINDOW_RADIUS + 1):
        np.add.at(matrix, ((axis + offset).clip(0, length - 1), axis), np.exp(-(offset**2) / (2 * WINDOW_SIGMA**2)))
    return np.asarray(matrix / matrix.sum(axis=0), dtype=np.float32)


def coherence(images: Tensor) -> Tensor:
    """Coherence of the structure tensor of the luma, (l1 - l2) / (l1 + l2) of its eigenvalues.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1].

    Returns:
        (B, 1, H, W) in [0, 1]: 1 where all gradients share a direction, 0 where they cancel or where
        the picture is flat. Edges are replicated.

    Raises:
        ShapeError: if the batch has another shape or an integer type.

    References:
        Bigun, J. & Granlund, G. H. (1987). Optimal orientation detection of linear symmetry.
        Proc. ICCV, 433-438.

    Example:
        >>> stripes = (torch.arange(32) % 8 < 4).float().expand(1, 3, 32, 32)
        >>> float(coherence(stripes)[0, 0, 16, 16]) > 0.9
        True
    """
    grey = luma(images)
    slopes = F.conv2d(F.pad(grey, (1,) * 4, mode="replicate"), _gradient_kernels().to(grey))
    x, y = slopes[:, 0:1], slopes[:, 1:2]
    down, across = (torch.from_numpy(smoothing_matrix(int(length))).to(grey) for length in grey.shape[2:])
    xx, yy, xy = (down.T @ product @ across for product in (x * x, y * y, x * y))
    # Moved off zero: the square root's slope is infinite there.
    difference = torch.sqrt((xx - yy) ** 2 + 4 * xy**2 + 1e-12)
    return (difference - 1e-6) / (xx + yy + FLAT)


class Coherence(Plane):
    """Structure-tensor coherence, one channel in [0, 1]."""

    channels = 1
    value_range = (0.0, 1.0)
    kind = "texture"
    deviations = (0.308,)

    def forward(self, images: Tensor) -> Tensor:
        return coherence(images)
