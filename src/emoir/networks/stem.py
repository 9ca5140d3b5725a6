"""The stems: planes of one kind, whatever their resolution, become maps at half the size of the image."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoir.planes import PlaneStack

# Where a kernel's three taps at full resolution fall between the values of a plane of stride 2: a plane sampled at even
# pixels has its values at the outer taps' neighbours and at the middle tap.
CARRIED = torch.tensor([[0.5, 0.0, 0.0], [0.5, 1.0, 0.5], [0.0, 0.0, 0.5]])


class StandardisedConvolution(nn.Conv2d):
    """A 3 x 3 convolution whose kernels are learnt as if every channel had unit deviation.

    Planes differ in spread by a factor of fifty. Dividing the kernels instead of the planes costs nothing, and the
    normalisation behind takes the means out.

    Args:
        planes: all of one stride.
        channels: that come out.
        stride: of the convolution.
    """

    deviations: Tensor

    def __init__(self, planes: PlaneStack, channels: int, stride: int) -> None:
        super().__init__(planes.channels, channels, 3, stride, 1, bias=False)
        self.register_buffer("deviations", torch.tensor(planes.deviations).view(1, -1, 1, 1), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, channels, H / stride, W / stride)."""
        return F.conv2d(maps, self.weight / self.deviations, stride=self.stride, padding=self.padding)


class PlaneStem(nn.Module):
    """Planes of one kind and one convolution over those of each resolution, added.

    Weights of emoir 0.4, whose planes all had the image's size, are carried over when they are loaded: what comes
    out is nearly the same, and training goes on from there.
    """

    def __init__(self, planes: PlaneStack, channels: int) -> None:
        super().__init__()
        self.names = planes.names
        stacks = [stack for stack in (planes.of_stride(1), planes.of_stride(2)) if stack.channels]
        self.planes = nn.ModuleList(stacks)
        # Where the planes are at half size already, the convolution halves nothing.
        strides = [2 if planes.of_stride(1).names == stack.names else 1 for stack in stacks]
        self.convolutions = nn.ModuleList(
            StandardisedConvolution(stack, channels, stride) for stack, stride in zip(stacks, strides, strict=True)
        )
        self.norm = nn.BatchNorm2d(channels)
        self.register_load_state_dict_pre_hook(carry_over)  # type: ignore[no-untyped-call]

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) sRGB to (B, channels, S / 2, S / 2)."""
        # Planes are exact numbers, not learnt ones: they are computed in float32 also under autocast; and faster
        # channel by channel, whatever the order of the memory.
        with torch.autocast(images.device.type, enabled=False):
            plain = images.float().contiguous()
            planes = [torch.cat(stack(plain), dim=1) for stack in self.planes]
        maps = [convolution(part) for convolution, part in zip(self.convolutions, planes, strict=True)]
        return F.relu(self.norm(sum(maps[1:], start=maps[0])))


def carry_over(stem: nn.Module, state: dict[str, Any], prefix: str, *_: object) -> None:
    """Turn the weights of a stem of emoir 0.4, one convolution over planes of full size, into those of today's.

    A plane that has stride 2 now is taken for one of full size, interpolated.

    Args:
        stem: a ``PlaneStem``.
        state: is changed in place; left alone where it holds no such weights.
        prefix: of the stem's keys.
    """
    old = state.pop(f"{prefix}convolution.weight", None)
    if old is None:
        return
    assert isinstance(stem, PlaneStem)
    own = PlaneStack(stem.names)
    kernels = dict(zip(stem.names, old.split(own.widths, dim=1), strict=True))
    carried = CARRIED.to(old)
    for number, stack in enumerate(stem.planes):
        assert isinstance(stack, PlaneStack)
        parts = [kernels[name] for name in stack.names]
        weight = torch.cat(parts, dim=1)
        if stem.convolutions[number].stride == (1, 1):
            weight = carried @ weight @ carried.T
        state[f"{prefix}convolutions.{number}.weight"] = weight
