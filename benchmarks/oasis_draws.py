"""How far the OASIS baseline moves with the draw of folds and the ridge: ``python benchmarks/oasis_draws.py RUN``.

RUN holds what ``weights/kept_statistics.py`` made.
Explains the distance between the frozen folds' figure and other one-seed figures: teachers + ridge on all
2,560 numbers, five folds by theme drawn anew, strength chosen on the training rows or held.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import development
from emoir.datasets.splits import make_folds
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import pearson
from emoir.training.probes import RIDGE

DRAWS = 3
STRENGTHS = (None, 10, 100, 1_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the kept embeddings")
    features = np.load(parser.parse_args().run / "oasis.embeddings.npy").astype(np.float32)
    table = development.load("oasis")
    rated = np.stack([np.asarray(table.valence), np.asarray(table.arousal)], axis=1)
    print("| draw | ridge | valence r | arousal r |\n|---|---|---|---|")
    for seed in range(1, DRAWS + 1):
        folds = make_folds(table, seed=seed)
        for strength in STRENGTHS:
            predicted = np.zeros_like(rated)
            for fold in range(folds.count):
                train, test = folds.training_rows(fold), folds.test_rows(fold)
                ridge = RidgeCV(RIDGE) if strength is None else Ridge(strength)
                predicted[test] = (
                    make_pipeline(StandardScaler(), ridge).fit(features[train], rated[train]).predict(features[test])
                )
            name = "chosen on the training rows" if strength is None else f"{strength:,}"
            valence, arousal = (pearson(predicted[:, column], rated[:, column]) for column in (0, 1))
            print(f"| {seed} | {name} | {valence:.3f} | {arousal:.3f} |")
    print("\n" + provenance("OASIS development part", "5 folds by theme, seeds 1 to 3"))


if __name__ == "__main__":
    main()
