"""What the design of the top gains, on the frozen, pre-trained trunk.

    cd benchmarks && python -m weights.head_design --run RUN

RUN holds what ``kept_statistics.py`` made. With every fold the next one is read and three are learnt from, labels and
soft labels alike, so that no fold's own images choose how it is read. Every row changes one thing of the first one.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import development
from cross_fit import FOLDS, FoldOutputs
from emoir.evaluate.compute import headline
from emoir.evaluate.metric import MetricKey
from emoir.evaluate.provenance import provenance
from emoir.networks import EmotionNet
from probes import shares_of
from weights.examples import PAINTINGS, SETS, RatedSets, rows_of_folds
from weights.kept_statistics import KeptStatistics
from weights.pretrained import PRETRAINED, pretrained
from weights.top import WORDS, Examples, Recipe, learn, outputs_of

SHOWN = (
    ("emotion6", MetricKey("keyword6", "top-1")),
    ("emotion6", MetricKey("ekman", "KL")),
    ("emotion6", MetricKey("valence", "r")),
    ("emotion6", MetricKey("arousal", "r")),
    ("oasis", MetricKey("valence", "r")),
    ("oasis", MetricKey("arousal", "r")),
    ("fi_subset", MetricKey("mikels", "top-1")),
    (PAINTINGS, MetricKey("mikels", "KL")),
)
TRIALS = {
    "one run": Recipe(),
    "two epochs": Recipe(epochs=2),
    "dropout .3": Recipe(dropout=0.3),
    "arousal twice": Recipe(arousal=2),
    "anger twice": Recipe(anger=2),
    "pairwise ranking": Recipe(ranking=0.5),
    "four runs averaged": Recipe(seeds=4),
    "domains as frequent as in the sets": Recipe(balanced=False),
}

Outputs = dict[str, dict[str, NDArray[np.float32]]]
"""Set to head to one row an image."""


def read(network: EmotionNet, statistics: NDArray[np.float16]) -> dict[str, NDArray[np.float32]]:
    """What a network says of statistics (n, d)."""
    with torch.no_grad():
        return {
            name: values.numpy() for name, values in outputs_of(network, torch.from_numpy(statistics).float()).items()
        }


def put(
    outputs: Outputs, name: str, rows: NDArray[np.intp], answers: Mapping[str, NDArray[np.float32]], n: int
) -> None:
    """Put what a network says of some rows of a set of ``n`` images in their place."""
    for head, values in answers.items():
        outputs.setdefault(name, {}).setdefault(head, np.zeros((n, values.shape[1]), np.float32))[rows] = values


def validation_outputs(sets: RatedSets, trunk: EmotionNet, recipe: Recipe, examples: dict[int, Examples]) -> Outputs:
    """What tops that learnt from three folds say of a fourth, for every image.

    Args:
        sets: that are learnt from.
        trunk: the pre-trained network.
        recipe: of the tops.
        examples: fold to what is learnt from while it is left out; what is missing is put in, for the next recipe.
    """
    folds = {name: development.folds(name)[1].folds for name in SETS}
    outputs: Outputs = {}
    for test in range(FOLDS):
        validation = (test + 1) % FOLDS
        rows = rows_of_folds(folds, (test, validation))
        if test not in examples:
            examples[test] = sets.examples(rows)
        network = learn(trunk, examples[test], recipe)
        sets.fit_domains(network, rows, recipe)
        for name in SETS:
            held = np.flatnonzero(folds[name] == validation)
            put(outputs, name, held, read(network, sets.kept.rated[name][held, 0]), len(folds[name]))
    return outputs


def show(trial: str, outputs: Outputs) -> None:
    """Print a row of the table."""
    readings = FoldOutputs(trial, outputs)
    lines = {name: headline(development.load(name), readings.out_of_fold(name)) for name in SETS}
    cells = [str(lines[name][measure]) for name, measure in SHOWN]
    words, known = shares_of(development.load("emotion6"), WORDS, np.arange(len(outputs["emotion6"][WORDS])))
    anger = known & (words.argmax(axis=1) == development.KEYWORDS.index("anger"))
    found = (outputs["emotion6"][WORDS][anger].argmax(axis=1) == development.KEYWORDS.index("anger")).mean()
    right = np.concatenate([(outputs[n]["domain"].argmax(axis=1) == 1) == (n == PAINTINGS) for n in SETS]).mean()
    print(f"| {trial} | {' | '.join(cells)} | {found:.3f} | {right:.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of the kept statistics")
    parser.add_argument("--trunk", type=Path, default=PRETRAINED, help="the pre-trained network")
    parser.add_argument("--trials", nargs="*", choices=list(TRIALS), default=list(TRIALS), help="default: all")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    sets, trunk = RatedSets.of(KeptStatistics.load(arguments.run)), pretrained(arguments.trunk)
    examples: dict[int, Examples] = {}
    print(f"| top | {' | '.join(f'{name}: {measure}' for name, measure in SHOWN)} | anger found | domain right |")
    print("|---" * (3 + len(SHOWN)) + "|")
    for trial in arguments.trials:
        show(trial, validation_outputs(sets, trunk, TRIALS[trial], examples))
    views = f"{len(sets.kept.unrated)} unrated views"
    print("\n" + provenance("development parts", "validation folds, learnt from three others", views))


if __name__ == "__main__":
    main()
