"""What the networks of the five folds say of the images that they held out, calibrated across the folds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

import development
import kept_readings
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.training.calibrate import fit_temperature
from probes import shares_of

MODEL = "emoir-0.4"
# Which sets calibrate a head.
CALIBRATED_BY = {"mikels": ("fi_subset", "abstract_paintings"), "ekman": ("emotion6",), "keyword6": ("emotion6",)}
FOLDS = 5


def collect(run: Path, gaped: dict[str, NDArray[np.float32]]) -> None:
    """Join what the five networks said of the images they held out, and keep it with the benchmarks.

    Args:
        run: where ``weights/fine_tune.py`` left its outputs.
        gaped: outputs of the shipped network for GAPED, which no network was shown.
    """
    parts = [dict(np.load(run / f"fold-{fold}.npz")) for fold in range(FOLDS)]
    for name in development.HUMAN_RATED:
        _, folds = development.folds(name)
        arrays: dict[str, NDArray[np.generic]] = {"digests": np.array(folds.digests)}
        for key in (key for key in (gaped if name == "gaped" else parts[0]) if key.startswith(f"{name}.")):
            if name == "gaped":
                joined = gaped[key]
            else:
                joined = np.zeros((len(folds.digests), parts[0][key].shape[1]), dtype=np.float32)
                for fold, part in enumerate(parts):
                    joined[folds.test_rows(fold)] = part[key]
            arrays[key.removeprefix(f"{name}.")] = joined.astype(np.float16)
        kept_readings.save_arrays(name, MODEL, arrays)


def readings(name: str, recipe: str = MODEL) -> tuple[Table, Folds, OutOfFold]:
    """A set with the out-of-fold readings of a recipe."""
    table, folds = development.folds(name)
    return table, folds, FoldOutputs(recipe).out_of_fold(name)


class FoldOutputs:
    """Logits, points and embeddings, each row by a network that had not learnt from its image."""

    def __init__(self, recipe: str = MODEL) -> None:
        self.recipe = recipe
        self._arrays: dict[str, dict[str, NDArray[np.float32]]] = {}

    def joined(self, name: str, head: str) -> NDArray[np.float32]:
        """A head's outputs for a whole set, in the order of its table."""
        if name not in self._arrays:
            _, folds = development.folds(name)
            stored = kept_readings.load_arrays(name, self.recipe)
            place = {digest: row for row, digest in enumerate(stored.pop("digests").tolist())}
            rows = [place[digest] for digest in folds.digests]
            self._arrays[name] = {key: values[rows].astype(np.float32) for key, values in stored.items()}
        return self._arrays[name][head]

    def labelled(self, head: str, without: int | None = None) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Held-out logits and label distributions of the sets that calibrate a head, a fold left out if asked."""
        logits, targets = [], []
        for name in CALIBRATED_BY[head]:
            table, folds = development.folds(name)
            shares, known = shares_of(table, head, np.arange(len(table)))
            rows = np.flatnonzero(known & (folds.folds != (-1 if without is None else without)))
            logits.append(self.joined(name, head)[rows])
            targets.append(shares[rows])
        return np.concatenate(logits), np.concatenate(targets)

    @cache  # noqa: B019
    def temperature(self, head: str, without: int | None = None) -> float:
        """The temperature fitted on held-out images, those of one fold left out."""
        return fit_temperature(*self.labelled(head, without))

    def calibrated(self, name: str, head: str) -> NDArray[np.float64]:
        """A head's probabilities for a whole set; a fold's temperature comes from the other folds."""
        _, folds = development.folds(name)
        logits = self.joined(name, head)
        scaled = np.zeros(logits.shape)
        for fold in range(FOLDS):
            rows = folds.test_rows(fold)
            scaled[rows] = softmax(logits[rows] / self.temperature(head, without=fold), axis=1)
        return scaled

    def out_of_fold(self, name: str) -> OutOfFold:
        """Readings of a set; a fold's temperature comes from the other folds."""
        table, folds = development.folds(name)
        probabilities = {head: self.calibrated(name, head) for head in table.class_names}
        points = self.joined(name, "valence_arousal") if table.valence is not None else None
        return OutOfFold(
            digests=folds.digests,
            folds=folds.folds,
            probabilities=probabilities,
            points=points,
            embeddings=self.joined(name, "embedding"),
        )
