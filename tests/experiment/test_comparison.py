"""A comparison in small: every row runs, a stopped one goes on, the tables hold what the pieces say."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score

from emoir.datasets import ABSENT_CLASS, Table, read_dataset
from emoir.datasets.splits import Folds, make_folds
from emoir.errors import DatasetError, TrainingError
from emoir.evaluate import holm, mean_interval
from emoir.evaluate.classification import right_at
from emoir.evaluate.metric import Baseline
from emoir.evaluate.results import MetricResult, difference
from emoir.experiment.comparison import join_predictions, variant_result
from emoir.experiment.data import ExperimentData, with_classes
from emoir.experiment.results import FoldResult, RunKey, read_results, write_results
from emoir.experiment.runs import FoldRun, run_fold
from emoir.experiment.tables import write_report
from emoir.experiment.variants import ExperimentProtocol, ModelVariant, build_network
from emoir.networks import AlexNet, EmotionNet
from paper_comparison import HEADLINES, VARIANTS, plan_runs
from tests.training.test_fine_tune import save_colours

TINY = ExperimentProtocol(epochs=2, batch=8, width=8, blocks=(1, 1))
RGB, BOTH = VARIANTS[2], VARIANTS[5]
RATINGS = ("valence r", "arousal r")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ExperimentData:
    folder = tmp_path_factory.mktemp("data")
    table = read_dataset(save_colours(folder / "temperature", 40))
    return ExperimentData(table=table, folds=make_folds(table, count=2), cache=folder / "cache")


def read(folder: Path) -> dict[RunKey, FoldResult]:
    return read_results(sorted(folder.glob("*.npz")))


def value_of(metric: MetricResult) -> float:
    assert metric.estimate is not None
    return metric.value


def test_all_rows_are_there_and_headlines_have_every_seed() -> None:
    names = [variant.name for variant in VARIANTS]
    assert names[0] == "original"
    assert names[-1].endswith("distilled")
    todo = plan_runs(VARIANTS, 5, (0, 1, 2))
    assert len(todo) == 5 * (len(VARIANTS) + 2 * 4)
    assert {run.variant.name for run in todo if run.seed} == {
        row for title, *pair in HEADLINES if title.startswith(("(1)", "(2)")) for row in pair
    }
    assert len({run.file for run in todo}) == len(todo)


def test_what_each_row_sees() -> None:
    heads = {"mood": 3}
    assert isinstance(build_network(VARIANTS[0], TINY, heads, None), AlexNet)
    for variant in VARIANTS[2:6]:
        network = build_network(variant, TINY, heads, None)
        assert isinstance(network, EmotionNet)
        assert network.config.planes == variant.planes
        assert "srgb" in variant.planes
    with pytest.raises(TrainingError, match="name the weights"):
        build_network(VARIANTS[6], TINY, heads, None)
    assert TINY.training(VARIANTS[0], 0).published
    assert not TINY.training(VARIANTS[1], 0).published
    assert len({TINY.training(variant, 0).epochs for variant in VARIANTS}) == 1


def test_runs_become_tables(data: ExperimentData, tmp_path: Path) -> None:
    table, folds = data.table, data.folds
    for run in plan_runs([RGB, BOTH], 2, (0,)):
        run_fold(run, data, TINY, tmp_path)
    results = read(tmp_path)
    lines = [variant_result(row, table, folds, results, (0,)) for row in (RGB, BOTH)]
    first, second = (line for line in lines if line is not None)
    predicted = np.zeros((40, 2))
    for fold in range(2):
        result = results[RunKey(RGB.name, fold, 0)]
        assert result.rows.tolist() == folds.test_rows(fold).tolist()
        predicted[result.rows] = result.predictions["temperature"]
    right = right_at(np.exp(predicted), table.classes["temperature"])
    assert first.metrics["top-1"].estimate == mean_interval(right.astype(float))
    assert first.metrics["top-1"].baseline == Baseline(0.5, "majority")
    learnt = results[RunKey(RGB.name, 0, 0)].curve
    assert learnt["epoch"].tolist() == [1, 2], "of a short run every one"
    assert {"test top-1 (temperature)", "train top-1 (temperature)", "test NLL (temperature)"} <= set(learnt)
    assert "difference" not in write_report([first], table, folds, tmp_path, pairs=HEADLINES, notes="in small")
    once = [{name: values[-1:] for name, values in learnt.items()}]
    text = write_report(
        [replace(line, curves=once) for line in (first, second)],
        table,
        folds,
        tmp_path,
        pairs=HEADLINES,
        notes="in small",
    )
    gap = difference(second.metrics["top-1"], first.metrics["top-1"])
    assert f"| (2) colour + texture minus RGB, same network | {gap} |" in text
    with (tmp_path / "comparison.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["row"] for row in rows] == [RGB.name, BOTH.name, "by guessing"]
    # One of 19 others of the class among 39 in all, or of 9 among 19 inside a fold.
    assert (rows[2]["P@10 (a)"], rows[2]["P@10 (b)"]) == ("0.487 chance", "0.474 chance")
    assert json.loads((tmp_path / "comparison.json").read_text())[0]["seeds"] == "1"
    assert "at equal top-1" not in text, "one measured epoch has no range in common"
    rise = {name: np.linspace(0.2, 0.9, 5) for name in learnt} | {"epoch": np.arange(1.0, 6)}
    lower = {name: values / 2 if name.startswith("test") else values for name, values in rise.items()}
    high, low = replace(second, curves=[rise, rise]), replace(first, curves=[lower, lower])
    apart = write_report([low, high], table, folds, tmp_path, pairs=HEADLINES, notes="in small")
    assert (
        "| (2) colour + texture minus RGB, same network | 0.200 to 0.900 | 0.275 | 0.100 | 0.275 to 0.275 (2) |"
        in apart
    )
    assert f"| {BOTH.name} | 0.900 | 5 | 0.900 | 0.200 | 1 | 0.900 |" in apart, "all measures rise here"
    assert (tmp_path / "curves.csv").read_text(encoding="utf-8").count(BOTH.name) == 5
    assert (tmp_path / "comparison.png").stat().st_size > 5_000


def test_the_rows_of_the_claims_run_first() -> None:
    order = [run.variant.name for run in plan_runs(VARIANTS, 1, (0, 1))]
    assert order == [
        "original",
        "original + our recipe",
        "ours, RGB",
        "ours, colour + texture",
        "ours, colour + texture, distilled",
        "ours, colour",
        "ours, texture",
        "original",
        "original + our recipe",
        "ours, RGB",
        "ours, colour + texture",
    ]


def test_a_stopped_run_goes_on_and_a_finished_one_is_left_alone(data: ExperimentData, tmp_path: Path) -> None:
    run = FoldRun(BOTH, 0, 0)

    def stop(step: int, steps: int, loss: float) -> None:
        if step > steps // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_fold(run, data, TINY, tmp_path / "cut", report=stop)
    assert not list((tmp_path / "cut").glob("*.npz"))
    run_fold(run, data, TINY, tmp_path / "cut")
    run_fold(run, data, TINY, tmp_path / "whole")
    cut, whole = (read(tmp_path / name)[run.key].predictions["temperature"] for name in ("cut", "whole"))
    np.testing.assert_array_equal(cut, whole)
    run_fold(run, data, TINY, tmp_path / "cut", report=stop)


def test_a_finished_run_of_another_experiment_is_refused(data: ExperimentData, tmp_path: Path) -> None:
    table, folds = data.table, data.folds
    run = FoldRun(RGB, 0, 0)
    run_fold(run, data, TINY, tmp_path)
    corrected = replace(table, classes={space: 1 - labels for space, labels in table.classes.items()})
    with pytest.raises(TrainingError, match=r"seed0\.npz is of another experiment \(labels \w+, not \w+\).*--out"):
        run_fold(run, replace(data, table=corrected), TINY, tmp_path)
    renamed = replace(table, class_names={space: ("x", "y") for space in table.class_names})
    with pytest.raises(DatasetError, match=r"temperature has the classes .* give one of them another --space"):
        run_fold(FoldRun(RGB, 1, 0), replace(data, extra=renamed), TINY, tmp_path)
    with pytest.raises(TrainingError, match=r"seed0\.npz is of another experiment \(epochs 2, not 3\).*--out"):
        run_fold(run, data, replace(TINY, epochs=3), tmp_path)
    moved = Folds(folds.name, folds.digests, 1 - folds.folds, folds.seed)
    with pytest.raises(TrainingError, match="images and folds"):
        run_fold(run, replace(data, folds=moved), TINY, tmp_path)
    with pytest.raises(TrainingError, match=r"besides None, not temperature \(40\)"):
        run_fold(run, replace(data, extra=table), TINY, tmp_path)


def test_votes_become_classes_and_ties_have_none() -> None:
    shares = np.array([[0.6, 0.4], [0.5, 0.5], [0.1, 0.9], [np.nan, np.nan]])
    paths = [Path(f"{row}.jpg") for row in range(4)]
    voted = Table(name="voted", paths=paths, distributions={"mood": shares}, class_names={"mood": ("glad", "sad")})
    assert with_classes(voted).classes["mood"].tolist() == [0, ABSENT_CLASS, 1, ABSENT_CLASS]
    own = replace(voted, classes={"mood": np.array([1, 1, 1, 1])})
    assert with_classes(own) is own
    rated = Table(name="rated", paths=paths, valence=np.zeros(4), arousal=np.zeros(4))
    assert with_classes(rated) is rated
    with pytest.raises(DatasetError, match="bare: nothing to learn"):
        with_classes(Table(name="bare", paths=paths))


def test_ratings_and_extra_images(data: ExperimentData, tmp_path: Path) -> None:
    table, folds = data.table, data.folds
    rated = Table(name="rated", paths=table.paths, valence=np.linspace(0, 1, 40), arousal=np.linspace(0, 1, 40) ** 2)
    for fold in range(2):
        run_fold(FoldRun(RGB, fold, 0), replace(data, table=rated, extra=table), TINY, tmp_path)
    results = read(tmp_path)
    line = variant_result(RGB, rated, folds, results, (0,))
    assert line is not None
    assert list(line.metrics) == ["valence r", "arousal r"]
    predicted = join_predictions(RGB, rated, folds, results, 0)["valence_arousal"]
    assert rated.arousal is not None
    assert rated.valence is not None
    assert value_of(line.metrics["arousal r"]) == pytest.approx(np.corrcoef(predicted[:, 1], rated.arousal)[0, 1])
    swapped = dict(zip(RATINGS, reversed(list(line.metrics.values())), strict=True))
    other = replace(line, variant=BOTH, metrics=swapped, by_seed={0: swapped})
    text = write_report([line, other], rated, folds, tmp_path, pairs=HEADLINES, notes="in small", extra=table)
    assert text.startswith(f"### rated (40 images), also with {table.name} (40)\n")
    cells = []
    for name, axis in zip(RATINGS, (0, 1), strict=True):
        gap = difference(other.metrics[name], line.metrics[name])
        assert gap is not None
        r_of = [
            [
                np.corrcoef(predicted[rows, one], (rated.valence, rated.arousal)[one][rows])[0, 1]
                for one in (1 - axis, axis)
            ]
            for rows in (folds.test_rows(0), folds.test_rows(1))
        ]
        by_fold = ", ".join(f"{first - second:.3f}" for first, second in r_of)
        cells.append((str(gap), f"{gap.outcome()} | {holm([gap.p])[0]:.3f} | {by_fold} | {gap.value:.3f}"))
    judged = " | ".join(
        f"in {name} | {name}, Holm's p | {name}, fold by fold | {name}, seed by seed" for name in RATINGS
    )
    assert f"| difference | valence r | arousal r | {judged} |" in text
    row = " | ".join([*(gap for gap, _ in cells), *(rest for _, rest in cells)])
    assert f"| (2) colour + texture minus RGB, same network | {row} |" in text
    truth = np.stack([rated.valence, rated.arousal], axis=1)
    explained = r2_score(truth, predicted, multioutput="variance_weighted")
    assert line.curve["test R²"][-1] == pytest.approx(explained, abs=1e-5), "both folds are equally large"
    gap = line.curve["test squared error"][-1] - line.curve["train squared error"][-1]
    assert "| test R² | train R² | train squared error | squared error gap |" in text
    assert f" | {gap:.3f} |\n| {BOTH.name} |" in text
    assert (tmp_path / "comparison.png").stat().st_size > 5_000
    for fold in range(2):
        first = results[RunKey(RGB.name, fold, 0)]
        points = {"valence_arousal": first.predictions["valence_arousal"] ** 2 % 0.1}
        results[RunKey(RGB.name, fold, 1)] = replace(first, predictions=points)
    each = [variant_result(RGB, rated, folds, results, seeds) for seeds in ((0,), (1,), (0, 1))]
    r = [value_of(line.metrics["arousal r"]) for line in each if line is not None]
    assert r[2] == pytest.approx((r[0] + r[1]) / 2), "the mean of the seeds' figures, not that of their mean answer"
    both = each[2]
    assert both is not None
    twice = replace(other, by_seed={0: swapped, 1: swapped})
    text = write_report([both, twice], rated, folds, tmp_path, pairs=HEADLINES, notes="in small")
    assert text.startswith("### rated (40 images)\n")
    arousal = [f"{value_of(swapped['arousal r']) - one:.3f}" for one in r[:2]]
    assert text.count(f" | {', '.join(arousal)} |\n") == 1, "a column of what each seed alone would say"


def test_the_published_recipe_is_plain_gradient_descent(data: ExperimentData, tmp_path: Path) -> None:
    table, folds = data.table, data.folds
    run_fold(FoldRun(ModelVariant(name="original", published=True), 0, 0), data, TINY, tmp_path)
    results = read(tmp_path)
    assert variant_result(VARIANTS[0], table, folds, results, (0,)) is None, "one fold of two"
    assert results[RunKey("original", 0, 0)].curve["epoch"][-1] == 2


def test_results_come_back_from_one_packed_file(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    results = {
        RunKey(name, fold, 0): FoldResult(
            conditions={"epochs": 2},
            rows=np.arange(fold, 7, 2),
            predictions={"mood": draw.normal(size=(4 - fold, 3)).astype(np.float32), **extra},
            curve={"epoch": np.array([1, 2]), "test NLL (mood)": draw.random(2)},
            learnt={"mood": draw.normal(size=(3 + fold, 3)).astype(np.float16)},
        )
        for name, extra in (("original", {}), ("ours, RGB", {"mood P@10 (b)": np.full(4, np.nan)}))
        for fold in (0, 1)
        if fold == 0 or not extra
    }
    write_results(results, tmp_path / "packed.npz")
    found = read(tmp_path)
    assert list(found) == list(results)
    for key, result in results.items():
        assert found[key].conditions == result.conditions
        both = found[key], result
        for first, second in (
            [one.predictions for one in both],
            [one.curve for one in both],
            [one.learnt for one in both],
        ):
            assert first.keys() == second.keys()
            for name, values in second.items():
                assert first[name].dtype == values.dtype
                np.testing.assert_array_equal(first[name], values)
        assert found[key].rows.tolist() == result.rows.tolist()
    np.savez(tmp_path / "other.npz", rows=np.arange(3))
    with pytest.raises(TrainingError, match=r"other\.npz is no result"):
        read(tmp_path)
