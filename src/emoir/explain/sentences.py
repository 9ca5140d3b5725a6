"""Sentences: what was measured about a reading, in English or Chinese, and nothing else."""

from __future__ import annotations

import numpy as np

from emoir.emotions.spaces import SPACES
from emoir.explain.explanation import Explanation
from emoir.images.colour_names import colour_name
from emoir.images.descriptors import describe_pixels

# A change below this is no more than re-encoding a picture brings about: benchmarks/robustness.py.
NOTICEABLE = 0.05
# The ninth of the picture that holds the most must hold this share of all that speaks for the emotion.
CONCENTRATED = 0.3
# Colours with a smaller share of the picture are not named.
NAMED_SHARE = 0.15

_PLACES = {
    "en": (
        ("upper left", "top", "upper right"),
        ("left", "middle", "right"),
        ("lower left", "bottom", "lower right"),
    ),
    "zh": (("左上方", "上方", "右上方"), ("左侧", "中央", "右侧"), ("左下方", "下方", "右下方")),
}


def sentence(explanation: Explanation, language: str = "en") -> str:
    """A few sentences on what a reading rests on.

    Args:
        explanation: what was measured.
        language: ``en`` or ``zh``.

    Returns:
        Colour and texture are named only if taking them away changes the emotion's probability by at least
        ``NOTICEABLE``; a place only if a ninth of the picture holds at least ``CONCENTRATED`` of what speaks for it.
    """
    chinese = language == "zh"
    name = emotion_name(explanation, language)
    p = explanation.probability
    parts = [f"{name}：{p:.2f}。" if chinese else f"{name.capitalize()}: {p:.2f}."]
    colour = explanation.probability_in("without colour") - p
    texture = explanation.probability_in("without texture") - p
    grey, smooth = p + colour, p + texture
    if explanation.reading.monochrome:
        colour = 0.0
        parts.append("画面没有自己的色彩。" if chinese else "The picture has no colours of its own.")
    colours, surface = named_colours(explanation, language), texture_word(explanation, language)
    if max(-colour, -texture) >= NOTICEABLE:
        by_colour, by_texture = -colour >= NOTICEABLE, -texture >= NOTICEABLE
        if by_colour and by_texture:
            parts.append(
                f"色彩（{colours}）和纹理（{surface}）都有作用：去掉色彩变为 {grey:.2f}，抹平纹理变为 {smooth:.2f}。"
                if chinese
                else f"Its colours ({colours}) and its texture ({surface}) both carry it: without the colours it falls "
                f"to {grey:.2f}, without the texture to {smooth:.2f}."
            )
        elif by_colour:
            most, main = ("Mostly", "主要") if -colour >= p / 2 else ("Partly", "部分")
            parts.append(
                f"{main}在于色彩（{colours}）：去掉色彩后从 {p:.2f} 降到 {grey:.2f}。"
                if chinese
                else f"{most} its colours ({colours}): without them it falls from {p:.2f} to {grey:.2f}."
            )
        else:
            most, main = ("Mostly", "主要") if -texture >= p / 2 else ("Partly", "部分")
            parts.append(
                f"{main}在于纹理（{surface}）：抹平后从 {p:.2f} 降到 {smooth:.2f}。"
                if chinese
                else f"{most} its texture ({surface}): smoothed away, it falls from {p:.2f} to {smooth:.2f}."
            )
    elif explanation.reading.monochrome and texture < NOTICEABLE:
        parts.append(
            "抹平纹理改变不大：起作用的是画面内容、明暗与布局。"
            if chinese
            else "Its texture alone does not change it: it rests on what is shown, on light and layout."
        )
    elif max(colour, texture) < NOTICEABLE:
        parts.append(
            "单独去掉色彩或纹理都改变不大：起作用的是画面内容、明暗与布局。"
            if chinese
            else "Neither its colours nor its texture alone change it: it rests on what is shown, on light and layout."
        )
    if colour >= NOTICEABLE:
        parts.append(
            f"色彩与之相反：去掉后升到 {grey:.2f}。"
            if chinese
            else f"Its colours speak against it: without them it rises to {grey:.2f}."
        )
    if texture >= NOTICEABLE:
        parts.append(
            f"纹理与之相反：抹平后升到 {smooth:.2f}。"
            if chinese
            else f"Its texture speaks against it: without it, it rises to {smooth:.2f}."
        )
    if place := concentrated_place(explanation, language):
        parts.append(f"画面{place}最为明显。" if chinese else f"It is strongest in the {place}.")
    sure = explanation.reading.confidence
    first = next(iter(explanation.reading.distributions))
    if (
        explanation.reading.unsure
        and explanation.space == first
        and explanation.emotion == explanation.reading.top(first)
    ):
        parts.append(
            f"模型对此没有把握（置信度 {sure:.2f}）。"
            if chinese
            else f"The model is not sure of it (confidence {sure:.2f})."
        )
    return ("" if chinese else " ").join(parts)


def emotion_name(explanation: Explanation, language: str) -> str:
    """The explained emotion in the language; a model's own class as it is called."""
    space = SPACES.get(explanation.space)
    if language == "zh" and space is not None:
        return space.chinese[space.names.index(explanation.emotion)]
    return explanation.emotion


def named_colours(explanation: Explanation, language: str) -> str:
    """The one or two largest colours of the picture, as people call them."""
    large = [colour for colour, share in explanation.colours if share >= NAMED_SHARE] or [explanation.colours[0][0]]
    names = list(dict.fromkeys(colour_name(colour, language) for colour in large))[:2]
    return ("、" if language == "zh" else " and ").join(names)


def texture_word(explanation: Explanation, language: str) -> str:
    """Smooth, fine or rough, by the homogeneity of the grey-level co-occurrence matrix."""
    homogeneity = describe_pixels(explanation.pixels).glcm_homogeneity
    if homogeneity > 0.75:
        return "平滑" if language == "zh" else "smooth"
    if homogeneity < 0.35:
        return "粗糙" if language == "zh" else "rough"
    return "细腻" if language == "zh" else "fine"


def concentrated_place(explanation: Explanation, language: str) -> str | None:
    """The ninth of the picture that holds most of what speaks for the emotion, if it stands out."""
    positive = np.maximum(explanation.map, 0)
    if explanation.map.max() < NOTICEABLE / 2 or positive.sum() == 0:
        return None
    edges = np.linspace(0, len(positive), 4).astype(int)
    shares = (
        np.array(
            [
                [positive[edges[row] : edges[row + 1], edges[column] : edges[column + 1]].sum() for column in range(3)]
                for row in range(3)
            ]
        )
        / positive.sum()
    )
    row, column = np.unravel_index(shares.argmax(), shares.shape)
    return _PLACES[language][row][column] if shares[row, column] >= CONCENTRATED else None
