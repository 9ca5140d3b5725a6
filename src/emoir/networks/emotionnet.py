"""EmotionNet: colour stem + texture stem, residual trunk, statistics pooling, fusion, heads."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoir.networks.base import EMBEDDING, VALENCE_AROUSAL, Network, NetworkConfig, NetworkOutput
from emoir.networks.pooling import GramPooling, mean_and_deviation
from emoir.networks.residual import ResidualBlock
from emoir.networks.stem import PlaneStem
from emoir.planes import PlaneStack

COLOUR_CHANNELS = 24
TEXTURE_CHANNELS = 16
GRAM_CHANNELS = 16
FEATURES = 384
# Logits are cosines between the unit embedding and a class vector, times a learnt scale that starts here.
LOGIT_SCALE = 8.0


class EmotionNet(Network):
    """The improved network: colour and texture in, emotion out.

    Example:
        >>> network = EmotionNet(NetworkConfig(distributions={"mikels": 8})).eval()
        >>> output = network(torch.rand(2, 3, 128, 128))
        >>> output.embedding.shape, output.heads["mikels"].shape
        (torch.Size([2, 128]), torch.Size([2, 8]))
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        stack = PlaneStack(config.planes)
        kinds = (stack.of_kind("colour"), COLOUR_CHANNELS), (stack.of_kind("texture"), TEXTURE_CHANNELS)
        self.stems = nn.ModuleList(PlaneStem(planes, channels) for planes, channels in kinds if planes.channels)
        channels = sum(width for planes, width in kinds if planes.channels)
        self.stages = nn.ModuleList()
        pooled = 0
        for stage, blocks in enumerate(config.blocks):
            width = config.width * 2**stage
            first = ResidualBlock(channels, width, stride=2)
            self.stages.append(nn.Sequential(first, *(ResidualBlock(width, width) for _ in range(blocks - 1))))
            channels = width
            pooled += 2 * width
        self.gram = GramPooling(channels, GRAM_CHANNELS)
        pooled += self.gram.length
        self.fusion = nn.Sequential(nn.LayerNorm(pooled), nn.Linear(pooled, FEATURES), nn.GELU())
        self.dropout = nn.Dropout(config.dropout)
        self.embedding = nn.Linear(FEATURES, EMBEDDING)
        self.distributions = nn.ModuleDict({name: nn.Linear(EMBEDDING, k) for name, k in config.distributions.items()})
        self.logit_scale = nn.ParameterDict({n: torch.tensor(LOGIT_SCALE) for n in config.distributions})
        self.valence_arousal = nn.Linear(EMBEDDING, 2)
        self.weak = nn.ModuleDict({name: nn.Linear(FEATURES, k) for name, k in config.weak.items()})
        self.teacher = nn.Linear(FEATURES, config.teacher) if config.teacher else None

    def forward(self, images: Tensor) -> NetworkOutput:
        """Read a batch (B, 3, S, S) of sRGB in [0, 1]."""
        maps = torch.cat([stem(images) for stem in self.stems], dim=1)
        statistics = []
        for stage in self.stages:
            maps = stage(maps)
            statistics.append(mean_and_deviation(maps))
        statistics.append(self.gram(maps))
        with torch.autocast(images.device.type, enabled=False):
            features = self.fusion(torch.cat(statistics, dim=1))
            return self._heads(features)

    def without_training_heads(self) -> EmotionNet:
        """The same network without the weak heads and the teacher's, which only training needs."""
        bare = EmotionNet(replace(self.config, weak={}, teacher=0))
        wanted = bare.state_dict().keys()
        bare.load_state_dict({key: value for key, value in self.state_dict().items() if key in wanted})
        return bare

    def _heads(self, features: Tensor) -> NetworkOutput:
        dropped = self.dropout(features)
        embedding = F.normalize(self.embedding(dropped), dim=1)
        heads = {name: head(embedding) * self.logit_scale[name] for name, head in self.distributions.items()}
        heads[VALENCE_AROUSAL] = torch.sigmoid(4 * self.valence_arousal(embedding))
        heads |= {name: head(dropped) for name, head in self.weak.items()}
        if self.teacher is not None:
            heads["teacher"] = self.teacher(features)
        return NetworkOutput(features, embedding, heads)
