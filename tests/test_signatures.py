"""A function takes eight parameters at most, or one record of options."""

from __future__ import annotations

import ast
from pathlib import Path

import emoir

PACKAGE = Path(emoir.__file__).parent
MOST = 8
# What takes more, and how many at most; commands take their options one by one. Never add to this list.
MORE = {
    "cli/evaluate.py:_evaluate": 9,
    "cli/evaluate.py:evaluate": 13,
    "cli/index.py:index": 11,
    "cli/select.py:select": 12,
    "cli/serve.py:serve": 18,
}


def test_no_function_takes_more() -> None:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                count = len([name for name in names if name not in ("self", "cls")])
                name = f"{path.relative_to(PACKAGE).as_posix()}:{node.name}"
                if count > MORE.get(name, MOST):
                    found[name] = count
    assert found == {}
