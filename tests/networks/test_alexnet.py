from __future__ import annotations

import pytest
import torch
from torch import nn

from emoir.networks import AlexNet, NetworkConfig
from emoir.networks.alexnet import LocalResponseNorm


def test_shapes_as_published_at_224() -> None:
    network = AlexNet(NetworkConfig(size=224, distributions={"mikels": 8}))
    maps = torch.zeros(1, 3, 224, 224)
    shapes = []
    for module in network.maps:
        maps = module(maps)
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            shapes.append(tuple(maps.shape[1:]))
    assert shapes == [
        (96, 55, 55),
        (96, 27, 27),
        (256, 27, 27),
        (256, 13, 13),
        (384, 13, 13),
        (384, 13, 13),
        (256, 13, 13),
        (256, 6, 6),
    ]
    # 60,965,224 with a thousand classes, as the publication's 60 million.
    thousand = AlexNet(NetworkConfig(size=224, distributions={"objects": 1000}))
    assert sum(p.numel() for p in thousand.parameters()) - 2 * 4097 == 60_965_224


@pytest.mark.parametrize("size", [64, 128])
def test_answers_at_small_sizes(size: int) -> None:
    network = AlexNet(NetworkConfig(size=size, distributions={"mikels": 8}, weak={"scene": 6})).train()
    output = network(torch.rand(4, 3, size, size))
    assert {name: tuple(head.shape) for name, head in output.heads.items()} == {
        "mikels": (4, 8),
        "scene": (4, 6),
        "valence_arousal": (4, 2),
    }
    torch.testing.assert_close(output.embedding.norm(dim=1), torch.ones(4))
    sum(head.pow(2).sum() for head in output.heads.values()).backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []


def test_initialisation() -> None:
    torch.manual_seed(0)
    network = AlexNet(NetworkConfig(size=128, distributions={"mikels": 8}))
    convolutions = [module for module in network.maps if isinstance(module, nn.Conv2d)]
    assert [bool((c.bias == 1).all()) for c in convolutions if c.bias is not None] == [False, True, False, True, True]
    assert float(convolutions[2].weight.detach().std()) == pytest.approx(0.01, rel=0.02)


def test_ratings_do_not_run_to_an_end_in_the_first_steps() -> None:
    torch.manual_seed(0)
    network = AlexNet(NetworkConfig(size=64)).train()
    images, truth = torch.rand(8, 3, 64, 64), torch.rand(8, 2) * 0.5 + 0.25
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-4)
    for _ in range(12):
        ratings = network(images).heads["valence_arousal"]
        optimizer.zero_grad()
        (ratings - truth).square().mean().backward()
        optimizer.step()
        low, high = ratings.detach().aminmax()
        assert 0.02 < float(low) <= float(high) < 0.98


def test_response_normalisation_is_torch_s_own() -> None:
    maps = 30 * torch.randn(2, 96, 5, 7, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)(maps)
    assert torch.allclose(LocalResponseNorm(96)(maps), expected, rtol=1e-5, atol=1e-5)
