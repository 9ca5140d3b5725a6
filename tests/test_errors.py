"""Every error that somebody who browses may meet speaks Chinese, too."""

from __future__ import annotations

import ast
from pathlib import Path

import emoir

PACKAGE = Path(emoir.__file__).parent


def test_every_query_error_is_said_in_chinese() -> None:
    silent = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "QueryError"
        and "chinese" not in {keyword.arg for keyword in node.keywords}
    ]
    assert silent == []
