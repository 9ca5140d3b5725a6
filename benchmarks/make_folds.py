"""Draw the folds of the human-rated development sets, once: ``python benchmarks/make_folds.py``.

Five folds each, seed 0, stratified by label, OASIS by theme, near-duplicates inside a set together. Of a
pair across two sets, the later set's image moves to the fold of its twin, so that models that learn from
several sets at once do not see it either.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import development
from emoir.datasets.splits import Folds, make_folds


def main() -> None:
    fold_of: dict[Path, int] = {}
    pairs = development.near_duplicates()
    twins = {**{one: other for one, other in pairs}, **{other: one for one, other in pairs}}
    development.FOLDS.mkdir(exist_ok=True)
    for name in development.HUMAN_RATED:
        table = development.load(name)
        drawn = make_folds(table, count=5, seed=0, linked=pairs)
        numbers = drawn.folds.copy()
        for row, path in enumerate(table.paths):
            numbers[row] = fold_of.get(twins.get(path, path), numbers[row])
        folds: Folds = replace(drawn, folds=numbers)
        fold_of.update(zip(table.paths, folds.folds.tolist(), strict=True))
        folds.save(development.FOLDS / f"{name}.json")
        print(name, [len(folds.test_rows(fold)) for fold in range(folds.count)])


if __name__ == "__main__":
    main()
