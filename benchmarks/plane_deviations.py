"""Print the standard deviation of every plane's channels over photographs.

    python benchmarks/plane_deviations.py

Over 500 photographs of scenes and 500 of objects from the development sets, at 128 px, each on its own
scale as the plane gives it. The numbers stand in ``emoir.planes``.
"""

from __future__ import annotations

import numpy as np
import torch

import development
from emoir.images.decode import decode
from emoir.planes import PLANES

SETS = ("photos_intel_scenes", "photos_caltech101")
COUNT, SIZE = 500, 128


def main() -> None:
    generator = np.random.default_rng(0)
    paths = [path for name in SETS for path in generator.permutation(np.array(development.load(name).paths))[:COUNT]]
    images = torch.from_numpy(np.stack([decode(path, size=SIZE).pixels for path in paths]))
    for name, plane in PLANES.items():
        maps = [plane()(part.permute(0, 3, 1, 2).float() / 255) for part in images.split(50)]
        deviation = torch.cat(maps).transpose(0, 1).flatten(1).std(dim=1)
        print(name, tuple(round(float(value), 3) for value in deviation))


if __name__ == "__main__":
    main()
