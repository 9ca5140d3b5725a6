from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA

from emoir.datasets import ABSENT_CLASS, Table
from emoir.evaluate.contact_sheet import FRAME, GAP, GREY, RIGHT, SIDE, TITLE, WRONG, retrieval_sheet
from emoir.evaluate.plots import confusion, labels_of, principal_plane, reliability, save_plots, valence_arousal
from emoir.evaluate.predictions import Predictions
from emoir.evaluate.systems import SystemComparison, evaluate_systems
from tests.pictures import save_photos

N = 24


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> SystemComparison:
    random = np.random.default_rng(1)
    labels = np.arange(N) % 3
    table = Table(
        name="pictures",
        paths=save_photos(tmp_path_factory.mktemp("photos"), N),
        classes={"mood": np.where(np.arange(N) < 2, ABSENT_CLASS, labels)},
        class_names={"mood": ("calm", "glad", "wild")},
        valence=random.uniform(size=N),
        arousal=random.uniform(size=N),
    )
    p = 0.5 * np.eye(3)[labels] + 0.5 * random.dirichlet(np.ones(3), N)
    # The first class is brought together, the third torn apart.
    embeddings = np.eye(N)
    embeddings[labels == 0] = np.eye(N)[0]
    one = Predictions(
        name="one",
        known=np.ones(N, bool),
        probabilities={"mood": p},
        points=random.uniform(size=(N, 2)),
        embeddings=embeddings,
    )
    return evaluate_systems(
        table, [one, Predictions(name="two", known=np.ones(N, bool), probabilities={"mood": p[::-1]})]
    )


def test_every_plot_is_written(comparison: SystemComparison, tmp_path: Path) -> None:
    written = save_plots(comparison, tmp_path)
    names = ["confusion.png", "reliability.png", "precision_recall.png", "valence_arousal.png", "map.png"]
    assert [path.name for path in written] == names
    for path in written:
        assert Image.open(path).convert("L").getextrema() == (0, 255)


def test_confusion_counts_every_labelled_image(comparison: SystemComparison) -> None:
    figure = confusion(comparison)
    assert figure is not None
    predicted = comparison.systems[0].probabilities["mood"][2:].argmax(axis=1)
    counts = np.zeros((3, 3), int)
    for label, answer in zip(comparison.table.classes["mood"][2:], predicted, strict=True):
        counts[label, answer] += 1
    shown = [int(text.get_text()) for text in figure.axes[0].texts]
    assert shown == counts.ravel().tolist()


def test_reliability_and_points_draw_what_was_said(comparison: SystemComparison) -> None:
    drawn = reliability(comparison)
    assert drawn is not None
    labels = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]  # type: ignore[union-attr]
    assert [label.split(":")[0] for label in labels] == ["perfectly calibrated", "one", "two"]
    scatter = valence_arousal(comparison)
    assert scatter is not None
    points = np.asarray(scatter.axes[1].collections[0].get_offsets())
    assert comparison.systems[0].points is not None
    np.testing.assert_allclose(points[:, 1], comparison.systems[0].points[:, 1])
    assert comparison.table.arousal is not None
    np.testing.assert_allclose(points[:, 0], comparison.table.arousal)


def test_plots_that_labels_do_not_allow_are_left_out(tmp_path: Path) -> None:
    table = Table(name="t", paths=[Path("a"), Path("b")], valence=np.array([0.0, 1.0]), arousal=np.array([1.0, 0.0]))
    only_points = evaluate_systems(
        table, [Predictions(name="x", known=np.ones(2, bool), points=np.array([[0.2, 0.5], [0.8, 0.5]]))]
    )
    assert [path.name for path in save_plots(only_points, tmp_path)] == ["valence_arousal.png"]
    assert retrieval_sheet(only_points) is None


def test_a_distribution_counts_by_its_favourite() -> None:
    shares = np.array([[0.2, 0.8], [np.nan, np.nan], [0.5, 0.5]])
    found = labels_of(
        Table(
            name="t",
            paths=[Path("a"), Path("b"), Path("tie")],
            distributions={"mood": shares},
            class_names={"mood": ("a", "b")},
        )
    )
    assert found is not None
    assert (found[0], found[1].tolist()) == ("mood", [1, ABSENT_CLASS, ABSENT_CLASS])


def test_principal_plane_is_that_of_scikit_learn() -> None:
    values = np.random.default_rng(0).normal(size=(30, 5)) * [3, 2, 1, 1, 0.5]
    coordinates, shares = principal_plane(values)
    pca = PCA(2).fit(values)
    np.testing.assert_allclose(abs(coordinates), abs(pca.transform(values)), atol=1e-9)
    np.testing.assert_allclose(shares, pca.explained_variance_ratio_)
    assert all(column[abs(column).argmax()] > 0 for column in coordinates.T)
    line, share = principal_plane(np.array([[1.0], [2.0]]))
    assert (line[:, 1].tolist(), share[1]) == ([0, 0], 0)


def test_the_sheet_frames_right_and_wrong_answers(comparison: SystemComparison) -> None:
    sheet = retrieval_sheet(comparison)
    assert sheet is not None

    def frame(row: int, column: int, part: int = 0, rows: int = 3) -> tuple[int, ...]:
        top = GAP + TITLE + row * (SIDE + GAP + 18) + part * (TITLE + rows * (SIDE + GAP + 18))
        left = GAP + column * (SIDE + GAP) + (GAP if column else 0)
        return sheet.getpixel((left - FRAME + 1, top + SIDE // 2))  # type: ignore[return-value]

    # Best first: the class whose embeddings coincide; its six first answers are of it.
    assert frame(0, 0) == GREY
    assert [frame(0, column) for column in range(1, 7)] == [RIGHT] * 6
    assert WRONG in [frame(0, column, part=1) for column in range(1, 7)]
