"""The folders are the path an image travels; imports point one way along it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import emoir
from emoir import Collection
from tests.pictures import save_photos

PACKAGE = Path(emoir.__file__).parent
# What each part may import besides itself and errors. `emotions` stands before `extract`: its records are what
# extraction returns.
ALLOWED = {
    "cells": set[str](),
    "errors": set[str](),
    "files": set[str](),
    "lazy": set[str](),
    "limits": set[str](),
    "names": set[str](),
    "texts": set[str](),
    "images": set[str](),
    "planes": {"images"},
    "networks": {"planes"},
    "emotions": {"images"},
    "models": {"images", "emotions"},
    "extract": {"images", "emotions", "models"},
    "index": {"images", "emotions", "extract"},
    "search": {"images", "emotions", "models", "index"},
    "explain": {"images", "emotions", "models"},
    "collection": {"images", "emotions", "models", "extract", "index", "search"},
    "export": {"images", "emotions", "extract", "index"},
    "select": {"images", "emotions", "extract", "index", "search"},
    "summary": {"emotions", "index", "search"},
    "report": {"images", "emotions", "index", "search", "summary"},
    "datasets": {"images", "emotions"},
    "evaluate": {"images", "emotions", "models", "extract", "datasets"},
    "training": {"images", "planes", "networks", "emotions", "models", "extract", "datasets", "evaluate"},
    "experiment": {"images", "planes", "networks", "models", "datasets", "evaluate", "training"},
    "web": {
        "images",
        "emotions",
        "models",
        "extract",
        "index",
        "search",
        "summary",
        "explain",
        "export",
        "datasets",
        "collection",
    },
    "watch": {"index", "collection"},
    "integrations": {"emotions", "index", "search", "explain", "export", "summary", "collection", "web"},
    "cli": {
        "watch",
        "integrations",
        *("images", "emotions", "models", "extract", "index", "search", "explain", "collection", "datasets"),
        *("training", "experiment", "evaluate", "export", "select", "summary", "report", "web"),
    },
    "__main__": {"cli"},
    "__init__": {"collection", "emotions", "explain", "models", "search"},
}
WITH_TORCH = {"planes", "networks", "training", "experiment"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Dotted names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    here = part(path)
    targets = {name.split(".")[1] for name in imported(path) if name.startswith("emoir.")}
    others = targets - {here, "cells", "errors", "files", "lazy", "limits", "names", "texts", "__version__"}
    assert others <= ALLOWED[here], f"{here} must not import {others - ALLOWED[here]}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_torch_stays_where_it_belongs(path: Path) -> None:
    if part(path) not in WITH_TORCH:
        assert not {name for name in imported(path) if name.split(".")[0] in {"torch", "safetensors"}}


def test_every_module_stays_readable() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > 300} == {}


def test_reading_and_searching_need_neither_torch_nor_the_extras() -> None:
    extras = ("torch", "sklearn", "scipy", "pandas", "pyarrow", "matplotlib", "skimage")
    program = (
        "import sys, numpy as np\n"
        f"for name in {extras}: sys.modules[name] = None\n"
        "import emoir\n"
        "print(emoir.Model().read(np.zeros((8, 8, 3), np.uint8)).top('mikels'))\n"
        "import emoir.collection, emoir.cli.app\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def loaded(program: str, *arguments: str | Path) -> set[str]:
    """The modules that a program of its own process loads."""
    # Coverage, where it measures subprocesses, loads sqlite3 itself.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    program = f"import sys\n{program}\nprint(*sys.modules)"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return set(subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout.split())


def test_the_help_loads_nothing_heavy() -> None:
    heavy = {"numpy", "PIL", "onnxruntime", "sqlite3", "torch", "fastapi", "multiprocessing", "ctypes"}
    assert not heavy & loaded("import emoir.cli.app")


def test_a_search_for_a_word_loads_no_decoder(tmp_path: Path) -> None:
    save_photos(tmp_path / "photographs", 2)
    with Collection(tmp_path / "index.emoir") as photos:
        photos.index(tmp_path / "photographs", workers=1)
    program = "from emoir import Collection\nassert len(Collection(sys.argv[1]).search('awe', min_score=0)) == 2"
    assert not {"PIL", "onnxruntime", "pathspec", "pydantic", "emoir.models.model"} & loaded(
        program, tmp_path / "index.emoir"
    )
