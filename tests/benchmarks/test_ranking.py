from __future__ import annotations

import math

import pytest
import torch

from weights.ranking import ranking_loss

NAN = float("nan")


def test_ranking_loss_by_hand() -> None:
    # Of three rated images, two pairs are told apart in the first dimension (0.2 and 0.23 are not), none in the second.
    predicted = torch.tensor([[0.3, 0.5], [0.5, 0.1], [0.4, 0.9], [0.9, 0.9]])
    target = torch.tensor([[0.2, 0.5], [0.23, 0.5], [0.6, 0.5], [NAN, 0.5]])
    right, wrong = math.log1p(math.exp(-10 * 0.1)), math.log1p(math.exp(10 * 0.1))
    assert float(ranking_loss(predicted, target)) == pytest.approx((right + wrong) / 2, abs=1e-6)


def test_ranking_loss_asks_for_the_order_alone() -> None:
    target = torch.tensor([[0.1], [0.5], [0.9]])
    shifted = target / 2 + 0.4
    assert float(ranking_loss(target, target)) < float(ranking_loss(shifted, target)) < math.log(2)
    assert float(ranking_loss(shifted, target)) == pytest.approx(float(ranking_loss(shifted - 0.3, target)), abs=1e-6)


def test_without_labels_the_loss_is_zero_and_has_a_gradient() -> None:
    predicted = torch.rand(2, 2, requires_grad=True)
    value = ranking_loss(predicted, torch.full((2, 2), NAN))
    value.backward()
    assert float(value.detach()) == 0
    assert predicted.grad is not None
