"""Linear probes on fixed features: what a model would do that only looks through somebody else's eyes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import development
from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.images.descriptors import GREY_WEIGHTS, describe_pixels, local_binary_pattern_histogram
from emoir.images.lab import srgb_to_lab
from emoir.images.palette import palette_histogram
from emoir.training.cache import cached_pixels
from emoir.training.distill import teacher_embeddings

CACHE = Path("runs/features")
REGULARISATION = (0.0001, 0.0003, 0.001, 0.003, 0.01)
INNER_FOLDS = 3
RIDGE = np.logspace(1, 5, 9)
COMPONENTS = 384
EMBEDDING = 64


def teacher_features(name: str) -> NDArray[np.float32]:
    """Both teachers' embeddings, unit length each, joined: (n, 2560)."""
    file = CACHE / f"{name}.teachers.npy"
    if not file.exists():
        pixels = cached_pixels(development.load(name).paths, 224, CACHE)
        np.save(file, teacher_embeddings(pixels, sorted((development.ROOT.parent / "teachers").glob("*.onnx"))))
    features: NDArray[np.float32] = np.load(file)
    return features


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
    """Out-of-fold readings of logistic and ridge probes; everything is fitted on the training folds."""
    n = len(table)
    probabilities = {space: np.zeros((n, len(table.class_names[space]))) for space in table.class_names}
    points = None if table.valence is None else np.zeros((n, 2))
    embeddings = np.zeros((n, min(EMBEDDING, features.shape[1])))
    for fold in range(folds.count):
        train, test = folds.training_rows(fold), folds.test_rows(fold)
        reduce = make_pipeline(StandardScaler(), PCA(min(COMPONENTS, features.shape[1], len(train)), random_state=0))
        x = reduce.fit_transform(features[train]).astype(np.float64)
        y = reduce.transform(features[test]).astype(np.float64)
        embeddings[test] = y[:, : embeddings.shape[1]]
        for space in table.class_names:
            probabilities[space][test] = _classify(table, space, x, train, y)
        if points is not None:
            rated = np.stack([np.asarray(table.valence)[train], np.asarray(table.arousal)[train]], axis=1)
            points[test] = RidgeCV(RIDGE).fit(x, rated).predict(y)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return OutOfFold(folds.digests, folds.folds, probabilities, points, embeddings)


def _classify(
    table: Table, space: str, x: NDArray[np.float64], train: NDArray[np.intp], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logistic regression on classes or distributions; its strength is chosen on inner folds of the training rows."""
    if space in table.classes:
        labels = table.classes[space][train]
        known = labels != ABSENT_CLASS
        shares = np.eye(len(table.class_names[space]))[labels[known]]
    else:
        shares = table.distributions[space][train]
        known = ~np.isnan(shares).any(axis=1)
        shares = shares[known]
    x = x[known]
    losses = np.zeros(len(REGULARISATION))
    for inner, outer in KFold(INNER_FOLDS, shuffle=True, random_state=0).split(x):
        for number, strength in enumerate(REGULARISATION):
            predicted = _fit(x[inner], shares[inner], strength, x[outer])
            losses[number] -= (shares[outer] * np.log(np.maximum(predicted, 1e-7))).sum()
    return _fit(x, shares, REGULARISATION[int(losses.argmin())], y)


def _fit(
    x: NDArray[np.float64], shares: NDArray[np.float64], strength: float, y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distributions as classes weighted by their shares."""
    rows, classes = np.nonzero(shares)
    model = LogisticRegression(C=strength, max_iter=200).fit(x[rows], classes, shares[rows, classes])
    result = np.zeros((len(y), shares.shape[1]))
    result[:, model.classes_] = model.predict_proba(y)
    return result
