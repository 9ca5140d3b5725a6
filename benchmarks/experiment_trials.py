"""Trials that chose the network, its training and the number of epochs of the paper's comparison.

Nothing here sees a test image of fold 0: the networks learn from folds 2 to 4 of a set and are judged on fold 1.

    PYTHONPATH=benchmarks python benchmarks/experiment_trials.py emotion6 run original
    PYTHONPATH=benchmarks python benchmarks/experiment_trials.py emotion6 print
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace

from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.experiment.data import ExperimentData
from emoir.experiment.results import RunKey, read_results, write_results
from emoir.experiment.runs import FoldRun, run_fold
from emoir.experiment.variants import ExperimentProtocol, ModelVariant
from emoir.training.loop import use_one_thread
from paper_comparison import RESULTS, RUNS, VARIANTS, setting

ORIGINAL, RGB, BOTH = VARIANTS[0], VARIANTS[2], VARIANTS[5]


@dataclass(frozen=True, slots=True)
class Trial:
    """A row under a protocol of its own."""

    variant: ModelVariant
    protocol: ExperimentProtocol


SHALLOW = ExperimentProtocol(epochs=60, width=24, blocks=(1, 1, 1, 1), dropout=0.2, weight_decay=0.05)
SHORT = replace(SHALLOW, epochs=25)
HELD = replace(SHORT, dropout=0.5, weight_decay=0.3)
TRIALS = {
    "original": Trial(ORIGINAL, SHALLOW),
    "narrow shallow": Trial(BOTH, SHALLOW),
    "narrow shallow RGB": Trial(RGB, SHALLOW),
    "shorter RGB": Trial(RGB, SHORT),
    "mixup RGB": Trial(RGB, replace(SHORT, mixup=0.4)),
    "dropout and decay": Trial(BOTH, HELD),
    "dropout and decay RGB": Trial(RGB, HELD),
}


def validation(name: str) -> tuple[Table, Folds]:
    """Folds 1 to 4 of a set, fold 1 as the one that judges."""
    table, folds, _ = setting(name)
    rows = folds.training_rows(0)
    digests = tuple(folds.digests[row] for row in rows)
    return table.take(rows), Folds(folds.name, digests, folds.folds[rows] - 1, folds.seed)


def main() -> None:
    """Run one trial, or print all that have run."""
    name, what = sys.argv[1:3]
    file = RESULTS / f"{name}.trials.npz"
    if what == "run":
        use_one_thread()
        trial = TRIALS[sys.argv[3]]
        table, folds = validation(name)
        folder = RUNS / "trials" / name
        folder.mkdir(parents=True, exist_ok=True)

        def report(step: int, steps: int, loss: float) -> None:
            if step % 50 == 0:
                print(f"{time.strftime('%H:%M:%S')} step {step} of {steps}, loss {loss:.3f}", flush=True)

        data = ExperimentData(table=table, folds=folds, cache=RUNS / "cache")
        run = FoldRun(replace(trial.variant, name=sys.argv[3]), 0, 0)
        run_fold(run, data, trial.protocol, folder, report=report)
        write_results(read_results([file, folder / f"{run.file}.npz"]), file)
        return
    table, folds = validation(name)
    space = next(iter(table.classes))
    results = read_results([file])
    print(f"{name}: {len(folds.training_rows(0))} training images, judged on {len(folds.test_rows(0))} of fold 1")
    print(
        "| trial | epochs | top-1, train / validation, at a quarter, a half, three quarters and the end | "
        "NLL at the same |"
    )
    print("|---|---|---|---|")
    for key, trial in TRIALS.items():
        result = results.get(RunKey(key, 0, 0))
        if result is not None:
            learnt = result.curve
            cells = []
            for measure in ("top-1", "NLL"):
                train, test = (learnt[f"{part} {measure} ({space})"] for part in ("train", "test"))
                places = [len(train) * quarter // 4 - 1 for quarter in (1, 2, 3, 4)]
                cells.append(", ".join(f"{train[at]:.2f} / {test[at]:.2f}" for at in places))
            print(f"| {key} | {trial.protocol.epochs} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
