"""What the networks of the five folds say of the images that they held out, calibrated across the folds."""

from __future__ import annotations

from collections.abc import Mapping
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

OF_PAINTINGS, DOMAIN = "of_paintings", "domain"
MODEL, BEFORE, TEACHERS = "emoir-0.5", "emoir-0.4", "teachers"
# Which sets calibrate a head; one head served photographs and paintings before 0.5.
CALIBRATED_BY = {
    "mikels": ("fi_subset",),
    OF_PAINTINGS: ("abstract_paintings",),
    "ekman": ("emotion6",),
    "keyword6": ("emotion6",),
}
BY_BOTH = ("fi_subset", "abstract_paintings")
FOLDS = 5


def collect(file: Path) -> None:
    """Keep what networks said of images that they had not learnt from with the benchmarks.

    Args:
        file: what ``weights/fine_tune.py`` wrote: ``SET.HEAD`` to rows in the order of the set's table.
    """
    with np.load(file) as parts:
        for name in development.HUMAN_RATED:
            arrays: dict[str, NDArray[np.generic]] = {"digests": np.array(development.folds(name)[1].digests)}
            for key in (key for key in parts.files if key.startswith(f"{name}.")):
                arrays[key.removeprefix(f"{name}.")] = parts[key].astype(np.float16)
            kept_readings.save_arrays(name, MODEL, arrays)


def readings(name: str, recipe: str = MODEL) -> tuple[Table, Folds, OutOfFold]:
    """A set with the out-of-fold readings of a recipe."""
    table, folds = development.folds(name)
    return table, folds, FoldOutputs(recipe).out_of_fold(name)


class FoldOutputs:
    """Logits, points and embeddings, each row by a network that had not learnt from its image.

    Args:
        recipe: whose kept readings are used.
        arrays: set to head to (n, K) in the order of its table, in place of those.
    """

    def __init__(self, recipe: str = MODEL, arrays: Mapping[str, Mapping[str, NDArray[np.float32]]] | None = None):
        self.recipe = recipe
        self._arrays: dict[str, Mapping[str, NDArray[np.float32]]] = dict(arrays or {})

    def heads_of(self, name: str) -> Mapping[str, NDArray[np.float32]]:
        """All outputs for a whole set, in the order of its table."""
        if name not in self._arrays:
            _, folds = development.folds(name)
            stored = kept_readings.load_arrays(name, self.recipe)
            place = {digest: row for row, digest in enumerate(stored.pop("digests").tolist())}
            rows = [place[digest] for digest in folds.digests]
            self._arrays[name] = {key: values[rows].astype(np.float32) for key, values in stored.items()}
        return self._arrays[name]

    def joined(self, name: str, head: str) -> NDArray[np.float32]:
        """A head's outputs for a whole set, in the order of its table."""
        return self.heads_of(name)[head]

    def answering(self, space: str) -> tuple[str, ...]:
        """The heads that answer for a space: one, or one for photographs and one for paintings."""
        both = space == "mikels" and OF_PAINTINGS in self.heads_of(BY_BOTH[0])
        return (space, OF_PAINTINGS) if both else (space,)

    def calibrating(self, head: str) -> tuple[str, ...]:
        """The sets whose labels calibrate a head."""
        return BY_BOTH if self.answering(head) == ("mikels",) else CALIBRATED_BY[head]

    @cache  # noqa: B019
    def temperature(self, head: str, without: int | None = None) -> float:
        """The temperature fitted on held-out images, those of one fold left out."""
        logits, targets = [], []
        for name in self.calibrating(head):
            table, folds = development.folds(name)
            shares, known = shares_of(table, "mikels" if head == OF_PAINTINGS else head, np.arange(len(table)))
            rows = np.flatnonzero(known & (folds.folds != (-1 if without is None else without)))
            logits.append(self.joined(name, head)[rows])
            targets.append(shares[rows])
        return fit_temperature(np.concatenate(logits), np.concatenate(targets))

    def temperatures(self, space: str) -> dict[str, float]:
        """The heads that answer for a space with their temperatures, fitted on all held-out images."""
        return {head: self.temperature(head) for head in self.answering(space)}

    def answers(self, name: str, space: str, without: int | None = None) -> NDArray[np.float64]:
        """The probabilities that a model gives whose temperatures were fitted without a fold, or on all for None."""
        return self._joined_heads(
            name, space, {head: self.temperature(head, without) for head in self.answering(space)}
        )

    def uncalibrated(self, name: str, space: str) -> NDArray[np.float64]:
        """The probabilities that a model gives without temperatures."""
        return self._joined_heads(name, space, dict.fromkeys(self.answering(space), 1.0))

    def _joined_heads(self, name: str, space: str, temperatures: Mapping[str, float]) -> NDArray[np.float64]:
        parts = [softmax(self.joined(name, head) / value, axis=1) for head, value in temperatures.items()]
        if len(parts) == 1:
            return np.asarray(parts[0], dtype=np.float64)
        weights = softmax(self.joined(name, DOMAIN), axis=1)
        return np.asarray(sum(part * weights[:, number, None] for number, part in enumerate(parts)), dtype=np.float64)

    def calibrated(self, name: str, space: str) -> NDArray[np.float64]:
        """A space's probabilities for a whole set; a fold's temperatures come from the other folds."""
        _, folds = development.folds(name)
        found = np.zeros(self.joined(name, space).shape)
        for fold in range(FOLDS):
            rows = folds.test_rows(fold)
            found[rows] = self.answers(name, space, without=fold)[rows]
        return found

    def out_of_fold(self, name: str) -> OutOfFold:
        """Readings of a set; a fold's temperatures come from the other folds."""
        table, folds = development.folds(name)
        probabilities = {space: self.calibrated(name, space) for space in table.class_names}
        points = self.joined(name, "valence_arousal") if table.valence is not None else None
        return OutOfFold(
            digests=folds.digests,
            folds=folds.folds,
            probabilities=probabilities,
            points=points,
            embeddings=self.joined(name, "embedding"),
        )
