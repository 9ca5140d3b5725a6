"""The shipped fine-tuning beside one that shows rated images often.

    PYTHONPATH=benchmarks python benchmarks/weights/fine_tuning_trials.py

Of five networks each reads the fifth that it had not learnt from; GAPED was shown to none. The readings of the other
recipe (``weights/fine_tune.py --repeats rated-8-times``, weights 0.3) are kept.
"""

from __future__ import annotations

import development
from cross_fit import readings
from emoir.evaluate.compute import headline
from emoir.evaluate.provenance import provenance
from emoir.evaluate.results import difference

TRIAL = "rated-8-times"


def main() -> None:
    print("| set | measure | baseline | rated images 8 times | shipped: 2 times | shipped minus 8 times |")
    print("|---|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, _, shipped = readings(name)
        trials = headline(table, readings(name, TRIAL)[2])
        for measure, line in headline(table, shipped).items():
            trial = trials[measure]
            gap = difference(line, trial)
            print(
                f"| {name} ({len(table)}) | {measure} | {line.baseline} | {trial} | {line} | "
                f"{'-' if gap is None else f'{gap}, {gap.outcome()}'} |"
            )
    print("\n" + provenance("development parts", "5 frozen folds, seed 0", "one run a fold"))


if __name__ == "__main__":
    main()
