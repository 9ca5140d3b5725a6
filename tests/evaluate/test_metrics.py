from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import ABSENT_CLASS, Table
from emoir.emotions.spaces import MIKELS
from emoir.evaluate import Estimate, bootstrap_mean
from emoir.evaluate import metrics as module
from emoir.evaluate.metrics import MetricResult, classification, compute_metrics, difference, headline, retrieval_rows
from emoir.evaluate.out_of_fold import OutOfFold

RANDOM = np.random.default_rng(5)
N = 60
LABELS = np.arange(N) % 8
SHARES = RANDOM.dirichlet(np.full(8, 0.4), N)
VALENCE = RANDOM.uniform(size=N)


def table(**changes: object) -> Table:
    columns: dict[str, object] = {
        "classes": {"mikels": LABELS},
        "class_names": {"mikels": MIKELS.names},
        "valence": VALENCE,
        "arousal": VALENCE[::-1],
    }
    return Table("t", [Path(f"{row}.jpg") for row in range(N)], **{**columns, **changes})  # type: ignore[arg-type]


def said(probabilities: np.ndarray | None = None, **changes: object) -> OutOfFold:
    columns: dict[str, object] = {"points": np.stack([VALENCE, VALENCE[::-1]], axis=1), "embeddings": np.eye(8)[LABELS]}
    spaces = {} if probabilities is None else {"mikels": probabilities}
    return OutOfFold(("",) * N, np.zeros(N, np.int64), spaces, **{**columns, **changes})  # type: ignore[arg-type]


@cache
def lines_of_shares() -> dict[str, MetricResult]:
    return {line.measure: line for line in compute_metrics(table(distributions={"mikels": SHARES}), said(SHARES))}


def values(lines: list[MetricResult]) -> dict[str, float]:
    return {line.measure: line.estimate.value for line in lines if isinstance(line.estimate, Estimate)}


def test_a_system_that_knows_everything() -> None:
    found = values(compute_metrics(table(), said(np.eye(8)[LABELS])))
    best = ("top-1 (micro)", "polarity accuracy", "1 - wheel steps / 4", "NN (a)", "mAP (a)", "mAP (b)")
    assert [found[f"mikels: {name}"] for name in best] == [1] * 6
    # Seven or eight images a class: ten answers cannot all be right.
    assert found["mikels: P@10 (a)"] == pytest.approx((4 * 8 * 7 + 4 * 7 * 6) / 10 / N)
    assert found["valence: r"] == pytest.approx(1)
    assert found["arousal: RMSE"] == 0
    assert found["mikels: Brier"] == 0


def test_classes_and_distributions_of_one_space_stand_beside_each_other() -> None:
    found = values(list(lines_of_shares().values()))
    assert found["mikels: KL"] == pytest.approx(0, abs=1e-6)
    assert found["mikels: top-1 of the raters"] == 1
    assert "mikels: top-1 (micro)" in found


def test_the_order_of_the_classes_does_not_matter() -> None:
    order = np.random.default_rng(5).permutation(8)
    labels = np.where(np.arange(N) < 5, ABSENT_CLASS, LABELS)
    moved = np.where(np.arange(N) < 5, ABSENT_CLASS, np.argsort(order)[LABELS])
    names = {"mikels": tuple(np.array(MIKELS.names)[order].tolist())}
    expected = values(compute_metrics(table(classes={"mikels": labels}), said(SHARES)))
    found = values(compute_metrics(table(classes={"mikels": moved}, class_names=names), said(SHARES[:, order])))
    assert found == pytest.approx(expected)


def test_embeddings_alone_are_judged_by_what_they_bring_together() -> None:
    found = values(compute_metrics(table(valence=None, arousal=None), said(points=None)))
    assert list(found) == ["mikels: P@10 (b)", "mikels: mAP (b)"]
    assert found["mikels: mAP (b)"] == 1


def test_absent_labels_are_left_out() -> None:
    labels = np.where(np.arange(N) < 20, ABSENT_CLASS, LABELS)
    valence = np.where(np.arange(N) < 15, np.nan, VALENCE)
    lines = compute_metrics(table(classes={"mikels": labels}, valence=valence), said(np.full((N, 8), 1 / 8)))
    counts = {line.measure: line.images for line in lines}
    assert counts["mikels: NLL"] == counts["mikels: mAP (b)"] == 40
    assert (counts["valence: r"], counts["arousal: r"]) == (45, 60)
    nothing = table(classes={"mikels": np.full(N, ABSENT_CLASS)}, valence=np.full(N, np.nan))
    assert {line.measure.split(":")[0] for line in compute_metrics(nothing, said(SHARES))} == {"arousal"}


def test_rows_without_a_group_are_on_their_own() -> None:
    alone = compute_metrics(table(group=np.full(N, "")), said())
    together = compute_metrics(
        table(group=np.repeat(["a", "b", "c"], 20)), said(points=np.stack([SHARES[:, 0]] * 2, axis=1))
    )
    plain = compute_metrics(table(), said())
    assert [line.estimate for line in alone] == [line.estimate for line in plain]
    assert len(np.unique(alone[-1].groups if alone[-1].groups is not None else [])) == N
    assert set(together[-1].groups if together[-1].groups is not None else []) == {"a", "b", "c"}


def test_images_of_a_group_are_drawn_together() -> None:
    # Twins: five times the same twelve images, so that there are twelve independent ones.
    favourites = SHARES[:12].argmax(axis=1)
    some_right = np.where(np.arange(12) % 2, favourites, favourites[0])
    labels, shares = np.tile(some_right, 5), np.tile(SHARES[:12], (5, 1))
    seen = shares / np.linalg.norm(shares, axis=1, keepdims=True)
    twins = np.tile(list("abcdefghijkl"), 5)
    apart, together = (
        {
            line.measure: line
            for line in compute_metrics(table(classes={"mikels": labels}, group=group), said(shares, embeddings=seen))
        }
        for group in (None, twins)
    )
    for measure in ("top-1 (micro)", "NLL", "P@10 (a)", "mAP (b)"):
        wide, narrow = together[f"mikels: {measure}"].estimate, apart[f"mikels: {measure}"].estimate
        assert isinstance(wide, Estimate)
        assert isinstance(narrow, Estimate)
        assert wide.value == narrow.value
        assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low) > 0, measure


def test_differences_are_paired() -> None:
    noisy = 0.7 * np.eye(8)[LABELS] + 0.3 * SHARES
    first = {line.measure: line for line in compute_metrics(table(), said(noisy))}
    second = lines_of_shares()
    right = [(p.argmax(axis=1) == LABELS).astype(float) for p in (noisy, SHARES)]
    name = "mikels: top-1 (micro)"
    assert difference(first[name], second[name]) == bootstrap_mean(right[0] - right[1])
    assert difference(first[name], first[name]) == Estimate(0, 0, 0)
    assert difference(first["mikels: ECE"], second["mikels: ECE"]) is None
    fewer = classification("mikels", SHARES, np.where(LABELS == 0, ABSENT_CLASS, LABELS))
    assert difference(first[name], fewer[0]) is None


def test_many_images_rank_a_sample_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRIEVAL_IMAGES", 25)
    rows = retrieval_rows(LABELS)
    assert len(rows) == len(set(rows.tolist())) == 25
    assert np.array_equal(rows, retrieval_rows(LABELS))
    counts = {line.measure: line.images for line in compute_metrics(table(), said(SHARES))}
    assert (counts["mikels: mAP (a)"], counts["mikels: mAP (b)"], counts["mikels: NLL"]) == (25, 25, 60)


def test_which_way_is_better_and_what_the_headline_shows() -> None:
    lower = {measure for measure, line in lines_of_shares().items() if line.lower_is_better}
    assert {"mikels: NLL", "mikels: KL", "valence: RMSE", "mikels: ECE"} <= lower
    assert not lower & {"mikels: cosine", "valence: r", "mikels: mAP (a)", "mikels: top-1 of the raters"}
    shown = headline(table(), said(SHARES))
    assert list(shown) == ["mikels: top-1 (micro)", "mikels: P@10 (a)", "mikels: mAP (a)", "valence: r", "arousal: r"]
