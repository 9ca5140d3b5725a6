from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emoir import EmotionReadings
from emoir.index import ImageMetadata, RowLayout
from emoir.report import read_pictures
from emoir.report.pictures import SIDE, mixed_palette
from emoir.summary import Summary, month_of, summarise
from emoir.summary.summary import EXTREME, FOLDERS, MONTHS, TYPICAL
from tests.pictures import noise

NAMES = ("dull", "bright", "never")
LAYOUT = RowLayout({"mood": NAMES})


def entry(number: int, path: str, taken: str | None = None, hash: int | None = None) -> ImageMetadata:
    return ImageMetadata(
        id=number + 1,
        path=os.fsencode(path),
        confidence=0.5,
        monochrome=False,
        width=8,
        height=8,
        taken=taken,
        hash=hash,
        modified_ns=0,
        incomplete=False,
        record=None,
    )


def readings_of(shares: np.ndarray, valence: np.ndarray, confidence: np.ndarray) -> EmotionReadings:
    n = len(shares)
    return EmotionReadings(
        embeddings=np.zeros((n, 128), np.float32),
        distributions={"mood": shares.astype(np.float32)},
        class_names={"mood": NAMES},
        valence=valence.astype(np.float32),
        arousal=1 - valence.astype(np.float32),
        confidence=confidence.astype(np.float32),
        monochrome=np.zeros(n, bool),
        model="none",
    )


def summary_of(metadata: Sequence[ImageMetadata], readings: EmotionReadings) -> Summary:
    vectors = np.zeros((len(metadata), LAYOUT.length), np.float32)
    vectors[:, LAYOUT.palette] = 1 / 8
    return summarise(metadata, readings, vectors)


def random_readings(n: int, seed: int) -> EmotionReadings:
    random = np.random.default_rng(seed)
    bright = random.random(n) * 0.9
    shares = np.stack([0.95 - bright, bright, np.full(n, 0.05)], axis=1)
    return readings_of(shares, random.random(n), random.random(n))


def test_groups_against_plain_python() -> None:
    n = 60
    readings = random_readings(n, 0)
    months = ["2019:03:01 00:00:00", "2019:11:30 23:59:59", None]
    metadata = [entry(row, f"/p/{'ab'[row % 2]}/{row}.jpg", months[row % 3]) for row in range(n)]
    summary = summary_of(metadata, readings)
    shares = readings.distributions["mood"]
    for label, rows in (("a", range(0, n, 2)), ("b", range(1, n, 2))):
        [group] = [group for group in summary.folders if group.label == label]
        assert group.count == 30
        expected = [sum(float(shares[row, place]) for row in rows) / 30 for place in range(3)]
        assert group.mix.tolist() == pytest.approx(expected)
    assert [group.label for group in summary.months] == ["1970-01", "2019-03", "2019-11"]
    assert [group.count for group in summary.months] == [20, 20, 20]
    assert summary.dated == 40
    assert sum(group.mix.sum() for group in summary.months) == pytest.approx(3)
    assert summary.whole.mix.tolist() == pytest.approx(shares.mean(axis=0).tolist())


def test_many_folders_and_many_months() -> None:
    n = 200
    readings = random_readings(n, 1)
    moments = [f"{2000 + row % 40}:{row % 12 + 1:02}:01 00:00:00" for row in range(n)]
    metadata = [entry(row, f"/p/{row % 50:02}/{row}.jpg", moments[row]) for row in range(n)]
    summary = summary_of(metadata, readings)
    assert len(summary.folders) == FOLDERS
    assert summary.folders[-1].label == ""
    assert summary.folders[-1].count == n - 4 * (FOLDERS - 1)
    together = sum(group.count * group.mix for group in summary.folders) / n
    np.testing.assert_allclose(together, summary.whole.mix)
    assert [group.label for group in summary.months] == [str(year) for year in range(2000, 2040)]
    few = summary_of(metadata[:MONTHS], readings_of(np.full((MONTHS, 3), 1 / 3), np.zeros(MONTHS), np.zeros(MONTHS)))
    assert len(few.months[0].label) == len("2000-01")


def test_a_single_folder_has_its_name() -> None:
    readings = random_readings(3, 4)
    flat = [entry(row, f"/p/q/{row}.jpg") for row in range(3)]
    assert [group.label for group in summary_of(flat, readings).folders] == ["q"]
    nested = [entry(0, "/p/q/0.jpg"), entry(1, "/p/q/r/1.jpg"), entry(2, "/p/q/r/2.jpg")]
    assert [group.label for group in summary_of(nested, readings).folders] == ["r", "q"]


def test_the_most_typical_extreme_and_uncertain() -> None:
    n = 40
    readings = random_readings(n, 2)
    summary = summary_of([entry(row, f"/p/{row}.jpg") for row in range(n)], readings)
    shares = readings.distributions["mood"].tolist()
    sure = [confidence >= readings.unsure_below for confidence in readings.confidence.tolist()]
    assert summary.sure.tolist() == sure
    bright = [row for row in range(n) if shares[row][1] == max(shares[row]) and sure[row]]
    expected = sorted(bright, key=lambda row: -shares[row][1])[:TYPICAL]
    assert summary.typical[1] == tuple(expected)
    assert summary.typical[2] == ()
    by_valence = sorted(range(n), key=lambda row: float(readings.valence[row]))
    assert summary.extremes["lowest valence"] == tuple(by_valence[:EXTREME])
    assert summary.extremes["highest arousal"] == tuple(by_valence[:EXTREME])
    assert summary.extremes["highest valence"] == tuple(by_valence[: -EXTREME - 1 : -1])
    assert summary.uncertain[0] == int(readings.confidence.argmin())
    assert set(summary.pictured) >= {*expected, *by_valence[:EXTREME], *summary.uncertain}


def test_near_duplicates_are_shown_once() -> None:
    readings = random_readings(12, 3)
    metadata = [entry(row, f"/p/{row}.jpg", hash=0 if row < 6 else row * 2**20 * 1021) for row in range(12)]
    summary = summary_of(metadata, readings)
    for rows in (*summary.typical, *summary.extremes.values(), summary.uncertain):
        assert sum(row < 6 for row in rows) <= 1


def test_the_month_of_a_file() -> None:
    assert month_of(entry(0, "/a", "2019:06:01 12:00:00")) == "2019-06"
    # 2001-09-09 01:46:40 UTC.
    assert month_of(replace(entry(0, "/a"), modified_ns=10**18)) == "2001-09"


def test_pictures_keep_their_shape(tmp_path: Path) -> None:
    Image.fromarray(noise(400, 1)).resize((600, 300)).save(tmp_path / "wide.jpg", quality=95)
    Image.fromarray(noise(40, 2)).save(tmp_path / "small.png")
    (tmp_path / "letter.jpg").write_text("no image")
    wide, small, letter, gone = read_pictures([tmp_path / n for n in ("wide.jpg", "small.png", "letter.jpg", "no.jpg")])
    assert letter is None
    assert gone is None
    assert wide is not None
    assert small is not None
    assert (wide.width, wide.height, small.width, small.height) == (SIDE, SIDE // 2, 40, 40)
    assert wide.uri.startswith("data:image/webp;base64,UklGR")
    whole = np.asarray(Image.open(tmp_path / "wide.jpg").resize((48, 48), Image.Resampling.BOX)).astype(int)
    assert abs(wide.sample.astype(int) - whole).mean() < 3


def test_palettes_weigh_every_picture_alike(tmp_path: Path) -> None:
    Image.new("RGB", (400, 400), "#c02020").save(tmp_path / "large.png")
    Image.new("RGB", (40, 40), "#101030").save(tmp_path / "small.png")
    pictures = [found for found in read_pictures([tmp_path / "large.png", tmp_path / "small.png"]) if found]
    assert mixed_palette(pictures) == [("#101030", 0.5), ("#c02020", 0.5)]
    assert mixed_palette([]) == []


def test_what_the_model_is_not_sure_of_is_typical_of_nothing() -> None:
    readings = random_readings(20, 5)
    unsure = replace(readings, confidence=np.full(20, 0.7, np.float32), unsure_below=0.71)
    summary = summary_of([entry(row, f"/p/{row}.jpg") for row in range(20)], unsure)
    assert not summary.sure.any()
    assert summary.typical == ((), (), ())
    assert summary.palette == ((), (), ())


def test_the_own_palette_is_what_others_have_less_of() -> None:
    shares = np.array([[0.9, 0.1, 0.0]] * 4 + [[0.1, 0.9, 0.0]] * 4)
    readings = readings_of(shares, np.full(8, 0.5), np.full(8, 0.9))
    vectors = np.zeros((8, LAYOUT.length), np.float32)
    # All are half grey (0); the first four are half red (1), the others half blue (2).
    roots = vectors[:, LAYOUT.palette]
    roots[:, 0], roots[:4, 1], roots[4:, 2] = np.sqrt(0.5), np.sqrt(0.5), np.sqrt(0.5)
    summary = summarise([entry(row, f"/p/{row}.jpg") for row in range(8)], readings, vectors)
    assert summary.own_palette[0][1] == pytest.approx(1)
    assert summary.own_palette[1][2] == pytest.approx(1)
    assert summary.own_palette[2].sum() == 0
