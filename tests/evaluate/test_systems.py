from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import Table
from emoir.errors import DatasetError
from emoir.evaluate.formats import FORMATS, predictions_csv, table_cells
from emoir.evaluate.predictions import Predictions, read_predictions
from emoir.evaluate.systems import SystemComparison, evaluate_systems

N = 40
LABELS = np.arange(N) % 2
TABLE = Table(
    name="a_b & c",
    paths=[Path(f"/x/{row}.jpg") for row in range(N)],
    classes={"mood": LABELS},
    class_names={"mood": ("calm", "wild")},
    valence=np.linspace(0, 1, N),
    arousal=np.linspace(0, 1, N) ** 2,
)
GOOD = np.where(LABELS[:, None] == [0, 1], 0.8, 0.2)


def system(name: str, p: np.ndarray, known: np.ndarray | None = None, points: bool = True) -> Predictions:
    at = np.stack([np.linspace(0, 1, N), np.linspace(0, 1, N)], axis=1)
    return Predictions(
        name=name,
        known=np.ones(N, bool) if known is None else known,
        probabilities={"mood": p},
        points=at if points else None,
    )


@pytest.fixture(scope="module")
def comparison() -> SystemComparison:
    worse = GOOD.copy()
    worse[:12] = 1 - worse[:12]
    embeddings = Predictions(name="only.npy", known=np.ones(N, bool), embeddings=np.eye(2)[LABELS])
    return evaluate_systems(TABLE, [system("worse", worse), system("good_one", GOOD, points=False), embeddings])


def test_side_by_side(comparison: SystemComparison) -> None:
    lines = {str(row.key): row for row in comparison.rows}
    top = lines["mood: top-1"]
    assert [None if value is None else str(value)[:4] for value in top.values] == [".700", "1.00", None]
    gap = top.differences[0]
    assert gap is not None
    assert gap.value == pytest.approx(-0.3)
    assert gap.high < 0
    assert (top.outcome(1), top.outcome(2)) == ("worse", "")
    # A larger loss is worse as well.
    assert not lines["mood: NLL"].metric.higher_is_better
    assert lines["mood: NLL"].outcome(1) == "worse"
    assert lines["valence: r"].values[1] is None
    assert lines["mood: mAP (b)"].values[:2] == (None, None)


def test_only_images_that_all_know() -> None:
    known = np.arange(N) >= 10
    found = evaluate_systems(TABLE, [system("a", GOOD), system("a", GOOD, known)])
    assert (len(found.table), found.left_out) == (30, 10)
    assert [one.name for one in found.systems] == ["a", "a (2)"]
    assert {line.images for line in found.rows} == {30}
    same = next(line for line in found.rows if str(line.key) == "mood: NLL")
    assert same.outcome(1) == "not shown"
    with pytest.raises(DatasetError, match="no image for which all"):
        evaluate_systems(TABLE, [system("a", GOOD, known), system("b", GOOD, ~known)])


def test_nothing_in_common() -> None:
    with pytest.raises(DatasetError, match=r"its labels \(mood\) and what is said .* have nothing in common"):
        evaluate_systems(TABLE, [Predictions(name="x", known=np.ones(N, bool))])


def test_every_format_holds_the_same_numbers(comparison: SystemComparison) -> None:
    header, rows = table_cells(comparison)
    # Nothing of the embeddings can be compared with the first system: no column of dashes.
    assert header[3:] == ["worse [95 %]", "good_one [95 %]", "only.npy [95 %]", "worse minus good_one [95 %]"]
    text = FORMATS["table"](comparison).splitlines()
    assert len(text) == len(rows) + 1
    assert text[0].startswith("metric")
    markdown = FORMATS["markdown"](comparison).splitlines()
    assert markdown[1] == "| " + " | ".join(["---"] * len(header)) + " |"
    assert [cell.strip() for cell in markdown[2].strip("|").split("|")] == rows[0]
    record = json.loads(FORMATS["json"](comparison))
    top = next(each for each in record["metrics"] if (each["space"], each["metric"]) == ("mood", "top-1"))
    assert top["values"]["worse"]["value"] == pytest.approx(0.7)
    assert top["values"]["only.npy"] is None
    assert top["differences"]["good_one"]["outcome"] == "worse"
    table = list(csv.DictReader(io.StringIO(FORMATS["csv"](comparison))))
    row = next(
        row for row in table if (row["space"], row["metric"]) == ("mood", "top-1") and row["system"] == "good_one"
    )
    assert [float(row["value"]), float(row["difference"])] == pytest.approx([1, -0.3])
    assert row["outcome"] == "worse"
    assert len(table) == 3 * len(rows)


def test_latex_can_be_set(comparison: SystemComparison) -> None:
    lines = FORMATS["latex"](comparison).splitlines()
    assert lines[0] == r"\begin{tabular}{lrlllll}"
    assert lines[-1] == r"\end{tabular}"
    body = lines[2:-2]
    assert all(line.count(" & ") == 6 for line in body if line != r"\midrule")
    assert r"good\_one [95 \%]" in lines[2]
    assert any(r"NLL $\downarrow$" in line for line in body)


def test_predictions_come_back(comparison: SystemComparison, tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"
    file.write_text(predictions_csv(comparison), encoding="utf-8")
    back = read_predictions(file, TABLE)
    assert back.known.all()
    np.testing.assert_allclose(back.probabilities["mood"], comparison.systems[0].probabilities["mood"], atol=1e-6)
    assert back.points is not None
    assert comparison.systems[0].points is not None
    np.testing.assert_allclose(back.points, comparison.systems[0].points, atol=1e-6)
