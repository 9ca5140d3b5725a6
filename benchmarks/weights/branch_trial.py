"""Whether the shipped recipe gains by the statistics branch of the paper's protocol, on validation folds.

    cd benchmarks && python -m weights.branch_trial --data DATA --passes PASSES --run RUN

RUN holds what ``kept_statistics.py`` made. Both tops learn by the shipped recipe from three folds and from the first
unrated views of pass 0, and read a fourth. One of them also reads the 192 numbers of every whole picture or view, as
row D of docs/experiment-protocol.md does. The rule for what ships stands there. The numbers are kept in RUN.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import development
from cross_fit import FOLDS, FoldOutputs
from emoir.evaluate.compute import headline
from emoir.evaluate.provenance import provenance
from emoir.evaluate.results import difference, outcome
from emoir.experiment.statistics import cached_statistics, picture_statistics
from weights.examples import SETS, RatedSets, rows_of_folds
from weights.fine_tune import CHOSEN
from weights.head_design import Outputs, put, read
from weights.kept_statistics import KeptStatistics, keep
from weights.pretrained import PRETRAINED, pretrained
from weights.top import Recipe
from weights.unrated import ViewPass

VIEWS, PART = 40_960, 1_024


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
    folds = {name: development.folds(name)[1].folds for name in SETS}
    outputs: Outputs = {}
    for test in range(FOLDS):
        validation = (test + 1) % FOLDS
        network = sets.network(pretrained(trunk), rows_of_folds(folds, (test, validation)), recipe)
        for name in SETS:
            held = np.flatnonzero(folds[name] == validation)
            put(outputs, name, held, read(network, sets.kept.rated[name][held, 0]), len(folds[name]))
    return FoldOutputs("", outputs)


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
    print("| set | measure | baseline | without | with the branch | with minus without | |")
    print("|---" * 7 + "|")
    for name in SETS:
        table = development.load(name)
        before = headline(table, without.out_of_fold(name))
        for key, line in headline(table, branch.out_of_fold(name)).items():
            gap = difference(line, before[key])
            shown = "- | " if gap is None else f"{gap} | {outcome(line.metric, gap)}"
            print(f"| {name} ({line.images}) | {key} | {line.baseline} | {before[key]} | {line} | {shown} |")
    print("\n" + provenance("development parts", "validation folds, learnt from three others", f"{len(unrated)} views"))


if __name__ == "__main__":
    main()
