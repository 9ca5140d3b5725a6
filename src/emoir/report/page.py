"""Page: one HTML file that shows a collection, loads nothing, and runs no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np

from emoir.files import atomic_write
from emoir.report.sections import Contents, ReportSection, Sections
from emoir.report.words import PageText


def page(contents: Contents, language: str = "en") -> tuple[str, dict[str, str]]:
    """The page and its figures.

    Args:
        contents: what to show.
        language: ``en`` or ``zh``.

    Returns:
        ``(html, figures)``: the page, and file name to drawing (SVG) for each of its figures.
    """
    words = PageText(language)
    sections = Sections(contents, words)
    made = sections.all()
    drawings = {f"{section.id}.svg": section.drawing for section in made if section.drawing is not None}
    links = "".join(f'<li><a href="#{section.id}">{escape(section.heading)}</a></li>' for section in made)
    style = files("emoir.report").joinpath("page.css").read_text(encoding="utf-8")
    title = escape(contents.title or words("title"))
    made_by = words("made by", version=contents.version, licence=contents.model.licence)
    html = f"""<!doctype html>
<html lang="{"zh-Hans" if language == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="lead">{escape(_lead(contents, words))}</p>
{_cards(contents, words, sections.most())}
<nav aria-label="{escape(words("contents"))}"><ul>{links}</ul></nav>
</header>
<main>
{"".join(map(_section, made))}</main>
<footer><p>{escape(made_by)}</p></footer>
</body>
</html>
"""
    return html, drawings


def is_page(out: Path) -> bool:
    """Whether a report goes to one file, by its name; else to a folder."""
    return out.suffix.lower() in (".html", ".htm")


def write_report(html: str, drawings: Mapping[str, str], out: Path) -> Path:
    """Write a page, each of its files whole or not at all.

    Args:
        html: the page.
        drawings: file name to SVG.
        out: a file whose name ends in .html, which holds the whole page; or a folder, which gets ``index.html`` and
            the figures.

    Returns:
        The page.
    """
    if is_page(out):
        with atomic_write(out) as partial:
            partial.write_text(html, encoding="utf-8")
        return out
    folder = out
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    for name, content in {**{f"figures/{name}": svg for name, svg in drawings.items()}, "index.html": html}.items():
        with atomic_write(folder / name) as partial:
            partial.write_text(content, encoding="utf-8")
    return folder / "index.html"


def _policy(style: str) -> str:
    """Nothing may be loaded, run or sent: pictures lie inside, and only this very style applies."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _section(section: ReportSection) -> str:
    heading = f'<h2 id="h_{section.id}">{escape(section.heading)}</h2>'
    return f'<section id="{section.id}" aria-labelledby="h_{section.id}">{heading}{section.html}</section>\n'


def _lead(contents: Contents, words: PageText) -> str:
    count = len({image.path.rpartition(b"/")[0] for image in contents.metadata})
    folders = words("one folder") if count == 1 else words("folders", count=f"{count:,}")
    images, day = f"{len(contents.metadata):,}", contents.day.isoformat()
    return words("lead", images=images, folders=folders, model=contents.model.id, day=day)


def _cards(contents: Contents, words: PageText, most: str) -> str:
    readings = contents.readings
    cards = (
        ("images", f"{len(readings):,}"),
        ("most", most),
        ("valence median", f"{float(np.median(readings.valence)):.2f}"),
        ("arousal median", f"{float(np.median(readings.arousal)):.2f}"),
        ("sure median", f"{float(np.median(readings.confidence)):.2f}"),
        ("failed", f"{len(contents.failures):,}"),
    )
    shown = "".join(f"<div><dt>{escape(words(key))}</dt><dd>{escape(value)}</dd></div>" for key, value in cards)
    return f'<dl class="cards">{shown}</dl>'
