"""Probes recover what is linear in the features."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from emoir.training.probes import DistributionProbe, PointProbe, fit_reduction


def test_probes_learn_what_is_linear() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(300, 20))
    reduced = fit_reduction(features)(features)
    logits = np.stack([features[:, 0], features[:, 1], np.zeros(300)], axis=1) * 3
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probe = DistributionProbe.fit(reduced, np.hstack([shares, np.zeros((300, 1))]))
    predicted = probe(reduced)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    assert predicted[:, 3].max() == 0
    assert (predicted.argmax(axis=1) == shares.argmax(axis=1)).mean() > 0.85
    points = np.stack([features[:, 2], features[:, 3]], axis=1)
    np.testing.assert_allclose(PointProbe.fit(reduced, points)(reduced), points, atol=0.3)


def test_logistic_regression_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    features, shares = random.normal(size=(120, 6)), random.dirichlet(np.ones(4), 120)
    ours = DistributionProbe._fit(features, shares, 0.01)
    rows, classes = np.nonzero(shares)
    theirs = LogisticRegression(C=0.01, tol=1e-10, max_iter=1000).fit(features[rows], classes, shares[rows, classes])
    np.testing.assert_allclose(ours(features), theirs.predict_proba(features), atol=1e-4)


def test_principal_axes_spread_most_and_constants_say_nothing() -> None:
    random = np.random.default_rng(2)
    features = np.hstack(
        [random.normal(size=(80, 1)) @ [[1.0, 1.0]], random.normal(size=(80, 1)), np.full((80, 1), 7.0)]
    )
    features[:, 3] += random.normal(size=80) * 1e-9
    reduced = fit_reduction(features)(features)
    # Two columns that are one, standardised, spread twice as much as one alone.
    np.testing.assert_allclose(np.sort(reduced.var(axis=0))[::-1][:2].sum(), 3)
    np.testing.assert_allclose(reduced.var(axis=0)[2:], 0, atol=1e-12)
