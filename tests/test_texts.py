"""The catalogue of texts against the pages that use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import emoir.web
from emoir.texts import texts

STATIC = Path(emoir.web.__file__).parent / "static"
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
    assert set(unused) <= changed | settings | exports
