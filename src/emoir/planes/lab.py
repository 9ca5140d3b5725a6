"""CIELAB: lightness and the two opponent hues, each weighted by its chroma."""

from __future__ import annotations

import torch
from torch import Tensor

from emoir.planes.base import Plane, check_srgb

# Linear sRGB to XYZ, rows X, Y, Z, and the D65 white of the 2 degree observer (IEC 61966-2-1).
SRGB_TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
D65_WHITE = (0.95047, 1.0, 1.08883)
# The linear part of the CIELAB curve ends here: (6/29)^3.
LINEAR_LIMIT = 216 / 24389


def srgb_to_lab(images: Tensor) -> Tensor:
    """CIELAB of gamma-encoded sRGB, white point D65, 2 degree observer.

    Both branches of each piecewise curve are evaluated on values clamped to their own side, so that the
    gradient is finite at black, where a bare cube root has an infinite slope.

    Args:
        images: (B, 3, H, W) sRGB in [0, 1].

    Returns:
        (B, 3, H, W): L* in [0, 100], a* in about [-86, 98], b* in about [-108, 94].

    Raises:
        ShapeError: if the batch has another shape or an integer type.

    References:
        CIE 15:2004, Colorimetry, section 8.2.1; IEC 61966-2-1:1999.

    Example:
        >>> white = torch.ones(1, 3, 1, 1)
        >>> [round(float(v), 1) + 0.0 for v in srgb_to_lab(white).flatten()]
        [100.0, 0.0, 0.0]
    """
    check_srgb(images)
    linear = torch.where(
        images > 0.04045, ((images.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4, images.clamp(max=0.04045) / 12.92
    )
    matrix = torch.tensor(SRGB_TO_XYZ, dtype=images.dtype, device=images.device)
    white = torch.tensor(D65_WHITE, dtype=images.dtype, device=images.device)
    xyz = torch.nn.functional.conv2d(linear, (matrix / white[:, None])[:, :, None, None])
    curve = torch.where(
        xyz > LINEAR_LIMIT,
        xyz.clamp(min=LINEAR_LIMIT) ** (1 / 3),
        xyz.clamp(max=LINEAR_LIMIT) * (841 / 108) + 4 / 29,
    )
    x, y, z = curve[:, 0:1], curve[:, 1:2], curve[:, 2:3]
    return torch.cat([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


class Lab(Plane):
    """CIELAB divided by 100: L* in [0, 1], a* and b* in about [-1.1, 1.1]."""

    channels = 3
    value_range = (-1.1, 1.1)
    kind = "colour"
    deviations = (0.279, 0.104, 0.173)

    def forward(self, images: Tensor) -> Tensor:
        return srgb_to_lab(images) / 100
