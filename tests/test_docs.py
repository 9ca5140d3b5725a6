"""Documentation that lags behind fails."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
import typer.main
import yaml

import emoir
import readability
from emoir.cli.app import app
from emoir.datasets import PUBLISHED
from emoir.images.descriptors import Descriptors
from emoir.images.features import FEATURES
from emoir.planes import PLANES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMANDS = typer.main.get_command(app)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_what_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## Where is …?")[1].split("\n## ")[0].split("|---|---|")[1]
    places = re.findall(r"`([\w/]+(?:\.\w+|/))`", table)
    assert len(places) > 40
    assert {place for place in places if not (ROOT / "src" / "emoir" / place).exists()} == set()


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == emoir.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{citation['version']}] - {citation['date-released']}" in changes


def test_every_command_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    commands = dict(COMMANDS.commands)  # type: ignore[attr-defined]
    for group in ("board", "data", "engine", "model"):
        commands |= {f"{group} {name}": command for name, command in commands.pop(group).commands.items()}
    assert set(commands) == {
        *(
            "index",
            "watch",
            "mcp",
            "search",
            "select",
            "describe",
            "explain",
            "serve",
            "status",
            "report",
            "export",
            "backup",
            "forget",
            "restore",
        ),
        *("train", "evaluate", "data check", "experiment"),
        *("engine sync", "engine verify", "engine drop"),
        *("model list", "model show", "model check", "model add"),
        *("board list", "board show", "board add", "board remove", "board export"),
    }
    for name, command in commands.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `emoir {name}"))
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
        missing = {option for option in options - {"-o", "--help"} if f"`{option}" not in row}
        assert missing == set(), name


def test_every_published_set_is_listed() -> None:
    text = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    for layout in PUBLISHED.values():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{layout.name}`"))
        assert f"| {layout.images:,} |" in row, layout.name


@pytest.mark.parametrize("folder", sorted(path.name for path in (ROOT / "src" / "emoir").iterdir() if path.is_dir()))
def test_every_folder_has_a_page(folder: str) -> None:
    if folder not in ("__pycache__", "weights"):
        assert (ROOT / "docs" / f"{folder}.md").read_text(encoding="utf-8").startswith(f"# {folder}: ")


def test_every_plane_and_descriptor_is_documented() -> None:
    planes = (ROOT / "docs" / "planes.md").read_text(encoding="utf-8")
    images = (ROOT / "docs" / "images.md").read_text(encoding="utf-8")
    assert [name for name in PLANES if f"| `{name}` |" not in planes] == []
    assert [name for name in Descriptors.__slots__ if name not in images] == []


def test_every_feature_is_documented() -> None:
    images = (ROOT / "docs" / "images.md").read_text(encoding="utf-8")
    families = ("lbp_", "palette_", "colour_")
    plain = [column.name for column in FEATURES if not re.match(r"lbp_\d|palette_|colour_\d", column.name)]
    assert [name for name in (*plain, *families) if name not in images] == []


def test_every_dependency_has_a_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[project.scripts]")[0]
    named = set(re.findall(r'"([a-z0-9-]+)>=', project)) - {"hatchling"}
    reasons = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    assert {name for name in named if name not in reasons} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_import_what_there_is(page: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for statement in ast.walk(ast.parse(block)):
            if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("emoir"):
                room = importlib.import_module(str(statement.module))
                missing = [name.name for name in statement.names if not hasattr(room, name.name)]
                assert missing == [], statement.module


@pytest.mark.parametrize("page", readability.PAGES, ids=lambda page: page.name)
def test_first_pages_are_easy_to_read(page: Path) -> None:
    found = readability.readability(page)
    assert found.ease >= 50
    assert found.words <= 15
    assert found.long == []


def test_readability_is_that_of_a_hand_count(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Not this\n\nThe cat sat on `the long mat`. A happy dog ran.\n\n| nor | this |\n", "utf-8")
    # Words: The cat sat on code / A happy dog ran; syllables 5 + 5.
    found = readability.readability(page)
    assert found.words == 9 / 2
    assert found.ease == pytest.approx(206.835 - 1.015 * 9 / 2 - 84.6 * 10 / 9)
