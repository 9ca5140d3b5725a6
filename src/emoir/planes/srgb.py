"""The image itself as a plane."""

from __future__ import annotations

from torch import Tensor

from emoir.planes.base import Plane, check_srgb


class Srgb(Plane):
    """sRGB at full resolution, three channels in [0, 1]."""

    channels = 3
    stride = 1
    value_range = (0.0, 1.0)
    kind = "colour"
    deviations = (0.288, 0.28, 0.299)

    def forward(self, images: Tensor) -> Tensor:
        check_srgb(images)
        return images
