"""Documentation that lags behind fails."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from rich.cells import cell_len
from typer.testing import CliRunner

import draw_architecture
import emoir
import readability
from emoir import Collection
from emoir.cli.app import app
from emoir.datasets import PUBLISHED
from emoir.images.descriptors import Descriptors
from emoir.images.features import FEATURES
from emoir.planes import PLANES
from tests.pictures import save_photos
from tests.test_imports import ALLOWED

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMANDS: Any = typer.main.get_command(app)


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


def test_the_drawing_shows_every_folder_and_follows_the_imports() -> None:
    assert draw_architecture.FILE.read_text(encoding="utf-8") == draw_architecture.drawing()
    drawn = {name for names in draw_architecture.BOXES for name in names.split(", ")}
    folders = {path.parent.name for path in (ROOT / "src" / "emoir").glob("*/__init__.py")}
    assert folders - drawn == set()
    ends = [arrow.partition(" ")[::2] for arrow in draw_architecture.ARROWS]
    against = [(source, target) for source, target in ends if {*target.split(", ")} & ALLOWED[source]]
    # Training writes the folder that models read.
    assert against == [("training", "models")]


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == emoir.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{citation['version']}] - {citation['date-released']}" in changes


def test_every_extra_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    explained = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "install.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(explained) == project["optional-dependencies"].keys() - {"docs", "dev"}


def every_command() -> dict[str, Any]:
    """Full name, such as ``model add``, to command; the program itself has the empty name."""
    found = {"": COMMANDS}
    for name, command in COMMANDS.commands.items():
        found[name] = command
        found |= {f"{name} {below}": one for below, one in getattr(command, "commands", {}).items()}
    return found


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    groups = ("", "board", "data", "engine", "model")
    documented = re.findall(r"^\| `emoir ([a-z]+(?: [a-z]+)?)", text, re.MULTILINE)
    assert sorted(documented) == sorted(name for name in every_command() if name not in groups)


@pytest.mark.parametrize("name", every_command())
def test_every_option_has_a_help_of_its_own(name: str) -> None:
    lines = [option.help for option in every_command()[name].params]
    assert all(lines)
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("name", every_command())
def test_help_says_everything_in_80_columns(name: str) -> None:
    shown = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"}).invoke(app, [*name.split(), "--help"])
    assert shown.exit_code == 0
    usage, *lines = shown.output.splitlines()
    assert [line for line in (usage, *lines) if cell_len(line) > 80] == []
    # Where a sentence or a word was cut.
    assert [line for line in lines if line.endswith(("...", "…"))] == []
    options = [one for one in every_command()[name].params if one.param_type_name == "option"]
    for option in options:
        assert option.help, option.name
        assert max(option.opts, key=len) in shown.output


def test_every_published_set_is_listed() -> None:
    text = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    for layout in PUBLISHED.values():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{layout.name}`"))
        assert f"| {layout.images:,} |" in row, layout.name


NO_PACKAGES = {"__pycache__", "weights", "earlier_weights"}
PACKAGE_FOLDERS = {path.name for path in (ROOT / "src" / "emoir").iterdir() if path.is_dir()} - NO_PACKAGES


@pytest.mark.parametrize("folder", sorted(PACKAGE_FOLDERS))
def test_every_folder_has_a_page(folder: str) -> None:
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


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the examples of the pages name: pictures, labels, an index."""
    folder = tmp_path_factory.mktemp("examples")
    for seed, name in enumerate(("calm", "wild")):
        save_photos(folder / "Pictures" / name, 4, first_seed=100 * seed)
    shutil.copytree(folder / "Pictures", folder / "data")
    shutil.copy(folder / "Pictures" / "calm" / "0000.jpg", folder / "photo.jpg")
    table = "path,label,v,a,subject\ncalm/0000.jpg,calm,7,2,1\nwild/0100.jpg,wild,3,8,2\n"
    (folder / "data" / "labels.csv").write_text(table, encoding="utf-8")
    with Collection(folder / "my.emoir") as photos:
        photos.index(folder / "Pictures", workers=1)
    return folder


# Other pages show how to write something of one's own; tests of these pages run that.
RUN = ("datasets", "emotions", "explain", "export", "extract", "images", "models", "report", "select", "summary")


@pytest.mark.parametrize("page", [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in RUN)], ids=str)
def test_examples_in_python_run(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    monkeypatch.setenv("EMOIR_INDEX", "my.emoir")
    paths = sorted(Path("Pictures").rglob("*.jpg"))
    with Collection() as photos:
        names = {"photos": photos, "paths": paths, "labels": [path.parent.name for path in paths]}
        block = re.search(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        assert block is not None
        exec(compile(block[1], str(page), "exec"), names)
        for made in {id(one): one for one in names.values() if isinstance(one, Collection)}.values():
            made.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_line_of_text_is_longer_than_120_characters(page: Path) -> None:
    # A row of a table is one line, and code stands as it is typed or printed.
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith("|")] == []


@pytest.mark.parametrize("page", readability.PAGES, ids=lambda page: page.name)
def test_pages_are_easy_to_read(page: Path) -> None:
    found = readability.readability(page)
    assert found.ease >= 50
    assert found.words <= 15
    assert found.long == []


def test_readability_is_that_of_a_hand_count(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Not this\n\nThe cat sat on `the long mat`. A happy dog ran.\n\n| nor | this |\n\n> nor a print\n", "utf-8"
    )
    # Words: The cat sat on code / A happy dog ran; syllables 5 + 5.
    found = readability.readability(page)
    assert found.words == 9 / 2
    assert found.ease == pytest.approx(206.835 - 1.015 * 9 / 2 - 84.6 * 10 / 9)
