"""A function takes eight parameters at most, or one record of options."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import emoir
from emoir.index.update import UpdateKeywords, UpdateOptions
from emoir.search.options import SearchKeywords, SearchOptions

PACKAGE = Path(emoir.__file__).parent
MOST = 8
# A record of more fields takes them by name.
MOST_POSITIONAL = 4
# Literal tables of columns, one a line, whose head names the fields.
LITERALS = {"images/features.py:Column"}


def test_no_function_takes_more() -> None:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                count = len([name for name in names if name not in ("self", "cls")])
                name = f"{path.relative_to(PACKAGE).as_posix()}:{node.name}"
                if count > MOST:
                    found[name] = count
    assert found == {}


def test_records_of_many_fields_take_them_by_name() -> None:
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ClassDef):
                continue
            made = [ast.unparse(decorator) for decorator in node.decorator_list]
            named = [ast.unparse(base) for base in node.bases]
            is_record = any(text.split("(")[0] == "dataclass" for text in made) or "NamedTuple" in named
            lines = [line for line in node.body if isinstance(line, ast.AnnAssign)]
            count = len([line for line in lines if "ClassVar" not in ast.unparse(line.annotation)])
            name = f"{path.relative_to(PACKAGE).as_posix()}:{node.name}"
            if is_record and count > MOST_POSITIONAL and not any("kw_only=True" in text for text in made):
                found.append(name)
    assert sorted(found) == sorted(LITERALS)


@pytest.mark.parametrize(
    ("keywords", "options", "otherwise"),
    [(SearchKeywords, SearchOptions, set()), (UpdateKeywords, UpdateOptions, {"catalogue"})],
)
def test_keywords_are_typed_as_the_fields_are(keywords: Any, options: Any, otherwise: set[str]) -> None:
    typed = {name: reference.__forward_arg__ for name, reference in keywords.__annotations__.items()}
    assert typed == {field.name: field.type for field in fields(options) if field.name not in otherwise}
