"""sRGB images to colour planes and texture planes, differentiable and exportable."""

from emoir.planes.stack import PLANES, PlaneStack

__all__ = ["PLANES", "PlaneStack"]
