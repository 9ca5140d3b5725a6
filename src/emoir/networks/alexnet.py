"""AlexNet as published: it stands for the original model that the source paper improves."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoir.networks.base import VALENCE_AROUSAL, Network, NetworkConfig, NetworkOutput

FEATURES = 4096


class LocalResponseNorm(nn.Module):
    """``x / (2 + 1e-4 s) ** 0.75``, where s sums the squares of five neighbouring channels.

    The same numbers as ``torch.nn.LocalResponseNorm(5, 5e-4, 0.75, 2)`` in a third of its time: the sum over
    neighbours is a product with a banded matrix, and the power is made of square roots.
    """

    band: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        places = torch.arange(channels)
        near = (places[:, None] - places[None, :]).abs() <= 2
        self.register_buffer("band", near.float()[:, :, None, None] * 1e-4, persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, channels, H, W) to the same shape."""
        root = (2 + F.conv2d(maps.square(), self.band)).rsqrt()
        return maps * root * root.sqrt()


class AlexNet(Network):
    """Five convolutions, two hidden layers of 4,096, RGB in.

    The source paper's abstract names no base network; AlexNet is the one of its time and field. Kept from the
    publication: kernel sizes, strides and numbers, the two-group convolutions of the two graphics cards, local
    response normalisation, overlapping pooling, dropout, and the initialisation. Changed: the size of the picture,
    so the first hidden layer sees fewer cells than 6 x 6; and the last layer has a head per emotion space.

    Args:
        config: ``size`` (at least 64), ``distributions`` and ``weak`` are used; planes and widths are not.

    References:
        Krizhevsky, A., Sutskever, I. & Hinton, G. E. (2012). ImageNet classification with deep convolutional
        neural networks. NIPS 25, 1097-1105. DOI 10.1145/3065386

    Example:
        >>> network = AlexNet(NetworkConfig(size=128, distributions={"mikels": 8})).eval()
        >>> network(torch.rand(2, 3, 128, 128)).heads["mikels"].shape
        torch.Size([2, 8])
    """

    mean: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        # The publication subtracts the mean activity over the training set; the middle of the range stands for it.
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.45), persistent=False)
        self.maps = nn.Sequential(
            nn.Conv2d(3, 96, 11, 4, 2),
            nn.ReLU(inplace=True),
            LocalResponseNorm(96),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=2),
            nn.ReLU(inplace=True),
            LocalResponseNorm(256),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1, groups=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
        )
        with torch.no_grad():
            cells = self.maps(torch.zeros(1, 3, config.size, config.size)).numel()
        self.hidden = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(cells, FEATURES),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Linear(FEATURES, FEATURES),
            nn.ReLU(inplace=True),
        )
        heads = {**config.distributions, **config.weak}
        self.outputs = nn.ModuleDict({name: nn.Linear(FEATURES, count) for name, count in heads.items()})
        self.valence_arousal = nn.Linear(FEATURES, 2)
        self._initialise()

    def forward(self, images: Tensor, statistics: Tensor | None = None) -> NetworkOutput:
        """Read a batch (B, 3, S, S) of sRGB in [0, 1]; statistics are not used.

        The embedding is the last hidden layer at unit length.
        """
        # In units of one level of 256, for which the published initialisation was made.
        features = self.hidden(self.maps((images - self.mean) * 255))
        with torch.autocast(images.device.type, enabled=False):
            features = features.float()
            heads = {name: output(features) for name, output in self.outputs.items()}
            embedding = F.normalize(features, dim=1)
            # At unit length, as ours: 4,096 features that begin near 1 throw a sigmoid to its end in a few steps, where
            # it has no slope to come back on.
            heads[VALENCE_AROUSAL] = torch.sigmoid(4 * self.valence_arousal(embedding))
            return NetworkOutput(features, embedding, heads)

    def _initialise(self) -> None:
        """Gaussian weights of deviation 0.01; biases 1 where the publication starts its rectifiers open, else 0."""
        convolutions = [module for module in self.maps if isinstance(module, nn.Conv2d)]
        hidden = [module for module in self.hidden if isinstance(module, nn.Linear)]
        opened = {convolutions[1], convolutions[3], convolutions[4], *hidden}
        for module in (*convolutions, *hidden, *self.outputs.values(), self.valence_arousal):
            assert isinstance(module, nn.Conv2d | nn.Linear)
            nn.init.normal_(module.weight, std=0.01)
            assert module.bias is not None
            nn.init.constant_(module.bias, 1.0 if module in opened else 0.0)
