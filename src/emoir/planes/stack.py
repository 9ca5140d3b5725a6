"""PlaneStack: the named colour and texture planes that a network sees."""

from __future__ import annotations

from torch import Tensor, nn

from emoir.errors import ShapeError
from emoir.planes.base import Plane
from emoir.planes.coherence import Coherence
from emoir.planes.gabor import Gabor
from emoir.planes.lab import Lab
from emoir.planes.saturation import Saturation
from emoir.planes.srgb import Srgb
from emoir.planes.variance import Variance

PLANES: dict[str, type[Plane]] = {
    "srgb": Srgb,
    "lab": Lab,
    "saturation": Saturation,
    "gabor": Gabor,
    "variance": Variance,
    "coherence": Coherence,
}


class PlaneStack(nn.Module):
    """Several planes of one image, in the order of their names.

    The stack has no learnt parameters. It is part of the model and of the exported graph, so that the
    runtime feeds plain sRGB.

    Args:
        names: keys of ``PLANES``, each at most once; may be empty (a stack without channels).

    Raises:
        ShapeError: for a name that is not in ``PLANES`` or stands twice.

    Example:
        >>> import torch
        >>> stack = PlaneStack(("lab", "gabor"))
        >>> stack.channels, [tuple(plane.shape) for plane in stack(torch.rand(2, 3, 32, 32))]
        (11, [(2, 3, 16, 16), (2, 8, 16, 16)])
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        unknown = [name for name in names if name not in PLANES]
        if unknown or len(set(names)) != len(names):
            raise ShapeError(f"planes {names}: each of {', '.join(PLANES)} may stand once, and nothing else")
        self.names = names
        self.planes = nn.ModuleList(PLANES[name]() for name in names)
        self.widths = [PLANES[name].channels for name in names]
        self.channels = sum(self.widths)
        self.deviations = [value for name in names for value in PLANES[name].deviations]

    def of_kind(self, kind: str) -> PlaneStack:
        """The planes of one kind, ``"colour"`` or ``"texture"``, as a stack of their own."""
        return PlaneStack(tuple(name for name in self.names if PLANES[name].kind == kind))

    def of_stride(self, stride: int) -> PlaneStack:
        """The planes of one resolution as a stack of their own."""
        return PlaneStack(tuple(name for name in self.names if PLANES[name].stride == stride))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Planes of an sRGB batch (B, 3, H, W) in [0, 1], one by one: (B, its channels, H / stride, W / stride)."""
        return [plane(images) for plane in self.planes]
