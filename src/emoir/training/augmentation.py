"""Augmentation of a whole batch at once; every random number comes from the generator given."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

# What R, G and B of sRGB add to a picture without colour (ITU-R BT.601, as Pillow's "L").
LUMA = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far a training image may differ from its original.

    Args:
        smallest_area: the crop keeps at least this part of the picture.
        aspect: the crop's sides may differ by up to this factor.
        flip: probability of mirroring left and right.
        jitter: brightness and contrast change by up to this part. Hue and saturation stay as they are:
            colour is signal here.
        grey: probability of losing all colour; light, shapes and texture must then do.
    """

    smallest_area: float = 0.4
    aspect: float = 1.25
    flip: float = 0.5
    jitter: float = 0.1
    grey: float = 0.0


def augment(images: Tensor, size: int, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Random-resized crop, mirror, mild photometric jitter and loss of colour, drawn for each image on its own.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1].
        size: side of the square that comes out.
        augmentation: the limits.
        generator: source of every draw, on the CPU: the draws are the same on every device.

    Returns:
        (B, 3, size, size) in [0, 1], on the device of the images.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> augment(torch.rand(2, 3, 40, 40), 32, Augmentation(), generator).shape
        torch.Size([2, 3, 32, 32])
    """
    batch = len(images)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(batch, generator=generator) * (high - low) + low

    side = torch.sqrt(uniform(augmentation.smallest_area, 1))
    stretch = augmentation.aspect ** (uniform(-1, 1) / 2)
    width, height = (side * stretch).clamp(max=1), (side / stretch).clamp(max=1)
    mirror = torch.where(uniform(0, 1) < augmentation.flip, -1.0, 1.0)
    transform = torch.zeros(batch, 2, 3)
    transform[:, 0, 0] = width * mirror
    transform[:, 1, 1] = height
    transform[:, 0, 2] = uniform(-1, 1) * (1 - width)
    transform[:, 1, 2] = uniform(-1, 1) * (1 - height)
    grid = F.affine_grid(transform.to(images.device), [batch, 3, size, size], align_corners=False)
    crops = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    brightness, contrast = (
        uniform(1 - augmentation.jitter, 1 + augmentation.jitter).view(-1, 1, 1, 1).to(images.device) for _ in range(2)
    )
    middle = crops.mean(dim=(1, 2, 3), keepdim=True)
    lit = ((crops - middle) * contrast + middle * brightness).clamp(0, 1)
    if not augmentation.grey:
        return lit
    colourless = (uniform(0, 1) < augmentation.grey).view(-1, 1, 1, 1).to(images.device)
    return torch.where(colourless, (lit * LUMA.to(images.device)).sum(dim=1, keepdim=True), lit)
