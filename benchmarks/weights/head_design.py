"""What the design of the heads gains, on the frozen trunk.

    cd benchmarks && python -m weights.head_design --run RUN

RUN holds what ``kept_statistics.py`` made. With every fold the next one is read and three are learnt from, labels and
soft labels alike. A trial learns twice, from two seeds; read is the mean of both. Every row changes one thing of the
first row; where several things help, the last rows join them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from scipy.special import softmax
from torch import Tensor, nn
from torch.nn import functional as F

import development
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.emotions.spaces import EKMAN, MIKELS
from emoir.evaluate.compute import headline
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.training.calibrate import fit_temperature
from emoir.training.losses import concordance
from emoir.training.probes import PointProbe, fit_reduction
from emoir.training.targets import join_targets
from probes import shares_of
from weights.fine_tune import SETS, SOFT, WORDS
from weights.head_ablation import EMBEDDING, FEATURES, SHOWN
from weights.kept_statistics import KeptStatistics
from weights.mixture_head import MixtureHead
from weights.pretrain import PRETRAINED
from weights.ranking import ranking_loss

TASKS = {"mikels": len(MIKELS.names), "ekman": len(EKMAN.names), WORDS: len(development.KEYWORDS)}
PAINTINGS, ART = "abstract_paintings", ("wikiart", "pacs")
PHOTOGRAPH, PAINTING = 0, 1
FOLDS, EPOCHS, BATCH, RATE, DECAY = 5, 4, 128, 1e-3, 0.05
REPEATS = {"emotion6": 2, "oasis": 3, "fi_subset": 2, PAINTINGS: 3}
SPREAD = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One design.

    Args:
        name: in the table.
        domains: 1, or 2 for a Mikels head each for photographs and paintings.
        own_temperatures: whether each domain has its temperature.
        arousal: factor of arousal in the losses; that of valence is 1.
        anger: factor of anger in the losses of distributions.
        ranking: weight of the pairwise loss on valence and arousal.
        seeds: runs that are averaged.
    """

    name: str
    domains: int = 1
    own_temperatures: bool = False
    arousal: float = 1.0
    anger: float = 1.0
    ranking: float = 0.0
    seeds: int = 2


TRIALS = (
    Trial(name="as in 0.4"),
    Trial(name="a temperature per domain", own_temperatures=True),
    Trial(name="a head per domain", domains=2),
    Trial(name="a head and a temperature per domain", domains=2, own_temperatures=True),
    Trial(name="arousal twice", arousal=2),
    Trial(name="anger twice", anger=2),
    Trial(name="pairwise ranking", ranking=0.5),
    Trial(name="four runs averaged", seeds=4),
    Trial(name="all of these", domains=2, own_temperatures=True, arousal=2, anger=2, ranking=0.5, seeds=4),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Rows to learn from: statistics (n, draws, 1096), distributions per space, points (n, 2), domains (n,)."""

    statistics: Tensor
    distributions: Mapping[str, Tensor]
    points: Tensor
    domains: Tensor
    shown: NDArray[np.intp]


class Top(nn.Module):
    """Fusion, embedding and heads over the trunk's statistics; fusion begins as pre-training left it."""

    def __init__(self, length: int, domains: int) -> None:
        super().__init__()
        stored = {key: value.float() for key, value in load_file(PRETRAINED).items()}
        self.fusion = nn.Sequential(nn.LayerNorm(length), nn.Linear(length, FEATURES), nn.GELU())
        self.fusion.load_state_dict({k[len("fusion.") :]: v for k, v in stored.items() if k.startswith("fusion.")})
        self.dropout = nn.Dropout(0.1)
        self.embedding = nn.Linear(FEATURES, EMBEDDING)
        self.domain = nn.Linear(EMBEDDING, 2)
        counts = {space: domains if space == "mikels" else 1 for space in TASKS}
        self.heads = nn.ModuleDict({s: MixtureHead(EMBEDDING, k, counts[s]) for s, k in TASKS.items()})
        self.points = nn.Linear(EMBEDDING, 2)

    def forward(self, statistics: Tensor) -> dict[str, Tensor]:
        """Per space the log probabilities (B, K) and the domains' logits (B, D, K); ``domain``, ``points``."""
        embedding = F.normalize(self.embedding(self.dropout(self.fusion(statistics))), dim=1)
        domain = self.domain(embedding) * 8
        output = {"embedding": embedding, "domain": domain, "points": torch.sigmoid(4 * self.points(embedding))}
        for space, head in self.heads.items():
            assert isinstance(head, MixtureHead)
            output[space] = head(embedding, domain[:, : head.domains])
            output[f"{space}.components"] = head.components(embedding)
        return output


def loss_of(output: Mapping[str, Tensor], examples: Examples, rows: Tensor, trial: Trial) -> Tensor:
    """The sum of all heads' losses over the rows that have a label."""
    total = F.cross_entropy(output["domain"], examples.domains[rows])
    for space, names in (("mikels", MIKELS.names), ("ekman", EKMAN.names), (WORDS, development.KEYWORDS)):
        target = examples.distributions[space][rows]
        known = ~target.isnan().any(dim=1)
        if known.any():
            weights = torch.tensor([trial.anger if name == "anger" else 1.0 for name in names])
            divergence = F.kl_div(output[space][known], target[known], reduction="none") * weights
            total = total + divergence.sum() / known.sum()
    target = examples.points[rows]
    known = ~target.isnan().any(dim=1)
    weights = torch.tensor([1.0, trial.arousal])
    squares = ((output["points"][known] - target[known]) ** 2).mean(dim=0) / SPREAD**2 / 4
    total = total + ((squares + 0.5 * (1 - concordance(output["points"][known], target[known]))) * weights).mean()
    if trial.ranking:
        total = total + trial.ranking * ranking_loss(output["points"][known], target[known])
    return total


def train(examples: Examples, trial: Trial, seed: int) -> Top:
    """The top that a seed leads to."""
    torch.manual_seed(seed)
    top = Top(examples.statistics.shape[2], trial.domains).train()
    optimizer = torch.optim.AdamW(top.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    steps = len(examples.shown) // BATCH * EPOCHS
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1, pct_start=0.1)
    generator = np.random.default_rng(seed)
    order = np.concatenate([generator.permutation(examples.shown) for _ in range(EPOCHS)])
    for chosen in torch.from_numpy(order[: steps * BATCH]).split(BATCH):
        sides = torch.from_numpy(generator.integers(examples.statistics.shape[1], size=len(chosen)))
        loss = loss_of(top(examples.statistics[chosen, sides].float()), examples, chosen, trial)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(top.parameters(), 5.0)
        optimizer.step()
        schedule.step()
    return top.eval()


def examples_of(kept: KeptStatistics, sets: Mapping[str, Table], rows: Mapping[str, NDArray[np.intp]]) -> Examples:
    """Ratings of some rows, and the unrated views with what probes on the teachers' embeddings of these rows say."""
    rated = join_targets([sets[name].take(rows[name].tolist()) for name in SETS], list(SOFT), [])
    embeddings = {name: kept.rated_embeddings[name][rows[name]] for name in SETS}
    reduce = fit_reduction(np.concatenate(list(embeddings.values())))
    unrated = reduce(kept.unrated_embeddings).astype(np.float64)
    distributions = {}
    for space, names in SOFT.items():
        labels = [shares_of(sets[name], space, rows[name]) for name in names]
        x = [reduce(embeddings[n][known]) for n, (_, known) in zip(names, labels, strict=True)]
        y = [shares[known] for shares, known in labels]
        # Ridge regression of the shares: in seconds what logistic regression takes minutes for, alike for all trials.
        soft = PointProbe.fit(np.concatenate(x).astype(np.float64), np.concatenate(y))(unrated).clip(min=0.01)
        soft /= soft.sum(axis=1, keepdims=True)
        distributions[space] = torch.cat([rated.distributions[space], torch.from_numpy(soft).float()])
    pointed = ("emotion6", "oasis")
    points = [np.stack([np.asarray(sets[n].valence), np.asarray(sets[n].arousal)], axis=1)[rows[n]] for n in pointed]
    reduced = np.concatenate([reduce(embeddings[name]).astype(np.float64) for name in pointed])
    point = PointProbe.fit(reduced, np.concatenate(points))(unrated).clip(0, 1)
    count = len(rated.valence_arousal)
    own = torch.cat([torch.from_numpy(kept.rated[name][rows[name]]) for name in SETS])
    repeats = np.repeat([REPEATS[name] for name in SETS], [len(rows[name]) for name in SETS])
    domains = np.repeat([PAINTING if name == PAINTINGS else PHOTOGRAPH for name in SETS], [len(rows[n]) for n in SETS])
    return Examples(
        statistics=torch.cat([own, torch.from_numpy(kept.unrated)[:, None].expand(-1, own.shape[1], -1)]),
        distributions=distributions,
        points=torch.cat([rated.valence_arousal, torch.from_numpy(point).float()]),
        domains=torch.from_numpy(np.concatenate([domains, np.isin(kept.sources, ART).astype(np.int64)])),
        shown=np.concatenate([np.repeat(np.arange(count), repeats), np.arange(len(kept.unrated)) + count]),
    )


def read(top: Top, statistics: NDArray[np.float16]) -> dict[str, NDArray[np.float32]]:
    """What a top says of whole pictures."""
    with torch.no_grad():
        return {name: values.numpy() for name, values in top(torch.from_numpy(statistics[:, 0]).float()).items()}


Outputs = dict[str, dict[str, NDArray[np.float32]]]
"""Set to output to one row an image, the mean over seeds."""


def probabilities(
    outputs: Outputs, name: str, space: str, labels: Mapping[str, Table], trial: Trial
) -> NDArray[np.float64]:
    """Calibrated probabilities of a set: one temperature for all sets that have the space's labels, or one a domain."""
    domains = outputs[name][f"{space}.components"].shape[1] if space == "mikels" else 1
    weights = softmax(outputs[name]["domain"], axis=1)
    if not trial.own_temperatures or space != "mikels":
        pooled = [
            (outputs[other][space], shares_of(labels[other], space, np.arange(len(labels[other]))))
            for other in SOFT[space]
        ]
        logits = np.concatenate([values[known] for values, (_, known) in pooled])
        shares = np.concatenate([values[known] for _, (values, known) in pooled])
        return np.asarray(softmax(outputs[name][space] / fit_temperature(logits, shares), axis=1), dtype=np.float64)
    answer = np.zeros_like(outputs[name][space], dtype=np.float64)
    for domain, calibrating in ((PHOTOGRAPH, "fi_subset"), (PAINTING, PAINTINGS)):
        component = domain if domains == 2 else 0
        shares, known = shares_of(labels[calibrating], space, np.arange(len(labels[calibrating])))
        temperature = fit_temperature(outputs[calibrating][f"{space}.components"][known, component], shares[known])
        logits = outputs[name][f"{space}.components"][:, component] / temperature
        answer += weights[:, domain, None] * softmax(logits, axis=1)
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kept = KeptStatistics.load(arguments.run)
    tables: dict[str, Table] = {}
    folds: dict[str, Folds] = {}
    for name in SETS:
        tables[name], folds[name] = development.folds(name)
    parts = []
    for test in range(FOLDS):
        validation = (test + 1) % FOLDS
        learnt = {name: np.flatnonzero(~np.isin(folds[name].folds, (test, validation))) for name in SETS}
        held = {name: np.flatnonzero(folds[name].folds == validation) for name in SETS}
        parts.append((examples_of(kept, tables, learnt), held))
    print(f"| heads | {' | '.join(f'{name}: {measure}' for name, measure in SHOWN)} | anger found | domain right |")
    print("|---" * (3 + len(SHOWN)) + "|")
    for trial in TRIALS:
        outputs: Outputs = {name: {} for name in SETS}
        for examples, held in parts:
            tops = [train(examples, trial, seed) for seed in range(trial.seeds)]
            for name, rows in held.items():
                predicted = [read(top, kept.rated[name][rows]) for top in tops]
                for key in predicted[0]:
                    mean = np.mean([one[key] for one in predicted], axis=0)
                    whole = outputs[name].setdefault(key, np.zeros((len(tables[name]), *mean.shape[1:]), np.float32))
                    whole[rows] = mean
        show(trial, outputs, tables, folds)
    print(
        "\n"
        + provenance(
            "development parts", "validation folds, learnt from three others", f"{len(kept.unrated)} unrated views"
        )
    )


def show(trial: Trial, outputs: Outputs, tables: Mapping[str, Table], folds: Mapping[str, Folds]) -> None:
    """Print a row of the table."""
    cells = []
    for name, measure in SHOWN:
        table = tables[name]
        spaces = {space: probabilities(outputs, name, space, tables, trial) for space in table.class_names}
        points = outputs[name]["points"] if table.valence is not None else None
        answers = OutOfFold(
            digests=folds[name].digests,
            folds=folds[name].folds,
            probabilities=spaces,
            points=points,
            embeddings=outputs[name]["embedding"],
        )
        cells.append(str(headline(table, answers)[measure]))
    words, known = shares_of(tables["emotion6"], WORDS, np.arange(len(tables["emotion6"])))
    anger = known & (words.argmax(axis=1) == development.KEYWORDS.index("anger"))
    found = (outputs["emotion6"][WORDS][anger].argmax(axis=1) == development.KEYWORDS.index("anger")).mean()
    right = np.concatenate([(outputs[n]["domain"].argmax(axis=1) == PAINTING) == (n == PAINTINGS) for n in SETS]).mean()
    print(f"| {trial.name} | {' | '.join(cells)} | {found:.3f} | {right:.3f} |", flush=True)


if __name__ == "__main__":
    main()
