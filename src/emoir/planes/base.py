"""What every plane promises.

A plane turns a batch of sRGB images into one or more maps:

    input   (B, 3, H, W) float, sRGB (gamma-encoded, IEC 61966-2-1), values in [0, 1], H and W even
    output  (B, C, H / stride, W / stride) float, C = ``channels``, values in ``value_range``

sRGB itself has stride 1. All other planes have stride 2, the resolution that the network's stems work at: that takes
a quarter of the time. Texture is measured on the full image and sampled at every second pixel of every second row.

Example: 2 photographs of 128 x 128 pixels, (2, 3, 128, 128), become (2, 3, 64, 64) in CIELAB and
(2, 8, 64, 64) as Gabor energies. Every plane is differentiable everywhere, black and flat images
included, and consists of operations that ONNX can hold.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from emoir.errors import ShapeError

LUMA_WEIGHTS = (0.2126, 0.7152, 0.0722)


def check_srgb(images: Tensor) -> None:
    """Refuse anything but a (B, 3, H, W) floating-point batch.

    Raises:
        ShapeError: naming the shape and type received.
    """
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise ShapeError(
            f"expected a float sRGB batch (B, 3, H, W) in [0, 1], got {tuple(images.shape)} {images.dtype}; "
            "divide uint8 images by 255 and move the channels to axis 1"
        )


def check_even(images: Tensor) -> None:
    """Refuse images that cannot be halved.

    Raises:
        ShapeError: naming the sides received.
    """
    height, width = images.shape[2:]
    if height % 2 or width % 2:
        raise ShapeError(f"planes halve an image, so its sides must be even; got {width} x {height}")


def mixed(images: Tensor, weights: Tensor) -> Tensor:
    """Every pixel's channels times a matrix; for a few channels faster than a convolution of one pixel.

    Args:
        images: (B, C, H, W).
        weights: (D, C).

    Returns:
        (B, D, H, W).

    Example:
        >>> mixed(torch.ones(1, 3, 2, 2), torch.ones(1, 3)).flatten().tolist()
        [3.0, 3.0, 3.0, 3.0]
    """
    products: Tensor = torch.matmul(weights, images.flatten(2)).unflatten(2, images.shape[2:])
    return products


def luma(images: Tensor) -> Tensor:
    """Rec. 709 luma Y' of gamma-encoded sRGB: the grey image on which texture is measured.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1], H and W even.

    Returns:
        (B, 1, H, W) in [0, 1].

    References:
        ITU-R BT.709-6, item 3.2.

    Example:
        >>> luma(torch.ones(1, 3, 2, 2)).shape
        torch.Size([1, 1, 2, 2])
    """
    check_srgb(images)
    check_even(images)
    return mixed(images, torch.tensor([LUMA_WEIGHTS], dtype=images.dtype, device=images.device))


def halved(images: Tensor) -> Tensor:
    """Every 2 x 2 pixels averaged; several times faster than average pooling, which works channel by channel.

    Args:
        images: (B, C, H, W), H and W even.

    Returns:
        (B, C, H / 2, W / 2).

    Example:
        >>> halved(torch.tensor([[[[0.0, 1.0], [2.0, 5.0]]]])).item()
        2.0
    """
    check_even(images)
    rows = images[:, :, ::2] + images[:, :, 1::2]
    return (rows[..., ::2] + rows[..., 1::2]) / 4


class Plane(nn.Module):
    """Base of the planes: names how many channels come out, how large, in which range, and from which kind."""

    channels: ClassVar[int]
    stride: ClassVar[int] = 2
    """How many pixels of the image lie between two values of the plane."""
    value_range: ClassVar[tuple[float, float]]
    kind: ClassVar[str]
    """``"colour"`` or ``"texture"``: the stem that the plane feeds."""
    deviations: ClassVar[tuple[float, ...]]
    """Standard deviation of every channel over photographs, printed by benchmarks/plane_deviations.py."""
