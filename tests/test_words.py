"""One name for one thing: names that the vocabulary replaced do not come back, and none is given twice."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import emoir

PACKAGE = Path(emoir.__file__).parent
ROOT = Path(__file__).parents[1]
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
    "images/decode.py:share": "of the pixel rows that were read, no probability",
    "images/jpeg2000.py:share": "of the tiles that were read, no probability",
    "images/packed.py:share": "of the pixel rows that were read, no probability",
    "images/salvage.py:share": "of the pixel rows that were read, no probability",
    "index/vectors/engine.py:put": "writes rows to an engine",
    "index/vectors/milvus.py:put": "writes rows to an engine",
    "index/vectors/replica.py:whole": "a replica that holds every row",
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


# Of the replaced names, those that mean nothing else in programs of this field: not even a local variable.
ALWAYS_OLD = {
    "Contender",
    "contenders",
    "said",
    "Said",
    "facts",
    "feelings",
    "looks",
    "Judgement",
    "weighed",
    "lifted_by",
}


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "examples"])
def test_no_variable_that_was_replaced(folder: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{node.id}"
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id in ALWAYS_OLD
    }
    assert found == set()


def test_no_name_that_was_replaced() -> None:
    found = {
        f"{path.relative_to(PACKAGE).as_posix()}:{name}"
        for path in PACKAGE.rglob("*.py")
        for name in OLD.intersection(names_of(path))
    }
    assert sorted(found - KEPT.keys()) == []
    assert sorted(KEPT.keys() - found) == []


def public_types(path: Path) -> Iterator[str]:
    """Classes and aliases of types that a module defines for others."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        name = ""
        if isinstance(node, ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            # A call makes a type variable, which is its module's own.
            name = "" if isinstance(node.value, ast.Call) else node.targets[0].id
        if re.fullmatch("[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*", name):
            yield name


def test_no_class_and_no_alias_is_defined_twice() -> None:
    found = Counter(name for path in PACKAGE.rglob("*.py") for name in public_types(path))
    assert len(found) > 200
    assert {name for name, times in found.items() if times > 1} == set()
