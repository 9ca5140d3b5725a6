from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.color
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from emoir import Model
from emoir.cli.app import app
from emoir.emotions.reading import EmotionReading, EmotionReadings
from emoir.errors import QueryError
from emoir.explain import Explanation, explain, occlusion_map
from emoir.explain.counterfactuals import with_opposite_colours, without_colour, without_texture
from emoir.explain.explanation import Counterfactual
from emoir.explain.figure import figure, overlay
from emoir.explain.occlusion import blurred
from emoir.explain.sentences import sentence
from emoir.images.colour_names import colour_name
from emoir.images.lab import lab_to_srgb, srgb_to_lab
from tests.pictures import noise


def test_lab_to_srgb_against_scikit_image() -> None:
    pixels = noise(32, 5)
    np.testing.assert_array_equal(lab_to_srgb(srgb_to_lab(pixels)), pixels)
    theirs = skimage.color.lab2rgb(skimage.color.rgb2lab(pixels))
    assert abs(lab_to_srgb(srgb_to_lab(pixels)) / 255 - theirs).max() < 0.01


def test_colours_outside_srgb_keep_lightness_and_hue() -> None:
    lab = np.array([[50.0, 0.0, -100.0], [80.0, 90.0, 10.0]])
    fitted = srgb_to_lab(lab_to_srgb(lab))
    np.testing.assert_allclose(fitted[:, 0], lab[:, 0], atol=1)
    np.testing.assert_allclose(np.arctan2(fitted[:, 2], fitted[:, 1]), np.arctan2(lab[:, 2], lab[:, 1]), atol=0.05)


def test_counterfactuals_change_what_they_say_and_nothing_else() -> None:
    pixels = skimage.data.coffee()[:128, :128]
    lab, grey, opposite = (srgb_to_lab(p) for p in (pixels, without_colour(pixels), with_opposite_colours(pixels)))
    np.testing.assert_allclose(grey[..., 0], lab[..., 0], atol=0.5)
    assert abs(grey[..., 1:]).max() < 0.1
    np.testing.assert_allclose(opposite[..., 0], lab[..., 0], atol=1)
    coloured = np.linalg.norm(lab[..., 1:], axis=-1) > 10
    assert ((opposite[..., 1:] * lab[..., 1:]).sum(axis=-1)[coloured] < 0).all()
    smooth = without_texture(pixels)
    assert smooth.astype(float).mean() == pytest.approx(pixels.astype(float).mean(), abs=3)
    steps, smooth_steps = (abs(np.diff(p.astype(float), axis=1)).mean() for p in (pixels, smooth))
    assert smooth_steps < 0.6 * steps


def readings_of(scores: NDArray[np.floating]) -> EmotionReadings:
    n = len(scores)
    column = np.zeros(n, np.float32)
    embeddings = np.eye(128, dtype=np.float32)[np.zeros(n, int)]
    return EmotionReadings(
        embeddings=embeddings,
        distributions={},
        class_names={},
        valence=scores.astype(np.float32),
        arousal=column,
        confidence=column,
        monochrome=column > 1,
        model="test",
    )


def test_the_map_finds_the_part_that_a_score_depends_on() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[8:16, 40:48] = 255

    def read(batch: NDArray[np.uint8]) -> EmotionReadings:
        return readings_of(batch[:, 8:16, 40:48].mean(axis=(1, 2, 3)) / 255)

    where = occlusion_map(pixels, read, lambda readings: readings.valence)
    row, column = np.unravel_index(where.argmax(), where.shape)
    assert 8 <= row < 16
    assert 40 <= column < 48
    assert where[40:, :24].max() == 0


def test_the_map_against_a_plain_loop() -> None:
    pixels = noise(32, 3).copy()
    pixels[20:28, 4:12] //= 4

    def read(batch: NDArray[np.uint8]) -> EmotionReadings:
        return readings_of((batch.astype(float) ** 2).mean(axis=(1, 2, 3)) / 255**2)

    def brightness(picture: NDArray[np.uint8]) -> float:
        return float((picture.astype(float) ** 2).mean() / 255**2)

    cover, total, count = blurred(pixels), np.zeros((32, 32)), np.zeros((32, 32))

    def add(box: tuple[int, int, int, int], value: float) -> None:
        top, left, bottom, right = box
        for y in range(top, bottom):
            for x in range(left, right):
                total[y, x] += value / ((bottom - top) * (right - left))
                count[y, x] += 1 / ((bottom - top) * (right - left))

    quarters, halves = ((0, 4), (4, 12), (12, 20), (20, 28), (28, 32)), ((0, 8), (8, 24), (24, 32))
    for spans in (quarters, halves):
        for top, bottom in spans:
            for left, right in spans:
                covered, shown = pixels.copy(), cover.copy()
                covered[top:bottom, left:right] = cover[top:bottom, left:right]
                shown[top:bottom, left:right] = pixels[top:bottom, left:right]
                add((top, left, bottom, right), brightness(pixels) - brightness(covered))
                if spans is quarters:
                    add((top, left, bottom, right), brightness(shown) - brightness(cover))
    # Smoothing: each of 8 x 8 cells is a mean that falls off linearly to the middle of its neighbours, and back.
    hats = np.array([[max(0, 1 - abs((x + 0.5) / 4 - (cell + 0.5))) for x in range(32)] for cell in range(8)])
    down, up = hats / hats.sum(axis=1, keepdims=True), (hats / hats.sum(axis=0)).T
    expected = up @ (down @ (total / count) @ down.T) @ up.T
    np.testing.assert_allclose(occlusion_map(pixels, read, lambda readings: readings.valence), expected, atol=1e-5)


def test_a_map_takes_few_readings_in_small_batches() -> None:
    sizes = []

    def read(batch: NDArray[np.uint8]) -> EmotionReadings:
        sizes.append(len(batch))
        return readings_of(batch.mean(axis=(1, 2, 3)) / 255)

    occlusion_map(noise(32, 3), read, lambda readings: readings.valence)
    assert sum(sizes) == 61
    assert max(sizes) == 4


def reading(p: float, *, monochrome: bool = False) -> EmotionReading:
    shares = {"amusement": 0.0, "sadness": p, "fear": 1 - p}
    return EmotionReading(
        embedding=np.zeros(128, np.float32),
        distributions={"mikels": shares},
        valence=0.5,
        arousal=0.5,
        confidence=0.7,
        monochrome=monochrome,
        model="test",
    )


def explanation(p: float, grey: float, smooth: float, *, monochrome: bool = False) -> Explanation:
    pixels = np.full((24, 24, 3), (16, 24, 64), np.uint8)
    changed = {
        name: Counterfactual(pixels, reading(value))
        for name, value in (("without colour", grey), ("without texture", smooth), ("opposite colours", p))
    }
    where = np.zeros((24, 24), np.float32)
    original = reading(p, monochrome=monochrome)
    return Explanation(
        pixels=pixels,
        reading=original,
        space="mikels",
        emotion="sadness",
        map=where,
        counterfactuals=changed,
        colours=(("#101840", 1.0),),
    )


@pytest.mark.parametrize(
    ("values", "english", "chinese"),
    [
        (
            (0.61, 0.22, 0.60),
            "Sadness: 0.61. Mostly its colours (dark blue): without them it falls from 0.61 to 0.22.",
            "悲伤：0.61。主要在于色彩（深蓝）：去掉色彩后从 0.61 降到 0.22。",
        ),
        (
            (0.61, 0.60, 0.30),
            "Sadness: 0.61. Mostly its texture (smooth): smoothed away, it falls from 0.61 to 0.30.",
            "悲伤：0.61。主要在于纹理（平滑）：抹平后从 0.61 降到 0.30。",
        ),
        (
            (0.61, 0.40, 0.30),
            "Sadness: 0.61. Its colours (dark blue) and its texture (smooth) both carry it: without the colours it "
            "falls to 0.40, without the texture to 0.30.",
            "悲伤：0.61。色彩（深蓝）和纹理（平滑）都有作用：去掉色彩变为 0.40，抹平纹理变为 0.30。",
        ),
        (
            (0.61, 0.60, 0.62),
            "Sadness: 0.61. Neither its colours nor its texture alone change it: it rests on what is shown, on light "
            "and layout.",
            "悲伤：0.61。单独去掉色彩或纹理都改变不大：起作用的是画面内容、明暗与布局。",
        ),
        (
            (0.61, 0.80, 0.40),
            "Sadness: 0.61. Partly its texture (smooth): smoothed away, it falls from 0.61 to 0.40. Its colours speak "
            "against it: without them it rises to 0.80.",
            "悲伤：0.61。部分在于纹理（平滑）：抹平后从 0.61 降到 0.40。色彩与之相反：去掉后升到 0.80。",
        ),
    ],
)
def test_sentences_say_what_was_measured(values: tuple[float, float, float], english: str, chinese: str) -> None:
    assert sentence(explanation(*values)) == english
    assert sentence(explanation(*values), "zh") == chinese


def test_a_monochrome_picture_owes_nothing_to_colour() -> None:
    text = sentence(explanation(0.6, 0.2, 0.6, monochrome=True))
    assert "The picture has no colours of its own." in text
    assert "Mostly its colours" not in text


def test_a_place_is_named_only_where_the_map_stands_out() -> None:
    flat = explanation(0.6, 0.6, 0.6)
    assert "strongest" not in sentence(replace(flat, map=np.full((24, 24), 0.2, np.float32)))
    corner = np.zeros((24, 24), np.float32)
    corner[:8, 16:] = 0.2
    assert sentence(replace(flat, map=corner)).endswith("It is strongest in the upper right.")
    assert sentence(replace(flat, map=corner), "zh").endswith("画面右上方最为明显。")


def test_the_overlay_is_orange_where_the_picture_speaks_for_it() -> None:
    where = np.zeros((24, 24), np.float32)
    where[:12], where[12:] = 0.3, -0.3
    shown = overlay(replace(explanation(0.6, 0.6, 0.6), map=where)).astype(int)
    assert (shown[:12, :, 0] > shown[:12, :, 2]).all()
    assert (shown[12:, :, 2] > shown[12:, :, 0]).all()


@pytest.mark.parametrize(
    ("colour", "english"),
    [("#000000", "black"), ("#ffffff", "white"), ("#808080", "grey"), ("#ff0000", "red"), ("#0000ff", "blue")],
)
def test_colour_names(colour: str, english: str) -> None:
    assert colour_name(colour) == english


def test_real_photographs(model: Model) -> None:
    made = explain(skimage.data.coffee(), model)
    assert made.emotion == made.reading.top("mikels")
    assert made.map.shape == (model.card.size, model.card.size)
    grey = model.read_pixels(without_colour(made.pixels)[None])[0]
    assert made.probability_in("without colour") == pytest.approx(grey.distributions["mikels"][made.emotion], abs=1e-4)
    assert figure(made).width > 1000
    # 600 x 400: its panels are two thirds as high as those of a square picture.
    assert made.aspect == 1.5
    assert figure(replace(made, aspect=1.0)).height - figure(made).height == pytest.approx(280 / 3, abs=1)
    with pytest.raises(QueryError, match="no emotion 'hygge' in this model; it has amusement"):
        explain(skimage.data.coffee(), model, emotion="hygge")
    assert explain(skimage.data.coffee(), model, emotion="Joy").space == "ekman"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(skimage.data.chelsea()).save("cat.jpg")
    result = CliRunner().invoke(app, ["explain", "cat.jpg", "--emotion", "fear", "--format", "json"])
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record["emotion"] == "fear"
    assert np.array(record["map"]).shape == (8, 8)
    with Image.open("cat-explained.png") as picture:
        assert picture.width > 1000
    again = CliRunner().invoke(app, ["explain", "cat.jpg", "--language", "zh", "--out", "x.png"])
    assert "：" in again.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat-explained.png", "cat.jpg", "x.png"]
    itself = CliRunner().invoke(app, ["explain", "cat.jpg", "--out", "cat.jpg"])
    assert itself.exit_code == 4
    assert "is the photograph itself" in itself.stderr
    assert CliRunner().invoke(app, ["explain", "cat.jpg", "--emotion", "恐惧", "--out", "x.png"]).exit_code == 0
    missing = CliRunner().invoke(app, ["explain", "dog.jpg"])
    assert missing.exit_code == 4
    assert "dog.jpg" in missing.stderr
