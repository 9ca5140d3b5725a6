"""Heads on images that they had not learnt from: out-of-fold outputs, temperatures and the choice between features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.training.calibrate import fit_temperature
from emoir.training.heads import HeadLabels, Heads, mixture
from emoir.training.probes import Doubles

LEAST = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutOutputs:
    """Outputs of heads for n images, each by the heads of the fold that held it out.

    Args:
        embedding: (n, D), comparable inside a fold only.
        points: (n, 2).
        logits: space to (n, K) per domain.
        gates: (n, domains).
    """

    embedding: Doubles
    points: Doubles
    logits: Mapping[str, tuple[Doubles, ...]]
    gates: Doubles

    def temperatures(self, labels: HeadLabels) -> dict[str, tuple[float, ...]]:
        """The temperature of each space and domain, fitted on the domain's own images, on all if it has no labels."""
        found = {}
        for space, logits in self.logits.items():
            shares = labels.spaces[space]
            known = ~np.isnan(shares).any(axis=1)
            fitted = []
            for domain, values in enumerate(logits):
                own = known if len(logits) == 1 or labels.domains is None else known & (labels.domains == domain)
                rows = own if own.any() else known
                fitted.append(fit_temperature(values[rows], shares[rows]))
            found[space] = tuple(fitted)
        return found

    def probabilities(self, temperatures: Mapping[str, tuple[float, ...]]) -> dict[str, Doubles]:
        """Space to (n, K)."""
        return {
            space: mixture(tuple(z / t for z, t in zip(logits, temperatures[space], strict=True)), self.gates)
            for space, logits in self.logits.items()
        }


def out_of_fold(
    features: NDArray[np.floating], labels: HeadLabels, folds: NDArray[np.int64], *, numbers: bool
) -> HeldOutOutputs:
    """Fit heads once per fold on all other folds, and read the fold with them.

    Args:
        features: (n, d), see ``head_features``.
        labels: of the same images.
        folds: (n,).
        numbers: whether the features hold the numbers of colour and texture.
    """
    pooled: dict[str, list[Doubles]] = {}
    embedding = points = gates = None
    for fold in np.unique(folds):
        test = np.flatnonzero(folds == fold)
        train = np.flatnonzero(folds != fold)
        heads = Heads.fit(features[train], labels.take(train), numbers=numbers)
        read, parts = heads(features[test]), heads.logits(features[test])
        if embedding is None or points is None or gates is None:
            n = len(features)
            embedding, points = np.zeros((n, read["embedding"].shape[1])), np.zeros((n, 2))
            gates = np.zeros((n, heads.gates(features[test]).shape[1]))
            pooled = {space: [np.zeros((n, one.shape[1])) for one in maps] for space, maps in parts.items()}
        width = min(embedding.shape[1], read["embedding"].shape[1])
        embedding[test, :width], points[test] = read["embedding"][:, :width], read["valence_arousal"]
        gates[test] = heads.gates(features[test])
        for space, maps in parts.items():
            for mine, one in zip(pooled[space], maps, strict=True):
                mine[test] = one
    assert embedding is not None
    assert points is not None
    assert gates is not None
    logits = {space: tuple(maps) for space, maps in pooled.items()}
    return HeldOutOutputs(embedding=embedding, points=points, logits=logits, gates=gates)


def losses(outputs: HeldOutOutputs, labels: HeadLabels) -> dict[str, float]:
    """Mean cross-entropy of every space and mean squared error of valence and arousal, held out.

    Args:
        outputs: held-out outputs of heads.
        labels: of the same images.
    """
    found = {}
    for space, predicted in outputs.probabilities(outputs.temperatures(labels)).items():
        shares = labels.spaces[space]
        known = ~np.isnan(shares).any(axis=1)
        found[space] = float(-(shares[known] * np.log(np.maximum(predicted[known], LEAST))).sum(axis=1).mean())
    rated = ~np.isnan(labels.points).any(axis=1)
    found["valence_arousal"] = float(((outputs.points[rated] - labels.points[rated]) ** 2).mean())
    return found


def is_better(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Whether the first losses are lower than the second ones, by the mean of their ratios.

    Args:
        first: loss by space.
        second: the same of other heads.
    """
    return float(np.mean([np.log(first[name] / max(second[name], LEAST)) for name in second])) < 0
