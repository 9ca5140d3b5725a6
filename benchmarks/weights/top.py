"""The top of the network (fusion, embedding, heads), which learns human ratings on the frozen, pre-trained trunk.

Rated paintings are never shown while it learns: their raters contradict those of photographs. Last, on embeddings that
stay as they are, a head for paintings and one that tells paintings from photographs are fitted by logistic regression.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

import development
from emoir.emotions.spaces import EKMAN, MIKELS
from emoir.networks import EmotionNet
from emoir.networks.base import VALENCE_AROUSAL, NetworkOutput
from emoir.training.export import DOMAIN
from emoir.training.losses import concordance
from emoir.training.probes import DistributionProbe, Linear, fit_reduction
from emoir.training.state import seeded
from weights.ranking import ranking_loss

WORDS, OF_PAINTINGS = "keyword6", "of_paintings"
LEARNT = {"mikels": MIKELS.names, "ekman": EKMAN.names, WORDS: development.KEYWORDS}
FITTED = {OF_PAINTINGS: len(MIKELS.names), DOMAIN: 2}
PHOTOGRAPH, PAINTING = 0, 1
BATCH, RATE, DECAY, CLIP = 128, 1e-3, 0.05, 5.0
SPREAD = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a top learns.

    Args:
        epochs: passes over the rows that are shown.
        dropout: of the features.
        arousal: factor of arousal in the losses; that of valence is 1.
        anger: factor of anger in the losses of distributions.
        ranking: weight of the pairwise loss on valence and arousal.
        seeds: runs from one start whose weights are averaged.
        balanced: whether photographs and paintings are taken to be as likely.
        numbers: how many numbers of the whole picture stand behind what the trunk says; a branch reads them.
    """

    epochs: int = 1
    dropout: float = 0.1
    arousal: float = 1.0
    anger: float = 1.0
    ranking: float = 0.0
    seeds: int = 1
    balanced: bool = True
    numbers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Rows to learn from.

    Args:
        rated: (m, draws, d), what the trunk says of several views of each rated picture, and behind it the numbers that
            a branch reads, if any: the first m rows.
        unrated: (n - m, d), of one view each of unrated pictures: the other rows.
        distributions: head to shares (n, K); NaN rows are unknown.
        points: (n, 2) valence and arousal; NaN rows are unknown.
        shown: the rows of an epoch; some stand there more than once.
    """

    rated: Tensor
    unrated: Tensor
    distributions: Mapping[str, Tensor]
    points: Tensor
    shown: NDArray[np.intp]

    def statistics(self, rows: Tensor, draws: np.random.Generator) -> Tensor:
        """What the top reads of rows, (b, d), of rated pictures in one of their views."""
        sides = torch.from_numpy(draws.integers(self.rated.shape[1], size=len(rows)))
        is_rated = rows < len(self.rated)
        found = torch.empty(len(rows), self.rated.shape[2])
        found[is_rated] = self.rated[rows[is_rated], sides[is_rated]].float()
        found[~is_rated] = self.unrated[rows[~is_rated] - len(self.rated)].float()
        return found


def begin(trunk: EmotionNet, recipe: Recipe) -> EmotionNet:
    """The pre-trained network with emotion heads at one random start, without the teacher's; with a branch if asked."""
    sizes = {space: len(names) for space, names in LEARNT.items()} | FITTED
    config = replace(
        trunk.config, distributions=sizes, weak={}, teacher=0, dropout=recipe.dropout, statistics=recipe.numbers
    )
    with seeded(1):
        network = EmotionNet(config)
    own, fresh = network.state_dict(), ("distributions.", "logit_scale.", "valence_arousal.", "embedding.")
    stored = {key: value for key, value in trunk.state_dict().items() if key in own and not key.startswith(fresh)}
    network.load_state_dict(own | stored)
    return network.eval()


def top_of(network: EmotionNet) -> list[nn.Parameter]:
    """What learns."""
    parts = [network.fusion, network.embedding, network.valence_arousal, network.auxiliary]
    parts += [] if network.branch is None else [network.branch]
    parts += [network.distributions[space] for space in LEARNT]
    return [parameter for part in parts for parameter in part.parameters()] + [
        network.logit_scale[space] for space in LEARNT
    ]


def read_statistics(network: EmotionNet, statistics: Tensor) -> NetworkOutput:
    """What the top makes of statistics (n, d), of which a branch reads the last ones."""
    numbers = network.config.statistics
    pooled, own = statistics.split([statistics.shape[1] - numbers, numbers], dim=1)
    return network.read_pooled(pooled, own)


def outputs_of(network: EmotionNet, statistics: Tensor) -> dict[str, Tensor]:
    """Logits of the heads, ``valence_arousal`` and ``embedding`` of statistics (n, d)."""
    output = read_statistics(network, statistics)
    return {**output.heads, "embedding": output.embedding}


def loss_of(outputs: Mapping[str, Tensor], examples: Examples, rows: Tensor, recipe: Recipe) -> Tensor:
    """The sum of all heads' losses over the rows that have a label."""
    total = outputs[VALENCE_AROUSAL].sum() * 0
    for space, names in LEARNT.items():
        target = examples.distributions[space][rows]
        known = ~target.isnan().any(dim=1)
        if known.any():
            weights = torch.tensor([recipe.anger if name == "anger" else 1.0 for name in names])
            logs = F.log_softmax(outputs[space][known], dim=1)
            total = total + (F.kl_div(logs, target[known], reduction="none") * weights).sum() / known.sum()
    target = examples.points[rows]
    known = ~target.isnan().any(dim=1)
    predicted, target = outputs[VALENCE_AROUSAL][known], target[known]
    weights = torch.tensor([1.0, recipe.arousal])
    squares = ((predicted - target) ** 2).mean(dim=0) / SPREAD**2 / 4
    total = total + ((squares + 0.5 * (1 - concordance(predicted, target))) * weights).mean()
    if recipe.ranking:
        total = total + recipe.ranking * ranking_loss(predicted, target)
    return total


def learn(trunk: EmotionNet, examples: Examples, recipe: Recipe) -> EmotionNet:
    """The network whose top has learnt; the mean of several runs' weights if the recipe says so.

    References:
        Wortsman, M. et al. (2022). Model soups: averaging weights of multiple fine-tuned models improves accuracy
        without increasing inference time. ICML.
    """
    runs = [_one_run(trunk, examples, recipe, seed) for seed in range(recipe.seeds)]
    with torch.no_grad():
        for parameters in zip(*map(top_of, runs), strict=True):
            parameters[0].copy_(torch.stack([parameter.detach() for parameter in parameters]).mean(dim=0))
    return runs[0]


def _one_run(trunk: EmotionNet, examples: Examples, recipe: Recipe, seed: int) -> EmotionNet:
    network = begin(trunk, recipe)
    if network.branch is not None:
        network.branch.standardise(examples.unrated[:, -recipe.numbers :].float())
    parameters = top_of(network)
    groups = [
        {"params": [parameter for parameter in parameters if parameter.ndim > 1], "weight_decay": DECAY},
        {"params": [parameter for parameter in parameters if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, fused=True)
    steps = len(examples.shown) // BATCH * recipe.epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1, pct_start=0.1)
    draws = np.random.default_rng(seed)
    order = np.concatenate([draws.permutation(examples.shown) for _ in range(recipe.epochs)])
    # The trunk does not run, so nothing of it learns.
    network.train()
    with seeded(seed):
        for rows in torch.from_numpy(order[: steps * BATCH]).split(BATCH):
            output = read_statistics(network, examples.statistics(rows, draws))
            loss = loss_of(output.heads, examples, rows, recipe)
            if output.auxiliary:
                loss = loss + loss_of(output.auxiliary, examples, rows, recipe)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimizer.step()
            schedule.step()
    return network.eval()


def fit_paintings(network: EmotionNet, statistics: Tensor, shares: NDArray[np.float64]) -> None:
    """Fit the head for paintings on embeddings, which stay as they are.

    Args:
        network: has learnt; gets the head.
        statistics: (n, d) of rated paintings.
        shares: (n, K) of their raters.
    """
    embeddings = embeddings_of(network, statistics)
    reduce = fit_reduction(embeddings)
    probe = DistributionProbe.fit(reduce(embeddings), shares)
    _put(network, OF_PAINTINGS, Linear(probe.weights, probe.bias).after(reduce))


def fit_domain(network: EmotionNet, photographs: Tensor, paintings: Tensor, *, balanced: bool) -> None:
    """Fit the head that tells paintings from photographs.

    Args:
        network: has learnt; gets the head.
        photographs: statistics (n, d).
        paintings: likewise.
        balanced: whether both are taken to be as likely, however many of each are at hand.
    """
    seen = embeddings_of(network, torch.cat([photographs, paintings]))
    domains = np.repeat([PHOTOGRAPH, PAINTING], [len(photographs), len(paintings)])
    reduce = fit_reduction(seen)
    probe = DistributionProbe.fit(reduce(seen), np.eye(2)[domains])
    usual = np.log(np.bincount(domains) / len(domains)) if balanced else 0
    _put(network, DOMAIN, Linear(probe.weights, probe.bias - usual).after(reduce))


@torch.no_grad()
def embeddings_of(network: EmotionNet, statistics: Tensor) -> NDArray[np.float64]:
    """Embeddings (n, 128) of statistics (n, d)."""
    return outputs_of(network, statistics.float())["embedding"].double().numpy()


@torch.no_grad()
def _put(network: EmotionNet, head: str, fitted: Linear) -> None:
    linear = network.distributions[head]
    assert isinstance(linear, nn.Linear)
    linear.weight.copy_(torch.from_numpy(fitted.weights.T))
    linear.bias.copy_(torch.from_numpy(fitted.bias))
    network.logit_scale[head].fill_(1.0)
