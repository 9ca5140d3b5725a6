"""Fine-tuning that shows rated images seldom, beside the shipped one: ``python benchmarks/fine_tuning_trials.py``.

Of five networks each reads the fifth that it had not learnt from. Readings are kept; with ``--run`` they are collected
first from where ``fine_tune_shipped.py --repeats seldom`` left those of the five folds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from emoir.evaluate.figures import difference, headline, provenance
from fine_tune_shipped import SETS
from shipped import collect, readings

TRIAL = "seldom"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="collect the readings from here first")
    arguments = parser.parse_args()
    if arguments.run is not None:
        collect(arguments.run, recipe=TRIAL)
    print("| set | measure | floor | shipped: 8 times | seldom: 2 times | seldom minus shipped |")
    print("|---|---|---|---|---|---|")
    for name in SETS:
        table, _, shipped = readings(name)
        trials = headline(table, readings(name, TRIAL)[2])
        for measure, line in headline(table, shipped).items():
            trial = trials[measure]
            gap = difference(trial, line)
            print(
                f"| {name} ({len(table)}) | {measure} | {line.floor} | {line.estimate} | {trial.estimate} | "
                f"{'-' if gap is None else f'{gap}, {gap.verdict()}'} |"
            )
    print("\n" + provenance("development parts", "5 frozen folds, seed 0", "one run a fold"))


if __name__ == "__main__":
    main()
