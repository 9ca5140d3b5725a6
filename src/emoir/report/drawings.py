"""Figures: scalable drawings that need nothing but themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle

COLOURS = {
    "amusement": "#e0a030",
    "anger": "#b83a32",
    "awe": "#7d6bd6",
    "contentment": "#4f9d69",
    "disgust": "#7d8236",
    "excitement": "#e0703c",
    "fear": "#4b3f7a",
    "sadness": "#4a7bb5",
    "joy": "#e0a030",
    "surprise": "#c867b4",
    "neutral": "#8a8a92",
    "trust": "#4f9d69",
    "anticipation": "#e0703c",
    "negative": "#4b3f7a",
    "positive": "#e0a030",
}
"""Of the emotions that emoir knows, as in the gallery; a model's own classes take them in turn."""
UNSURE = COLOURS["neutral"]
"""Of images that the model is unsure of."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: its share, its colour as #rrggbb, and what it says when pointed at."""

    share: float
    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of segments with its label and a note beside it."""

    label: str
    note: str
    segments: tuple[Segment, ...]


def class_colours(names: Sequence[str]) -> list[str]:
    """A colour for every class: its own, or one that no other class here has, as long as there are any.

    Example:
        >>> class_colours(["awe", "cosy"])
        ['#7d6bd6', '#e0a030']
    """
    taken = {COLOURS[name] for name in names if name in COLOURS}
    spare = [colour for colour in dict.fromkeys(COLOURS.values()) if colour not in taken] or list(COLOURS.values())
    free = cycle(spare)
    return [COLOURS[name] if name in COLOURS else next(free) for name in names]


def bar_svg(bar: Bar, *, tall: bool = False) -> str:
    """One bar without text, as wide as there is room: the words stand beside it in the page."""
    rects, at = [], 0.0
    for segment in bar.segments:
        width = 100 * segment.share
        rects.append(
            f'<rect x="{at:.3f}" y="0" width="{width:.3f}" height="1" fill="{segment.colour}">'
            f"<title>{escape(segment.text)}</title></rect>"
        )
        at += width
    label = "; ".join(segment.text for segment in bar.segments if segment.share >= 0.01)
    kind, label = "bar tall" if tall else "bar", escape(label)
    return (
        f'<svg class="{kind}" viewBox="0 0 100 1" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{''.join(rects)}</svg>"
    )


def bars_file(bars: Sequence[Bar], legend: Sequence[tuple[str, str]], title: str) -> str:
    """Bars as a drawing of its own.

    Args:
        bars: from top to bottom.
        legend: names and colours of the segments; may be empty.
        title: of the drawing.
    """
    left, width, line, top = 190, 480, 26, 40
    parts = [f'<text x="16" y="26" font-size="17" font-weight="600">{escape(title)}</text>']
    for number, bar in enumerate(bars):
        y, at = top + number * line, float(left)
        parts.append(f'<text x="{left - 10}" y="{y + 14}" text-anchor="end">{escape(_fitting(bar.label))}</text>')
        for segment in bar.segments:
            parts.append(
                f'<rect x="{at:.2f}" y="{y}" width="{width * segment.share:.2f}" height="18" fill="{segment.colour}">'
                f"<title>{escape(segment.text)}</title></rect>"
            )
            at += width * segment.share
        parts.append(f'<text x="{left + width + 10}" y="{y + 14}">{escape(bar.note)}</text>')
    bottom = top + len(bars) * line + 8
    for number, (name, colour) in enumerate(legend):
        x, y = 16 + 190 * (number % 4), bottom + 22 * (number // 4)
        parts.append(f'<rect x="{x}" y="{y}" width="13" height="13" fill="{colour}"/>')
        parts.append(f'<text x="{x + 19}" y="{y + 11}">{escape(name)}</text>')
    height = bottom + 22 * ((len(legend) + 3) // 4) + 12
    return drawing("".join(parts), 780, height)


def _fitting(label: str, limit: int = 24) -> str:
    """The end of a long label: of a path, that says most."""
    return label if len(label) <= limit else "…" + label[1 - limit :]


def drawing(content: str, width: int, height: int) -> str:
    """A drawing that stands on its own, dark on white."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="system-ui, sans-serif" font-size="14" color="#222" fill="#222">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{content}</svg>\n'
    )
