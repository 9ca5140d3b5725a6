"""Whether the shipped recipe gains by what the paper's protocol found to help, on validation folds.

    cd benchmarks && python -m weights.branch_trial --data DATA --passes PASSES --run RUN

RUN holds what ``kept_statistics.py`` made. Both tops learn by the shipped recipe from three folds and from the first
unrated views of pass 0, and read a fourth. One of them also reads the 192 numbers of every whole picture or view, as
row D of docs/experiment-protocol.md does. The other is also fused with a probe on these numbers, as its row C + probe
is; a fold's weight of the probe comes from the other folds. The rule for what ships stands there. The numbers are kept
in RUN.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax

import development
from cross_fit import FOLDS, FoldOutputs
from emoir.evaluate.compute import headline
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.results import difference, outcome
from emoir.experiment.fusion import WEIGHTS, mixed
from emoir.experiment.statistics import cached_statistics, picture_statistics
from emoir.training.probes import DistributionProbe, fit_reduction
from probes import shares_of
from weights.examples import SETS, RatedSets
from weights.fine_tune import CHOSEN
from weights.head_design import validation_outputs
from weights.kept_statistics import KeptStatistics, keep
from weights.pretrained import PRETRAINED, pretrained
from weights.top import Recipe
from weights.unrated import ViewPass

VIEWS, PART = 40_960, 1_024
# What late fusion changes: the answers of sets that a probe can learn from.
FUSED = {"emotion6": ("keyword6", "ekman"), "fi_subset": ("mikels",)}


def numbers_of_views(views: ViewPass, count: int, size: int, file: Path) -> NDArray[np.float32]:
    """The numbers of the first views of a pass, (n, 192), made once.

    Args:
        views: a pass.
        count: how many.
        size: side of the pictures in pixels.
        file: that keeps them.
    """
    if not file.exists():
        parts = []
        for start in range(0, count, PART):
            pixels = views.pixels(np.arange(start, min(start + PART, count)), size)
            parts.append(picture_statistics(pixels))
            print(f"numbers of {start + len(pixels)} views", flush=True)
        keep(file, np.concatenate(parts))
    found: NDArray[np.float32] = np.load(file)
    return found


def with_numbers(
    kept: KeptStatistics, rated: dict[str, NDArray[np.float32]], unrated: NDArray[np.float32]
) -> RatedSets:
    """All sets, with the numbers of the whole picture behind what the trunk says of each of its views."""
    joined = {}
    for name, values in kept.rated.items():
        of_views = np.repeat(rated[name][:, None], values.shape[1], axis=1)
        joined[name] = np.concatenate([values, of_views.astype(np.float16)], axis=2)
    views = np.concatenate([kept.unrated, unrated.astype(np.float16)], axis=1)
    return RatedSets.of(replace(kept, rated=joined, unrated=views))


def validation_readings(sets: RatedSets, trunk: Path, recipe: Recipe) -> FoldOutputs:
    """Every image read by a top that had learnt neither from its fold nor from the one before."""
    return FoldOutputs("", validation_outputs(sets, pretrained(trunk), recipe, {}))


def fused(name: str, alone: OutOfFold, numbers: NDArray[np.float32]) -> tuple[OutOfFold, list[str]]:
    """Readings of a set, fused with a probe on numbers that learnt from the same three folds.

    Args:
        name: of the set.
        alone: readings without the probe.
        numbers: (n, d) of its pictures.

    Returns:
        The readings, and per space a line of the weights.
    """
    lines: list[str] = []
    table, folds = development.folds(name)
    probabilities = dict(alone.probabilities)
    for space in FUSED.get(name, ()):
        shares, known = shares_of(table, space, np.arange(len(table)))
        by_probe = np.zeros(shares.shape)
        for test in range(FOLDS):
            held = folds.folds == (test + 1) % FOLDS
            learnt = np.flatnonzero(known & ~held & (folds.folds != test))
            reduce = fit_reduction(numbers[learnt])
            probe = DistributionProbe.fit(reduce(numbers[learnt]), shares[learnt])
            by_probe[held] = log_softmax(probe.logits(reduce(numbers[held])), axis=1)
        own = np.log(np.maximum(alone.probabilities[space], 1e-12))
        answers = np.stack([mixed(own, by_probe, weight) for weight in WEIGHTS])
        losses = np.where(known, -(answers * shares).sum(axis=2), 0)
        found = np.zeros(shares.shape)
        weights = []
        for fold in range(FOLDS):
            held = folds.folds == fold
            chosen = int(np.argmin(losses[:, ~held].sum(axis=1)))
            weights.append(f"{WEIGHTS[chosen]:g}")
            found[held] = np.exp(answers[chosen, held])
        probabilities[space] = found
        lines.append(f"| {name}: {space} | {', '.join(weights)} |")
    return replace(alone, probabilities=probabilities), lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the pixels")
    parser.add_argument("--passes", type=Path, required=True, help="folder of the passes")
    parser.add_argument("--run", type=Path, required=True, help="folder of the kept statistics")
    parser.add_argument("--trunk", type=Path, default=PRETRAINED, help="the pre-trained network")
    parser.add_argument("--views", type=int, default=VIEWS, help=f"unrated ones that are learnt from (default {VIEWS})")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    run, size = arguments.run, pretrained(arguments.trunk).config.size
    views = ViewPass(arguments.data, arguments.passes, "0")
    unrated = numbers_of_views(views, arguments.views, size, run / f"numbers-{arguments.views}.npy")
    sets = development.HUMAN_RATED
    rated = {name: cached_statistics(development.load(name).paths, size, run / "cache") for name in sets}
    kept = KeptStatistics.load(run)
    kept = replace(
        kept,
        unrated=kept.unrated[: arguments.views],
        unrated_embeddings=kept.unrated_embeddings[: arguments.views],
    )
    without = validation_readings(RatedSets.of(kept), arguments.trunk, CHOSEN)
    beside = replace(CHOSEN, numbers=unrated.shape[1])
    branch = validation_readings(with_numbers(kept, rated, unrated), arguments.trunk, beside)
    weights: list[str] = []
    print("| set | measure | baseline | recipe, three folds | with the branch, minus | | fused with a probe, minus | |")
    print("|---" * 8 + "|")
    for name in SETS:
        table, alone = development.load(name), without.out_of_fold(name)
        late, chosen = fused(name, alone, rated[name])
        weights += chosen
        joint, late_lines = headline(table, branch.out_of_fold(name)), headline(table, late)
        for key, line in headline(table, alone).items():
            cells = [f"{name} ({line.images})", str(key), str(line.baseline), str(line)]
            of_probe = late_lines[key] if key.space in FUSED.get(name, ()) else None
            for other in (joint[key], of_probe):
                gap = None if other is None else difference(other, line)
                cells += ["not tried", ""] if gap is None else [str(gap), outcome(line.metric, gap)]
            print(f"| {' | '.join(cells)} |")
    print("\n| weight of the probe in | the five folds |\n|---|---|")
    print("\n".join(weights))
    print("\n" + provenance("development parts", "validation folds, learnt from three others", f"{len(unrated)} views"))


if __name__ == "__main__":
    main()
