"""Markup: the pieces that the sections of a page are made of; everything that comes from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from emoir.index.base import ImageMetadata, as_path
from emoir.names import printable
from emoir.report.drawings import Bar, bar_svg
from emoir.report.pictures import Picture


def paragraph(text: str) -> str:
    """A paragraph."""
    return f"<p>{escape(text)}</p>"


def swatch(colour: str) -> str:
    """A small square of a colour, which says nothing by itself."""
    square = f'<rect width="1" height="1" fill="{colour}"/>'
    return f'<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true">{square}</svg>'


def legend(names: Sequence[str], colours: Sequence[str]) -> str:
    """Names beside their colours."""
    items = (f"<li>{swatch(colour)}{escape(name)}</li>" for name, colour in zip(names, colours, strict=True))
    return f'<ul class="legend">{"".join(items)}</ul>'


def bar_table(bars: Sequence[Bar], heads: Sequence[str], *, tall: bool = False) -> str:
    """Bars with their labels and notes.

    Args:
        bars: from top to bottom.
        heads: of the labels, and of each note; a bar's notes are separated by tabs.
        tall: whether bars are twice as high.
    """
    rows = (
        f'<tr><th scope="row">{escape(bar.label)}</th><td>{bar_svg(bar, tall=tall)}</td>'
        + "".join(f'<td class="number">{escape(note)}</td>' for note in bar.note.split("\t"))
        + "</tr>"
        for bar in bars
    )
    first, *rest = heads
    numbers = "".join(f'<th scope="col" class="number">{escape(head)}</th>' for head in rest)
    return (
        f'<table><thead><tr><th scope="col" colspan="2">{escape(first)}</th>{numbers}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def gallery(drawings: Sequence[str]) -> str:
    """Pictures side by side."""
    return f'<ul class="gallery">{"".join(f"<li>{figure}</li>" for figure in drawings)}</ul>'


def figure(entry: ImageMetadata, picture: Picture | None, gone: str, numbers: Sequence[tuple[str, str]]) -> str:
    """One picture with its name and numbers.

    Args:
        entry: of the image.
        picture: its thumbnail, or None.
        gone: the text in place of a picture.
        numbers: names and values below it.
    """
    record = entry.record
    name = printable(as_path(entry.path).name)
    title = (record.title if record is not None else None) or name
    text = f"{title}: " + ", ".join(f"{word} {value}" for word, value in numbers[:1])
    image = f'<div class="gone">{escape(gone)}</div>'
    if picture is not None:
        size = f'width="{picture.width}" height="{picture.height}"'
        image = f'<img src="{picture.uri}" {size} loading="lazy" alt="{escape(text)}">'
    caption = f'<span title="{escape(printable(as_path(entry.path)))}">{escape(title)}</span>'
    if record is not None and record.url is not None and re.match(r"https?://", record.url, re.IGNORECASE):
        # Anything but a web address may be a script.
        caption = f'<a href="{escape(record.url)}" rel="noopener noreferrer">{escape(title)}</a>'
    if record is not None and record.id is not None:
        caption += f' <span class="record">{escape(record.id)}</span>'
    values = "".join(f"<dt>{escape(word)}</dt><dd>{escape(value)}</dd>" for word, value in numbers)
    return f"<figure>{image}<figcaption>{caption}<dl>{values}</dl></figcaption></figure>"
