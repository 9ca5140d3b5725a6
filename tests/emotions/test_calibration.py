from __future__ import annotations

import numpy as np
import pytest

from emoir.emotions.calibration import GRID, ScoreCurve


@pytest.mark.parametrize("seed", range(5))
def test_a_curve_read_off_its_grid_is_the_curve(seed: int) -> None:
    random = np.random.default_rng(seed)
    knots, values = np.sort(random.random(30)), np.sort(random.random(30))
    curve = ScoreCurve(0.1, tuple(knots.tolist()), tuple(values.tolist()))
    products = np.sort(np.concatenate([random.random(20_000), [0.0, 1.0, -1e-7, 1 + 1e-7]])).astype(np.float32)
    exact = np.interp(products, knots, values)
    # Between two points of the grid the curve moves by no more than its rise there.
    steps = np.interp(np.linspace(knots[0], knots[-1], GRID + 1), knots, values)
    cells = ((products - knots[0]) / (knots[-1] - knots[0]) * GRID).astype(int)
    # In single precision a product may fall into the cell beside.
    rise = np.max([np.diff(steps)[(cells + one).clip(0, GRID - 1)] for one in (-1, 0, 1)], axis=0)
    assert (np.abs(curve(products) - exact) <= rise + 1e-6).all()
    assert (np.diff(curve(products)) >= -1e-7).all()


def test_the_ends_and_the_knots_on_the_grid_are_exact() -> None:
    curve = ScoreCurve(0.1, (0.25, 0.5, 0.75), (0.125, 0.25, 1.0))
    asked = np.array([-1.0, 0.0, 0.25, 0.5, 0.625, 0.75, 1.0, 2.0], np.float32)
    assert curve(asked).tolist() == [0.125, 0.125, 0.125, 0.25, 0.625, 1.0, 1.0, 1.0]
    assert curve(np.empty(0, np.float32)).shape == (0,)
