"""Gabor energy: how strongly the picture oscillates, by orientation and scale."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from emoir.planes.base import Plane, halved, luma

ORIENTATIONS = 4
SCALES = 2
WAVELENGTH = 4.0
# One octave of bandwidth: sigma / wavelength = sqrt(ln 2 / 2) / pi * 3.
SIGMA = 0.56 * WAVELENGTH
RADIUS = 5


def gabor_kernels() -> Tensor:
    """Even and odd Gabor kernels of one scale: wavelength 4 px, orientations 0, 45, 90 and 135 degrees.

    Orientation is the direction across the stripes: 0 degrees answers to vertical stripes. The even
    kernels have mean zero (a flat image gives no energy), and each pair is scaled so that a sine
    grating of the kernel's wavelength and amplitude A gives energy A.

    Returns:
        (8, 1, 11, 11) float64: the four even kernels, then the four odd ones.

    References:
        Daugman, J. G. (1985). JOSA A 2(7), 1160-1169. DOI 10.1364/JOSAA.2.001160

    Example:
        >>> gabor_kernels().shape
        torch.Size([8, 1, 11, 11])
    """
    axis = torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float64)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    envelope = torch.exp(-(rows**2 + columns**2) / (2 * SIGMA**2))
    even, odd = [], []
    for step in range(ORIENTATIONS):
        angle = math.pi * step / ORIENTATIONS
        phase = 2 * math.pi / WAVELENGTH * (columns * math.cos(angle) + rows * math.sin(angle))
        cosine = envelope * torch.cos(phase)
        cosine = cosine - envelope * (cosine.sum() / envelope.sum())
        sine = envelope * torch.sin(phase)
        even.append(cosine / (cosine * torch.cos(phase)).sum())
        odd.append(sine / (sine * torch.sin(phase)).sum())
    return torch.stack(even + odd).unsqueeze(1)


# Made once: a network asks for them at every batch.
_KERNELS = gabor_kernels().float()


def gabor_energy(images: Tensor) -> Tensor:
    """Gabor energy of the luma at wavelengths 4 and 8 px and 4 orientations, at half the size of the image.

    The fine scale is taken at every second pixel of every second row; the coarse scale is the same filter bank at
    every pixel of the image reduced by two (a Gabor pyramid). Edges are replicated, so that the frame of a picture is
    no texture.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1], H and W even and at least 4.

    Returns:
        (B, 8, H / 2, W / 2) in [0, 1]: four orientations (0, 45, 90, 135 degrees) at 4 px, then at 8 px.

    Raises:
        ShapeError: if the batch has another shape, odd sides or an integer type.

    References:
        Manjunath, B. S. & Ma, W. Y. (1996). IEEE TPAMI 18(8), 837-842. DOI 10.1109/34.531803

    Example:
        >>> float(gabor_energy(torch.full((1, 3, 32, 32), 0.5)).max()) < 0.01
        True
    """
    grey = luma(images)
    kernels = _KERNELS.to(grey)
    energies = []
    for level, stride in ((grey, 2), (halved(grey), 1)):
        framed = F.pad(level, (RADIUS,) * 4, mode="replicate")
        even, odd = F.conv2d(framed, kernels, stride=stride).split(ORIENTATIONS, dim=1)
        # The root is moved off zero, where its slope is infinite.
        energies.append(torch.sqrt(even * even + odd * odd + 1e-6))
    return torch.cat(energies, dim=1)


class Gabor(Plane):
    """Gabor energy, eight channels: two scales of four orientations, in [0, 1]."""

    channels = ORIENTATIONS * SCALES
    value_range = (0.0, 1.0)
    kind = "texture"
    deviations = (0.027, 0.018, 0.026, 0.018, 0.03, 0.02, 0.029, 0.02)

    def forward(self, images: Tensor) -> Tensor:
        return gabor_energy(images)
