"""Names that the vocabulary of the project replaced do not come back."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import emoir

PACKAGE = Path(emoir.__file__).parent
OLD = {
    *("Contender", "contenders", "Piece", "run_piece", "pieces", "said", "Said", "answers", "Answers"),
    *("judge", "Judgement", "figures", "Figure", "mean_figure", "floor", "Line", "sheet"),
    *("unseen", "learnt_from", "resolved", "verdict", "Recorder", "place", "check_place", "Scope", "within", "among"),
    *("ImageFacts", "facts", "feelings", "looks", "Matrix", "whole", "mark_whole", "tidy"),
    *("worth_another_try", "lifted_by", "BY_CIRCUMSTANCES", "Target", "Part", "fits", "weighed", "gain"),
    *("Searchable", "Found", "Request", "Subject", "ReadingCode", "Language", "understand", "Understood"),
    *("share", "spreads", "Check", "Copies", "Seen", "look_at", "together", "beside", "draw", "Pool"),
    *("Places", "Here", "tag", "HurriedProtocol", "door", "operation", "say", "put", "shown", "Edge", "conditions"),
    *("_bury", "CHANCES", "AHEAD", "squash", "Height", "Turn", "alone", "shipped", "top_trials", "redraw_graph"),
    *("show_all", "like", "unlike"),
}
# What the vocabulary replaced in one sense, and what stays in another.
KEPT = {
    "search/grammar.py:pieces": "operators and terms of a query's text",
    "emotions/lexicon.py:place": "a line of a file, for messages",
    "search/matches.py:place": "an index into a sequence",
    "search/query.py:place": "an index into a sequence",
    "summary/summary.py:whole": "all images, beside the parts",
    "images/salvage.py:share": "of the pixel rows that were read, no probability",
    "report/drawings.py:share": "of the images, no probability",
    "report/plane.py:share": "of the images, no probability",
    "web/records.py:share": "of the images, no probability",
    "images/exif.py:tag": "the term of TIFF and EXIF",
    "evaluate/plots.py:draw": "draws the plots",
    "models/checks.py:alone": "whether a folder's other files are passed over",
    "experiment/results.py:conditions": "of an experiment: data, labels, epochs",
    "experiment/runs.py:conditions": "of an experiment: data, labels, epochs",
    "index/vectors/base.py:conditions": "on a vector: columns and bounds",
    "search/compiled.py:conditions": "on a vector: columns and bounds",
    "search/terms/base.py:conditions": "on a vector: columns and bounds",
    "select/balance.py:conditions": "of an experiment with people, the term of psychology",
    "select/stimuli.py:conditions": "of an experiment with people, the term of psychology",
    "select/stimuli.py:shown": "columns of the balance table beside the matched ones",
    "training/held_out.py:shown": "images that are held out, whose metrics are printed",
}


def names_of(path: Path) -> Iterator[str]:
    """Modules, classes, functions, arguments and fields of a file."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_no_name_that_was_replaced() -> None:
    found = {
        f"{path.relative_to(PACKAGE).as_posix()}:{name}"
        for path in PACKAGE.rglob("*.py")
        for name in OLD.intersection(names_of(path))
    }
    assert sorted(found - KEPT.keys()) == []
    assert sorted(KEPT.keys() - found) == []
