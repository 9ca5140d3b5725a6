"""Planes to feature maps, embedding and heads."""

from emoir.networks.base import NetworkConfig, NetworkOutput
from emoir.networks.emotionnet import EmotionNet

__all__ = ["EmotionNet", "NetworkConfig", "NetworkOutput"]
