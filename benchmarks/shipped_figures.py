"""Every figure of the shipped model, from the committed readings: ``python benchmarks/shipped_figures.py``.

Five networks, each read on the fifth of every set that it had not learnt from; GAPED was shown to none and is read by
the shipped network. Floors, and the teachers with a linear probe on the same folds, stand beside.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.special import softmax

import development
from baselines import readings_of
from cross_fit import MODEL, FoldOutputs, readings
from emoir.evaluate import mean_interval
from emoir.evaluate.classification import right_at
from emoir.evaluate.compute import compute_metrics, headline
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import correlation
from emoir.evaluate.results import MetricResult, difference

ENCODER_HEADS = Path(__file__).parent / "printed" / "encoder_heads.md"
QUESTIONS = (
    ("Which of eight emotions? Right answers, {images} photographs of FI", "fi_subset", "mikels: top-1"),
    ("How pleasant? Correlation with raters, {images} photographs of Emotion6", "emotion6", "valence: r"),
    ("How exciting? Correlation with raters, {images} photographs of OASIS", "oasis", "arousal: r"),
    (
        "Which of eight emotions, as a distribution? Divergence (lower is better), {images} abstract paintings",
        "abstract_paintings",
        "mikels: KL",
    ),
)
TARGETS = (
    ("Emotion6", "6 words, top-1", "emotion6", "keyword6: top-1", 0.54),
    ("Emotion6", "distribution, KL ↓", "emotion6", "ekman: KL", 0.43),
    ("Emotion6", "valence r", "emotion6", "valence: r", 0.70),
    ("FI part", "8 classes, top-1", "fi_subset", "mikels: top-1", 0.48),
    ("FI part", "8 classes, mAP (a)", "fi_subset", "mikels: mAP (a)", 0.28),
    ("OASIS", "valence r", "oasis", "valence: r", 0.44),
    ("OASIS", "arousal r", "oasis", "arousal: r", 0.52),
    ("GAPED, never trained on", "valence r", "gaped", "valence: r", 0.45),
)


def print_headlines() -> None:
    print("| set | measure | baseline | teachers + probe | shipped [95 %] |\n|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds, ours = readings(name)
        teachers = headline(table, readings_of(name, "teachers", table, folds))
        for measure, line in headline(table, ours).items():
            # GAPED is new to our networks; the teachers' probe was trained on its other folds.
            beside = f"{teachers.get(measure, '-')}{' (trained on it)' if name == 'gaped' else ''}"
            print(f"| {name} ({len(table)}) | {measure} | {line.baseline} | {beside} | {line} |")


def with_encoder(name: str, measure: str) -> str:
    """What the shipped heads of EfficientNet-Lite2 reach, as ``weights/encoder_heads.py`` printed it."""
    for line in ENCODER_HEADS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if cells[0].startswith(f"{name} (") and cells[1] == measure:
            return cells[4]
    raise SystemExit(f"{ENCODER_HEADS} has no row of {name}, {measure}")


def row_of(name: str, measure: str) -> tuple[MetricResult, str]:
    """A headline of the recipe, and what the teachers reach."""
    table, folds, ours = readings(name)
    key = next(key for key in headline(table, ours) if str(key) == measure)
    return headline(table, ours)[key], str(headline(table, readings_of(name, "teachers", table, folds))[key])


def print_for_the_readme() -> None:
    print("\n| question | by guessing | emoir | with EfficientNet-Lite2 |\n|---|---|---|---|")
    for question, name, measure in QUESTIONS:
        ours, _ = row_of(name, measure)
        blind = f"{ours.baseline.value:.3f}".lstrip("0") if ours.baseline.value else "0"
        print(f"| {question.format(images=ours.images)} | {blind} | {ours} | {with_encoder(name, measure)} |")


def print_targets() -> None:
    """What the recipe was to reach, by the project's first plan."""
    print("\n| set | measure | to reach | reached | outcome |\n|---|---|---|---|---|")
    for label, title, name, measure, goal in TARGETS:
        ours, _ = row_of(name, measure)
        estimate = ours.estimate
        assert estimate is not None
        short = (goal - ours.value) * (1 if ours.metric.higher_is_better else -1)
        outcome = f"short by {f'{short:.3f}'.lstrip('0')}" if short > 0 else "reached"
        if estimate.low <= goal <= estimate.high:
            outcome = ("missed" if short > 0 else "reached") + " by the estimate, not shown"
        sign = "≥" if ours.metric.higher_is_better else "≤"
        print(f"| {label} | {title} | {sign} {f'{goal:.2f}'.lstrip('0')} | {ours} | {outcome} |")


def print_differences() -> None:
    """Shipped minus teachers, over the same resamples."""
    print("\n| shipped minus teachers + probe | difference [95 %] | |\n|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table, folds, ours = readings(name)
        theirs = readings_of(name, "teachers", table, folds)
        ours_right, theirs_right = (
            right_at(side.probabilities[space], table.classes[space]).astype(float) for side in (ours, theirs)
        )
        gap = mean_interval(ours_right - theirs_right)
        print(f"| {name}, {space}: top-1 | {gap} | {gap.outcome()} |")


def print_calibration() -> None:
    """With a temperature that was fitted on the other folds, and without."""
    print("\n| calibration | baseline | without | with | difference [95 %] | |\n|---|---|---|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table, _, ours = readings(name)
        plain = replace(ours, probabilities={space: softmax(FoldOutputs().joined(name, space), axis=1)})
        before = {line.key: line for line in compute_metrics(table, plain)}
        for line in compute_metrics(table, ours):
            if line.key.metric in ("NLL", "Brier", "ECE") and line.key.space == space:
                first = before[line.key]
                gap = difference(line, first)
                shown = "- | " if gap is None else f"{gap} | {gap.outcome()}"
                print(f"| {name}, {line.key} | {line.baseline} | {first} | {line} | {shown} |")


def print_gaped_by_category() -> None:
    table, _, ours = readings("gaped")
    categories = np.array(development.gaped_categories())
    print("\n| GAPED category | images | valence r |\n|---|---|---|")
    for category in np.unique(categories):
        rows = np.flatnonzero(categories == category)
        x, y = np.asarray(ours.points)[rows, 0], np.asarray(table.valence)[rows]
        estimate = correlation(x, y)
        print(f"| {category} | {len(rows)} | {estimate} |")


def print_in_full() -> None:
    for name in development.HUMAN_RATED:
        table, _, ours = readings(name)
        print(f"\n### {name}, shipped\n\n| measure | images | baseline | value [95 %] |\n|---|---|---|---|")
        for line in compute_metrics(table, ours):
            print(f"| {line.key} | {line.images} | {line.baseline} | {line} |")


def main() -> None:
    print_headlines()
    print_for_the_readme()
    print_targets()
    print_differences()
    print_calibration()
    print_gaped_by_category()
    print_in_full()
    print("\n" + provenance(f"recipe {MODEL}", "development parts", "5 frozen folds, seed 0", "one run a fold"))


if __name__ == "__main__":
    main()
