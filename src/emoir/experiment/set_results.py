"""What there is of the protocol on one data set: its rows, those made of other rows' runs, and their gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.intervals import Influence
from emoir.evaluate.results import MetricResult, difference_of_runs
from emoir.experiment.comparison import RATINGS, VariantResult, labelled_rows, learnt_gap, variant_result
from emoir.experiment.fusion import AVERAGED, FUSED, averaged_runs
from emoir.experiment.protocol import RESTART_SEED, final_runs, first_runs, settings_of
from emoir.experiment.results import Results
from emoir.experiment.rows import FOLLOWING_ROWS, ROWS
from emoir.experiment.variants import ModelVariant

TRAINED = {row.letter: row for row in (*ROWS, *FOLLOWING_ROWS)}
LETTERS = (*(row.letter for row in ROWS), "F", FUSED, *(row.letter for row in FOLLOWING_ROWS))
"""All rows in the order of the protocol."""
VARIANTS_BY_LETTER = {
    **{letter: row.variant for letter, row in TRAINED.items()},
    "F": ModelVariant(name=AVERAGED),
    FUSED: ModelVariant(name=FUSED),
}
CLASS_COLUMNS = ("top-1", "P@10 (a)", "NLL")
SAME_RUNS = ((FUSED, "C"),)
"""Of these, the second row's runs are in the first: their difference is taken run by run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResults:
    """What there is of the protocol on one data set.

    Args:
        title: of the set.
        columns: that its labels allow, of ``CLASS_COLUMNS`` and ``RATINGS``.
        runs: letter of every trained row to the number of finished runs, and of all.
        stuck: letter to how many first runs were stuck.
        rows: letter to metrics and curves; of complete rows alone.
        first: the same with first runs, of B and D.
        same_runs: two letters to the difference of rows that are made of the same runs, run by run.
        gaps: letter to what a row reads better on images that it learnt from (see ``learnt_gap``).
        settings: letter of a trained row to setting to how many folds chose which value.
    """

    title: str
    columns: tuple[str, ...]
    runs: Mapping[str, tuple[int, int]]
    stuck: Mapping[str, int]
    rows: Mapping[str, VariantResult]
    first: Mapping[str, VariantResult]
    same_runs: Mapping[tuple[str, str], Mapping[str, MetricResult]]
    gaps: Mapping[str, Mapping[str, Influence]]
    settings: Mapping[str, Mapping[str, Mapping[float, int]]]

    def has(self, *letters: str) -> bool:
        """Whether rows are complete."""
        return all(letter in self.rows for letter in letters)


def set_results(title: str, table: Table, folds: Folds, results: Results, seeds: Mapping[str, int]) -> SetResults:
    """Put what is finished of a set together.

    Args:
        title: as tables name the set.
        table: the data set.
        folds: its folds.
        results: of all attempts, and of ``fused_runs``.
        seeds: letter to the number of seeds that its row runs with; a fused row has those of C, F those of B.
    """
    final = final_runs(results)
    by_letter = {**seeds, **{"F": seeds["B"], FUSED: seeds["C"]}}
    final |= averaged_runs(final, TRAINED["B"].variant.name, folds.count, range(seeds["B"]), table)
    names = {letter: VARIANTS_BY_LETTER[letter].name for letter in by_letter}

    def done(letter: str) -> int:
        return sum(
            key.variant == names[letter] and key.fold < folds.count and key.seed < by_letter[letter] for key in final
        )

    def row(letter: str, from_results: Results) -> VariantResult:
        variant = VARIANTS_BY_LETTER[letter]
        found = variant_result(variant, table, folds, from_results, range(by_letter[letter]))
        assert found is not None
        return found

    wanted = {letter: folds.count * count for letter, count in by_letter.items()}
    complete = [letter for letter in LETTERS if letter in by_letter and done(letter) == wanted[letter]]
    first = first_runs(results)
    rows = {letter: row(letter, final) for letter in complete}
    gaps = {
        letter: learnt_gap(VARIANTS_BY_LETTER[letter], table, folds, final, range(by_letter[letter]))
        for letter in complete
    }
    if "F" in rows:
        # Its averages share runs: taken as runs of their own they would seem to vary less than they do.
        varied = {}
        for column, result in rows["F"].metrics.items():
            of_runs = rows["B"].metrics[column].influence
            assert result.influence is not None
            assert of_runs is not None
            varied[column] = replace(result, influence=_varying_as(result.influence, of_runs))
        rows["F"] = replace(rows["F"], metrics=varied)
        gaps["F"] = {name: _varying_as(gap, gaps["B"][name]) for name, gap in gaps["F"].items()}
    return SetResults(
        title=title,
        columns=(*(CLASS_COLUMNS if table.classes else ()), *(RATINGS.values() if table.valence is not None else ())),
        runs={letter: (done(letter), wanted[letter]) for letter in seeds},
        stuck={
            letter: sum(key.variant == names[letter] and key.seed // RESTART_SEED == 1 for key in results)
            for letter in seeds
        },
        rows=rows,
        first={letter: row(letter, first) for letter in complete if letter in ("B", "D")},
        same_runs={pair: _run_by_run(rows, *pair, table, folds) for pair in SAME_RUNS if set(pair) <= set(rows)},
        gaps=gaps,
        settings={letter: chosen_settings(names[letter], results) for letter in complete if letter in seeds},
    )


def _varying_as(averages: Influence, runs: Influence) -> Influence:
    """Of averages with the variance between the runs that they are made of."""
    return replace(averages, run_variance=runs.run_variance, run_freedom=runs.run_freedom)


def _run_by_run(
    rows: Mapping[str, VariantResult], first: str, second: str, table: Table, folds: Folds
) -> dict[str, MetricResult]:
    ours, theirs = rows[first].by_seed, rows[second].by_seed
    return {
        column: difference_of_runs(
            [ours[seed][column] for seed in ours],
            [theirs[seed][column] for seed in ours],
            folds.folds[labelled_rows(table, column)],
        )
        for column in rows[first].metrics
    }


def chosen_settings(name: str, results: Results) -> dict[str, dict[float, int]]:
    """Setting to how many folds chose which value for a row, in falling order of the values.

    Args:
        name: of the row.
        results: with its first runs of seed 0.

    Example:
        >>> import numpy as np
        >>> from emoir.experiment.results import FoldResult, RunKey
        >>> def run(epochs):
        ...     return FoldResult(conditions={"epochs": epochs}, rows=np.arange(1), predictions={})
        >>> runs = {RunKey("A", fold, 0): run(epochs) for fold, epochs in enumerate((20, 40, 20))}
        >>> chosen_settings("A", runs)
        {'epochs': {40: 1, 20: 2}}
    """
    conditions = [result.conditions for key, result in results.items() if (key.variant, key.seed) == (name, 0)]
    counts = {
        setting: Counter(value for one in conditions if isinstance(value := one.get(setting), int | float))
        for setting, _ in settings_of(ROWS[0], 1)
    }
    return {setting: dict(sorted(found.items(), reverse=True)) for setting, found in counts.items() if found}
