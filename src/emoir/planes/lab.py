"""CIELAB: lightness and the two opponent hues, each weighted by its chroma."""

from __future__ import annotations

import torch
from torch import Tensor

from emoir.planes.base import Plane, check_srgb, halved, mixed

# Linear sRGB to XYZ, rows X, Y, Z, and the D65 white of the 2 degree observer (IEC 61966-2-1).
SRGB_TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
D65_WHITE = (0.95047, 1.0, 1.08883)
# The curve of X, Y and Z to L*, a*, b*.
OPPONENTS = ((0.0, 116.0, 0.0), (500.0, -500.0, 0.0), (0.0, 200.0, -200.0))
# The linear part of the CIELAB curve ends here: (6/29)^3; that of sRGB at 0.04045.
LINEAR_LIMIT = 216 / 24389
JOINT = 0.04045


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
    # Each branch stands still where the other one runs, so that a curve is their sum less the value at the joint; and
    # powers of positive numbers are taken through logarithms. Both are several times faster than where and pow.
    bright = torch.exp(2.4 * torch.log((images.clamp(min=JOINT) + 0.055) / 1.055))
    linear = bright + images.clamp(max=JOINT) / 12.92 - JOINT / 12.92
    weights, white, opponents = (
        torch.tensor(values, dtype=images.dtype, device=images.device) for values in (SRGB_TO_XYZ, D65_WHITE, OPPONENTS)
    )
    xyz = mixed(linear, weights / white[:, None])
    root = torch.exp(torch.log(xyz.clamp(min=LINEAR_LIMIT)) / 3)
    # Less the curve's value at black, 4/29, which L* is counted from and which a* and b* cancel.
    curve = root + xyz.clamp(max=LINEAR_LIMIT) * (841 / 108) - 6 / 29
    return mixed(curve, opponents)


class Lab(Plane):
    """CIELAB of every 2 x 2 pixels' mean colour, divided by 100: L* in [0, 1], a* and b* in about [-1.1, 1.1]."""

    channels = 3
    value_range = (-1.1, 1.1)
    kind = "colour"
    deviations = (0.273, 0.103, 0.172)

    def forward(self, images: Tensor) -> Tensor:
        check_srgb(images)
        return srgb_to_lab(halved(images)) / 100
