"""How the floor of the coherence plane sets it apart from scikit-image: ``python benchmarks/coherence_floor.py``.

Printed per floor: how well the plane correlates, over the pixels of each photograph, with the coherence that the
eigenvalues of scikit-image's structure tensor give, which has no floor; and the share of pixels whose squared gradient
lies below the floor.
"""

from __future__ import annotations

import numpy as np
import torch
from skimage.feature import structure_tensor, structure_tensor_eigenvalues

import development
from emoir.images.decode import decode
from emoir.planes import coherence
from emoir.planes.base import luma

SETS, COUNT, SIZE = ("photos_intel_scenes", "photos_caltech101", "emotion6"), 60, 128
FLOORS = (1e-4, 3e-5, 1e-5, 3e-6, 1e-6)


def main() -> None:
    generator = np.random.default_rng(0)
    paths = [path for name in SETS for path in generator.permutation(np.array(development.load(name).paths))[:COUNT]]
    correlations: dict[float, list[float]] = {floor: [] for floor in FLOORS}
    below: dict[float, list[float]] = {floor: [] for floor in FLOORS}
    for path in paths:
        image = torch.tensor(decode(path, size=SIZE).pixels).permute(2, 0, 1)[None].float() / 255
        tensor = structure_tensor(luma(image)[0, 0].double().numpy(), coherence.WINDOW_SIGMA, mode="nearest")
        large, small = structure_tensor_eigenvalues(tensor)[:, ::2, ::2]
        theirs = (large - small) / np.maximum(large + small, 1e-12)
        for floor in FLOORS:
            coherence.FLAT = floor
            ours = coherence.coherence(image)[0, 0].numpy()
            correlations[floor].append(float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]))
            # Their gradients are eight times ours.
            below[floor].append(float(((large + small) / 64 < floor).mean()))
    print("| floor (squared gradient) | r, median | r, 5 % and 95 % | pixels below |\n|---|---|---|---|")
    for floor in FLOORS:
        low, middle, high = np.nanpercentile(correlations[floor], [5, 50, 95])
        print(f"| {floor:g} | {middle:.2f} | {low:.2f}, {high:.2f} | {np.mean(below[floor]):.2f} |")


if __name__ == "__main__":
    main()
