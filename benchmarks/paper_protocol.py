"""The protocol of docs/experiment-protocol.md on the development sets.

    PYTHONPATH=benchmarks python benchmarks/paper_protocol.py run emotion6 fi_subset
    PYTHONPATH=benchmarks python benchmarks/paper_protocol.py cost

``run`` goes on where it stopped, in runs/protocol; several processes share the work by row and fold. What is finished
is packed into benchmarks/experiment/SET.protocol.npz. ``cost`` times a few steps of every row on this machine and
prints what one fold of it costs, and the whole protocol.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import development
from emoir.datasets.splits import make_folds
from emoir.experiment.data import ExperimentData
from emoir.experiment.protocol import FOLD_SEED, ROWS, ProtocolRow, choose_setting, run_until_learnt, settings_of
from emoir.experiment.results import FoldResult, RunKey, read_results, write_results
from emoir.experiment.runs import FoldRun
from emoir.experiment.timing import seconds_per_step
from emoir.experiment.variants import STEPS, ExperimentProtocol, run_length
from emoir.training.loop import use_one_thread
from paper_comparison import RESULTS, claimed, setting

RUNS = Path("runs") / "protocol"
DECIDING = ("emotion6", "fi_subset")
TIMED_STEPS = 12


def data_of(name: str) -> ExperimentData:
    """A set with folds drawn anew; groups and near duplicates stay together, as in the frozen folds."""
    table, _, _ = setting(name)
    folds = make_folds(table, seed=FOLD_SEED, linked=development.near_duplicates())
    return ExperimentData(table=table, folds=folds, cache=RUNS / "cache")


def seeds_of(row: ProtocolRow, name: str) -> int:
    return row.seeds if name in DECIDING else 3


def run(name: str, letters: Sequence[str]) -> None:
    """Choose and train what is missing of one set, less what another process is at, and pack what is done."""
    data = data_of(name)
    folder = RUNS / name
    packed = RESULTS / f"{name}.protocol.npz"
    finished: dict[RunKey, FoldResult] = read_results([packed]) if packed.exists() else {}
    for row in (row for row in ROWS if row.letter in letters):
        for fold in range(data.folds.count):
            with claimed(folder / "running" / f"{row.letter}.fold{fold}.lock") as mine:
                if not mine:
                    continue
                chosen = choose_setting(row, data, fold, folder / f"inner{fold}")
                print(f"{time.strftime('%H:%M:%S')} {name}: {row.variant.name}, fold {fold}: {chosen}", flush=True)
                for seed in range(seeds_of(row, name)):
                    one = FoldRun(row.variant, fold, seed)
                    finished[one.key] = run_until_learnt(one, data, chosen, folder)
    if finished:
        write_results(finished, packed)


def cost(names: Sequence[str]) -> None:
    """Print what one fold of every row costs, and all of them."""
    print(
        "| set | row | ms per step | one fold, minutes | inner runs of a fold, minutes | all folds and seeds, hours |"
    )
    print("|---|---|---|---|---|---|")
    total = 0.0
    for name in names:
        data = data_of(name)
        for row in ROWS:
            images = len(data.folds.training_rows(0))
            protocol = ExperimentProtocol(batch=run_length(images)[0])
            step = seconds_per_step(row.variant, data, protocol, steps=TIMED_STEPS)
            axes = settings_of(row, run_length(images * 4 // 5)[1])
            # Rates at full length, the shorter lengths, then one more value of each other setting at the chosen one.
            inner = (len(row.rates) + sum((1 / 3, 2 / 3)) + sum(len(values) - 1 for _, values in axes[2:])) * 0.8
            outer = step * STEPS
            hours = data.folds.count * (inner * outer + seeds_of(row, name) * outer) / 3600
            total += hours
            cells = (name, row.variant.name, f"{step * 1e3:.0f}", f"{outer / 60:.0f}", f"{inner * outer / 60:.0f}")
            print("| " + " | ".join([*cells, f"{hours:.1f}"]) + " |", flush=True)
    print(f"\nall of it: {total:.0f} hours of one core at the longest lengths; a chosen shorter length costs less")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "cost"))
    parser.add_argument("sets", nargs="*", default=list(DECIDING))
    letters = [row.letter for row in ROWS]
    parser.add_argument("--rows", nargs="+", choices=letters, default=letters)
    arguments = parser.parse_args()
    use_one_thread()
    if arguments.what == "cost":
        cost(arguments.sets)
        return
    for name in arguments.sets:
        run(name, arguments.rows)


if __name__ == "__main__":
    main()
