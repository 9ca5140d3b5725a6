"""Figures of README, pages and model card are those that committed scripts printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import experiment_claims
from figures import PAGES, PRINTED, SCRIPTS, QuotedTable, place, printed_tables, tables

ROOT = Path(__file__).parents[1]
INTERVAL = re.compile(r"-?\d?\.\d{3} \[-?\d?\.\d{3}, -?\d?\.\d{3}\]")
FIGURE = re.compile(r"\d?\.\d{2,}")
# Tables of these pages that no script of ``make figures`` prints: settings, or what takes images or a network.
ELSEWHERE = {
    "evaluate.md": {
        "| 600 training images, changed | recognised |",
        "| 14,457 other photographs against 7,419 | |",
        "| set | measure | chance | untrained teacher features |",
        "| draw | ridge | valence r | arousal r |",
    },
    "experiment.md": {"| row | network | sees | trained |"},
    "search.md": {"| option | takes |"},
    "model-card.md": {
        "| change | images | top emotion's probability: mean / 95 % | top stays | valence: mean / 95 % |",
        "| pictures | number | top emotion | above 0.5 | confidence | neutral | monochrome |",
    },
}


def page_text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def printed_text() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(PRINTED.glob("*.md")))


def unprinted(page: str, printed: list[QuotedTable]) -> list[str]:
    """Heads of the tables with figures that were not printed so."""
    known = {table.lines for table in printed}
    elsewhere = ELSEWHERE.get(Path(page).name, set())
    return [
        table.head
        for table in tables(page_text(page))
        if FIGURE.search("\n".join(table.lines)) and table.lines not in known and table.head not in elsewhere
    ]


@pytest.mark.parametrize("page", PAGES)
def test_tables_are_quoted_as_they_were_printed(page: str) -> None:
    assert unprinted(page, printed_tables()) == []


@pytest.mark.parametrize("page", PAGES)
def test_intervals_in_sentences_were_printed(page: str) -> None:
    text = page_text(page)
    for table in tables(text):
        if table.head in ELSEWHERE.get(Path(page).name, set()):
            text = text.replace("\n".join(table.lines), "")
    printed = printed_text()
    assert [interval for interval in INTERVAL.findall(text) if interval not in printed] == []


def test_what_is_listed_as_printed_elsewhere_is_still_there() -> None:
    for page, heads in ELSEWHERE.items():
        assert heads <= {table.head for table in tables(page_text(f"docs/{page}"))}


def test_every_script_has_its_print() -> None:
    assert set(SCRIPTS) | {"interval_coverage", "encoder_heads"} == {file.stem for file in PRINTED.glob("*.md")}


def test_the_claims_follow_from_the_printed_tables() -> None:
    assert (PRINTED / "experiment_claims.md").read_text(encoding="utf-8") == experiment_claims.claims()
    quoted = {table.lines for table in tables(page_text("docs/experiment.md"))}
    assert [table.head for table in tables(experiment_claims.claims()) if table.lines not in quoted] == []


def test_tables_are_put_in_place() -> None:
    printed = [
        QuotedTable("one", ("| a | b |", "|---|---|", "| 1 | new |"), 0),
        QuotedTable("two", ("| a | b |", "|---|---|", "| 2 | new |", "| 3 | new |"), 0),
        QuotedTable("", ("| c |", "|---|", "| new |"), 0),
    ]
    page = "## two\n\n| a | b |\n|---|---|\n| 2 | old |\n\ntext\n\n| c |\n|---|\n| old |\n\n| d |\n|---|\n| own |\n"
    expected = page.replace("| 2 | old |", "| 2 | new |\n| 3 | new |").replace("| old |\n\n| d", "| new |\n\n| d")
    assert place(page, printed) == expected
    assert place(expected, printed) == expected
