from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import ABSENT_CLASS, Table
from emoir.emotions.spaces import MIKELS
from emoir.evaluate import compute as module
from emoir.evaluate import mean_interval
from emoir.evaluate.compute import compute_metrics, headline, retrieval_rows
from emoir.evaluate.distributions import DISTRIBUTION_MEASURES
from emoir.evaluate.metric import Baseline, MetricKey
from emoir.evaluate.metrics import METRICS
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.results import MetricResult, average_results, difference, outcome

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
    return Table(name="t", paths=[Path(f"{row}.jpg") for row in range(N)], **{**columns, **changes})  # type: ignore[arg-type]


def predictions(probabilities: np.ndarray | None = None, **changes: object) -> OutOfFold:
    columns: dict[str, object] = {
        "folds": np.zeros(N, np.int64),
        "points": np.stack([VALENCE, VALENCE[::-1]], axis=1),
        "embeddings": np.eye(8)[LABELS],
    }
    spaces = {} if probabilities is None else {"mikels": probabilities}
    return OutOfFold(digests=("",) * N, probabilities=spaces, **{**columns, **changes})  # type: ignore[arg-type]


@cache
def results_of_shares() -> dict[str, MetricResult]:
    return by_name(compute_metrics(table(distributions={"mikels": SHARES}), predictions(SHARES)))


def by_name(results: list[MetricResult]) -> dict[str, MetricResult]:
    return {str(result.key): result for result in results}


def values(results: list[MetricResult]) -> dict[str, float]:
    return {str(result.key): result.value for result in results}


def test_a_system_that_knows_everything() -> None:
    found = values(compute_metrics(table(), predictions(np.eye(8)[LABELS])))
    best = ("top-1", "polarity accuracy", "1 - wheel steps / 4", "NN (a)", "mAP (a)", "mAP (b)")
    assert [found[f"mikels: {name}"] for name in best] == [1] * 6
    # Seven or eight images a class: ten answers cannot all be right.
    assert found["mikels: P@10 (a)"] == pytest.approx((4 * 8 * 7 + 4 * 7 * 6) / 10 / N)
    assert found["valence: r"] == pytest.approx(1)
    assert found["arousal: RMSE"] == 0
    assert found["mikels: Brier"] == 0


def test_classes_and_distributions_of_one_space_stand_beside_each_other() -> None:
    found = values(list(results_of_shares().values()))
    assert found["mikels: KL"] == pytest.approx(0, abs=1e-6)
    assert found["mikels: top-1 of the raters"] == 1
    assert "mikels: top-1" in found


def test_every_result_is_the_mean_or_the_statistic_of_the_plain_functions() -> None:
    found = results_of_shares()
    for name, measure in DISTRIBUTION_MEASURES.items():
        assert found[f"mikels: {name}"].value == measure(SHARES, SHARES).mean()
    right = (SHARES.argmax(axis=1) == LABELS).astype(float)
    assert found["mikels: top-1"].estimate == mean_interval(right)


def test_the_order_of_the_classes_does_not_matter() -> None:
    order = np.random.default_rng(5).permutation(8)
    labels = np.where(np.arange(N) < 5, ABSENT_CLASS, LABELS)
    moved = np.where(np.arange(N) < 5, ABSENT_CLASS, np.argsort(order)[LABELS])
    names = {"mikels": tuple(np.array(MIKELS.names)[order].tolist())}
    expected = values(compute_metrics(table(classes={"mikels": labels}), predictions(SHARES)))
    found = values(compute_metrics(table(classes={"mikels": moved}, class_names=names), predictions(SHARES[:, order])))
    assert found == pytest.approx(expected)


def test_a_folder_may_be_called_anything() -> None:
    # A colon in a name once decided which way is better.
    space = "2019: Rome"
    data = table(classes={space: LABELS}, class_names={space: MIKELS.names})
    good, bad = np.eye(8)[LABELS] * 0.6 + 0.05, np.full((N, 8), 1 / 8)
    first, second = (
        {
            result.key: result
            for result in compute_metrics(
                data, OutOfFold(digests=("",) * N, folds=np.zeros(N, np.int64), probabilities={space: shares})
            )
        }
        for shares in (good, bad)
    )
    key = MetricKey(space, "NLL")
    assert str(key) == "2019: Rome: NLL"
    gap = difference(first[key], second[key])
    assert gap is not None
    assert gap.value < 0
    assert outcome(first[key].metric, gap) == "better"


def test_embeddings_alone_are_evaluated_by_retrieval() -> None:
    found = values(compute_metrics(table(valence=None, arousal=None), predictions(points=None)))
    expected = ["NN (b)", "P@10 (b)", "mAP (b)", "nDCG@10, gain by wheel steps (b)"]
    assert list(found) == [f"mikels: {name}" for name in expected]
    assert found["mikels: mAP (b)"] == 1


def test_inside_folds_every_image_counts_once() -> None:
    folds = np.arange(N) // 30
    seen = np.random.default_rng(2).normal(size=(N, 4))
    found = by_name(compute_metrics(table(), predictions(embeddings=seen, folds=folds)))["mikels: P@10 (b)"]
    alone = [
        by_name(
            compute_metrics(
                table().take(np.flatnonzero(folds == fold)),
                OutOfFold(digests=("",) * 30, folds=np.zeros(30, np.int64), embeddings=seen[folds == fold]),
            )
        )["mikels: P@10 (b)"]
        for fold in (0, 1)
    ]
    assert found.value == pytest.approx(np.mean([one.value for one in alone]))
    assert found.images == N
    assert found.influence is not None
    errors = [one.estimate.error for one in alone if one.estimate is not None]
    assert found.influence.estimate().error == pytest.approx(np.sqrt(sum(error**2 for error in errors)) / 2, rel=0.05)


def test_absent_labels_are_left_out() -> None:
    labels = np.where(np.arange(N) < 20, ABSENT_CLASS, LABELS)
    valence = np.where(np.arange(N) < 15, np.nan, VALENCE)
    results = compute_metrics(table(classes={"mikels": labels}, valence=valence), predictions(np.full((N, 8), 1 / 8)))
    counts = {str(result.key): result.images for result in results}
    assert counts["mikels: NLL"] == counts["mikels: mAP (b)"] == 40
    assert (counts["valence: r"], counts["arousal: r"]) == (45, 60)
    nothing = table(classes={"mikels": np.full(N, ABSENT_CLASS)}, valence=np.full(N, np.nan))
    assert {result.key.space for result in compute_metrics(nothing, predictions(SHARES))} == {"arousal"}


def test_rows_without_a_group_are_on_their_own() -> None:
    alone = compute_metrics(table(group=np.full(N, "")), predictions())
    plain = compute_metrics(table(), predictions())
    assert [str(result) for result in alone] == [str(result) for result in plain]
    together = compute_metrics(table(group=np.repeat(["a", "b", "c"], 20)), predictions())[-1].influence
    assert together is not None
    assert together.groups is not None
    assert set(together.groups.tolist()) == {"a", "b", "c"}


def test_images_of_a_group_count_as_one() -> None:
    # Twins: five times the same twelve images, so that there are twelve independent ones.
    favourites = SHARES[:12].argmax(axis=1)
    some_right = np.where(np.arange(12) % 2, favourites, favourites[0])
    labels, shares = np.tile(some_right, 5), np.tile(SHARES[:12], (5, 1))
    seen = shares / np.linalg.norm(shares, axis=1, keepdims=True)
    twins = np.tile(list("abcdefghijkl"), 5)
    apart, together = (
        by_name(compute_metrics(table(classes={"mikels": labels}, group=group), predictions(shares, embeddings=seen)))
        for group in (None, twins)
    )
    for metric in ("top-1", "NLL", "mAP (b)"):
        wide, narrow = together[f"mikels: {metric}"].estimate, apart[f"mikels: {metric}"].estimate
        assert wide is not None
        assert narrow is not None
        assert wide.value == narrow.value
        assert wide.error > 1.5 * narrow.error > 0, metric


def test_differences_are_paired() -> None:
    noisy = 0.7 * np.eye(8)[LABELS] + 0.3 * SHARES
    first = by_name(compute_metrics(table(), predictions(noisy)))
    second = results_of_shares()
    right = [(p.argmax(axis=1) == LABELS).astype(float) for p in (noisy, SHARES)]
    name = "mikels: top-1"
    gap, expected = difference(first[name], second[name]), mean_interval(right[0] - right[1])
    assert gap is not None
    assert (gap.value, gap.low, gap.high) == pytest.approx((expected.value, expected.low, expected.high))
    same = difference(first[name], first[name])
    assert same is not None
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert outcome(first[name].metric, same) == "not shown"
    assert difference(first["mikels: ECE"], second["mikels: ECE"]) is None
    fewer = table(classes={"mikels": np.where(LABELS == 0, ABSENT_CLASS, LABELS)})
    assert difference(first[name], by_name(compute_metrics(fewer, predictions(SHARES)))[name]) is None


def test_runs_widen_the_interval() -> None:
    runs = [
        by_name(compute_metrics(table(), predictions(RANDOM.dirichlet(np.ones(8), N))))["mikels: NLL"] for _ in "abc"
    ]
    runs[1] = by_name(compute_metrics(table(), predictions(np.eye(8)[LABELS])))["mikels: NLL"]
    mean = average_results(runs)
    assert mean.value == pytest.approx(np.mean([run.value for run in runs]))
    assert mean.estimate is not None
    assert runs[0].estimate is not None
    assert mean.estimate.error > 2 * runs[0].estimate.error
    assert mean.over is not None
    assert mean.over(np.arange(N)) == pytest.approx(mean.value)


def test_many_images_rank_a_sample_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRIEVAL_IMAGES", 25)
    rows = retrieval_rows(LABELS)
    assert len(rows) == len(set(rows.tolist())) == 25
    assert np.array_equal(rows, retrieval_rows(LABELS))
    counts = {str(result.key): result.images for result in compute_metrics(table(), predictions(SHARES))}
    assert (counts["mikels: mAP (a)"], counts["mikels: mAP (b)"], counts["mikels: NLL"]) == (25, 25, 60)


def test_baselines_come_from_the_data() -> None:
    # Three of four images are contentment: naming it always is right for these, and one side of the wheel as often.
    labels = np.where(np.arange(N) % 4, MIKELS.names.index("contentment"), MIKELS.names.index("fear"))
    found = by_name(compute_metrics(table(classes={"mikels": labels}), predictions(SHARES)))
    assert found["mikels: top-1"].baseline == Baseline(0.75, "majority")
    assert found["mikels: polarity accuracy"].baseline == Baseline(0.75, "majority")
    # Fear is four steps from contentment: 0.
    assert found["mikels: 1 - wheel steps / 4"].baseline == Baseline(0.75, "best constant")
    assert str(found["mikels: ECE"].baseline).startswith("band of a calibrated model 0.")


def test_a_tie_of_the_raters_counts_for_each_favourite() -> None:
    tied = np.tile([0.5, 0.5, 0, 0, 0, 0, 0, 0], (N, 1))
    data = table(classes={}, distributions={"mikels": tied})
    for named in (0, 1, 2):
        found = by_name(compute_metrics(data, predictions(np.eye(8)[np.full(N, named)])))
        assert found["mikels: top-1 of the raters"].value == (named < 2)
        assert found["mikels: top-1 of the raters"].baseline.value == 1


def test_which_way_is_better_and_what_the_headline_shows() -> None:
    lower = {metric.name for metric in METRICS if not metric.higher_is_better}
    assert lower == {"NLL", "Brier", "ECE", "KL", "Chebyshev", "Clark", "Canberra", "RMSE"}
    shown = headline(table(), predictions(SHARES))
    assert list(map(str, shown)) == [
        *("mikels: top-1", "mikels: P@10 (a)", "mikels: mAP (a)", "valence: r", "arousal: r"),
    ]


def test_the_page_on_adding_a_metric_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "add-a-metric.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(code.splitlines()) <= 60
    exec(code, {"__name__": "page"})
    printed = capsys.readouterr().out
    line = r"^mood: MRR \(a\): \.\d{3} \[\.\d{3}, .*\], by guessing 0\.\d{3} random order$"
    assert re.search(line, printed, re.MULTILINE)
