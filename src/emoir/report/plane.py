"""Plane: a collection as dots over valence and arousal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

# More dots than this only blacken the plane.
DOTS = 4000
MANY = 800
# The drawing is a square; the plane lies inside, with room for numbers and names at its left and below.
SIDE, LEFT, TOP = 480, 56, 12
HIGH = SIDE - LEFT - TOP


@dataclass(frozen=True, slots=True)
class PlaneWords:
    """The words on the plane.

    Args:
        valence: below it.
        arousal: at its side.
        corners: upper left, upper right, lower left, lower right.
        description: all in words, for those who cannot see it.
    """

    valence: str
    arousal: str
    corners: tuple[str, str, str, str]
    description: str


def plane_svg(
    valence: NDArray[np.floating], arousal: NDArray[np.floating], colours: Sequence[str], words: PlaneWords
) -> str:
    """Draw the plane; lines and words take the colour of the text around.

    Args:
        valence: (n,) in [0, 1].
        arousal: (n,) in [0, 1].
        colours: n, as #rrggbb; of more than ``DOTS`` images, that many are drawn at random.
        words: what stands on it.
    """
    drawn = np.random.default_rng(0).permutation(len(valence))[:DOTS].tolist()
    radius, opacity = (2.2, 0.55) if len(drawn) > MANY else (4, 0.75)
    circles = "".join(
        f'<circle cx="{_x(float(valence[row])):.1f}" cy="{_y(float(arousal[row])):.1f}" r="{radius}" '
        f'fill="{colours[row]}"/>'
        for row in drawn
    )
    return (
        f'<svg class="plane" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(words.description)}" '
        f'font-size="14">{_grid()}<g fill-opacity="{opacity}">{circles}</g>{_labels(words)}</svg>'
    )


def _x(share: float) -> float:
    return LEFT + HIGH * share


def _y(share: float) -> float:
    return TOP + HIGH * (1 - share)


def _grid() -> str:
    parts = [f'<rect x="{LEFT}" y="{TOP}" width="{HIGH}" height="{HIGH}" opacity=".4"/>']
    for share in (0.25, 0.5, 0.75):
        dashes = "" if share == 0.5 else ' stroke-dasharray="2 5"'
        x, y = _x(share), _y(share)
        parts.append(f'<path d="M{x} {TOP}V{_y(0)}M{LEFT} {y}H{_x(1)}" opacity=".25"{dashes}/>')
    return f'<g fill="none" stroke="currentColor">{"".join(parts)}</g>'


def _labels(words: PlaneWords) -> str:
    def text(x: float, y: float, anchor: str, content: str, more: str = "") -> str:
        return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{more}>{escape(content)}</text>'

    left, right, top, bottom = LEFT + 9, _x(1) - 9, TOP + 20, _y(0) - 10
    places = ((left, top, "start"), (right, top, "end"), (left, bottom, "start"), (right, bottom, "end"))
    faint = ' opacity=".8" font-style="italic"'
    parts = [text(*place, word, faint) for place, word in zip(places, words.corners, strict=True)]
    for share in (0, 0.5, 1):
        parts.append(text(_x(share), _y(0) + 18, "middle", f"{share:g}"))
        parts.append(text(LEFT - 8, _y(share) + 5, "end", f"{share:g}"))
    parts.append(text(_x(0.5), SIDE - 14, "middle", words.valence))
    parts.append(text(14, _y(0.5), "middle", words.arousal, f' transform="rotate(-90 14 {_y(0.5):g})"'))
    return f'<g fill="currentColor">{"".join(parts)}</g>'
