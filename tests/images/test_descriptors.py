from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

from emoir.images.descriptors import (
    colourfulness,
    describe_pixels,
    descriptor_words,
    grey_level_cooccurrence,
    local_binary_pattern_histogram,
)
from emoir.images.lab import srgb_to_lab
from tests.pictures import noise


def test_lab_against_scikit_image() -> None:
    pixels = noise(32, 0)
    # scikit-image rounds the matrix to six digits and the white point to five.
    np.testing.assert_allclose(srgb_to_lab(pixels), rgb2lab(pixels), atol=0.02)


def test_cooccurrence_by_hand() -> None:
    # Two columns, grey levels 0 and 31. Horizontally 2 pairs (0, 31); vertically (0, 0) and (31, 31); diagonally
    # one pair (0, 31) each way.
    grey = np.array([[0.0, 255.0], [0.0, 255.0]])
    matrix = grey_level_cooccurrence(grey)
    assert matrix[0, 31] == matrix[31, 0] == pytest.approx((0.5 + 0.5 + 0.5) / 4)
    assert matrix[0, 0] == matrix[31, 31] == pytest.approx(0.5 / 4)
    assert matrix.sum() == pytest.approx(1)


def test_cooccurrence_against_scikit_image() -> None:
    grey = noise(40, 2)[..., 0].astype(np.float64)
    levels = (grey * 32 / 256).astype(np.uint8)
    theirs = graycomatrix(levels, [1], [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], 32, symmetric=True, normed=True)
    mean = theirs.mean(axis=3)[:, :, 0]
    np.testing.assert_allclose(grey_level_cooccurrence(grey), mean, atol=1e-12)
    described = describe_pixels(np.repeat(noise(40, 2)[..., :1], 3, axis=2))
    for ours, name in ((described.glcm_contrast, "contrast"), (described.glcm_homogeneity, "homogeneity")):
        assert ours == pytest.approx(float(graycoprops(mean[:, :, None, None], name)[0, 0]), rel=1e-6)
    assert described.glcm_energy == pytest.approx(float(np.sqrt((mean**2).sum())), rel=1e-6)


def test_lbp_against_scikit_image_on_the_axes() -> None:
    # Their diagonal neighbours lie on the circle, ours are pixels; on a picture of one direction they agree.
    grey = np.tile(np.arange(20.0) % 7 * 30, (20, 1))
    theirs = local_binary_pattern(grey.astype(np.uint8), 8, 1, "uniform")[1:-1, 1:-1]
    expected = np.bincount(theirs.astype(int).ravel(), minlength=10) / theirs.size
    np.testing.assert_allclose(local_binary_pattern_histogram(grey), expected, atol=1e-12)


def test_lbp_against_loops() -> None:
    grey = noise(24, 7)[..., 1].astype(int)
    ring = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
    counts = [0] * 10
    for y in range(1, 23):
        for x in range(1, 23):
            bits = [int(grey[y + down, x + across] >= grey[y, x]) for down, across in ring]
            changes = sum(bits[place] != bits[place - 1] for place in range(8))
            counts[sum(bits) if changes <= 2 else 9] += 1
    np.testing.assert_allclose(local_binary_pattern_histogram(grey.astype(float)), np.array(counts) / 22**2)


def test_lbp_is_blind_to_brightness_and_rotation() -> None:
    grey = noise(31, 4)[..., 1].astype(np.float64)
    histogram = local_binary_pattern_histogram(grey)
    np.testing.assert_allclose(local_binary_pattern_histogram(grey / 2 + 20), histogram)
    np.testing.assert_allclose(local_binary_pattern_histogram(np.rot90(grey)), histogram)


def test_colourfulness_by_hand() -> None:
    # Half red, half green: rg = +-255, mean 0, deviation 255; yb = 127.5 throughout.
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, :, 0] = pixels[1, :, 1] = 255
    assert colourfulness(pixels) == pytest.approx(255 + 0.3 * 127.5)


def test_words() -> None:
    night = np.full((32, 32, 3), (5, 8, 40), np.uint8)
    assert {"dark", "cool", "smooth"} <= set(descriptor_words(describe_pixels(night)))
    random = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert {"rough", "vivid colours"} <= set(descriptor_words(describe_pixels(random)))
