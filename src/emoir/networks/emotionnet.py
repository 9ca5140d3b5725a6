"""EmotionNet: colour stem + texture stem, residual trunk, statistics pooling, fusion, heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emoir.errors import ShapeError
from emoir.networks.base import EMBEDDING, VALENCE_AROUSAL, Network, NetworkConfig, NetworkOutput
from emoir.networks.pooling import GramPooling, mean_and_deviation
from emoir.networks.residual import ResidualBlock
from emoir.networks.statistics import BRANCH, StatisticsBranch
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
        self.branch = StatisticsBranch(config.statistics, config.statistics_dropout) if config.statistics else None
        joined = FEATURES + (BRANCH if config.statistics else 0)
        self.embedding = nn.Linear(joined, EMBEDDING)
        self.distributions = nn.ModuleDict({name: nn.Linear(EMBEDDING, k) for name, k in config.distributions.items()})
        self.logit_scale = nn.ParameterDict({n: torch.tensor(LOGIT_SCALE) for n in config.distributions})
        self.valence_arousal = nn.Linear(EMBEDDING, 2)
        self.weak = nn.ModuleDict({name: nn.Linear(joined, k) for name, k in config.weak.items()})
        self.teacher = nn.Linear(joined, config.teacher) if config.teacher else None
        # Without heads of its own the branch would be drowned by the trunk, which learns its training images faster.
        heads = {**config.distributions, **config.weak, VALENCE_AROUSAL: 2} if config.statistics else {}
        self.auxiliary = nn.ModuleDict({name: nn.Linear(BRANCH, k) for name, k in heads.items()})

    def forward(self, images: Tensor, statistics: Tensor | None = None) -> NetworkOutput:
        """Read a batch (B, 3, S, S) of sRGB in [0, 1], and its statistics where the network has a branch for them."""
        maps = torch.cat([stem(images) for stem in self.stems], dim=1)
        pooled = []
        for stage in self.stages:
            maps = stage(maps)
            pooled.append(mean_and_deviation(maps))
        pooled.append(self.gram(maps))
        with torch.autocast(images.device.type, enabled=False):
            return self.read_pooled(torch.cat(pooled, dim=1), statistics)

    def read_pooled(self, pooled: Tensor, statistics: Tensor | None = None) -> NetworkOutput:
        """What fusion, branch, embedding and heads make of the pooled statistics of all stages.

        Args:
            pooled: (B, d), what ``fusion`` takes.
            statistics: (B, ``config.statistics``) where the network has a branch for them.

        Raises:
            ShapeError: if the network has a branch and gets nothing for it.
        """
        features = self.fusion(pooled)
        if self.branch is None:
            return self.read_features(features)
        if statistics is None:
            raise ShapeError(f"this network takes {self.config.statistics} statistics of each picture as well")
        own = self.branch(statistics.float())
        output = self.read_features(torch.cat([features, own], dim=1))
        return replace(output, auxiliary=self._auxiliary(own) if self.training else {})

    def _auxiliary(self, own: Tensor) -> dict[str, Tensor]:
        heads = {name: head(own) for name, head in self.auxiliary.items()}
        heads[VALENCE_AROUSAL] = torch.sigmoid(heads[VALENCE_AROUSAL])
        return heads

    def with_heads(self, distributions: Mapping[str, int]) -> EmotionNet:
        """The same network with some of its distribution heads, without those that only training needs.

        Args:
            distributions: head to its number of classes; heads that the network lacks begin at random.
        """
        bare = EmotionNet(replace(self.config, distributions=dict(distributions), weak={}, teacher=0))
        own = bare.state_dict()
        bare.load_state_dict(own | {key: value for key, value in self.state_dict().items() if key in own})
        return bare

    def read_features(self, features: Tensor) -> NetworkOutput:
        """What embedding and heads make of features (B, 384), and of what the statistics branch joins to them."""
        dropped = self.dropout(features)
        embedding = F.normalize(self.embedding(dropped), dim=1)
        heads = {name: head(embedding) * self.logit_scale[name] for name, head in self.distributions.items()}
        heads[VALENCE_AROUSAL] = torch.sigmoid(4 * self.valence_arousal(embedding))
        heads |= {name: head(dropped) for name, head in self.weak.items()}
        if self.teacher is not None:
            heads["teacher"] = self.teacher(features)
        return NetworkOutput(features, embedding, heads)
