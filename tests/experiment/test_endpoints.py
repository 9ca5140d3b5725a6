"""Endpoints, gates, sentences and tables, on predictions that are made up: nothing is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds
from emoir.evaluate.intervals import Estimate, mean_interval
from emoir.evaluate.results import difference
from emoir.experiment.comparison import learnt_gap, mean_curve
from emoir.experiment.endpoints import (
    ENDPOINTS,
    EndpointResult,
    OverfittingPart,
    judge_endpoints,
    overfitting_parts,
    pooled_difference,
    turning_point,
)
from emoir.experiment.fusion import AVERAGED, FUSED, WEIGHT, averaged_runs, fused_runs
from emoir.experiment.protocol import RESTART_SEED
from emoir.experiment.protocol_tables import NOT_YET, protocol_tables, sentences
from emoir.experiment.results import FoldResult, Results, RunKey
from emoir.experiment.rows import ROWS
from emoir.experiment.set_results import TRAINED, SetResults, set_results

PROTOCOL = Path(__file__).parents[2] / "docs" / "experiment-protocol.md"
FOLDS, CLASSES = 2, 3
SEEDS = dict.fromkeys("ABCDE", 2)
SETTING = {"learning_rate": 2e-3, "epochs": 20, "weight_decay": 0.3, "mixup": 0.0}
# How far the logit of the right class stands out on images of the test fold, and on those that were learnt from.
SKILL = {"A": 0.2, "B": 0.8, "C": 1.2, "D": 3.0, "E": 0.7}


def moods(images: int, name: str) -> tuple[Table, Folds]:
    labels = np.arange(images) % CLASSES
    names = ("awe", "fear", "joy")
    paths = [Path(f"{name}{row}.jpg") for row in range(images)]
    table = Table(name=name, paths=paths, classes={"mood": labels}, class_names={"mood": names})
    return table, Folds(name, tuple(f"{row:016x}" for row in range(images)), np.arange(images) // 3 % FOLDS, 1)


def made_up(table: Table, folds: Folds, skill: dict[str, float], seeds: int = 2) -> dict[RunKey, FoldResult]:
    (space, labels), draw = next(iter(table.classes.items())), np.random.default_rng(0)
    classes, found = len(table.class_names[space]), {}
    for letter, strength in skill.items():
        for seed in range(seeds):
            for fold in range(folds.count):
                parts = []
                for rows, better in ((folds.test_rows(fold), 0.0), (folds.training_rows(fold), 0.3)):
                    logits = (
                        draw.normal(size=(len(rows), classes)) + (strength + better) * np.eye(classes)[labels[rows]]
                    )
                    parts.append({space: logits, "valence_arousal": np.full((len(rows), 2), 0.5)})
                rising = np.linspace(0.3, 0.8, 4)
                curve = {
                    "epoch": np.arange(1.0, 5) * (1 + fold),
                    f"train top-1 ({space})": rising,
                    f"test top-1 ({space})": rising - 0.2 + strength / 10,
                    f"train NLL ({space})": 1 - rising,
                    f"test NLL ({space})": np.array([1.2, 1.0, 0.9, 0.91]),
                }
                found[RunKey(TRAINED[letter].variant.name, fold, seed)] = FoldResult(
                    conditions=SETTING, rows=folds.test_rows(fold), predictions=parts[0], curve=curve, learnt=parts[1]
                )
    return found


def with_probe(results: Results, table: Table, folds: Folds) -> dict[RunKey, FoldResult]:
    """The made-up runs of C under the name of the fused row."""
    own = TRAINED["C"].variant.name
    return {**results, **{key._replace(variant=FUSED): one for key, one in results.items() if key.variant == own}}


def whole(images: int, name: str, **skill: float) -> SetResults:
    table, folds = moods(images, name)
    results = made_up(table, folds, SKILL | skill)
    return set_results(name, table, folds, with_probe(results, table, folds), SEEDS)


@pytest.fixture(scope="module")
def sets() -> list[SetResults]:
    return [whole(120, "large"), whole(60, "small")]


def test_pooled_differences_count_every_image_once(sets: list[SetResults]) -> None:
    gap = pooled_difference(sets, "D", "B", "top-1")
    alone = [difference(one.rows["D"].metrics["top-1"], one.rows["B"].metrics["top-1"]) for one in sets]
    assert gap is not None
    large, small = (one for one in alone if one is not None)
    assert gap.value == pytest.approx((120 * large.value + 60 * small.value) / 180)
    assert gap.error == pytest.approx(np.hypot(120 * large.error, 60 * small.error) / 180, rel=0.02)
    assert pooled_difference(sets, "D′", "A′", "top-1") is None


def test_what_rows_of_the_same_runs_have_in_common_cancels(sets: list[SetResults]) -> None:
    for column in ("top-1", "P@10 (a)", "NLL"):
        gap = pooled_difference(sets, FUSED, "C", column)
        assert gap is not None
        assert (gap.value, gap.error) == (0, 0), "one is a copy of the other here"
    table, folds = moods(60, "small")
    results = made_up(table, folds, SKILL)
    for key, run in with_probe(results, table, folds).items():
        if key.variant in (TRAINED["C"].variant.name, FUSED):
            # Runs vary much, and the fused row is a little sharper.
            factor = 1 + 4 * key.seed + 0.2 * (key.variant == FUSED)
            results[key] = replace(run, predictions={**run.predictions, "mood": factor * run.predictions["mood"]})
    one = set_results("small", table, folds, results, SEEDS)
    found = pooled_difference([one], FUSED, "C", "NLL")
    by_seed = [one.rows[FUSED].by_seed[seed]["NLL"].value - one.rows["C"].by_seed[seed]["NLL"].value for seed in (0, 1)]
    assert found is not None
    assert found.value == pytest.approx(np.mean(by_seed))
    apart = difference(one.rows[FUSED].metrics["NLL"], one.rows["C"].metrics["NLL"])
    assert apart is not None
    assert found.error < apart.error / 2


def test_averages_that_share_runs_vary_as_these_do(sets: list[SetResults]) -> None:
    # With two runs both averages are one and the same.
    for column in ("top-1", "NLL"):
        averages, runs = (sets[0].rows[letter].metrics[column].influence for letter in ("F", "B"))
        assert averages is not None
        assert runs is not None
        assert averages.run_variance == runs.run_variance
        assert averages.value != runs.value
    assert sets[0].gaps["F"]["top-1"].run_variance == sets[0].gaps["B"]["top-1"].run_variance


def test_two_runs_are_averaged_as_probabilities() -> None:
    table, folds = moods(12, "few")
    results = made_up(table, folds, {"B": 1.0}, seeds=3)
    name = TRAINED["B"].variant.name
    averaged = averaged_runs(results, name, FOLDS, range(3), table)
    assert {key.variant for key in averaged} == {AVERAGED}
    last, first = (softmax(results[RunKey(name, 1, seed)].predictions["mood"], axis=1) for seed in (2, 0))
    got = averaged[RunKey(AVERAGED, 1, 2)].predictions["mood"]
    np.testing.assert_allclose(np.exp(got), (last + first) / 2)
    del results[RunKey(name, 1, 2)]
    assert len(averaged_runs(results, name, FOLDS, range(3), table)) == 6 - 2
    assert not averaged_runs(results, name, FOLDS, range(1), table), "one run has no other"


def test_the_weight_of_the_probe_is_chosen_on_inner_images() -> None:
    table, folds = moods(90, "many")
    labels = table.classes["mood"].copy()
    labels[::10] = ABSENT_CLASS
    table = replace(table, classes={"mood": labels})
    telling = np.eye(CLASSES)[np.arange(90) % CLASSES] + np.random.default_rng(1).normal(scale=0.4, size=(90, CLASSES))
    runs = {key: run for key, run in made_up(table, folds, {"C": 0.0}).items() if key.fold == 0}
    train = folds.training_rows(0)
    logits = np.random.default_rng(2).normal(size=(9, CLASSES))
    held_out = FoldResult(conditions={}, rows=train[::5], predictions={"mood": logits})
    fused = fused_runs(runs, held_out, telling, table)
    assert {key.variant for key in fused} == {FUSED}
    one = fused[RunKey(FUSED, 0, 0)]
    weight = one.conditions[WEIGHT]
    assert isinstance(weight, float)
    assert weight > 0.5, "the network knows nothing here"
    assert np.exp(one.predictions["mood"]).sum(axis=1) == pytest.approx(1.0)
    truth = np.arange(90)[one.rows] % CLASSES
    right, before = (
        (own.predictions["mood"].argmax(axis=1) == truth).mean() for own in (one, next(iter(runs.values())))
    )
    assert right > before + 0.2
    sure = 20 * np.eye(CLASSES)[np.arange(90)[train[::5]] % CLASSES]
    alone = fused_runs(runs, replace(held_out, predictions={"mood": sure}), telling, table)[RunKey(FUSED, 0, 1)]
    assert alone.conditions[WEIGHT] == 0.0, "of a network that knows all, nothing is mixed in"
    own = runs[RunKey(TRAINED["C"].variant.name, 0, 1)]
    np.testing.assert_allclose(alone.predictions["mood"], log_softmax(own.predictions["mood"], axis=1), rtol=1e-5)


def test_the_gap_is_over_images() -> None:
    table, folds = moods(30, "few")
    results = made_up(table, folds, {"D": 1.0}, seeds=1)
    gap = learnt_gap(TRAINED["D"].variant, table, folds, results, [0])
    labels = table.classes["mood"]
    by_image = np.zeros(30)
    for fold in range(FOLDS):
        run = results[RunKey(TRAINED["D"].variant.name, fold, 0)]
        for rows, heads, sign in ((run.rows, run.predictions, 1), (folds.training_rows(fold), run.learnt, -1)):
            by_image[rows] -= sign * log_softmax(heads["mood"], axis=1)[np.arange(len(rows)), labels[rows]]
    assert gap["NLL"].estimate() == mean_interval(by_image)


def test_curves_of_other_lengths_meet_at_equal_shares() -> None:
    long = {"epoch": np.array([10.0, 20.0]), "x": np.array([0.0, 1.0])}
    assert mean_curve([long, long])["x"].tolist() == [0.0, 1.0]
    short = {"epoch": np.array([1.0, 2.0]), "x": np.array([1.0, 1.0])}
    assert mean_curve([long, short])["x"].tolist() == [0.5, 1.0]
    assert mean_curve([long, short])["epoch"].tolist() == [5.5, 11.0]


def test_each_endpoint_is_tested_only_after_the_one_before(sets: list[SetResults]) -> None:
    assert [one.outcome for one in judge_endpoints(sets)] == ["shown"] * len(ENDPOINTS)
    worse = [whole(120, "large", D=0.0), whole(60, "small", D=0.0)]
    assert [one.outcome for one in judge_endpoints(worse)] == ["not shown", *["descriptive"] * 3]
    assert ENDPOINTS[1].is_shown_by(Estimate(value=-0.2, low=-0.3, high=-0.1, error=0.05)), "a lower NLL is better"
    assert not ENDPOINTS[0].is_shown_by(Estimate(value=-0.2, low=-0.3, high=-0.1, error=0.05))


def test_overfitting_is_judged_in_three_parts(sets: list[SetResults]) -> None:
    first, second, third = overfitting_parts(sets[0])
    assert (first.value, first.holds) == ("0.010", True)
    assert second.holds == (sets[0].gaps["D"]["top-1"].estimate().high <= 0.10)
    assert third.value == "0.280 at least from 0.300 to 0.800; mean over folds .280 [.280, .280]"
    point = turning_point(sets[0], "D")
    assert point is not None
    assert point.end - point.best == pytest.approx(0.01)
    assert f"| {point.best:.3f} | {point.end:.3f} |" in protocol_tables(sets, [])
    assert turning_point(sets[0], "F") is None, "averages have no curve"
    turned = replace(sets[0], rows={**sets[0].rows, "D": sets[0].rows["A"], "A": sets[0].rows["D"]})
    assert not overfitting_parts(turned)[2].holds


def at(value: float, outcome: str = "shown") -> Estimate:
    reach = 0.01 if outcome == "shown" else 1.0
    return Estimate(value=value, low=value - reach, high=value + reach, error=reach / 2)


@pytest.mark.parametrize(
    ("first", "fourth", "little", "expected"),
    [
        (
            at(0.05),
            at(0.12),
            True,
            ["1 shown, point estimate ≥ .03", "4 shown, ≥ .10 by the whole interval", "5 shown"],
        ),
        (at(0.02), at(0.105), True, ["1 shown, below .03", "4 shown, ≥ .10 by the estimate", "5 shown"]),
        (at(0.05), at(0.05), False, ["1 shown, point estimate ≥ .03", "4 below .10", "any part of 5 fails"]),
        (at(0.05, "no"), at(0.12), True, ["1 not shown"]),
    ],
)
def test_sentences_are_those_of_the_protocol(
    sets: list[SetResults], first: Estimate, fourth: Estimate, little: bool, expected: list[str]
) -> None:
    estimates = (first, at(-0.1), at(0.1), fourth)
    shown = first.low > 0
    outcomes = ["shown" if shown else "not shown", *["shown" if shown else "descriptive"] * 3]
    results = [EndpointResult(*one) for one in zip(ENDPOINTS, estimates, outcomes, strict=True)]
    found = sentences(sets, results, [OverfittingPart("a part", "large", "0.3", little)])
    assert [outcome for outcome, _ in found[:-1]] == expected
    assert found[-1][1] == f"the network that ships {'takes' if shown else 'does not take'} the branch"
    text = " ".join(PROTOCOL.read_text(encoding="utf-8").split())
    for outcome, sentence in found[:-1]:
        if outcome != "5 shown":
            assert sentence.partition(":")[0].removesuffix(", by the whole interval") in text


def test_controls_that_do_as_much_are_named(sets: list[SetResults]) -> None:
    same = [replace(one, rows={**one.rows, **dict.fromkeys(("E", "F", FUSED), one.rows["D"])}) for one in sets]
    found = dict(sentences(same, judge_endpoints(same), []))
    assert {"D − E not above 0", "D − F not above 0", "C + probe at least as good as D"} <= set(found)
    assert found["what ships"].endswith("does not take the branch")


def test_tables_of_a_part_name_what_is_missing_and_show_nothing(sets: list[SetResults]) -> None:
    table, folds = moods(60, "small")
    results = made_up(table, folds, {letter: skill for letter, skill in SKILL.items() if letter != "D"})
    again = RunKey(TRAINED["B"].variant.name, 0, 0)
    results[again._replace(seed=RESTART_SEED)] = results[again._replace(seed=1)]
    part = set_results("small", table, folds, results, SEEDS)
    assert part.stuck["B"] == 1
    assert part.rows["B"].metrics["top-1"].value != part.first["B"].metrics["top-1"].value
    text = protocol_tables([part], [])
    assert "Missing: small: D." in text
    assert "| small | 4 of 4 | 4 of 4, 1 stuck at first |" in text
    assert "[" not in text.replace("[95 %]", "")
    beside = protocol_tables([sets[0], part], [])
    seen = [line for line in beside.splitlines() if "[" in line.replace("[95 %]", "")]
    assert seen
    assert all("| large |" in line for line in seen), "of a set that is complete its rows are shown, and no endpoint"
    text = beside
    full = protocol_tables(sets, [])
    assert "Missing" not in full
    assert f"| D | small | 0.002: {FOLDS} | 20: {FOLDS} | 0.3: {FOLDS} | 0: {FOLDS} |" in full
    gap = pooled_difference(sets, "D", "B", "top-1")
    assert f"| 1. D − B, top-1 | 0.03 | {gap} | shown |" in full
    assert f"| 1. once more, with first runs |  | {gap} |  |" in full
    assert NOT_YET not in full
    assert "| A×2 |" not in full.partition("\n\n")[2], "a row that did not run has no line, but in the first table"
    heads = [line for line in text.splitlines() if line.startswith("| ---")]
    assert heads == [line for line in full.splitlines() if line.startswith("| ---")], "the page has a place for each"


def test_ratings_alone_are_described_and_judge_nothing() -> None:
    table, folds = moods(24, "rated")
    random = np.random.default_rng(3)
    rated = Table(name="rated", paths=table.paths, valence=random.uniform(size=24), arousal=random.uniform(size=24))
    results = {}
    for key, run in made_up(table, folds, SKILL).items():
        outputs = [{"valence_arousal": random.uniform(size=(len(run.rows), 2))} for _ in range(2)]
        measures = {f"{part} squared error": np.linspace(0.2, 0.1, 4) for part in ("train", "test")}
        curve = {"epoch": np.arange(1.0, 5), **measures}
        results[key] = FoldResult(conditions={}, rows=run.rows, predictions=outputs[0], curve=curve, learnt=outputs[1])
    one = set_results("rated", rated, folds, results, SEEDS)
    assert not one.has(FUSED)
    text = protocol_tables([], [one])
    assert "endpoint" not in text
    assert f"| A | rated |  |  |  | {one.rows['A'].metrics['valence r']} |" in text
    assert f"|  |  | {one.gaps['B']['squared error'].estimate()} |" in text
    assert "| D − B | rated |  |  |  | " in text


def test_every_row_of_the_protocol_is_known() -> None:
    assert [*SEEDS] == [row.letter for row in ROWS]
    assert [(TRAINED[letter].settings_from, TRAINED[letter].rate) for letter in ("A×2", "A′", "D′")] == [
        (TRAINED["A"], 1.0),
        (TRAINED["A"], 0.5),
        (TRAINED["D"], 0.5),
    ]
