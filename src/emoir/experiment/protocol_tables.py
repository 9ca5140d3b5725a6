"""The protocol's tables and sentences; nothing is shown of a row that is not finished."""

from __future__ import annotations

from collections.abc import Sequence

from emoir.experiment.comparison import RATINGS
from emoir.experiment.endpoints import (
    AIMED_BESIDE,
    ENDPOINTS,
    UNCORRECTED,
    EndpointResult,
    OverfittingPart,
    judge_endpoints,
    overfitting_parts,
    pooled_difference,
    turning_point,
)
from emoir.experiment.fusion import FUSED
from emoir.experiment.set_results import CLASS_COLUMNS, LETTERS, TRAINED, VARIANTS_BY_LETTER, SetResults
from emoir.experiment.tables import markdown

NOT_YET = "not yet"
NEEDED = ("A", "B", "D")
"""Rows that must be complete before anything is read: on a deciding set its rows, on all of them the endpoints."""
COLUMNS = (*CLASS_COLUMNS, *RATINGS.values())
TITLES = tuple(column.removesuffix(" (a)") for column in COLUMNS)
PAIRS = tuple(
    (f"{first} − {second}", VARIANTS_BY_LETTER[first].name, VARIANTS_BY_LETTER[second].name)
    for first, second in UNCORRECTED
)
"""The same differences for ``write_report``, by the names of the rows."""
SETTINGS = {"learning_rate": "rate", "epochs": "epochs", "weight_decay": "weight decay", "mixup": "mixup"}
PARTS = ("NLL at the end above its lowest", "top-1, learnt minus new images", "D above A at equal training accuracy")


def protocol_tables(deciding: Sequence[SetResults], described: Sequence[SetResults]) -> str:
    """All tables of a run, also of one that is not finished.

    Args:
        deciding: sets with classes, over which the endpoints are pooled.
        described: other sets; without one that decides, no endpoint is judged.
    """
    hidden = [one for one in deciding if not may_be_read(one)]
    done = bool(deciding) and not hidden
    parts = [part for one in deciding for part in overfitting_parts(one)] if done else []
    every = [*deciding, *described]
    judged = [
        _endpoints(deciding, parts, done=done),
        _said(deciding, parts, done=done),
        _overfitting(deciding, parts),
    ]
    tables = [
        _progress(every),
        *(judged if deciding else []),
        *([_differences(deciding, hidden)] if deciding else []),
        _differences_alone(every, hidden),
        _rows(every, hidden),
        _gaps(every, hidden),
        _settings(every, hidden),
    ]
    missing = [f"{one.title}: {letter}" for one in hidden for letter in NEEDED if not one.has(letter)]
    if missing:
        tables.insert(1, f"No figure of a set is read before A, B and D are complete. Missing: {', '.join(missing)}.")
    return "\n\n".join(tables) + "\n"


def may_be_read(one: SetResults) -> bool:
    """Whether the rows that the endpoints need are complete on a set that decides."""
    return one.has(*NEEDED)


def _readable(sets: Sequence[SetResults], hidden: Sequence[SetResults]) -> list[tuple[SetResults, str]]:
    """Every set with the letters of its complete rows, less the sets of which nothing is read yet."""
    return [(one, letter) for one in sets if one not in hidden for letter in LETTERS if one.has(letter)]


def _progress(sets: Sequence[SetResults]) -> str:
    letters = [letter for letter in TRAINED if any(letter in one.runs for one in sets)]
    rows = []
    for one in sets:
        cells = []
        for letter in letters:
            done, wanted = one.runs.get(letter, (0, 0))
            stuck = f", {one.stuck[letter]} stuck at first" if one.stuck.get(letter) else ""
            cells.append(f"{done} of {wanted}{stuck}" if wanted else "")
        rows.append([one.title, *cells])
    return markdown(["finished runs", *letters], rows)


def _endpoints(sets: Sequence[SetResults], parts: Sequence[OverfittingPart], *, done: bool) -> str:
    results = judge_endpoints(sets) if done else []
    rows = []
    for number, endpoint in enumerate(ENDPOINTS):
        aim = "below 0" if endpoint.column == "NLL" else "above 0" if endpoint.aim is None else f"{endpoint.aim:.2f}"
        found = [str(results[number].estimate), results[number].outcome] if results else [NOT_YET, NOT_YET]
        rows.append([f"{number + 1}. {endpoint.title}", aim, *found])
    fifth = NOT_YET
    if results:
        little = "shown" if all(part.holds for part in parts) else "not shown"
        fifth = little if results[-1].outcome == "shown" else "descriptive"
    rows.append(["5. overfitting of D is little", "three parts", "", fifth])
    again = pooled_difference(sets, "D", "B", "top-1", of_first_runs=True) if done else None
    rows.append(["1. once more, with first runs", "", NOT_YET if again is None else str(again), ""])
    return markdown(["endpoint, all deciding sets", "aim (not tested)", "difference [95 %]", "outcome against 0"], rows)


def _said(sets: Sequence[SetResults], parts: Sequence[OverfittingPart], *, done: bool) -> str:
    conclusions = sentences(sets, judge_endpoints(sets), parts) if done else [(NOT_YET, NOT_YET)]
    return markdown(["what came out", "what is said"], [[*line] for line in conclusions])


def _overfitting(sets: Sequence[SetResults], parts: Sequence[OverfittingPart]) -> str:
    rows = [[part.title, part.set_title, part.value, "yes" if part.holds else "no"] for part in parts]
    waiting = [[title, one.title, NOT_YET, NOT_YET] for one in sets for title in PARTS]
    return markdown(["overfitting of D", "set", "value", "little"], rows or waiting)


def _differences(sets: Sequence[SetResults], hidden: Sequence[SetResults]) -> str:
    """Over sets that decide, each of which must have the rows."""
    rows = [
        [_named(pair), *_difference_cells(sets, pair)] for pair in UNCORRECTED if _can_be_compared(sets, pair, hidden)
    ]
    return markdown(["uncorrected difference, all deciding sets", *TITLES], rows)


def _differences_alone(sets: Sequence[SetResults], hidden: Sequence[SetResults]) -> str:
    rows = [
        [_named(pair), one.title, *_difference_cells([one], pair)]
        for pair in UNCORRECTED
        for one in sets
        if _can_be_compared([one], pair, hidden)
    ]
    return markdown(["uncorrected difference, each set alone", "set", *TITLES], rows)


def _named(pair: tuple[str, str]) -> str:
    aim = AIMED_BESIDE.get((*pair, "P@10 (a)"))
    return " − ".join(pair) + ("" if aim is None else f" (aim in P@10: {aim:.2f})")


def _can_be_compared(sets: Sequence[SetResults], pair: tuple[str, str], hidden: Sequence[SetResults]) -> bool:
    return all(one not in hidden and one.has(*pair) for one in sets)


def _difference_cells(sets: Sequence[SetResults], pair: tuple[str, str]) -> list[str]:
    gaps = [pooled_difference(sets, *pair, column) for column in COLUMNS]
    return ["" if gap is None else str(gap) for gap in gaps]


def _rows(sets: Sequence[SetResults], hidden: Sequence[SetResults]) -> str:
    rows = []
    for one, letter in _readable(sets, hidden):
        metrics = one.rows[letter].metrics
        rows.append([letter, one.title, *(str(metrics[column]) if column in metrics else "" for column in COLUMNS)])
    return markdown(["row of the protocol", "set", *TITLES], rows)


def _gaps(sets: Sequence[SetResults], hidden: Sequence[SetResults]) -> str:
    columns = ("NLL", "top-1", "squared error")
    rows = []
    for one, letter in _readable(sets, hidden):
        gaps = one.gaps[letter]
        cells = [str(gaps[name].estimate()) if name in gaps else "" for name in columns]
        turned = turning_point(one, letter)
        lowest = ["", ""] if turned is None else [f"{turned.best:.3f}", f"{turned.end:.3f}"]
        rows.append([letter, one.title, *cells, *lowest])
    gap_titles = ("NLL, new minus learnt", "top-1, learnt minus new", "squared error")
    header = ["learnt against new images", "set", *gap_titles, "lowest NLL along the run", "NLL at its end"]
    return markdown(header, rows)


def _settings(sets: Sequence[SetResults], hidden: Sequence[SetResults]) -> str:
    rows = []
    for one, letter in _readable(sets, hidden):
        chosen = one.settings.get(letter)
        if not chosen:
            continue
        cells = [", ".join(f"{value:g}: {folds}" for value, folds in chosen[name].items()) for name in SETTINGS]
        rows.append([letter, one.title, *cells])
    return markdown(["chosen setting: folds", "set", *SETTINGS.values()], rows)


def sentences(
    sets: Sequence[SetResults], results: Sequence[EndpointResult], parts: Sequence[OverfittingPart]
) -> list[tuple[str, str]]:
    """What will be said, by the table of the protocol: outcome and sentence of each that came out.

    Args:
        sets: that decide, with all rows but those of label-free pre-training.
        results: of ``judge_endpoints``.
        parts: of every set.
    """
    first, second, _, fourth = results
    conclusions: list[tuple[str, str]] = []
    if first.outcome != "shown":
        conclusions.append(("1 not shown", "this run does not confirm what the readings showed in hindsight"))
    elif first.estimate.value >= 0.03:
        conclusions.append(
            (
                "1 shown, point estimate ≥ .03",
                "colour and texture as planes and statistics make the same network better from scratch; how much "
                f"stands in the interval: {first.estimate}",
            )
        )
    else:
        conclusions.append(("1 shown, below .03", "they help by less than was aimed at"))
    for letter, sentence in (
        ("E", "the gain may come from the size of the branch"),
        ("F", "averaging two networks without colour and texture does as much"),
    ):
        gap = pooled_difference(sets, "D", letter, "top-1")
        if gap is not None and gap.low <= 0:
            conclusions.append((f"D − {letter} not above 0", sentence))
    late = pooled_difference(sets, FUSED, "D", "top-1")
    if late is not None and late.value >= 0:
        sentence = "late fusion does as much as a joint network, and is what we ship"
        conclusions.append(("C + probe at least as good as D", sentence))
    if fourth.outcome == "shown" and fourth.estimate.low >= 0.10:
        conclusions.append(
            ("4 shown, ≥ .10 by the whole interval", "ten points over the original, by the whole interval")
        )
    elif fourth.outcome == "shown" and fourth.estimate.value >= 0.10:
        conclusions.append(("4 shown, ≥ .10 by the estimate", "ten points over the original, by the estimate"))
    if fourth.estimate.value < 0.10:
        sentence = (
            "the paper's ten points are not reached from scratch; D′ − A′ says whether unlabelled photographs close "
            "the gap"
        )
        conclusions.append(("4 below .10", sentence))
    failed = list(dict.fromkeys(part.title for part in parts if not part.holds))
    if failed:
        conclusions.append(("any part of 5 fails", f"overfitting is not little: {'; '.join(failed)}"))
    elif fourth.outcome == "shown":
        conclusions.append(("5 shown", "overfitting is little, as defined"))
    if not all(one.has(FUSED) for one in sets):
        return conclusions
    ships = first.outcome == second.outcome == "shown" and all(
        one.rows["D"].metrics["NLL"].value < one.rows[FUSED].metrics["NLL"].value for one in sets
    )
    conclusions.append(("what ships", f"the network that ships {'takes' if ships else 'does not take'} the branch"))
    return conclusions
