"""The top on a frozen trunk: what learns, what stays, and how heads of two domains answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from cross_fit import FoldOutputs
from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.augmentation import Augmentation
from emoir.training.inputs import Inputs
from emoir.training.predict import predict
from tests.pictures import noise
from weights.distil import next_number
from weights.pretrained import keep, pretrained, statistics_of
from weights.top import LEARNT, OF_PAINTINGS, Examples, Recipe, begin, fit_domain, fit_paintings, learn, outputs_of

CONFIG = NetworkConfig(size=32, width=8, blocks=(1, 1), distributions={}, teacher=4, dropout=0.1)
TELLING = 5


@pytest.fixture(scope="module")
def trunk() -> EmotionNet:
    torch.manual_seed(0)
    return EmotionNet(CONFIG).eval()


def examples_of(trunk: EmotionNet, count: int = 160) -> Examples:
    """Statistics of noise, one of which says the class, and the pleasure."""
    length = statistics_of(trunk, noise(32, 0)[None]).shape[1]
    draws = np.random.default_rng(0)
    statistics = draws.normal(size=(count, 2, length)).astype(np.float16)
    classes = np.arange(count) % 2
    statistics[..., :TELLING] = 4 * (classes[:, None, None] - 0.5)
    distributions = {}
    for space, names in LEARNT.items():
        shares = np.zeros((count, len(names)), np.float32)
        shares[np.arange(count), classes] = 1
        distributions[space] = torch.from_numpy(shares)
    points = torch.from_numpy(np.stack([0.2 + 0.6 * classes, np.full(count, 0.5)], axis=1)).float()
    # One half is rated and has two views, the other is not and has one.
    rated = count // 2
    return Examples(
        rated=torch.from_numpy(statistics[:rated]),
        unrated=torch.from_numpy(statistics[rated:, 0]),
        distributions=distributions,
        points=points,
        shown=np.arange(count),
    )


def whole(examples: Examples) -> torch.Tensor:
    """The first view of every picture."""
    return torch.cat([examples.rated[:, 0], examples.unrated]).float()


def test_rated_pictures_are_shown_in_any_of_their_views(trunk: EmotionNet) -> None:
    examples, draws = examples_of(trunk, 8), np.random.default_rng(0)
    rows = torch.tensor([1, 7, 3])
    seen = [examples.statistics(rows, draws) for _ in range(20)]
    for found in seen:
        assert torch.equal(found[1], examples.unrated[3].float())
    for place, row in ((0, 1), (2, 3)):
        sides = {
            next(side for side in (0, 1) if torch.equal(one[place], examples.rated[row, side].float())) for one in seen
        }
        assert sides == {0, 1}


def test_a_kept_network_comes_back_with_its_config(trunk: EmotionNet, tmp_path: Path) -> None:
    keep(trunk, tmp_path / "trunk.safetensors")
    again = pretrained(tmp_path / "trunk.safetensors")
    assert again.config == CONFIG
    for key, value in trunk.state_dict().items():
        torch.testing.assert_close(again.state_dict()[key], value, rtol=1e-3, atol=1e-3)


def test_statistics_are_what_the_network_reads(trunk: EmotionNet) -> None:
    pixels = np.stack([noise(32, seed) for seed in range(3)])
    statistics = torch.from_numpy(statistics_of(trunk, pixels)).float()
    with torch.no_grad():
        features = trunk.fusion(statistics)
    np.testing.assert_allclose(features.numpy(), predict(trunk, Inputs(pixels))["features"], atol=5e-3)
    drawn = [statistics_of(trunk, pixels, Augmentation(), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_the_top_learns_and_the_trunk_stays(trunk: EmotionNet) -> None:
    examples = examples_of(trunk)
    network = learn(trunk, examples, Recipe(epochs=40, seeds=2, ranking=0.5))
    with torch.no_grad():
        outputs = outputs_of(network, whole(examples))
    for space in LEARNT:
        right = outputs[space].argmax(dim=1) == examples.distributions[space].argmax(dim=1)
        assert right.float().mean() > 0.95
    assert np.corrcoef(outputs["valence_arousal"][:, 0], examples.points[:, 0])[0, 1] > 0.9
    for key, value in trunk.stages.state_dict().items():
        assert torch.equal(network.stages.state_dict()[key], value), key


def test_a_branch_reads_the_numbers_behind_what_the_trunk_says(trunk: EmotionNet) -> None:
    examples = examples_of(trunk)
    # LayerNorm takes what all numbers have in common.
    signs = torch.tensor([1, -1, 1, -1, 1])
    told = examples.rated[..., :TELLING] * signs, examples.unrated[..., :TELLING] * signs
    examples.rated[..., :TELLING], examples.unrated[..., :TELLING] = 0, 0
    beside = replace(
        examples,
        rated=torch.cat([examples.rated, told[0]], dim=2),
        unrated=torch.cat([examples.unrated, told[1]], dim=1),
    )
    network = learn(trunk, beside, Recipe(epochs=20, numbers=TELLING))
    assert network.config.statistics == TELLING
    inputs = whole(beside)
    with torch.no_grad():
        known = outputs_of(network, inputs)["ekman"].argmax(dim=1)
        # The numbers of the next picture, which is of the other class.
        inputs[:, -TELLING:] = inputs[:, -TELLING:].roll(1, dims=0)
        fooled = outputs_of(network, inputs)["ekman"].argmax(dim=1)
    classes = beside.distributions["ekman"].argmax(dim=1)
    assert (known == classes).float().mean() > 0.95
    assert (fooled == classes).float().mean() < 0.05


def test_runs_begin_alike_and_their_weights_are_averaged(trunk: EmotionNet, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = begin(trunk, Recipe()), begin(trunk, Recipe())
    assert torch.equal(first.embedding.weight, again.embedding.weight)

    def one_run(trunk: EmotionNet, examples: Examples, recipe: Recipe, seed: int) -> EmotionNet:
        network = begin(trunk, recipe)
        torch.nn.init.constant_(network.embedding.bias, float(seed))
        return network

    monkeypatch.setattr("weights.top._one_run", one_run)
    averaged = learn(trunk, examples_of(trunk, 8), Recipe(seeds=4))
    torch.testing.assert_close(averaged.embedding.bias, torch.full_like(averaged.embedding.bias, 1.5))
    torch.testing.assert_close(averaged.embedding.weight, first.embedding.weight)


def test_heads_for_paintings_come_last_and_change_nothing_else(trunk: EmotionNet) -> None:
    examples = examples_of(trunk)
    network = learn(trunk, examples, Recipe(epochs=2))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    photographs, paintings = whole(examples)[:100], whole(examples)[100:]
    paintings[:, TELLING : 4 * TELLING] += 6
    shares = np.zeros((60, 8))
    shares[np.arange(60), np.arange(60) % 2 * 3] = 1
    fit_paintings(network, paintings, shares)
    fit_domain(network, photographs, paintings, balanced=False)
    changed = {key for key, value in network.state_dict().items() if not torch.equal(before[key], value)}
    assert changed == {
        f"{part}.{head}{end}"
        for head in (OF_PAINTINGS, "domain")
        for part, end in (("distributions", ".weight"), ("distributions", ".bias"), ("logit_scale", ""))
    }
    with torch.no_grad():
        seen, painted = (outputs_of(network, part.float()) for part in (photographs, paintings))
    assert (seen["domain"].argmax(dim=1) == 0).float().mean() > 0.95
    assert (painted["domain"].argmax(dim=1) == 1).float().mean() > 0.95
    with torch.no_grad():
        fit_domain(network, photographs, paintings, balanced=True)
        balanced = outputs_of(network, photographs.float())["domain"]
    # Log odds move by those of 100 photographs to 60 paintings.
    odds = (balanced - seen["domain"]) @ torch.tensor([-1.0, 1.0])
    torch.testing.assert_close(odds, torch.full_like(odds, float(np.log(100 / 60))), atol=1e-3, rtol=0)
    assert (painted[OF_PAINTINGS].argmax(dim=1).numpy() == shares.argmax(axis=1)).mean() > 0.9


def test_two_heads_answer_by_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(0)
    arrays: dict[str, dict[str, NDArray[np.float32]]] = {
        name: {
            head: draws.normal(size=(6, size)).astype(np.float32)
            for head, size in (("mikels", 8), (OF_PAINTINGS, 8), ("domain", 2), ("ekman", 7))
        }
        for name in ("fi_subset", "abstract_paintings")
    }
    outputs = FoldOutputs("none", arrays)
    fitted = {"mikels": 2.0, OF_PAINTINGS: 0.5, "ekman": 4.0}
    monkeypatch.setattr(FoldOutputs, "temperature", lambda self, head, without=None: fitted[head])
    found = outputs.answers("fi_subset", "mikels", without=3)
    own = arrays["fi_subset"]
    for row in range(6):
        photograph = 1 / (1 + np.exp(own["domain"][row, 1] - own["domain"][row, 0]))
        first, second = np.exp(own["mikels"][row] / 2), np.exp(own[OF_PAINTINGS][row] * 2)
        expected = photograph * first / first.sum() + (1 - photograph) * second / second.sum()
        np.testing.assert_allclose(found[row], expected, rtol=1e-5)
    alone = np.exp(own["ekman"] / 4)
    expected = alone / alone.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs.answers("fi_subset", "ekman"), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("shown", "count", "next_one"), [([], 1, 0), ([0], 2, 1), ([0, 1, 2], 3, 0), ([0, 1, 0], 2, 1), ([2, 0, 1], 5, 3)]
)
def test_the_segment_that_waited_longest_comes_next(shown: Sequence[int], count: int, next_one: int) -> None:
    assert next_number(shown, count) == next_one
