"""Limits that keep one file from harming the rest; every layer shares these defaults."""

from dataclasses import dataclass
from enum import StrEnum

MAX_UPLOAD = 25_000_000
"""Bytes of an image that is sent to the service."""


class RetryReason(StrEnum):
    """Why a file that failed may be readable later though it stays the same.

    The values are those that index files have held since version 0.2.
    """

    PIXELS = "max_pixels"
    SECONDS = "seconds_per_file"
    ENVIRONMENT = "circumstances"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost.

    Args:
        max_pixels: images of more pixels (width x height) are refused. Default: half a gigabyte of RGB, the size at
            which Pillow also refuses.
        seconds_per_file: files that take longer are given up.

    Example:
        >>> Limits(seconds_per_file=5).max_pixels
        178956970
    """

    max_pixels: int = 178_956_970
    seconds_per_file: float = 60.0

    def behind(self, reason: RetryReason | None) -> float | None:
        """The limit that failures of this reason ran into; None if it was none."""
        if reason is RetryReason.PIXELS:
            return self.max_pixels
        return self.seconds_per_file if reason is RetryReason.SECONDS else None


DEFAULT_LIMITS = Limits()
