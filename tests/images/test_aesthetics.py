"""The properties of empirical aesthetics, on pictures whose answer is known and against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.feature import hog

from emoir.images.aesthetics import (
    GRID,
    ORIENTATIONS,
    edge_orientation_entropy,
    fourier_slope,
    fractal_dimension,
    mirror_symmetry,
    self_similarity,
)
from tests.pictures import noise


def coloured_noise(exponent: float, side: int = 256) -> NDArray[np.float64]:
    """A picture whose power falls by a known exponent of the frequency."""
    random = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :])
    frequency[0, 0] = np.inf
    field = np.fft.ifft2(np.fft.fft2(random.normal(size=(side, side))) * frequency ** (exponent / 2)).real
    return np.asarray((field - field.min()) / (field.max() - field.min()) * 255)


@pytest.mark.parametrize("exponent", [0.0, -1.0, -2.0, -3.0])
def test_the_slope_of_known_spectra(exponent: float) -> None:
    # 64 rings of random power each: the slope is known to a tenth.
    assert fourier_slope(coloured_noise(exponent)) == pytest.approx(exponent, abs=0.12)


def test_the_slope_of_a_picture_that_is_not_square() -> None:
    wide = np.concatenate([coloured_noise(-2.0), coloured_noise(-2.0)[:, ::-1]], axis=1)
    assert fourier_slope(wide) == pytest.approx(-2, abs=0.2)
    assert fourier_slope(np.full((64, 48), 7.0)) == 0


def test_the_slope_does_not_change_with_contrast() -> None:
    grey = coloured_noise(-2.0)
    assert fourier_slope(grey / 4 + 80) == pytest.approx(fourier_slope(grey))


def test_self_similarity_of_known_pictures() -> None:
    stripes = np.tile(np.arange(64.0) % 8 * 30, (64, 1))
    assert self_similarity(stripes) == pytest.approx(1)
    # Left half of columns, right half of rows, equally strong: each part has half of the whole.
    ramp = np.arange(64.0) % 16
    halves = np.concatenate([np.tile(ramp, (64, 1))[:, :32], np.tile(ramp, (64, 1)).T[:, 32:]], axis=1)
    assert self_similarity(halves) == pytest.approx(0.5, abs=0.03)
    # An edge in one of 64 parts: the median part has none.
    lone = np.zeros((64, 64))
    lone[3, 3] = 200
    assert self_similarity(lone) == 0


def test_self_similarity_against_loops() -> None:
    grey = noise(96, 5)[..., 1].astype(float)
    down, across = np.gradient(grey)
    histograms = np.zeros((GRID, GRID, ORIENTATIONS))
    for y in range(96):
        for x in range(96):
            degrees = math.degrees(math.atan2(down[y, x], across[y, x])) % 180
            part = round(degrees / (180 / ORIENTATIONS)) % ORIENTATIONS
            histograms[y // 12, x // 12, part] += math.hypot(down[y, x], across[y, x])
    whole = histograms.sum(axis=(0, 1))
    whole /= whole.sum()
    alike = [np.minimum(one / one.sum(), whole).sum() for one in histograms.reshape(-1, ORIENTATIONS)]
    assert self_similarity(grey) == pytest.approx(float(np.median(alike)), abs=1e-6)


def test_self_similarity_is_near_what_scikit_image_gives() -> None:
    # Their gradients are whole differences, their bins begin at 0: alike, not the same.
    ours, theirs = [], []
    for seed in range(12):
        grey = noise(96, seed)[..., 1].astype(float)
        cells = hog(grey, ORIENTATIONS, (12, 12), (1, 1), feature_vector=False)[:, :, 0, 0]
        raw = hog(grey, ORIENTATIONS, (96, 96), (1, 1), feature_vector=False)[0, 0, 0, 0]
        shares = cells / np.maximum(cells.sum(axis=2, keepdims=True), 1e-9)
        theirs.append(np.median(np.minimum(shares, raw / raw.sum()).sum(axis=2)))
        ours.append(self_similarity(grey))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


def test_symmetry_by_hand() -> None:
    grey = noise(40, 1)[..., 0].astype(float)
    assert mirror_symmetry(np.concatenate([grey, grey[:, ::-1]], axis=1)) == pytest.approx(1)
    assert mirror_symmetry(np.tile(np.arange(10.0), (4, 1))) == pytest.approx(-1)
    expected = np.corrcoef(grey.ravel(), grey[:, ::-1].ravel())[0, 1]
    assert mirror_symmetry(grey) == pytest.approx(expected)
    assert mirror_symmetry(np.full((5, 5), 3.0)) == 1


def test_entropy_of_known_edges() -> None:
    columns = np.tile(np.arange(48.0) % 6 * 40, (48, 1))
    assert edge_orientation_entropy(columns) == pytest.approx(0)
    # Two orientations, equally often: one bit, but for the rows of pixels where they meet.
    crossed = np.concatenate([np.tile(columns, (1, 8)), np.tile(columns.T, (1, 8))])
    assert edge_orientation_entropy(crossed) == pytest.approx(1, abs=0.15)
    four = np.tile(np.arange(96.0) % 6 * 40, (96, 1))
    slanted = (np.indices((96, 96)).sum(axis=0) % 6) * 40.0
    apart = [edge_orientation_entropy(part) for part in (four, four.T, slanted)]
    assert apart[:2] == pytest.approx([0, 0])
    assert apart[2] < 0.35
    # A cone has every orientation alike.
    y, x = np.mgrid[-100:101, -100:101]
    cone = np.where(np.hypot(x, y) < 95, np.hypot(x, y), 95)
    assert edge_orientation_entropy(cone) == pytest.approx(math.log2(24), abs=0.02)
    assert edge_orientation_entropy(np.full((9, 9), 4.0)) == 0


def test_dimension_by_hand() -> None:
    assert fractal_dimension(np.full((64, 64), 100.0)) == pytest.approx(2)
    # 0 and 255 side by side: every block reaches from floor to ceiling. Boxes per block are side / size, so the slope
    # of log(boxes / size^2) over sizes 2, 4 and 8 is -3.
    board = (np.indices((16, 16)).sum(axis=0) % 2) * 255.0
    assert fractal_dimension(board) == pytest.approx(3)


def test_dimension_against_loops() -> None:
    grey = coloured_noise(-2.0, 128)
    sizes, counts = [2, 4, 8, 16, 32, 64], []
    for size in sizes:
        total = 0
        for y in range(0, 128, size):
            for x in range(0, 128, size):
                block = grey[y : y + size, x : x + size]
                total += int(block.max() // (2 * size)) - int(block.min() // (2 * size)) + 1
        counts.append(total)
    slope = np.polyfit(np.log(1 / np.array(sizes)), np.log(counts), 1)[0]
    assert fractal_dimension(grey) == pytest.approx(slope)
    assert 2 < fractal_dimension(coloured_noise(-3.0)) < fractal_dimension(coloured_noise(-1.0)) < 3
