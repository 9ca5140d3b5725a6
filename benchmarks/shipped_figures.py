"""Every figure of the shipped model, from the committed readings: ``python benchmarks/shipped_figures.py``.

Five networks, each read on the fifth of every set that it had not learnt from; GAPED was shown to none and is read by
the shipped network. Floors, and the teachers with a linear probe on the same folds, stand beside.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import development
import kept_readings
from cross_fit import BEFORE, MODEL, TEACHERS, FoldOutputs, readings
from emoir.evaluate import mean_interval
from emoir.evaluate.classification import right_at
from emoir.evaluate.compute import compute_metrics, headline
from emoir.evaluate.provenance import provenance
from emoir.evaluate.regression import correlation
from emoir.evaluate.results import MetricResult, difference, outcome

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
# Set, measure, what the weights must reach, and what they are to reach.
TARGETS = (
    ("emotion6", "keyword6: top-1", 0.54, 0.60),
    ("emotion6", "keyword6: P@10 (a)", 0.41, 0.46),
    ("emotion6", "ekman: KL", 0.415, 0.385),
    ("emotion6", "valence: r", 0.71, 0.77),
    ("emotion6", "arousal: r", 0.35, 0.43),
    ("fi_subset", "mikels: top-1", 0.49, 0.57),
    ("fi_subset", "mikels: mAP (a)", 0.30, 0.35),
    ("oasis", "valence: r", 0.50, 0.58),
    ("oasis", "arousal: r", 0.55, 0.62),
    ("gaped", "valence: r", 0.55, 0.68),
    ("gaped", "arousal: r", 0.35, 0.50),
    ("abstract_paintings", "mikels: KL", 0.50, 0.45),
)


def print_headlines() -> None:
    print("| set | measure | baseline | teachers + probe | shipped [95 %] |\n|---|---|---|---|---|")
    for name in development.HUMAN_RATED:
        table, folds, ours = readings(name)
        teachers = headline(table, kept_readings.load(name, TEACHERS, folds.digests))
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
    return headline(table, ours)[key], str(headline(table, kept_readings.load(name, TEACHERS, folds.digests))[key])


def print_for_the_readme() -> None:
    print("\n| question | by guessing | emoir | with EfficientNet-Lite2 |\n|---|---|---|---|")
    for question, name, measure in QUESTIONS:
        ours, _ = row_of(name, measure)
        blind = f"{ours.baseline.value:.3f}".lstrip("0") if ours.baseline.value else "0"
        print(f"| {question.format(images=ours.images)} | {blind} | {ours} | {with_encoder(name, measure)} |")


def print_targets() -> None:
    """What the weights must reach, what they are to reach, what is reached, and how far the weights before were."""
    print("\n| set | measure | must | aim | reached | must is | minus the weights before | |\n" + "|---" * 8 + "|")
    for name, measure, must, aim in TARGETS:
        ours, _ = row_of(name, measure)
        table, _, earlier = readings(name, BEFORE)
        gap = difference(ours, headline(table, earlier)[ours.key])
        estimate = ours.estimate
        assert estimate is not None
        short = (must - ours.value) * (1 if ours.metric.higher_is_better else -1)
        found = f"missed by {f'{short:.3f}'.lstrip('0')}" if short > 0 else "reached"
        if estimate.low <= must <= estimate.high:
            found += "; it lies in the interval"
        change = "- | " if gap is None else f"{gap} | {outcome(ours.metric, gap)}"
        sign = "≥" if ours.metric.higher_is_better else "≤"
        wanted = " | ".join(f"{sign} {f'{value:g}'.lstrip('0')}" for value in (must, aim))
        images = f"{name} ({ours.images}){', never trained on' if name == 'gaped' else ''}"
        print(f"| {images} | {measure} | {wanted} | {ours} | {found} | {change} |")


def print_differences() -> None:
    """Shipped minus teachers, over the same resamples."""
    print("\n| shipped minus teachers + probe | difference [95 %] | |\n|---|---|---|")
    for name, space in (("emotion6", "keyword6"), ("fi_subset", "mikels")):
        table, folds, ours = readings(name)
        theirs = kept_readings.load(name, TEACHERS, folds.digests)
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
        plain = replace(ours, probabilities={space: FoldOutputs().uncalibrated(name, space)})
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
