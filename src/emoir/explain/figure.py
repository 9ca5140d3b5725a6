"""Figure: an explanation as one picture."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from emoir.explain.explanation import Explanation
from emoir.explain.sentences import sentence
from emoir.files import atomic_write

PANEL, MARGIN, BAR = 280, 24, 14
# Of a panel; a longer picture is shown as if it were no longer than that.
LONGEST = 4.0
INK, PAPER, FAINT, ACCENT = (28, 28, 32), (255, 255, 255), (225, 225, 230), (190, 70, 40)
# Fonts with Chinese characters, where systems keep them; Pillow's own has none.
CHINESE_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "PingFang.ttc",
    "STHeiti Light.ttc",
    "msyh.ttc",
    "simhei.ttf",
)
TITLES = {
    "en": ("the picture", "where", "without colour", "without texture", "opposite colours"),
    "zh": ("原图", "位置", "去掉色彩", "抹平纹理", "相反色彩"),
}


def figure(explanation: Explanation, language: str = "en") -> Image.Image:
    """Draw an explanation: picture, map, counterfactuals with their bars, and the sentence.

    Args:
        explanation: what was measured.
        language: ``en`` or ``zh``; Chinese falls back to English where the system has no font for it.

    Returns:
        mode RGB, some 1,550 x 520 pixels; the pictures in the proportions of the original.
    """
    font, small, language = _fonts(language)
    panels = [explanation.pixels, overlay(explanation), *(c.pixels for c in explanation.counterfactuals.values())]
    values = [
        explanation.probability,
        None,
        *(explanation.probability_in(name) for name in explanation.counterfactuals),
    ]
    width = MARGIN + len(panels) * (PANEL + MARGIN)
    lines = _wrapped(sentence(explanation, language), language)
    aspect = min(max(explanation.aspect, 1 / LONGEST), LONGEST)
    size = round(PANEL * min(1, aspect)), round(PANEL * min(1, 1 / aspect))
    image = Image.new("RGB", (width, 4 * MARGIN + size[1] + 60 + 30 * len(lines)), PAPER)
    draw = ImageDraw.Draw(image)
    for number, (pixels, value, title) in enumerate(zip(panels, values, TITLES[language], strict=True)):
        left, top = MARGIN + number * (PANEL + MARGIN), MARGIN
        draw.text((left, top), title, INK, font=small)
        top += 28
        image.paste(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), (left, top))
        top += size[1] + 10
        if value is None:
            draw.text((left, top), _legend(language), INK, font=small)
            continue
        draw.rectangle((left, top + 4, left + PANEL - 60, top + 4 + BAR), fill=FAINT)
        draw.rectangle((left, top + 4, left + round((PANEL - 60) * value), top + 4 + BAR), fill=ACCENT)
        draw.text((left + PANEL - 52, top), f"{value:.2f}", INK, font=small)
    for number, line in enumerate(lines):
        draw.text((MARGIN, 2 * MARGIN + 28 + size[1] + 30 + 30 * number), line, INK, font=font)
    return image


def save_figure(explanation: Explanation, file: Path, language: str = "en") -> None:
    """Write the figure as a PNG, whole or not at all.

    Args:
        explanation: to draw.
        file: the PNG to write.
        language: ``en`` or ``zh``.
    """
    with atomic_write(file) as partial:
        figure(explanation, language).save(partial, "PNG")


def overlay(explanation: Explanation) -> NDArray[np.uint8]:
    """The picture in greys under its map: orange speaks for the emotion, blue against it.

    Returns:
        (S, S, 3) uint8 sRGB.
    """
    # Windows have edges, what they find has not.
    side = len(explanation.map)
    coarse = Image.fromarray(explanation.map).resize((16, 16), Image.Resampling.BOX)
    strength = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)) / max(
        float(abs(explanation.map).max()), 1e-6
    )
    grey = explanation.pixels.mean(axis=2, keepdims=True) * 0.6 + 70
    colour = np.where(strength[..., None] > 0, (235, 110, 20), (40, 90, 200))
    share = np.minimum(abs(strength[..., None]), 1) ** 1.5 * 0.75
    return np.asarray(np.rint(grey * (1 - share) + colour * share).clip(0, 255), dtype=np.uint8)


def map_layer(explanation: Explanation) -> NDArray[np.uint8]:
    """The map alone, to be laid over the picture: orange speaks for the emotion, blue against it.

    Returns:
        (S, S, 4) uint8 sRGB with alpha; where nothing speaks it is transparent.
    """
    side = len(explanation.map)
    # Windows have edges, what they find has not.
    coarse = Image.fromarray(explanation.map).resize((16, 16), Image.Resampling.BOX)
    smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
    strength = (smooth / max(float(abs(smooth).max()), 1e-6))[..., None]
    colour = np.where(strength > 0, (235, 110, 20), (40, 90, 200))
    layer = np.concatenate([colour, 255 * abs(strength)], axis=2)
    return np.asarray(np.rint(layer).clip(0, 255), dtype=np.uint8)


def _legend(language: str) -> str:
    return "橙：支持；蓝：相反" if language == "zh" else "orange: for it; blue: against"


def _fonts(language: str) -> tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont, str]:
    if language == "zh":
        for name in CHINESE_FONTS:
            try:
                return ImageFont.truetype(name, 22), ImageFont.truetype(name, 17), "zh"
            except OSError:
                continue
    regular, small = ImageFont.load_default(22), ImageFont.load_default(17)
    assert isinstance(regular, ImageFont.FreeTypeFont)
    assert isinstance(small, ImageFont.FreeTypeFont)
    return regular, small, "en"


def _wrapped(text: str, language: str) -> list[str]:
    return textwrap.wrap(text, 62 if language == "zh" else 120)
