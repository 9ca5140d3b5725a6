"""The protocol's tables in Markdown; what is not finished says so, and nothing is shown of it."""

from __future__ import annotations

from collections.abc import Sequence

from emoir.experiment.comparison import RATINGS
from emoir.experiment.endpoints import (
    AIMED_BESIDE,
    CLASS_COLUMNS,
    ENDPOINTS,
    LETTERS,
    TRAINED,
    UNCORRECTED,
    VARIANTS_BY_LETTER,
    OverfittingPart,
    SetResults,
    judge_endpoints,
    overfitting_parts,
    pooled_difference,
    sentences,
)
from emoir.experiment.fusion import FUSED
from emoir.experiment.tables import markdown

NOT_YET = "not yet"
NEEDED = ("A", "B", "C", "D", "E", "F", FUSED)
"""Rows that must be complete on every deciding set before an endpoint is looked at."""
COLUMNS = (*CLASS_COLUMNS, *RATINGS.values())
TITLES = tuple(column.removesuffix(" (a)") for column in COLUMNS)
PAIRS = tuple(
    (f"{first} − {second}", VARIANTS_BY_LETTER[first].name, VARIANTS_BY_LETTER[second].name)
    for first, second in UNCORRECTED
)
"""The same differences for ``write_report``, by the names of the rows."""
PARTS = ("NLL at the end above its lowest", "top-1, learnt minus new images", "D above A at equal training accuracy")


def protocol_tables(deciding: Sequence[SetResults], described: Sequence[SetResults]) -> str:
    """All tables of a run, also of one that is not finished.

    Args:
        deciding: sets with classes, over which the endpoints are pooled.
        described: other sets.
    """
    done = bool(deciding) and all(one.has(*NEEDED) for one in deciding)
    parts = [part for one in deciding for part in overfitting_parts(one)] if done else []
    every = [*deciding, *described]
    tables = [
        _progress(every),
        _endpoints(deciding, parts, done=done),
        _said(deciding, parts, done=done),
        _overfitting(deciding, parts),
        _differences(deciding, described, done=done),
        _rows(every, deciding, done=done),
        _gaps(every, deciding, done=done),
    ]
    missing = [f"{one.title}: {letter}" for one in deciding for letter in NEEDED if not one.has(letter)]
    if missing:
        tables.insert(1, f"Nothing is read before all rows are complete. Missing: {', '.join(missing)}.")
    return "\n\n".join(tables) + "\n"


def _progress(sets: Sequence[SetResults]) -> str:
    letters = [letter for letter in TRAINED if any(letter in one.runs for one in sets)]
    rows = []
    for one in sets:
        cells = []
        for letter in letters:
            done, wanted = one.runs.get(letter, (0, 0))
            stuck = f", {one.stuck[letter]} stuck at first" if one.stuck.get(letter) else ""
            cells.append(f"{done} of {wanted}{stuck}")
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
    return markdown(["endpoint, all deciding sets", "aim", "difference [95 %]", "outcome"], rows)


def _said(sets: Sequence[SetResults], parts: Sequence[OverfittingPart], *, done: bool) -> str:
    conclusions = sentences(sets, judge_endpoints(sets), parts) if done else [(NOT_YET, NOT_YET)]
    return markdown(["what came out", "what is said"], [[*line] for line in conclusions])


def _overfitting(sets: Sequence[SetResults], parts: Sequence[OverfittingPart]) -> str:
    rows = [[part.title, part.set_title, part.value, "yes" if part.holds else "no"] for part in parts]
    waiting = [[title, one.title, NOT_YET, NOT_YET] for one in sets for title in PARTS]
    return markdown(["overfitting of D", "set", "value", "little"], rows or waiting)


def _differences(deciding: Sequence[SetResults], described: Sequence[SetResults], *, done: bool) -> str:
    groups = [("all deciding", deciding), *((one.title, [one]) for one in (*deciding, *described))]
    rows = []
    for first, second in UNCORRECTED:
        aim = AIMED_BESIDE.get((first, second, "P@10 (a)"))
        name = f"{first} − {second}" + ("" if aim is None else f" (aim in P@10: {aim:.2f})")
        for title, sets in groups:
            cells = []
            for column in COLUMNS:
                gap = pooled_difference(sets, first, second, column) if done or sets[0] not in deciding else None
                is_measured = all(column in one.columns for one in sets)
                cells.append((NOT_YET if gap is None else str(gap)) if is_measured else "")
            rows.append([name, title, *cells])
    return markdown(["uncorrected difference", "set", *TITLES], rows)


def _rows(sets: Sequence[SetResults], deciding: Sequence[SetResults], *, done: bool) -> str:
    rows = []
    for one in sets:
        for letter in LETTERS:
            row = None if one in deciding and not done else one.rows.get(letter)
            cells = [NOT_YET if row is None else str(row.metrics[column]) for column in one.columns]
            by_column = dict(zip(one.columns, cells, strict=True))
            rows.append([letter, one.title, *(by_column.get(column, "") for column in COLUMNS)])
    return markdown(["row of the protocol", "set", *TITLES], rows)


def _gaps(sets: Sequence[SetResults], deciding: Sequence[SetResults], *, done: bool) -> str:
    columns = ("NLL", "top-1", "squared error")
    rows = []
    for one in sets:
        for letter in LETTERS:
            gaps = one.gaps.get(letter)
            if gaps is None or (one in deciding and not done):
                rows.append([letter, one.title, *[NOT_YET] * len(columns)])
            else:
                rows.append(
                    [letter, one.title, *(str(gaps[name].estimate()) if name in gaps else "" for name in columns)]
                )
    header = ["learnt against new images", "set", "NLL, new minus learnt", "top-1, learnt minus new", "squared error"]
    return markdown(header, rows)
