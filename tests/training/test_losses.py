from __future__ import annotations

import math

import pytest
import torch

from emoir.training.losses import class_loss, concordance, distribution_loss, teacher_loss, valence_arousal_loss

NAN = float("nan")


def test_distribution_loss_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, math.log(3.0)], [5.0, 1.0]])
    target = torch.tensor([[1.0, 0.0], [0.5, 0.5], [NAN, NAN]])
    first = math.log(1 / 0.5)
    second = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert float(distribution_loss(logits, target)) == pytest.approx((first + second) / 2, abs=1e-6)


def test_class_loss_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3.0)], [9.0, 1.0]])
    expected = -(0.95 * math.log(0.75) + 0.05 * math.log(0.25))
    assert float(class_loss(logits, torch.tensor([1, -1]))) == pytest.approx(expected, abs=1e-6)


def test_concordance_by_hand() -> None:
    # Shifted by one: covariance 2/3, variances 2/3 each, squared difference of means 1.
    x = torch.tensor([0.0, 1.0, 2.0])
    assert float(concordance(x, x + 1)) == pytest.approx(2 * (2 / 3) / (4 / 3 + 1), abs=1e-6)
    assert float(concordance(x, -x + 2)) == pytest.approx(-1, abs=1e-6)


def test_valence_arousal_loss_by_hand() -> None:
    predicted = torch.tensor([[0.5, 0.5], [0.1, 0.9]])
    target = torch.tensor([[0.65, 0.5], [NAN, NAN]])
    # Two numbers, one of them 0.15 off: half of one unit, a quarter of it counts; too few rows for the concordance.
    assert float(valence_arousal_loss(predicted, target)) == pytest.approx(0.5 / 4, abs=1e-6)
    many = torch.rand(10, 2, generator=torch.Generator().manual_seed(0))
    assert float(valence_arousal_loss(many, many)) == pytest.approx(0, abs=1e-4)
    assert float(valence_arousal_loss(1 - many, many)) > 1


def test_teacher_loss_by_hand() -> None:
    target = torch.tensor([[1.0, 0.0], [0.0, 1.0], [NAN, NAN]])
    assert float(teacher_loss(torch.tensor([[3.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), target)) == pytest.approx(0, abs=1e-6)
    # Both point the same way: one is right, one at a right angle; two corners of the similarity matrix are off.
    assert float(teacher_loss(torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), target)) == pytest.approx(0.5 + 0.5)


def test_without_labels_the_loss_is_zero_and_has_a_gradient() -> None:
    for loss, shape, target in (
        (distribution_loss, (2, 3), torch.full((2, 3), NAN)),
        (class_loss, (2, 3), torch.tensor([-1, -1])),
        (valence_arousal_loss, (2, 2), torch.full((2, 2), NAN)),
        (teacher_loss, (2, 4), torch.full((2, 4), NAN)),
    ):
        predicted = torch.rand(*shape, requires_grad=True)
        value = loss(predicted, target)
        value.backward()
        assert float(value.detach()) == 0
        assert predicted.grad is not None
        assert float(predicted.grad.abs().sum()) == 0
