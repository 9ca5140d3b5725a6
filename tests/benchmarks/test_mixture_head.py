from __future__ import annotations

import math

import torch

from weights.mixture_head import MixtureHead


def test_a_sure_domain_gives_its_own_head() -> None:
    torch.manual_seed(0)
    head = MixtureHead(4, 3, 2)
    embedding = torch.rand(5, 4)
    expected = torch.log_softmax(head.components(embedding)[:, 1], dim=1)
    torch.testing.assert_close(head(embedding, torch.tensor([[0.0, 60.0]]).expand(5, 2)), expected)


def test_a_doubtful_domain_mixes_probabilities() -> None:
    # Two heads that are sure of different classes, one believed at 3 to 1.
    head = MixtureHead(1, 2, 2, scale=1.0)
    with torch.no_grad():
        head.linear.weight.zero_()
        head.linear.bias.copy_(torch.tensor([math.log(4), 0.0, 0.0, math.log(4)]))
    answer = head(torch.zeros(1, 1), torch.tensor([[math.log(3), 0.0]])).exp()
    torch.testing.assert_close(answer, torch.tensor([[0.75 * 0.8 + 0.25 * 0.2, 0.75 * 0.2 + 0.25 * 0.8]]))


def test_each_domain_has_its_temperature() -> None:
    head = MixtureHead(1, 2, 2, scale=1.0)
    with torch.no_grad():
        head.linear.weight.zero_()
        head.linear.bias.copy_(torch.tensor([math.log(4), 0.0, math.log(4), 0.0]))
    head.temperatures.copy_(torch.tensor([1.0, 2.0]))
    answer = head(torch.zeros(2, 1), torch.tensor([[60.0, 0.0], [0.0, 60.0]])).exp()
    torch.testing.assert_close(answer, torch.tensor([[0.8, 0.2], [2 / 3, 1 / 3]]))
