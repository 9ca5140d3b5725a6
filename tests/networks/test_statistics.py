"""Statistics of planes by hand, and the branch that reads them."""

from __future__ import annotations

import pytest
import torch

from emoir.networks import EmotionNet, NetworkConfig
from emoir.networks.statistics import BRANCH, StatisticsBranch, plane_statistics


def test_mean_deviation_and_grid_by_hand() -> None:
    images = torch.zeros(1, 3, 4, 4)
    images[0, 0, :2, 2:] = 1.0  # red on the right above
    found = plane_statistics(images, ("srgb",))[0]
    assert found.shape == (18,)
    assert found[:3].tolist() == pytest.approx([0.25, 0, 0])
    # The share p of ones has variance p (1 - p); constants are moved off zero by a thousandth.
    assert found[3:6].tolist() == pytest.approx([(0.25 * 0.75) ** 0.5, 1e-3, 1e-3], abs=1e-4)
    assert found[6:].tolist() == pytest.approx([0, 1, 0, 0] + [0] * 8)


def test_planes_stand_in_their_order_whatever_their_resolution() -> None:
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    both = plane_statistics(images, ("srgb", "gabor"))
    torch.testing.assert_close(both, torch.cat([plane_statistics(images, (name,)) for name in ("srgb", "gabor")], 1))
    assert both.shape == (2, 6 * 11)


def test_units_do_not_matter_to_the_branch() -> None:
    numbers = torch.rand(30, 4, generator=torch.Generator().manual_seed(0))
    numbers[:, 3] = 7  # a constant
    scaled = numbers * torch.tensor([1000.0, 0.01, 1.0, 1.0]) + torch.tensor([5.0, -3.0, 0.0, 0.0])
    torch.manual_seed(0)
    branch = StatisticsBranch(4, 0.3).eval()
    branch.standardise(numbers)
    plain = branch(numbers)
    branch.standardise(scaled)
    torch.testing.assert_close(branch(scaled), plain, atol=1e-4, rtol=1e-4)


def test_the_branch_joins_the_features_and_keeps_its_heads_to_training() -> None:
    config = NetworkConfig(size=32, width=8, blocks=(1,), distributions={"mikels": 8}, weak={"scene": 6}, statistics=4)
    network = EmotionNet(config)
    images, numbers = torch.rand(3, 3, 32, 32), torch.rand(3, 4)
    output = network.train()(images, numbers)
    assert output.features.shape == (3, 384 + BRANCH)
    assert {name: tuple(head.shape) for name, head in output.auxiliary.items()} == {
        "mikels": (3, 8),
        "scene": (3, 6),
        "valence_arousal": (3, 2),
    }
    sum(head.pow(2).sum() for head in (*output.heads.values(), *output.auxiliary.values())).backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None] == []
    assert network.eval()(images, numbers).auxiliary == {}
    plain = NetworkConfig(size=32, width=8, blocks=(1,), distributions={"mikels": 8})
    assert not any("branch" in key or "auxiliary" in key for key in EmotionNet(plain).state_dict())
