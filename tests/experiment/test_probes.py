"""Probes recover what is linear in the features."""

from __future__ import annotations

import numpy as np

from emoir.experiment.probes import DistributionProbe, PointProbe, fit_reduction


def test_probes_learn_what_is_linear() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(300, 20))
    reduced = fit_reduction(features).transform(features)
    logits = np.stack([features[:, 0], features[:, 1], np.zeros(300)], axis=1) * 3
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probe = DistributionProbe.fit(reduced, np.hstack([shares, np.zeros((300, 1))]))
    predicted = probe(reduced)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    assert predicted[:, 3].max() == 0
    assert (predicted.argmax(axis=1) == shares.argmax(axis=1)).mean() > 0.85
    points = np.stack([features[:, 2], features[:, 3]], axis=1)
    np.testing.assert_allclose(PointProbe.fit(reduced, points)(reduced), points, atol=0.3)
