"""The catalogue of texts against the pages and commands that use it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import emoir.cli
import emoir.web
from emoir.images.descriptors import WORDS as LOOKS
from emoir.images.exclusion import SkipReason
from emoir.texts import cause_in_chinese, terminal_language, texts

STATIC = Path(emoir.web.__file__).parent / "static"
COMMANDS = "\n".join(path.read_text(encoding="utf-8") for path in Path(emoir.cli.__file__).parent.glob("*.py"))
MAIN = "main.js"
SHARED = set.intersection(*(set(texts(part)) for part in ("gallery", "report", "cli")))
PAGES = [path.read_text(encoding="utf-8") for path in STATIC.iterdir() if path.suffix in (".js", ".html")]


# What takes the cause of a failure first.
FAILURES = {"UndecodableImageError", "Failure"}


def calls(path: Path, names: set[str]) -> Iterator[ast.Call]:
    """The calls of some functions in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in names:
                yield node


def constants(call: ast.Call) -> Iterator[str]:
    """The strings that a call says itself: not those that name a text, a file or a format."""
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
        if isinstance(argument, ast.JoinedStr):
            yield from (str(part.value) for part in argument.values if isinstance(part, ast.Constant))


def sentences(argument: ast.expr) -> Iterator[str]:
    """What an argument may say, with a 7 for all that is put in."""
    if isinstance(argument, ast.Constant):
        yield str(argument.value)
    elif isinstance(argument, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in argument.values)
    elif isinstance(argument, ast.IfExp):
        yield from (*sentences(argument.body), *sentences(argument.orelse))


def english_and_chinese() -> Iterator[tuple[str, list[str], str]]:
    for key, (english, chinese) in texts("gallery").items():
        yield key, english if isinstance(english, list) else [english], chinese


def test_both_languages_say_the_same_things() -> None:
    for key, english, chinese in english_and_chinese():
        blanks = [set(re.findall(r"%\d", text)) for text in (*english, chinese)]
        assert all(one == blanks[0] for one in blanks), key


def test_the_gallery_finds_every_text_and_uses_it() -> None:
    asked = {key for page in PAGES for key in re.findall(r'\bt\("(\w+)"', page)}
    asked |= {key for page in PAGES for key in re.findall(r'data-t(?:-\w+)?="(\w+)"', page)}
    assert asked <= set(texts("gallery"))
    everything = "\n".join(PAGES)
    unused = [key for key in texts("gallery") if f'"{key}"' not in everything]
    # The service names these: what was changed in a picture that is explained, and what a camera wrote.
    changed = {"without colour", "without texture", "opposite colours"}
    settings = {"camera", "lens", "exposure", "aperture", "sensitivity", "focal_length", "location"}
    exports = {"as_page", "as_sheet", "as_zip", "as_csv", "as_xmp"}
    assert set(unused) <= changed | settings | exports | SHARED


def test_the_commands_find_every_text_and_use_it() -> None:
    asked = set(re.findall(r'\btext\("([\w ]+)"', COMMANDS))
    # Named in other words: what is counted, why a folder is skipped, what a picture looks like.
    named = {f"count {noun}" for noun in re.findall(r'number_of\(.*?, "(\w+)"\)', COMMANDS)} | set(LOOKS)
    named |= {f"skipped {reason.name.lower()}" for reason in SkipReason if reason is not SkipReason.LINK}
    named |= {"count rating", "count record", "count board"}
    assert asked | named <= set(texts("cli"))
    assert [key for key in texts("cli") if f'"{key}"' not in COMMANDS and key not in SHARED | named] == []


def test_the_commands_of_every_day_say_nothing_outside_the_catalogue() -> None:
    # Research speaks English: its tables and figures are quoted in papers.
    research = {"data.py", "engine.py", "evaluate.py", "experiment.py", "model.py", "select.py", "train.py"}
    bypassing = []
    for path in set(Path(emoir.cli.__file__).parent.glob("*.py")):
        for call in calls(path, {"echo", "echo_err", "echo_block", "progress", "counted", "Progress", "print"}):
            # Names, signs and the program's own name are no language.
            words = re.findall(r"[A-Za-z]{2,}", " ".join(constants(call)).replace("emoir", ""))
            if words and path.name not in research:
                bypassing.append((path.name, call.lineno, words))
    assert bypassing == []


def test_every_cause_of_an_unreadable_file_has_its_chinese() -> None:
    causes = []
    for path in Path(emoir.__file__).parent.rglob("*.py"):
        causes += [(path.name, cause) for call in calls(path, FAILURES) for cause in sentences(call.args[0])]
    assert len(causes) > 20
    # A path before a cause that has its Chinese already.
    assert [cause for cause in causes if cause_in_chinese(cause[1]) == cause[1] != "7: 7"] == []


def test_both_languages_of_commands_and_report_have_the_same_blanks() -> None:
    for part in ("cli", "report"):
        for key, versions in texts(part).items():
            every = [*(versions[0] if isinstance(versions[0], list) else versions[:1]), versions[1]]
            blanks = [set(re.findall(r"\{[^}]*\}", version)) for version in every]
            assert all(one == blanks[0] for one in blanks), key


@pytest.mark.parametrize(
    ("locale", "expected"),
    [({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN"}, "en"), ({}, "en")],
)
def test_the_terminal_speaks_the_language_of_its_locale(
    monkeypatch: pytest.MonkeyPatch, locale: dict[str, str], expected: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    assert terminal_language() == expected


def test_the_page_names_every_script_that_its_first_one_needs() -> None:
    needed, waiting = set[str](), {MAIN}
    while waiting:
        script = (STATIC / waiting.pop()).read_text(encoding="utf-8")
        found = set(re.findall(r'^import .*"\./([\w.]+)";$', script, re.MULTILINE)) - needed
        needed, waiting = needed | found, waiting | found
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'rel="modulepreload" href="static/([\w.]+)"', page)) == needed
