"""The 95 % intervals hold the true value in 95 % of samples: fewer of the draws of benchmarks/interval_coverage.py."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ROWS = re.compile(r"^\| (\d+) \| (\d) \| ([^|]+) \| .* \| ([\d.]+)% \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    spec = importlib.util.spec_from_file_location("interval_coverage", BENCHMARKS / "interval_coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("n", "draws"), [(200, 160), (600, 40)])
@pytest.mark.parametrize("group", [1, 4])
def test_coverage(simulation: ModuleType, n: int, draws: int, group: int) -> None:
    for draw in (simulation.prediction_draw, simulation.retrieval_draw):
        for name, _, deviation, error, inside in simulation.coverage(draw, n, group, draws):
            if name.endswith("queries only"):
                # What the audit found: with the images as answers held fixed, intervals are far too narrow.
                assert error < 0.85 * deviation, name
            else:
                # So few samples tell the coverage to three or eight points; the printed table tells it to one.
                assert inside >= 0.95 - 3 * (0.95 * 0.05 / draws) ** 0.5, name
                assert error == pytest.approx(deviation, rel=0.08 + 3 / (2 * draws) ** 0.5), name


def test_the_printed_table_holds_about_95_percent() -> None:
    printed = (BENCHMARKS / "printed" / "interval_coverage.md").read_text(encoding="utf-8")
    rows = {(int(n), int(group), name): float(inside) for n, group, name, inside in ROWS.findall(printed)}
    both = {key: inside for key, inside in rows.items() if "queries only" not in key[2]}
    metrics = ("accuracy", "KL", "r", "NN", "P@10", "mAP", "nDCG@10")
    sizes = {(n, group) for n, group, _ in both}
    assert {(200, 1), (200, 4)} <= sizes
    # A thousand samples tell the coverage to 0.7 points.
    for key in ((n, group, name) for n, group in sizes for name in metrics if (n, group, name) in both):
        assert 93 <= both.pop(key) <= 97, key
    # Inside folds of 40 images, and of differences: a little farther.
    assert {name for _, _, name in both} == {
        *("NN in folds", "P@10 in folds", "mAP in folds"),
        *(f"{name}, difference" for name in metrics[3:]),
    }
    assert all(91.5 <= inside <= 98 for inside in both.values())
    assert max(inside for key, inside in rows.items() if "queries only" in key[2]) < 92
