from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab
from skimage.measure import shannon_entropy

from emoir.images.descriptors import GREY_WEIGHTS
from emoir.images.features import FEATURE_SIDE, FEATURES, grey_entropy, jpeg_complexity, measure
from tests.pictures import noise


def pictures() -> list[np.ndarray]:
    """Generated pictures, the corners of the colour cube and their halves and checkerboards among them."""
    side = FEATURE_SIDE
    random = np.random.default_rng(0)
    corners = [np.array([red, green, blue], np.uint8) * 255 for red in (0, 1) for green in (0, 1) for blue in (0, 1)]
    flat = [np.broadcast_to(colour, (side, side, 3)).copy() for colour in corners]
    halves = [np.concatenate([one[: side // 2], other[side // 2 :]]) for one in flat for other in flat]
    board = (np.indices((side, side)).sum(axis=0) % 2).astype(bool)[..., None]
    boards = [np.where(board, one, other) for one in flat for other in flat]
    grey = random.integers(0, 256, (side, side, 1), dtype=np.uint8).repeat(3, axis=2)
    rough = random.integers(0, 2, (side, side, 3), dtype=np.uint8) * 255
    return [*flat, *halves[1::3], *boards[1::3], *(noise(side, seed) for seed in range(8)), grey, rough]


def test_every_number_is_in_the_codebook_and_inside_its_range() -> None:
    names = [column.name for column in FEATURES]
    assert len(set(names)) == len(names)
    for pixels in pictures():
        values = measure(pixels)
        assert list(values) == names
        for column in FEATURES:
            value = values[column.name]
            if column.unit == "text":
                assert value is None or (isinstance(value, str) and value.startswith("#"))
                continue
            assert column.low is not None
            assert column.high is not None
            assert value is None or column.low - 1e-5 <= float(value) <= column.high + 1e-5, column.name


def test_ranges_are_not_wider_than_they_need_be() -> None:
    measured = [measure(pixels) for pixels in pictures()]
    for name in ("lightness", "lab_a", "lab_b", "lab_a_deviation", "lab_b_deviation", "warmth", "colourfulness"):
        column = next(column for column in FEATURES if column.name == name)
        values = [float(found[name] or 0) for found in measured]
        assert column.low is not None
        assert column.high is not None
        assert max(values) > 0.85 * column.high, name
        assert min(values) <= 0.85 * column.low, name


def test_every_feature_states_where_it_comes_from() -> None:
    for column in FEATURES:
        assert column.unit, column.name
        assert column.meaning, column.name
        assert column.reference, column.name


def test_against_scikit_image() -> None:
    for seed in range(4):
        pixels = noise(FEATURE_SIDE, seed)
        values, lab = measure(pixels), rgb2lab(pixels)
        assert values["lab_a"] == pytest.approx(lab[..., 1].mean(), abs=0.01)
        assert values["lab_b_deviation"] == pytest.approx(lab[..., 2].std(), abs=0.01)
        assert values["chroma"] == pytest.approx(np.hypot(lab[..., 1], lab[..., 2]).mean(), abs=0.01)
        assert values["grey_entropy"] == pytest.approx(shannon_entropy(np.rint(pixels @ GREY_WEIGHTS)))


def test_entropy_by_hand() -> None:
    assert grey_entropy(np.zeros((4, 4))) == 0
    assert grey_entropy(np.arange(256.0).reshape(16, 16)) == 8
    assert grey_entropy(np.array([[0, 0, 0, 9]])) == pytest.approx(-0.75 * math.log2(0.75) + 0.5)


def test_complexity_is_the_scan_of_the_file() -> None:
    pixels = noise(64, 3)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=80)
    # Behind its marker, the header of a scan of three components is 12 bytes long.
    scan = stream.getvalue().split(b"\xff\xda", 1)[1][12:]
    assert jpeg_complexity(pixels) == 8 * len(scan) / 64**2


def test_more_detail_is_more_complex() -> None:
    smooth, fine = noise(FEATURE_SIDE, 1), np.tile(noise(16, 1), (8, 8, 1))
    assert jpeg_complexity(np.full_like(smooth, 90)) < jpeg_complexity(smooth) < jpeg_complexity(fine)
    assert jpeg_complexity(fine) == pytest.approx(jpeg_complexity(fine[:, ::-1]), rel=0.1)
