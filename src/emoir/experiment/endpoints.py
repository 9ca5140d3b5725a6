"""The protocol's endpoints in their order, and what overfitting is called little by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.evaluate.intervals import Estimate, Influence, mean_interval
from emoir.evaluate.results import difference, pooled_results
from emoir.experiment.comparison import RATINGS, VariantResult, learnt_gap, mean_curve, variant_result
from emoir.experiment.fusion import AVERAGED, FUSED, averaged_runs
from emoir.experiment.overfitting import NARROWEST, best_epoch, curve_gap
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
TOO_LONG, LARGEST_GAP = 0.02, 0.10


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A difference between two rows.

    Args:
        first, second: letters of the rows; the first minus the second.
        column: the metric.
        aim: what it is to reach, None for 0.
    """

    first: str
    second: str
    column: str
    aim: float | None = None

    @property
    def title(self) -> str:
        """As tables name it."""
        return f"{self.first} − {self.second}, {self.column.removesuffix(' (a)')}"

    def is_shown_by(self, estimate: Estimate) -> bool:
        """Whether the whole interval lies on the right side of 0."""
        return estimate.high < 0 if self.column == "NLL" else estimate.low > 0


ENDPOINTS = (
    Endpoint("D", "B", "top-1", 0.03),
    Endpoint("D", "B", "NLL"),
    Endpoint("D", "B", "P@10 (a)"),
    Endpoint("D", "A", "top-1", 0.10),
)
"""In fixed order; little overfitting is the fifth."""
UNCORRECTED = (
    ("D", "B"),
    ("D", "A"),
    ("D", "E"),
    ("D", "F"),
    ("D", "C"),
    ("C", "B"),
    (FUSED, "C"),
    (FUSED, "D"),
    ("D", "A×2"),
    ("D′", "A′"),
)
"""Differences that are printed as they are, of every set alone and of those that decide together."""
AIMED_BESIDE = {("D", "A", "P@10 (a)"): 0.05}


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
        gaps: letter to what a row reads better on images that it learnt from (see ``learnt_gap``).
        settings: letter of a trained row to setting to how many folds chose which value.
    """

    title: str
    columns: tuple[str, ...]
    runs: Mapping[str, tuple[int, int]]
    stuck: Mapping[str, int]
    rows: Mapping[str, VariantResult]
    first: Mapping[str, VariantResult]
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
    return SetResults(
        title=title,
        columns=(*(CLASS_COLUMNS if table.classes else ()), *(RATINGS.values() if table.valence is not None else ())),
        runs={letter: (done(letter), wanted[letter]) for letter in seeds},
        stuck={
            letter: sum(key.variant == names[letter] and key.seed // RESTART_SEED == 1 for key in results)
            for letter in seeds
        },
        rows={letter: row(letter, final) for letter in complete},
        first={letter: row(letter, first) for letter in complete if letter in ("B", "D")},
        gaps={
            letter: learnt_gap(VARIANTS_BY_LETTER[letter], table, folds, final, range(by_letter[letter]))
            for letter in complete
        },
        settings={letter: chosen_settings(names[letter], results) for letter in complete if letter in seeds},
    )


def chosen_settings(name: str, results: Results) -> dict[str, dict[float, int]]:
    """Setting to how many folds chose which value for a row, in falling order of the values.

    Args:
        name: of the row.
        results: with its first runs of seed 0.

    Example:
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


def pooled_difference(
    sets: Sequence[SetResults], first: str, second: str, column: str, *, of_first_runs: bool = False
) -> Estimate | None:
    """First minus second over all sets together, every image counted once; None where a row or metric is missing.

    Args:
        sets: whose rows are compared.
        first: letter.
        second: letter.
        column: the metric.
        of_first_runs: whether stuck runs count as they were.
    """
    sides = []
    for letter in (first, second):
        rows = [(one.first if of_first_runs else one.rows).get(letter) for one in sets]
        results = [row.metrics[column] for row in rows if row is not None and column in row.metrics]
        if not results or len(results) < len(sets):
            return None
        sides.append(pooled_results(results))
    return difference(*sides)


@dataclass(frozen=True, slots=True)
class OverfittingPart:
    """One part of what *little overfitting* means, on one set.

    Args:
        title: of the part.
        set_title: of the set.
        value: that is judged, as tables show it.
        holds: whether it is little by this part.
    """

    title: str
    set_title: str
    value: str
    holds: bool


def overfitting_parts(one: SetResults) -> list[OverfittingPart]:
    """The three parts of *little overfitting* of row D on a set.

    Args:
        one: with rows A and D complete, and classes.
    """
    ours, original = (mean_curve(one.rows[letter].curves) for letter in ("D", "A"))
    accuracy, loss = (
        next(name.removeprefix("test ") for name in ours if name.startswith(f"test {measure}"))
        for measure in ("top-1", "NLL")
    )
    turned = best_epoch(ours, f"test {loss}", lower_is_better=True)
    learnt = one.gaps["D"]["top-1"].estimate()
    met = curve_gap(ours, original, accuracy)
    by_fold = [curve_gap(*both, accuracy) for both in zip(one.rows["D"].curves, one.rows["A"].curves, strict=True)]
    means = np.array([np.nan if gap is None else gap.mean for gap in by_fold])
    at_equal = f"less than {NARROWEST:.2f} of training accuracy in common"
    if met is not None:
        at_equal = f"{met.least:.3f} at least from {met.low:.3f} to {met.high:.3f}"
        if np.isfinite(means).sum() > 1:
            at_equal += f"; mean over folds {mean_interval(means[np.isfinite(means)])}"
    return [
        OverfittingPart(
            "NLL at the end above its lowest",
            one.title,
            f"{turned.end - turned.best:.3f}",
            turned.end - turned.best <= TOO_LONG,
        ),
        OverfittingPart("top-1, learnt minus new images", one.title, str(learnt), learnt.high <= LARGEST_GAP),
        OverfittingPart("D above A at equal training accuracy", one.title, at_equal, met is not None and met.least > 0),
    ]


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """An endpoint with its difference, and whether it was shown.

    Args:
        endpoint: what was asked.
        estimate: the pooled difference.
        outcome: ``shown``, ``not shown``, or ``descriptive`` after the first that was not shown.
    """

    endpoint: Endpoint
    estimate: Estimate
    outcome: str


def judge_endpoints(sets: Sequence[SetResults]) -> list[EndpointResult]:
    """The endpoints in their order, each tested only if the one before was shown; empty while rows are missing.

    Args:
        sets: that decide.
    """
    found: list[EndpointResult] = []
    is_open = True
    for endpoint in ENDPOINTS:
        estimate = pooled_difference(sets, endpoint.first, endpoint.second, endpoint.column)
        if estimate is None:
            return []
        shown = endpoint.is_shown_by(estimate)
        found.append(
            EndpointResult(endpoint, estimate, ("shown" if shown else "not shown") if is_open else "descriptive")
        )
        is_open = is_open and shown
    return found
