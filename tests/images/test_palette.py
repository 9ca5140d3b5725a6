from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_cie76, rgb2lab

from emoir.images.palette import dominant_colours, is_monochrome, palette_histogram, reference_colours
from tests.pictures import noise


def test_each_reference_colour_counts_for_itself() -> None:
    for index, colour in enumerate(reference_colours()):
        histogram = palette_histogram(np.full((2, 2, 3), colour, np.uint8))
        assert histogram[index] == 1


def test_nearest_against_scikit_image() -> None:
    pixels = noise(24, 5)
    # The lookup sees 16 values of each channel; so does the twin.
    coarse = (pixels >> 4) * 17
    lab = rgb2lab(coarse.reshape(-1, 1, 3))
    nearest = deltaE_cie76(lab, rgb2lab(reference_colours()[None])).argmin(axis=1)
    expected = np.bincount(nearest, minlength=64) / len(nearest)
    np.testing.assert_allclose(palette_histogram(pixels), expected, atol=2 / len(nearest))


def test_dominant_colours_of_two_halves() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:6] = (250, 10, 20)
    found = dict(dominant_colours(pixels))
    assert found == pytest.approx({"#fa0a14": 0.75, "#000000": 0.25})


def test_monochrome() -> None:
    grey = np.repeat(noise(32, 1)[..., :1], 3, axis=2)
    sepia = np.clip(grey * np.array([1.0, 0.9, 0.75]), 0, 255).astype(np.uint8)
    assert is_monochrome(grey)
    assert is_monochrome(sepia)
    assert not is_monochrome(noise(32, 1))
    assert is_monochrome(sepia.repeat(5, axis=0).repeat(5, axis=1))
    assert not is_monochrome(noise(300, 1))
    striped = grey.repeat(4, axis=0).repeat(4, axis=1)
    striped[:64, 3::4], striped[64:, 3::4] = (250, 10, 20), (10, 200, 20)
    assert not is_monochrome(striped)
    assert not is_monochrome(np.full((8, 8, 3), (255, 0, 0), np.uint8))
