"""What a network is shown: pixels, and numbers of the whole picture where it takes some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Inputs:
    """Images as a network takes them, row by row.

    Args:
        pixels: (n, S, S, 3) uint8 sRGB; may be mapped from disk.
        statistics: (n, d) float32 numbers of each whole picture, whatever crop of it is shown, or None.
    """

    pixels: NDArray[np.uint8]
    statistics: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, rows: NDArray[np.intp] | slice) -> Inputs:
        """Some rows."""
        return Inputs(self.pixels[rows], None if self.statistics is None else self.statistics[rows])
