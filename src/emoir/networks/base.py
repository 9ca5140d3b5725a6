"""What every network promises.

A network turns a batch of sRGB images into an embedding and one answer per head:

    input    (B, 3, S, S) float sRGB in [0, 1], S = ``config.size``
    output   ``NetworkOutput``: features (B, F), embedding (B, 128) of unit length, and per head
             - a distribution head: logits (B, K) over the classes of its emotion space,
             - ``valence_arousal``: (B, 2) in [0, 1].

Example: 4 photographs of 128 x 128 give an embedding (4, 128), ``heads["mikels"]`` (4, 8),
``heads["ekman"]`` (4, 7) and ``heads["valence_arousal"]`` (4, 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

EMBEDDING = 128
VALENCE_AROUSAL = "valence_arousal"


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """What a forward pass gives: shared features, the unit embedding, an answer per head.

    Args:
        features: (B, F).
        embedding: (B, 128), unit rows.
        heads: head to (B, K).
        auxiliary: the heads that learn as well from the statistics branch alone, in training only.
    """

    features: Tensor
    embedding: Tensor
    heads: dict[str, Tensor]
    auxiliary: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """All that is needed to build a network again from its stored weights.

    Args:
        size: side of the square input in pixels, a multiple of 32.
        planes: names of the planes the network sees.
        width: channels of the first stage; each further stage doubles them.
        blocks: residual blocks per stage.
        distributions: classes per distribution head, e.g. ``{"mikels": 8, "ekman": 7}``.
        weak: classes per weak head, used in training only and not exported.
        teacher: length of the teacher's target, 0 for none; used in training only and not exported.
        dropout: probability at which features are dropped in training.
        statistics: how many numbers of the whole picture the network is given beside its pixels, 0 for none.
        statistics_dropout: probability at which features of the branch that reads them are dropped in training.

    Raises:
        ValueError: if the size is not a multiple of 32; the message names the nearest that is.
    """

    size: int = 128
    planes: tuple[str, ...] = ("srgb", "lab", "saturation", "gabor", "variance", "coherence")
    width: int = 32
    blocks: tuple[int, ...] = (2, 2, 2, 1)
    distributions: dict[str, int] = field(default_factory=dict)
    weak: dict[str, int] = field(default_factory=dict)
    teacher: int = 0
    dropout: float = 0.2
    statistics: int = 0
    statistics_dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.size < 32 or self.size % 32:
            nearest = max(32, round(self.size / 32) * 32)
            raise ValueError(f"size {self.size}: the trunk halves the input five times; use {nearest}")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """The inverse of ``dataclasses.asdict`` after a trip through JSON."""
        lists = {"planes": tuple(values["planes"]), "blocks": tuple(values["blocks"])}
        return cls(**{**values, **lists})


class Network(nn.Module):
    """Base of the networks: a config, and a forward pass that gives a ``NetworkOutput``."""

    config: NetworkConfig

    def forward(self, images: Tensor, statistics: Tensor | None = None) -> NetworkOutput:
        """Read a batch (B, 3, S, S) of sRGB in [0, 1], and (B, ``config.statistics``) numbers where it takes some."""
        raise NotImplementedError
