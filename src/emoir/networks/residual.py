"""The residual block of the trunk: two plain 3 x 3 convolutions, which CPUs run well."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """Basic block of ResNet-18 with an averaging shortcut (ResNet-D).

    Args:
        channels_in: channels of the input map.
        channels_out: channels of the output map.
        stride: 1 keeps the size, 2 halves it.

    References:
        He, K. et al. (2016). Deep residual learning for image recognition. CVPR, 770-778.
        DOI 10.1109/CVPR.2016.90
        He, T. et al. (2019). Bag of tricks for image classification with convolutional neural
        networks. CVPR, 558-567. DOI 10.1109/CVPR.2019.00065

    Example:
        >>> import torch
        >>> ResidualBlock(8, 16, stride=2)(torch.rand(1, 8, 16, 16)).shape
        torch.Size([1, 16, 8, 8])
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.convolution2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        # A block that starts as the identity trains more steadily.
        nn.init.zeros_(self.norm2.weight)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut.append(nn.AvgPool2d(stride))
        if stride != 1 or channels_in != channels_out:
            self.shortcut.append(nn.Conv2d(channels_in, channels_out, 1, bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels_out))

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, H / stride, W / stride)."""
        inner = F.relu(self.norm1(self.convolution1(features)))
        inner = self.norm2(self.convolution2(inner))
        return F.relu(inner + self.shortcut(features))
