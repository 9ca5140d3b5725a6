"""Names of colours, as people say them."""

from __future__ import annotations

import numpy as np

from emoir.images.lab import srgb_to_lab

# The eleven basic colour terms of Berlin & Kay (1969), and what lies between for pictures: English, Chinese, sRGB.
_NAMES = (
    ("black", "黑色", (15, 15, 15)),
    ("dark grey", "深灰", (75, 75, 75)),
    ("grey", "灰色", (128, 128, 128)),
    ("light grey", "浅灰", (195, 195, 195)),
    ("white", "白色", (245, 245, 245)),
    ("dark red", "暗红", (105, 15, 20)),
    ("red", "红色", (205, 35, 35)),
    ("pink", "粉色", (240, 165, 180)),
    ("dark brown", "深褐", (70, 45, 25)),
    ("brown", "棕色", (130, 85, 45)),
    ("beige", "米色", (215, 195, 160)),
    ("orange", "橙色", (240, 135, 30)),
    ("yellow", "黄色", (245, 220, 50)),
    ("olive", "橄榄绿", (120, 120, 45)),
    ("dark green", "深绿", (25, 65, 30)),
    ("green", "绿色", (55, 145, 60)),
    ("green", "绿色", (20, 220, 30)),
    ("light green", "浅绿", (160, 210, 130)),
    ("teal", "青色", (20, 125, 125)),
    ("light blue", "浅蓝", (150, 195, 230)),
    ("blue", "蓝色", (40, 100, 190)),
    ("blue", "蓝色", (25, 25, 240)),
    ("dark blue", "深蓝", (20, 35, 85)),
    ("grey-blue", "灰蓝", (95, 115, 140)),
    ("purple", "紫色", (115, 50, 140)),
    ("magenta", "品红", (225, 25, 215)),
    ("lilac", "淡紫", (195, 165, 215)),
)
_LAB = srgb_to_lab(np.array([rgb for *_, rgb in _NAMES], dtype=np.uint8))


def shades(name: str) -> frozenset[str]:
    """The names of a basic colour's shades, itself among them; none if it is no basic colour.

    Example:
        >>> sorted(shades("blue")), shades("navy")
        (['blue', 'dark blue', 'light blue'], frozenset())
    """
    known = frozenset(english for english, *_ in _NAMES)
    return frozenset(english for english in known if name in known and english.split()[-1] == name)


def colour_name(colour: str, language: str = "en") -> str:
    """What people call a colour: the nearest in CIELAB of 27 shades, the basic terms and their shades.

    Args:
        colour: ``#rrggbb``.
        language: ``en`` or ``zh``.

    References:
        Berlin, B. & Kay, P. (1969). Basic Color Terms: Their Universality and Evolution.

    Example:
        >>> colour_name("#101840"), colour_name("#e02020", "zh")
        ('dark blue', '红色')
    """
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.uint8)
    nearest = int(np.linalg.norm(_LAB - srgb_to_lab(rgb), axis=1).argmin())
    english, chinese, _ = _NAMES[nearest]
    return chinese if language == "zh" else english
