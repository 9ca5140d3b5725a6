from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
import torch

from emoir.networks import EmotionNet, NetworkConfig
from emoir.planes import PLANES

SMALL = NetworkConfig(
    size=64, width=8, blocks=(1, 1), distributions={"mikels": 8, "ekman": 7}, weak={"scene": 6}, teacher=10
)


def test_shapes_and_ranges() -> None:
    output = EmotionNet(SMALL).eval()(torch.rand(3, 3, 64, 64))
    torch.testing.assert_close(output.embedding.norm(dim=1), torch.ones(3))
    shapes = {name: tuple(head.shape) for name, head in output.heads.items()}
    assert shapes == {"mikels": (3, 8), "ekman": (3, 7), "valence_arousal": (3, 2), "scene": (3, 6), "teacher": (3, 10)}
    point = output.heads["valence_arousal"]
    assert bool(((point >= 0) & (point <= 1)).all())


@pytest.mark.parametrize("planes", [("srgb",), ("srgb", "lab", "saturation"), ("gabor", "variance"), tuple(PLANES)])
def test_every_plane_can_be_switched(planes: tuple[str, ...]) -> None:
    network = EmotionNet(
        NetworkConfig(size=32, width=8, blocks=(1,), planes=planes, distributions={"mikels": 8})
    ).eval()
    assert network(torch.rand(1, 3, 32, 32)).heads["mikels"].shape == (1, 8)


def test_gradients_reach_every_parameter() -> None:
    network = EmotionNet(SMALL).train()
    output = network(torch.rand(4, 3, 64, 64))
    sum(head.float().pow(2).sum() for head in output.heads.values()).backward()
    missing = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert missing == []


def test_some_heads_stay_and_others_are_new() -> None:
    network = EmotionNet(SMALL).eval()
    chosen = network.with_heads({"mikels": 8, "mine": 3}).eval()
    images = torch.rand(2, 3, 64, 64)
    ours, theirs = chosen(images), network(images)
    assert set(ours.heads) == {"mikels", "mine", "valence_arousal"}
    torch.testing.assert_close(ours.heads["mikels"], theirs.heads["mikels"])
    assert chosen.config == replace(SMALL, distributions={"mikels": 8, "mine": 3}, weak={}, teacher=0)


def test_config_survives_json() -> None:
    assert NetworkConfig.from_dict(json.loads(json.dumps(asdict(SMALL)))) == SMALL


def test_a_size_that_does_not_fit_names_one_that_does() -> None:
    with pytest.raises(ValueError, match="use 96"):
        NetworkConfig(size=100)
