"""Teach the pre-trained network human ratings: once per fold, once on all, and once without each rated set.

    cd benchmarks && python -m weights.fine_tune --run RUN
    cd benchmarks && python -m weights.fine_tune --run RUN --without oasis

RUN holds what ``kept_statistics.py`` made. The trunk stays as pre-training left it, for it has seen no human-rated
image; fusion, embedding and heads learn. Their labels: the ratings of the training folds (Emotion6, OASIS, the FI part,
abstract paintings; never GAPED), and, for the unrated views, soft labels of probes on the teachers' embeddings that
were fitted on the same training folds. A network of a fold then reads the images of its fold; these readings make every
figure. The recipe was chosen on validation folds: ``head_design.py``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import development
from cross_fit import FOLDS
from emoir.networks import EmotionNet
from weights.examples import SETS, RatedSets, rows_of_folds
from weights.head_design import Outputs, put, read
from weights.kept_statistics import KeptStatistics
from weights.pretrained import PRETRAINED, keep, pretrained
from weights.top import Recipe

CHOSEN = Recipe(epochs=2, seeds=4)


def save(file: Path, outputs: Mapping[str, Mapping[str, NDArray[np.float32]]]) -> None:
    """Write what networks say, as ``SET.HEAD``."""
    arrays = {f"{name}.{head}": values for name, heads in outputs.items() for head, values in heads.items()}
    np.savez(file, allow_pickle=False, **arrays)


def read_set(network: EmotionNet, sets: RatedSets, name: str, rows: NDArray[np.intp]) -> dict[str, NDArray[np.float32]]:
    """What a network says of whole pictures of a set."""
    return read(network, sets.kept.rated[name][rows, 0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of the kept statistics")
    parser.add_argument("--trunk", type=Path, default=PRETRAINED, help="the pre-trained network")
    parser.add_argument("--without", choices=SETS[:-1], help="leave a set out as a whole, and read it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run, trunk = arguments.run, pretrained(arguments.trunk)
    sets = RatedSets.of(KeptStatistics.load(run))
    folds = {name: development.folds(name)[1].folds for name in SETS}
    everything = rows_of_folds(folds, ())
    if without := arguments.without:
        rows = {name: chosen for name, chosen in everything.items() if name != without}
        network = sets.network(trunk, rows, CHOSEN)
        save(run / f"without-{without}.npz", {without: read_set(network, sets, without, everything[without])})
        return
    outputs: Outputs = {}
    for fold in range(FOLDS):
        network = sets.network(trunk, rows_of_folds(folds, (fold,)), CHOSEN)
        for name in SETS:
            held = np.flatnonzero(folds[name] == fold)
            put(outputs, name, held, read_set(network, sets, name, held), len(folds[name]))
        print(f"{time.strftime('%H:%M:%S')} fold {fold}", flush=True)
    network = sets.network(trunk, everything, CHOSEN)
    keep(network, run / "network.safetensors")
    gaped = np.arange(len(sets.kept.rated["gaped"]))
    save(run / "readings.npz", {**outputs, "gaped": read_set(network, sets, "gaped", gaped)})


if __name__ == "__main__":
    main()
