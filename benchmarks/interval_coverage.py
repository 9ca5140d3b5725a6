"""How often the 95 % intervals hold the true value: ``python benchmarks/interval_coverage.py``.

Samples are drawn from known populations, of 200 and of 600 images, each image on its own or in groups of four that
share their class and what makes them hard; the true value is the mean over all samples of that size. Retrieval is over
the whole sample, and, as protocol (b), inside five folds of it. The tests run fewer of the same draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
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

SIZES, GROUPS, DRAWS, FOLDS = (200, 600), (1, 4), 2_000, 5
CLASSES, DIMENSIONS = 6, 5
IN_FOLDS = tuple(metric for metric in METRICS if metric.name in ("NN", "P@10", "mAP"))
RETRIEVAL: dict[str, tuple[PerQuery, LeaveOut]] = {
    "NN": (nearest_neighbour, nearest_neighbour_without),
    "P@10": (partial(precision_at, k=10), partial(precision_without, k=10)),
    "mAP": (average_precision, average_precision_without),
    "nDCG@10": (partial(normalised_gain, k=10), partial(normalised_gain_without, k=10)),
}


def effects(random: np.random.Generator, groups: NDArray[np.integer], size: int) -> NDArray[np.float64]:
    """(n, size) standard normal numbers, of which images of one group share half the variance."""
    alone = random.normal(size=(len(groups), size))
    if len(np.unique(groups)) == len(groups):
        return alone
    return np.asarray((random.normal(size=(groups.max() + 1, size))[groups] + alone) / np.sqrt(2))


def retrieval_draw(seed: int, n: int, group: int) -> dict[str, Estimate]:
    """Intervals of one sample whose classes are noisy directions; also those of the queries alone."""
    random = np.random.default_rng(seed)
    groups = np.arange(n) // group
    labels = random.integers(0, CLASSES, groups.max() + 1)[groups]
    vectors = 1.1 * np.eye(CLASSES, DIMENSIONS)[labels] + 0.7 * effects(random, groups, DIMENSIONS)
    ranking = leave_one_out(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), same_class(labels))
    shared = groups if group > 1 else None
    found = {}
    for name, (function, leave_out) in RETRIEVAL.items():
        found[name] = retrieval_influence(ranking, function, leave_out, groups=shared).estimate(low=0, high=1)
        found[f"{name}, queries only"] = mean_interval(function(ranking), groups=shared)
    return found | in_folds(vectors, labels, groups)


def difference_draw(seed: int, n: int, group: int) -> dict[str, Estimate]:
    """Intervals of the difference between two systems that share half of their noise, and are equally good."""
    random = np.random.default_rng(seed)
    groups = np.arange(n) // group
    labels = random.integers(0, CLASSES, groups.max() + 1)[groups]
    shared = effects(random, groups, DIMENSIONS)
    rankings = []
    for _ in range(2):
        noise = (shared + effects(random, groups, DIMENSIONS)) / np.sqrt(2)
        vectors = 1.1 * np.eye(CLASSES, DIMENSIONS)[labels] + 0.7 * noise
        rankings.append(leave_one_out(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), same_class(labels)))
    grouped = groups if group > 1 else None
    found = {}
    for name, (function, leave_out) in RETRIEVAL.items():
        first, second = (retrieval_influence(one, function, leave_out, groups=grouped) for one in rankings)
        found[f"{name}, difference"] = first.minus(second).estimate()
    return found


def in_folds(vectors: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]) -> dict[str, Estimate]:
    """Intervals of retrieval inside each of five folds, as ``emoir evaluate`` computes them."""
    names = [str(row) for row in range(len(labels))]
    table = Table(
        name="drawn",
        paths=[Path(name) for name in names],
        classes={"drawn": labels},
        class_names={"drawn": tuple("abcdef"[:CLASSES])},
        group=groups.astype(str) if groups.max() + 1 < len(groups) else None,
    )
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    system = OutOfFold(digests=tuple(names), folds=groups % FOLDS, embeddings=unit)
    results = compute_metrics(table, system, IN_FOLDS)
    return {f"{one.key.metric} in folds": one.estimate for one in results if one.estimate is not None}


def prediction_draw(seed: int, n: int, group: int) -> dict[str, Estimate]:
    """Intervals of one sample of predictions: accuracy, KL, Pearson's r."""
    random = np.random.default_rng(seed)
    groups = np.arange(n) // group
    shared = groups if group > 1 else None
    truth, noise = effects(random, groups, CLASSES), effects(random, groups, CLASSES)
    target, predicted = softmax(truth, axis=1), softmax(truth + noise, axis=1)
    right = (predicted.argmax(axis=1) == target.argmax(axis=1)).astype(float)
    return {
        "accuracy": mean_interval(right, groups=shared),
        "KL": mean_interval(kullback_leibler(target, predicted), groups=shared),
        "r": correlation(predicted[:, 0], target[:, 0], groups=shared),
    }


DRAWN: dict[str, Callable[[int, int, int], dict[str, Estimate]]] = {
    "predictions": prediction_draw,
    "retrieval": retrieval_draw,
    "differences": difference_draw,
}


def coverage(
    draw: Callable[[int, int, int], dict[str, Estimate]], n: int, group: int, draws: int
) -> Iterator[tuple[str, float, float, float, float]]:
    """Each metric's name, true value, deviation over the samples, mean printed error, and coverage."""
    found = [draw(seed, n, group) for seed in range(draws)]
    for name in found[0]:
        values = np.array([one[name].value for one in found])
        inside = [one[name].low <= values.mean() <= one[name].high for one in found]
        error = float(np.mean([one[name].error for one in found]))
        yield name, float(values.mean()), float(values.std(ddof=1)), error, float(np.mean(inside))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--images", type=int, nargs="*", default=SIZES)
    parser.add_argument("--groups", type=int, nargs="*", default=GROUPS, help="of so many images")
    parser.add_argument("--draw", nargs="*", choices=[*DRAWN], default=[*DRAWN])
    arguments = parser.parse_args()
    draws = arguments.draws
    print("| images | in groups of | metric | true value | deviation over samples | mean printed error | coverage |")
    print("|---|---|---|---|---|---|---|")
    for n in arguments.images:
        for group in arguments.groups:
            for draw in (DRAWN[name] for name in arguments.draw):
                for name, value, deviation, error, inside in coverage(draw, n, group, draws):
                    cells = (n, group, name, f"{value:.3f}", f"{deviation:.4f}", f"{error:.4f}", f"{inside:.1%}")
                    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    print("\n" + provenance(f"{draws:,} samples each, seeds 0 to {draws - 1:,}"))


if __name__ == "__main__":
    main()
