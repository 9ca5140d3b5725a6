"""Linear probes on fixed features: what a model would do that only looks through somebody else's eyes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import development
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.images.descriptors import GREY_WEIGHTS, describe_pixels, local_binary_pattern_histogram
from emoir.images.lab import srgb_to_lab
from emoir.images.palette import palette_histogram
from emoir.training.cache import cached_pixels
from emoir.training.probes import DistributionProbe, PointProbe, fit_reduction

CACHE = Path("runs/features")
EMBEDDING = 64


def descriptor_features(name: str) -> NDArray[np.float32]:
    """Our hand-made colour and texture numbers at 128 px: (n, 88)."""
    rows = []
    for pixels in cached_pixels(development.load(name).paths, 128, CACHE):
        described = describe_pixels(pixels)
        lab = srgb_to_lab(pixels).reshape(-1, 3)
        numbers = [getattr(described, field) for field in described.__slots__]
        patterns = local_binary_pattern_histogram(np.rint(pixels @ GREY_WEIGHTS))
        palette = np.sqrt(palette_histogram(pixels))
        rows.append(np.concatenate([numbers, lab.mean(axis=0), lab.std(axis=0), patterns, palette]))
    return np.array(rows, dtype=np.float32)


def probe(table: Table, folds: Folds, features: NDArray[np.float32]) -> OutOfFold:
    """Out-of-fold readings of logistic and ridge probes; everything is fitted on the training folds.

    A value counts for no more than the largest of the training rows: a feature that hardly moves on these would
    otherwise rule the reading of the one picture that it is made for.
    """
    n = len(table)
    probabilities = {space: np.zeros((n, len(table.class_names[space]))) for space in table.class_names}
    points = None if table.valence is None else np.zeros((n, 2))
    embeddings = np.zeros((n, min(EMBEDDING, features.shape[1])))
    for fold in range(folds.count):
        train, test = folds.training_rows(fold), folds.test_rows(fold)
        reduce = fit_reduction(features[train])
        x = reduce(features[train]).astype(np.float64)
        within = features[test].clip(features[train].min(axis=0), features[train].max(axis=0))
        y = reduce(within).astype(np.float64)
        embeddings[test] = y[:, : embeddings.shape[1]]
        for space in table.class_names:
            shares, known = shares_of(table, space, train)
            probabilities[space][test] = DistributionProbe.fit(x[known], shares[known])(y)
        if points is not None:
            rated = np.stack([np.asarray(table.valence)[train], np.asarray(table.arousal)[train]], axis=1)
            points[test] = PointProbe.fit(x, rated)(y)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return OutOfFold(
        digests=folds.digests, folds=folds.folds, probabilities=probabilities, points=points, embeddings=embeddings
    )


def shares_of(table: Table, space: str, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Labels of a space as distributions, and which rows have one."""
    shares, known = table.shares(space)
    return shares[rows], known[rows]
