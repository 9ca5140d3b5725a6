"""Limits that keep one file from harming the rest; every layer shares these defaults."""

from dataclasses import dataclass

MAX_PIXELS = 178_956_970
"""Width x height of an image: half a gigabyte of RGB, the size at which Pillow, too, refuses."""

MAX_UPLOAD = 25_000_000
"""Bytes of an image that is sent to the service."""

SECONDS_PER_FILE = 60.0
"""Time that a worker may spend on one file."""

# What may make a failed file readable though it stays the same: one of the limits, or the world around it.
BY_PIXELS, BY_SECONDS, BY_CIRCUMSTANCES = "max_pixels", "seconds_per_file", "circumstances"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    Args:
        max_pixels: images with more pixels are refused.
        seconds_per_file: files that take longer are given up.
    """

    max_pixels: int = MAX_PIXELS
    seconds_per_file: float = SECONDS_PER_FILE
