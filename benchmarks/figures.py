"""Print every table again that the pages quote, and put it in its place: ``make figures``.

Each script reads committed results and readings; no network is trained and no image is read. Most also read the labels
of the development sets, which are not ours to give (``EMOIR_DEVELOPMENT_DATA``, see ``development``). Where these are
missing, what such a script printed last stays, and its name is printed. What is printed is kept in benchmarks/printed;
a table of a page is one of these, known by its head and, where several have that, by the heading above it.
``--pages-only`` does without the scripts. tests/test_figures.py holds the pages to what is kept.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import development

HERE = Path(__file__).resolve().parent
ROOT, PRINTED = HERE.parent, HERE / "printed"
SCRIPTS = {
    "paper_protocol": ["paper_protocol.py", "print"],
    "run_differences": ["run_differences.py"],
    "comparison_beside": ["comparison_beside.py"],
    "experiment_claims": ["experiment_claims.py"],
    "baselines": ["baselines.py"],
    "shipped_figures": ["shipped_figures.py"],
    "left_out": ["weights.left_out"],
    "distilled_probe": ["weights.distilled_probe"],
    "pretraining": ["weights.curves"],
    "label_free": ["weights.label_free_losses"],
    "calibration": ["calibration.py"],
    "search_quality": ["search_quality.py"],
    "search_conjunction": ["search_conjunction.py"],
    "search_cut": ["search_cut.py"],
    "search_distinct": ["search_distinct.py"],
    "stimuli_norms": ["stimuli_norms.py"],
    "rater_agreement": ["rater_agreement.py"],
    "lexicon_agreement": ["lexicon_agreement.py"],
}
"""What is printed, by which script or module."""
WITHOUT_LABELS = {"experiment_claims", "label_free", "lexicon_agreement", "pretraining"}
"""What needs nothing but this repository."""
APART = {
    *("branch_trial", "content_precision", "interval_coverage", "encoder_heads", "examples", "head_design"),
    *("performance", "pictures", "reliability", "scale", "search_colour_cut", "teacher_agreement", "timed"),
    "two_towers",
}
"""What simulates, reads images, runs an encoder or measures time is printed by itself, and its print kept there."""
WHERE_AND_WHEN = re.compile(r"[^;\n]+; \d{4}-\d\d-\d\d\.$", re.MULTILINE)
"""The end of the line that ``emoir.evaluate.provenance`` writes: machine and date."""
PAGES = ("README.md", *(file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "docs").glob("*.md"))))


@dataclass(frozen=True, slots=True)
class QuotedTable:
    """A Markdown table.

    Args:
        heading: the nearest heading above it, empty if there is none.
        lines: head first.
        start: line number of its head.
    """

    heading: str
    lines: tuple[str, ...]
    start: int

    @property
    def head(self) -> str:
        """Its first line."""
        return self.lines[0]


def tables(text: str) -> Iterator[QuotedTable]:
    """The Markdown tables of a text."""
    heading, found, start = "", list[str](), 0
    for number, line in enumerate([*text.splitlines(), ""]):
        if line.startswith("|"):
            start = start if found else number
            found.append(line)
            continue
        if found:
            yield QuotedTable(heading, tuple(found), start)
            found = []
        if line.startswith("#"):
            heading = line.lstrip("# ")


def printed_tables() -> list[QuotedTable]:
    """All tables that the scripts printed; a head that several have belongs to its heading."""
    return [table for file in sorted(PRINTED.glob("*.md")) for table in tables(file.read_text(encoding="utf-8"))]


def place(page: str, printed: list[QuotedTable]) -> str:
    """A page with every table that was printed as it was printed last."""
    lines = page.splitlines()
    for table in reversed([*tables(page)]):
        alike = [one for one in printed if one.head == table.head]
        if len(alike) > 1:
            alike = [one for one in alike if one.heading == table.heading]
        if len(alike) == 1:
            lines[table.start : table.start + len(table.lines)] = alike[0].lines
    return "\n".join(lines) + "\n"


def newer(kept: str, printed: str) -> str:
    """What is to be kept: the last print, unless it only comes from another machine or day."""
    return kept if WHERE_AND_WHEN.sub("", kept) == WHERE_AND_WHEN.sub("", printed) else printed


def run(name: str) -> None:
    """Keep what a script prints."""
    script, *options = SCRIPTS[name]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [sys.executable, *([HERE / script] if script.endswith(".py") else ["-m", script]), *options],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    file = PRINTED / f"{name}.md"
    file.write_text(newer(file.read_text(encoding="utf-8"), done.stdout), encoding="utf-8")


def compare() -> None:
    """Write the pages of the comparison, one per set."""
    kept = {file: file.read_text(encoding="utf-8") for file in (HERE / "experiment").glob("*.md")}
    subprocess.run([sys.executable, HERE / "paper_comparison.py", "print"], cwd=ROOT, check=True)
    for file, text in kept.items():
        file.write_text(newer(text, file.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*", choices=[*SCRIPTS, []], help="which to run; default: all")
    parser.add_argument("--pages-only", action="store_true", help="run none, put what is kept into the pages")
    arguments = parser.parse_args()
    if not arguments.pages_only:
        names = arguments.scripts or list(SCRIPTS)
        if not development.ROOT.is_dir():
            stay = [name for name in names if name not in WITHOUT_LABELS]
            print(f"no labels in {development.ROOT} (EMOIR_DEVELOPMENT_DATA); not printed again: {', '.join(stay)}")
            names = [name for name in names if name in WITHOUT_LABELS]
        elif not arguments.scripts:
            compare()
        for name in names:
            run(name)
    printed = printed_tables()
    for page in PAGES:
        old = (ROOT / page).read_text(encoding="utf-8")
        (ROOT / page).write_text(place(old, printed), encoding="utf-8")


if __name__ == "__main__":
    main()
