"""Colours: what the picture should be made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from emoir.emotions.traditional import simplified
from emoir.errors import QueryError
from emoir.images.colour_names import colour_name, shades
from emoir.images.lab import srgb_to_lab
from emoir.images.palette import reference_colours
from emoir.index.layout import RowLayout
from emoir.search.component import QueryComponent
from emoir.search.terms.base import CompiledTerm, TermContext

# Colours this far apart in CIELAB still look alike: the reach of ``near:``.
COLOUR_REACH = 6.0
# So many shades of even share make a picture that is all of one colour.
MANY_SHADES = 4
# English names that always mean a colour; many of the other names that CSS knows mean a thing first, such as snow.
_WORDS = frozenset(
    """
    black gray grey white red pink brown beige orange yellow olive green teal blue purple magenta turquoise cyan gold
    golden silver navy crimson maroon violet indigo lavender khaki
    """.split()  # noqa: SIM905
)
_ENGLISH = {"golden": "gold", "gray": "grey"}
# Chinese names, with or without 色, as names of CSS.
_CHINESE_OF = {
    **{"black": "黑", "gray": "灰", "white": "白", "red": "红", "pink": "粉 粉红", "brown": "棕 褐 咖啡"},
    **{"beige": "米", "orange": "橙 橘", "yellow": "黄", "olive": "橄榄", "green": "绿", "teal": "青 蓝绿"},
    **{"turquoise": "青绿", "blue": "蓝", "purple": "紫", "magenta": "品红 洋红", "crimson": "玫红", "indigo": "靛"},
    **{
        "gold": "金",
        "silver": "银",
        "skyblue": "天蓝",
        "darkblue": "深蓝",
        "lightblue": "浅蓝",
        "navy": "藏青",
    },
    **{"darkred": "深红 暗红", "darkgreen": "深绿", "lightgreen": "浅绿"},
}
_CHINESE = {name: css for css, names in _CHINESE_OF.items() for name in names.split()}
CHINESE_COLOURS = {**{f"{name}色": css for name, css in _CHINESE.items()}, **_CHINESE}
"""Chinese names of colours to their names in CSS."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours that the picture should be made of, as ``#rrggbb``.

    Example:
        >>> str(Colours.parse("#E07A5F,青色"))
        'near:#e07a5f,#008080'
    """

    prefix: ClassVar[str] = "near"
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Colours:
        """From colours with commas between: ``#rrggbb``, names of CSS, Chinese names."""
        values = []
        for name in re.split("[,、]", text):
            if (value := parse_colour(name)) is None:
                raise QueryError(
                    f"{name.strip()!r} is no colour; write near:#e07a5f, near:teal, or several with commas between",
                    chinese=f"“{name.strip()}”不是颜色；请写 near:#e07a5f 或 near:青色，多种颜色之间用逗号",
                )
            values.append(value)
        return cls(tuple(values))

    def __str__(self) -> str:
        return f"near:{','.join(self.values)}"

    def compile(self, context: TermContext) -> CompiledTerm:
        """The Bhattacharyya coefficient between the picture's palette and one made of these colours alone."""
        return CompiledTerm(groups=((colour_component(self.values, context.layout),),))


def parse_colour(text: str) -> str | None:
    """A colour as ``#rrggbb``; None if the text is no colour.

    Example:
        >>> parse_colour("Teal"), parse_colour("金"), parse_colour("hope")
        ('#008080', '#ffd700', None)
    """
    # Loaded where a colour is asked for: Pillow takes longer than the search for a word.
    from PIL import ImageColor

    name = simplified(text.strip())
    try:
        red, green, blue = ImageColor.getrgb(CHINESE_COLOURS.get(name, name))[:3]
    except ValueError:
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


def colour_word(word: str) -> str | None:
    """The colour that a word of a phrase means, by its name in CSS; None if it means none.

    Example:
        >>> colour_word("red"), colour_word("青色"), colour_word("snow")
        ('red', 'teal', None)
    """
    lower = simplified(word.strip().lower())
    name = CHINESE_COLOURS.get(lower, lower)
    return _ENGLISH.get(name, name) if lower in _WORDS or lower in CHINESE_COLOURS else None


@cache
def _names_of_references() -> tuple[str, ...]:
    """The name of every reference colour."""
    return tuple(colour_name(f"#{red:02x}{green:02x}{blue:02x}") for red, green, blue in reference_colours())


def shades_component(names: Sequence[str], layout: RowLayout) -> QueryComponent:
    """Colours by their names: how much of the picture has one of their shades, as people call them.

    A basic colour means all its shades, since a photograph's blue is never the blue of a screen; any other name means
    what ``near:`` does with it.
    """
    vectors = []
    for name in names:
        chosen = np.isin(_names_of_references(), list(shades(name)))
        if not chosen.any():
            vectors.append(colour_component((str(parse_colour(name)),), layout).vector)
            continue
        vector = np.zeros(layout.length, np.float32)
        vector[layout.palette] = chosen / np.sqrt(min(chosen.sum(), MANY_SHADES))
        vectors.append(vector)
    return QueryComponent(vector=np.mean(vectors, axis=0, dtype=np.float32), offset=0.0, kind="colour")


def colour_component(colours: tuple[str, ...], layout: RowLayout) -> QueryComponent:
    """Colours: the Bhattacharyya coefficient between the picture's palette and one made of them alone."""
    wanted = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours], np.uint8)
    distance = np.linalg.norm(srgb_to_lab(wanted)[:, None] - srgb_to_lab(reference_colours())[None], axis=2)
    # A colour between reference colours is shared out among those that look like it.
    near = np.exp(-0.5 * ((distance - distance.min(axis=1, keepdims=True)) / COLOUR_REACH) ** 2)
    near[near < np.exp(-2)] = 0
    palette = (near / near.sum(axis=1, keepdims=True)).mean(axis=0)
    vector = np.zeros(layout.length, np.float32)
    vector[layout.palette] = np.sqrt(palette)
    return QueryComponent(vector=vector, offset=0.0, kind="colour")
