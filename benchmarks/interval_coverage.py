"""How often the 95 % intervals hold the true value: ``python benchmarks/interval_coverage.py --kept samples.jsonl``.

Samples are drawn from known populations, of 200 and of 600 images, each image on its own or in groups of four that
share their class and half of what sets them apart; the true value is the mean over all samples of that size. Retrieval
is over the whole sample, and, as protocol (b), inside five folds of it. Differences are between two systems that share
half of their noise. The share of answers that leaves (``emoir.evaluate.leave_out``) was chosen on the even population;
the uneven one checks it. Samples are kept in a file: a run that is cut short, or by ``--minutes``, goes on from there.
The tests draw fewer of the same samples.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from emoir.datasets import Table
from emoir.evaluate.compute import compute_metrics
from emoir.evaluate.distributions import kullback_leibler
from emoir.evaluate.intervals import Estimate, mean_interval
from emoir.evaluate.leave_out import (
    LeaveOut,
    PerQuery,
    average_precision_without,
    nearest_neighbour_without,
    normalised_gain_without,
    precision_without,
    retrieval_influence,
)
from emoir.evaluate.metrics import METRICS
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import correlation
from emoir.evaluate.retrieval import (
    average_precision,
    leave_one_out,
    nearest_neighbour,
    normalised_gain,
    precision_at,
    same_class,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Images whose vectors point to the corner of their class, with noise.

    Args:
        shares: of the classes.
        dimensions: of the vectors; a class beyond them has no corner and points nowhere.
        signal: length towards the corner.
        noise: standard deviation of every number.
    """

    shares: tuple[float, ...]
    dimensions: int
    signal: float
    noise: float


@dataclass(frozen=True, slots=True)
class Setting:
    """Samples of one kind: a population's name, images, images per group, and how many samples are printed."""

    population: str
    images: int
    group: int
    samples: int


POPULATIONS = {
    "even": Population(shares=(1 / 6,) * 6, dimensions=5, signal=1.1, noise=0.7),
    "uneven": Population(shares=(0.28, 0.2, 0.15, 0.12, 0.1, 0.07, 0.05, 0.03), dimensions=8, signal=1.3, noise=0.8),
}
SETTINGS = (
    Setting("even", 200, 1, 1_000),
    Setting("even", 200, 4, 1_000),
    Setting("even", 600, 1, 1_000),
    Setting("even", 600, 4, 1_000),
    Setting("uneven", 200, 1, 1_000),
    Setting("uneven", 200, 4, 1_000),
)
FOLDS = 5
IN_FOLDS = tuple(metric for metric in METRICS if metric.name in ("NN", "P@10", "mAP"))
RETRIEVAL: dict[str, tuple[PerQuery, LeaveOut]] = {
    "NN": (nearest_neighbour, nearest_neighbour_without),
    "P@10": (partial(precision_at, k=10), partial(precision_without, k=10)),
    "mAP": (average_precision, average_precision_without),
    "nDCG@10": (partial(normalised_gain, k=10), partial(normalised_gain_without, k=10)),
}


def effects(random: np.random.Generator, groups: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """(n, size) standard normal numbers, of which images of one group share half the variance."""
    alone = random.normal(size=(len(groups), size))
    if len(np.unique(groups)) == len(groups):
        return alone
    return np.asarray((random.normal(size=(groups.max() + 1, size))[groups] + alone) / np.sqrt(2))


def draw(seed: int, setting: Setting) -> dict[str, Estimate]:
    """The intervals of one sample."""
    random = np.random.default_rng(seed)
    groups = np.arange(setting.images) // setting.group
    return _predictions(random, groups) | _retrieval(random, groups, POPULATIONS[setting.population])


def _predictions(random: np.random.Generator, groups: NDArray[np.int64]) -> dict[str, Estimate]:
    """Accuracy, KL and Pearson's r."""
    truth, noise = effects(random, groups, 6), effects(random, groups, 6)
    target, predicted = softmax(truth, axis=1), softmax(truth + noise, axis=1)
    right = (predicted.argmax(axis=1) == target.argmax(axis=1)).astype(float)
    shared = _shared(groups)
    return {
        "accuracy": mean_interval(right, groups=shared),
        "KL": mean_interval(kullback_leibler(target, predicted), groups=shared),
        "r": correlation(predicted[:, 0], target[:, 0], groups=shared),
    }


def _retrieval(random: np.random.Generator, groups: NDArray[np.int64], population: Population) -> dict[str, Estimate]:
    """One system, also by its queries alone and inside folds, and its difference to another that is as good."""
    classes = len(population.shares)
    labels = random.choice(classes, groups.max() + 1, p=population.shares)[groups]
    corners = population.signal * np.eye(classes, population.dimensions)[labels]
    common = effects(random, groups, population.dimensions)
    systems = []
    for _ in range(2):
        own = effects(random, groups, population.dimensions)
        vectors = corners + population.noise * (common + own) / np.sqrt(2)
        systems.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    rankings = [leave_one_out(vectors, same_class(labels)) for vectors in systems]
    shared, found = _shared(groups), {}
    for name, (function, leave_out) in RETRIEVAL.items():
        first, second = (retrieval_influence(one, function, leave_out, groups=shared) for one in rankings)
        found[name] = first.estimate(low=0, high=1)
        found[f"{name}, queries only"] = mean_interval(function(rankings[0]), groups=shared)
        found[f"{name}, difference"] = first.minus(second).estimate()
    return found | _in_folds(systems[0], labels, groups)


def _shared(groups: NDArray[np.int64]) -> NDArray[np.int64] | None:
    return groups if groups.max() + 1 < len(groups) else None


def _in_folds(
    vectors: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> dict[str, Estimate]:
    """Retrieval inside each of five folds, as ``emoir evaluate`` computes it."""
    names = [str(row) for row in range(len(labels))]
    table = Table(
        name="drawn",
        paths=[Path(name) for name in names],
        classes={"drawn": labels},
        class_names={"drawn": tuple("abcdefgh")},
        group=None if _shared(groups) is None else groups.astype(str),
    )
    system = OutOfFold(digests=tuple(names), folds=groups % FOLDS, embeddings=vectors)
    results = compute_metrics(table, system, IN_FOLDS)
    return {f"{one.key.metric} in folds": one.estimate for one in results if one.estimate is not None}


def coverage(found: Sequence[Mapping[str, Sequence[float]]]) -> Iterator[tuple[str, float, float, float, float]]:
    """Each metric's name, true value, deviation over the samples, mean printed error, and coverage.

    Args:
        found: per sample, metric to value, lower and upper end, and error.
    """
    for name in found[0]:
        value, low, high, error = np.array([one[name] for one in found]).T
        inside = (low <= value.mean()) & (value.mean() <= high)
        yield name, float(value.mean()), float(value.std(ddof=1)), float(error.mean()), float(inside.mean())


def numbers_of(estimates: dict[str, Estimate]) -> dict[str, tuple[float, float, float, float]]:
    """What ``coverage`` takes."""
    return {name: (one.value, one.low, one.high, one.error) for name, one in estimates.items()}


def load(file: Path) -> dict[tuple[str, int, int], list[Mapping[str, Sequence[float]]]]:
    """The kept samples by population, images and group, in the order of their seeds."""
    found: dict[tuple[str, int, int], list[Mapping[str, Sequence[float]]]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        population, images, group, numbers = json.loads(line)
        found.setdefault((population, images, group), []).append(numbers)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kept", type=Path, required=True, help="samples drawn so far; is made")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many")
    parser.add_argument("--groups", type=int, nargs="*", default=[1, 4], help="only samples in groups of so many")
    arguments = parser.parse_args()
    until, found = time.monotonic() + 60 * arguments.minutes, load(arguments.kept)
    settings = [one for one in SETTINGS if one.group in arguments.groups]
    with arguments.kept.open("a", encoding="utf-8") as kept:
        for setting in settings:
            key = (setting.population, setting.images, setting.group)
            there = found.setdefault(key, [])
            for seed in range(len(there), setting.samples):
                if time.monotonic() > until:
                    raise SystemExit(f"{key}: {len(there)} of {setting.samples} samples; run again to go on")
                there.append(numbers_of(draw(seed, setting)))
                print(json.dumps([*key, there[-1]]), file=kept, flush=True)
    print(
        "| classes | images | in groups of | samples | metric | true value | deviation over samples | "
        "mean printed error | coverage |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for setting in settings:
        samples = found[setting.population, setting.images, setting.group][: setting.samples]
        start = (setting.population, setting.images, setting.group, f"{setting.samples:,}")
        for name, value, deviation, error, inside in coverage(samples):
            cells = (*start, name, f"{value:.3f}", f"{deviation:.4f}", f"{error:.4f}", f"{inside:.1%}")
            print("| " + " | ".join(map(str, cells)) + " |")
    print("\n" + provenance("seeds from 0"))


if __name__ == "__main__":
    main()
