"""What the distilled trunk knows before any rating: ``python benchmarks/distilled_probe.py --run runs/shipped``.

Linear probes on its frozen features, on the frozen folds, after the first stage of pre-training and after the last,
beside the same probes on the teachers. Readings are kept; those of the first stage were taken when it ended.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

import development
from baselines import READINGS, readings_of
from emoir.evaluate.figures import headline, provenance
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.networks import EmotionNet
from emoir.training.answers import answers
from emoir.training.cache import cached_pixels
from pretrain_shipped import SIZE, pretrained
from probes import probe


def features(network: EmotionNet, name: str, cache: Path) -> np.ndarray:
    pixels = cached_pixels(development.load(name).paths, SIZE, cache)
    mirrored = pixels[:, :, ::-1]
    return np.concatenate([answers(network, side)["features"] for side in (pixels, mirrored)], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/shipped"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network: EmotionNet | None = None
    print("| set | measure | floor | teachers + probe | first stage, frozen + probe | last stage, frozen + probe |")
    print("|---|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds = development.folds(name)
        file = READINGS / f"{name}.distilled.npz"
        if not file.exists():
            if network is None:
                network = pretrained()
            probe(table, folds, features(network, name, arguments.run / "cache")).save(file)
        ours = headline(table, OutOfFold.load(file, folds.digests))
        first = headline(table, OutOfFold.load(READINGS / f"{name}.distilled-0.npz", folds.digests))
        teachers = headline(table, readings_of(name, "teachers", table, folds))
        for measure, line in ours.items():
            others = f"{teachers[measure].estimate} | {first[measure].estimate}"
            print(f"| {name} ({len(table)}) | {measure} | {line.floor} | {others} | {line.estimate} |")
    print("\n" + provenance("development parts", "5 frozen folds, seed 0"))


if __name__ == "__main__":
    main()
