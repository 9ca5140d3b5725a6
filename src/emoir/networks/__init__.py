"""Planes to feature maps, embedding and heads."""

from emoir.networks.alexnet import AlexNet
from emoir.networks.base import Network, NetworkConfig, NetworkOutput
from emoir.networks.emotionnet import EmotionNet

__all__ = ["AlexNet", "EmotionNet", "Network", "NetworkConfig", "NetworkOutput"]
