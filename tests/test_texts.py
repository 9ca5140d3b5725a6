"""The catalogue of texts against the pages and commands that use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import emoir.cli
import emoir.web
from emoir.texts import terminal_language, texts

STATIC = Path(emoir.web.__file__).parent / "static"
COMMANDS = "\n".join(path.read_text(encoding="utf-8") for path in Path(emoir.cli.__file__).parent.glob("*.py"))
MAIN = "main.js"
SHARED = set.intersection(*(set(texts(part)) for part in ("gallery", "report", "cli")))
PAGES = [path.read_text(encoding="utf-8") for path in STATIC.iterdir() if path.suffix in (".js", ".html")]


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
    assert asked <= set(texts("cli"))
    assert [key for key in texts("cli") if f'"{key}"' not in COMMANDS and key not in SHARED] == []


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
