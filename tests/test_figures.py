"""Figures of README, pages and model card are those that committed scripts printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import experiment_claims
from emoir.models.card import CARD, GRAPH
from emoir.models.library import shipped_model_folder
from figures import APART, PRINTED, SCRIPTS, WITHOUT_LABELS, QuotedTable, newer, place, printed_tables, tables

ROOT = Path(__file__).parents[1]
INTERVAL = re.compile(r"-?\d?\.\d{3} \[-?\d?\.\d{3}, -?\d?\.\d{3}\]")
FIGURE = re.compile(r"\d?\.\d{2,}")
# A cell that is a number.
COUNT = re.compile(r"\| *[-+]?[\d.,]+%? *\|")
# A decimal that is no part of a name, or a percentage.
NUMBER = re.compile(r"(?<![\w.,/#])(?:\d[\d,]*)?\.\d+(?!\w|\.\d)|(?<![\w.,])\d+(?= ?%)")
NOT_PROSE = re.compile(r"^```.*?^```|^\|.*?$|`[^`]*`|\]\([^)]*\)|DOI:?\s\S+|https?://\S+", re.DOTALL | re.MULTILINE)
# These are dated logs: a number in them is that of its day, and a later print does not make it wrong.
LOGS = {"CHANGELOG.md", "decisions.md"}
HELD = sorted(
    file.relative_to(ROOT).as_posix()
    for file in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md"))
    if file.name not in LOGS
)
SOURCES = {
    "README.md": {"shipped_figures"},
    "README.zh.md": {"shipped_figures"},
    "docs/datasets.md": {"pictures", "rater_agreement"},
    "docs/emotions.md": {"lexicon_agreement"},
    "docs/encoders.md": {"content_precision", "encoder_heads", "performance", "two_towers"},
    "docs/engines.md": {"scale"},
    "docs/evaluate.md": {"interval_coverage", "pictures"},
    "docs/experiment-protocol.md": {"timed"},
    "docs/experiment.md": {
        *("branch_trial", "comparison_beside", "experiment_claims", "label_free", "paper_protocol", "run_differences")
    },
    "docs/explain.md": {"pictures"},
    "docs/figures.md": {"baselines", "calibration", "run_differences", "shipped_figures", "teacher_agreement"},
    "docs/model-card.md": {"pictures", "shipped_figures"},
    "docs/networks.md": {"timed"},
    "docs/performance.md": {"performance", "timed"},
    "docs/reliability.md": {"reliability"},
    "docs/scale.md": {"scale"},
    "docs/search-scores.md": {
        *("search_colour_cut", "search_conjunction", "search_cut", "search_distinct", "search_quality")
    },
    "docs/select.md": {"stimuli_norms"},
    "docs/weights.md": {"distilled_probe", "head_design", "left_out", "pretraining", "teacher_agreement"},
}
"""Whose prints the sentences of a page may quote."""
STATED = {
    # Versions of Python, of a licence, of OpenAPI and of the weights; the level of every interval.
    "": {"3.11", "2.0", "3.1", "0.3", "0.4", "0.5", "95"},
    # What the paper claims to have gained.
    "README.md": {"10"},
    "README.zh.md": {"10"},
    # The threshold of *borderline*; between what the coverage must lie.
    "docs/evaluate.md": {"2.2", "97"},
    # What others published; the logarithm of 127.
    "docs/experiment.md": {"10", "44.2", "4.84"},
    # A plan: its settings, aims and rules.
    "docs/experiment-protocol.md": {"10", ".1", ".5", ".99", ".3", ".02", ".03", ".10", ".05", ".2", "44.2"},
    # From when on a sentence names colours, textures and places.
    "docs/explain.md": {"0.05", "0.3", "0.15"},
    # What is blurred; what may be missing of a file; the contrast of text; weights of likes and dislikes.
    "docs/gallery.md": {".2"},
    "docs/images.md": {"95", "5"},
    "docs/report.md": {"4.5"},
    # Aims.
    "docs/search-scores.md": {"0.75", "0.25", ".38"},
    # Bytes per pixel of the photographs that are made.
    "docs/performance.md": {"0.2", "0.35"},
    # From when on a row of a picture is wrong; a limit of memory.
    "docs/reliability.md": {"8", "3.2"},
    # Limits that tests hold.
    "docs/planes.md": {".03"},
    "docs/select.md": {"0.1", "5"},
    # The share of pictures that is never learnt from; what the page said of 0.4.
    "docs/weights.md": {"1", ".337", ".404"},
}
"""What a sentence may say that nothing printed, by page."""
SETTINGS = {
    "docs/cli.md": {"| code | means |"},
    "docs/datasets.md": {"| set | images published | labels | split |"},
    "docs/deploy.md": {"| example | what the tests run | what they do not |"},
    "docs/dependencies.md": {"| package | where | why this one |"},
    "docs/emotions.md": {"| reasoning | rows |"},
    "docs/experiment-protocol.md": {"| order | setting | values |", "| outcome | sentence |"},
    "docs/experiment.md": {"| row | network | sees | trained |"},
    "docs/images.md": {"| number | unit and range | reference |"},
    "docs/index.md": {"| format | brought |"},
    "docs/model-card.md": {"| set | images | labels | terms stated by its makers |"},
    "docs/performance.md": {"| part | ratio | must | aim |"},
    "docs/planes.md": {"| plane | kind | channels | pixels per value | range | reference |"},
    "docs/search.md": {"| option | takes |"},
}
"""Heads of tables that measure nothing."""


def page_text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def printed_text(names: set[str]) -> str:
    return "\n".join((PRINTED / f"{name}.md").read_text(encoding="utf-8") for name in sorted(names))


def numbers(text: str) -> set[str]:
    """Without the zero that this field leaves out."""
    return {number.replace(",", "").lstrip("0") for number in NUMBER.findall(text)}


def of_the_card() -> set[str]:
    """What the shipped model's folder says: its threshold, its parameters in millions, its graph in megabytes."""
    folder = shipped_model_folder()
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    megabytes = (folder / GRAPH).stat().st_size / 1e6
    threshold = card["confidence"]["unsure_below"]
    return {f"{card['parameters'] / 1e6:.1f}", f"{megabytes:.1f}", f"{threshold:g}".lstrip("0")}


def unprinted(page: str, printed: list[QuotedTable]) -> list[str]:
    """Heads of the tables with figures that were not printed so."""
    known = {table.lines for table in printed}
    return [
        table.head
        for table in tables(page_text(page))
        if (FIGURE.search("\n".join(table.lines)) or COUNT.search("\n".join(table.lines[2:])))
        and table.lines not in known
        and table.head not in SETTINGS.get(page, set())
    ]


@pytest.mark.parametrize("page", [page for page in HELD if page != "README.zh.md"])
def test_tables_are_quoted_as_they_were_printed(page: str) -> None:
    assert unprinted(page, printed_tables()) == []


def test_the_chinese_table_has_the_same_figures() -> None:
    [(english, chinese)] = [
        (one, other)
        for one in tables(page_text("README.md"))
        for other in tables(page_text("README.zh.md"))
        if FIGURE.search("\n".join(one.lines)) and FIGURE.search("\n".join(other.lines))
    ]
    assert [FIGURE.findall(line) for line in english.lines] == [FIGURE.findall(line) for line in chinese.lines]


@pytest.mark.parametrize("page", HELD)
def test_what_sentences_say_was_printed(page: str) -> None:
    prose = NOT_PROSE.sub("", page_text(page))
    printed = printed_text(SOURCES.get(page, set()))
    assert [interval for interval in INTERVAL.findall(prose) if interval not in printed] == []
    stated = {number.lstrip("0") for number in STATED[""] | STATED.get(page, set())}
    assert numbers(prose) - numbers(printed) - stated - of_the_card() == set()


@pytest.mark.parametrize("page", HELD)
def test_answers_of_commands_are_prints(page: str) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", page_text(page), re.DOTALL | re.MULTILINE)
    # What one may type has no answer.
    answers = [text for language, text in blocks if not language and not text.startswith("emoir ")]
    printed = printed_text({"examples"})
    assert [answer for answer in answers if FIGURE.search(answer) and answer not in printed] == []


@pytest.mark.parametrize("page", HELD)
def test_block_quotes_are_prints(page: str) -> None:
    quotes = re.findall(r"(?:^>.*\n)+", page_text(page), re.MULTILINE)
    printed = " ".join(printed_text({file.stem for file in PRINTED.glob("*.md")}).split())
    assert [quote for quote in quotes if " ".join(re.sub("^>", "", quote, flags=re.M).split()) not in printed] == []


def test_what_is_listed_is_still_there() -> None:
    for page, heads in SETTINGS.items():
        assert heads <= {table.head for table in tables(page_text(page))}, page
    for page, stated in STATED.items():
        if page:
            assert {one.lstrip("0") for one in stated} <= numbers(NOT_PROSE.sub("", page_text(page))), page


def test_every_script_has_its_print() -> None:
    assert set(SCRIPTS) | APART == {file.stem for file in PRINTED.glob("*.md")}
    assert set(SCRIPTS) > WITHOUT_LABELS


def test_another_day_changes_no_print() -> None:
    kept = "| a |\n|---|\n| 1 |\n\nseed 0; x86_64, 2 cores, Python 3.11.7; 2026-11-28.\n"
    later = kept.replace("2 cores, Python 3.11.7; 2026-11-28", "8 cores, Python 3.13.1; 2027-01-02")
    assert newer(kept, later) == kept
    changed = later.replace("| 1 |", "| 2 |")
    assert newer(kept, changed) == changed
    of_another_seed = later.replace("seed 0", "seed 1")
    assert newer(kept, of_another_seed) == of_another_seed


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
