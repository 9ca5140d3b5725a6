from __future__ import annotations

import pytest
import torch

from emoir.networks.pooling import GramPooling, mean_and_deviation


def test_mean_and_deviation_by_hand() -> None:
    features = torch.tensor([[[[1.0, 3.0], [1.0, 3.0]]]])
    assert mean_and_deviation(features)[0].tolist() == pytest.approx([2.0, 1.0], abs=1e-4)


def test_gram_against_loops() -> None:
    torch.manual_seed(0)
    pooling = GramPooling(5, 3)
    features = torch.rand(2, 5, 4, 4)
    reduced = pooling.reduce(features).detach()
    expected = []
    for image in reduced:
        row = []
        for first in range(3):
            for second in range(first, 3):
                product = sum(float(image[first, y, x] * image[second, y, x]) for y in range(4) for x in range(4)) / 16
                row.append((1 if product > 0 else -1) * abs(product) ** 0.5)
        expected.append(row)
    torch.testing.assert_close(pooling(features), torch.tensor(expected), atol=2e-3, rtol=0)


def test_statistics_do_not_care_where_things_stand() -> None:
    torch.manual_seed(0)
    features = torch.rand(1, 6, 5, 5)
    shuffled = features.flatten(2)[:, :, torch.randperm(25)].view(1, 6, 5, 5)
    gram = GramPooling(6, 4)
    torch.testing.assert_close(mean_and_deviation(shuffled), mean_and_deviation(features))
    torch.testing.assert_close(gram(shuffled), gram(features))


def test_gradients_are_finite_on_constant_maps() -> None:
    features = torch.zeros(1, 4, 3, 3, requires_grad=True)
    pooling = GramPooling(4, 2)
    (mean_and_deviation(features).sum() + pooling(features).sum()).backward()
    assert features.grad is not None
    assert bool(torch.isfinite(features.grad).all())
