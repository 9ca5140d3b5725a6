"""Training on an encoder: labels and a published network become a model folder, in seconds once images are embedded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.datasets import Table
from emoir.datasets.splits import Folds, make_folds
from emoir.emotions.calibration import ConfidenceCurve, ScoreCurve
from emoir.emotions.content import CONTENT, content_groups
from emoir.errors import TrainingError
from emoir.evaluate.compute import headline
from emoir.evaluate.metric import MetricKey
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.results import MetricResult
from emoir.files import move_over
from emoir.models.card import CARD, CARD_FORMAT
from emoir.models.encoder import IMAGENET_CLASSES, Encoder, copy_encoder
from emoir.models.model import Model
from emoir.training.calibrate import fit_confidence
from emoir.training.embeddings import Embedded, embed_files, read_files
from emoir.training.head_folds import HeldOutOutputs, is_better, losses, out_of_fold
from emoir.training.heads import FEATURES, HeadLabels, Heads, head_features
from emoir.training.labels import align_classes, check_enough, label_distributions
from emoir.training.probes import Doubles
from emoir.training.training_images import write_training_images

ENCODER, HEADS = "encoder.onnx", "heads.onnx"
FOLDS = 5
# Two shares that differ by less are a tie.
TIE = 1e-9
LICENCE = "the user's own; what the labels do not say was learnt from {base}: {licence}"

# The square of a square root of a probability. An image drawn at random shows any one thing seldom.
_STEPS = np.linspace(0, 1, 21)
AS_THE_ENCODER_SAYS = ScoreCurve(0.01, tuple(_STEPS.round(4).tolist()), tuple((_STEPS**2).round(4).tolist()))

HeadResults = Mapping[MetricKey, MetricResult]
StepReport = Callable[[str, int, int], None]
"""Called with the name of the task, the number done, and the number of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedHeads:
    """The result of training on an encoder.

    Args:
        folder: the model folder, for ``--model``.
        images: that were learnt from.
        without: metrics on held-out images by the encoder alone.
        with_numbers: metrics on them with the numbers of colour and texture beside it.
        numbers: whether the model takes these numbers, which validation decides.
    """

    folder: Path
    images: int
    without: HeadResults
    with_numbers: HeadResults
    numbers: bool


def train_heads(
    table: Table,
    encoder: Encoder,
    out: Path,
    *,
    base: Model,
    cache: Path | None = None,
    keep_anyway: bool = False,
    seed: int = 0,
    report: StepReport | None = None,
) -> TrainedHeads:
    """Fit heads on an encoder's embeddings and write both as a model folder.

    Every figure is out of fold: five times, heads are fitted to four fifths of the images and read the others. Heads
    are fitted with and without the numbers of colour and texture; the set with the lower held-out loss is kept and
    fitted to all images. Labels that the data set lacks are filled in with the base model's readings.

    Args:
        table: with a class, a distribution, or valence and arousal per image.
        encoder: see ``find_encoder``.
        out: the model folder to make; an earlier model in it stays until the new one is whole.
        base: gives readings in place of labels that the data set lacks.
        cache: where embeddings are kept; default: ``cache_folder()``.
        keep_anyway: write the model even if it is no better than guessing.
        seed: of the folds.
        report: progress.

    Returns:
        Where the model is and how good it is.

    Raises:
        TrainingError: if there are too few images, or no metric is better than guessing.
    """
    table = align_classes(table, base.card.class_names)
    check_enough(table)

    def tell(what: str) -> Callable[[int, int], None] | None:
        return None if report is None else lambda done, total: report(what, done, total)

    # Made beside an earlier model, which stays whole until this one is.
    made = out / "run" / "heads"
    _clear(made)
    made.mkdir(parents=True)
    encoder = copy_encoder(encoder, made / ENCODER)
    embedded = embed_files(table.paths, encoder, folder=cache, report=tell("embedding"))
    readings = read_files(table.paths, base, folder=cache, report=tell("reading emotions that the labels lack"))
    labels = complete_labels(table, *readings)
    # Only raters' labels can be tested on.
    own = (*label_distributions(table), *(["valence_arousal"] if table.valence is not None else []))
    rated = HeadLabels({space: labels.spaces[space] for space in own if space in labels.spaces}, labels.points)
    folds = make_folds(table, count=FOLDS, seed=seed)
    held_out: dict[bool, HeldOutOutputs] = {}
    for number, numbers in enumerate((False, True)):
        if report is not None:
            report("fitting", number, 2)
        held_out[numbers] = out_of_fold(_features(embedded, numbers), rated, folds.folds, numbers=numbers)
    loss = {numbers: losses(outputs, rated) for numbers, outputs in held_out.items()}
    chosen = is_better(*({name: loss[numbers][name] for name in own} for numbers in (True, False)))
    results = {numbers: _measured(table, folds, outputs, rated) for numbers, outputs in held_out.items()}
    if not keep_anyway and not any(_is_shown(result) for result in results[chosen].values()):
        _clear(made)
        raise TrainingError(_no_better(table, results[chosen]))
    temperatures = held_out[chosen].temperatures(rated)
    heads = Heads.fit(_features(embedded, chosen), labels, numbers=chosen).tempered(temperatures)
    heads.write(made / HEADS, encoder.length, logits=encoder.logits is not None)
    names = {space: table.class_names[space] for space in label_distributions(table)} | dict(base.card.class_names)
    shown = next(iter(names))
    confidence = (
        confidence_of(shown, held_out[chosen].probabilities(temperatures)[shown], labels.spaces[shown])
        if shown in label_distributions(table)
        else base.card.confidence
    )
    description = HeadsDescription(
        name=table.name,
        class_names={space: names[space] for space in heads.spaces},
        confidence=confidence,
        licence=LICENCE.format(base=base.id, licence=base.card.licence),
        notes={
            "data": {table.name: len(table)},
            "encoder came from": {"name": encoder.name, "sha256": encoder.digest},
            "measured out of fold": {
                ("with" if numbers else "without") + " colour and texture numbers": {
                    str(key): {"value": str(result), "by guessing": str(result.baseline)}
                    for key, result in found.items()
                }
                for numbers, found in results.items()
            },
            "not measured": "other images than these, and what the encoder had seen of these before",
        },
    )
    write_card(made, encoder, heads, description)
    write_training_images(made, table.paths, base)
    move_over(made, out, last=CARD)
    _clear(made)
    return TrainedHeads(
        folder=out,
        images=len(table),
        without=results[False],
        with_numbers=results[True],
        numbers=chosen,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsDescription:
    """What a card says of an encoder's heads.

    Args:
        name: of the model, without digest.
        class_names: space to its classes.
        confidence: calibration of the top class.
        licence: one line on the terms of the heads.
        notes: further entries: data, metrics.
        content: calibration of what pictures show, for an encoder with logits.
    """

    name: str
    class_names: Mapping[str, tuple[str, ...]]
    confidence: ConfidenceCurve
    licence: str
    notes: Mapping[str, object]
    content: ScoreCurve = AS_THE_ENCODER_SAYS


def write_card(folder: Path, encoder: Encoder, heads: Heads, description: HeadsDescription) -> None:
    """Write the card of an encoder and its heads, which lie in the folder already.

    Args:
        folder: of the new model.
        encoder: whose graph lies there.
        heads: of the encoder.
        description: what the card states about the heads.
    """
    class_names, scores = dict(description.class_names), {}
    if encoder.logits is not None:
        class_names[CONTENT] = tuple(content_groups())
        scores[CONTENT] = asdict(description.content)
    card = {
        "format": CARD_FORMAT,
        "name": description.name,
        "preprocessing": {field: getattr(encoder.preprocessing, field) for field in encoder.preprocessing.__slots__},
        "encoder": {
            "file": ENCODER,
            "input": encoder.input,
            "output": encoder.features,
            "length": encoder.length + (0 if encoder.logits is None else IMAGENET_CLASSES),
            "licence": encoder.licence,
        },
        "heads": {
            "file": HEADS,
            "input": FEATURES,
            "licence": description.licence,
            "colour_and_texture": heads.numbers,
        },
        "embedding_length": len(heads.embedding.bias),
        "class_names": {space: list(names) for space, names in class_names.items()},
        "confidence": asdict(description.confidence),
        "scores": scores,
        **description.notes,
    }
    (folder / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def complete_labels(table: Table, spaces: Mapping[str, NDArray[np.float32]], points: NDArray[np.float32]) -> HeadLabels:
    """A table's labels, and a model's readings (probabilities and points) where it has none.

    Spaces come in the order: the table's, then the model's others. Rows that a table leaves unlabelled in a space of
    its own stay unknown there; the model's readings would only blur the raters' labels.

    Args:
        table: the labels.
        spaces: space to (n, K) probabilities of the model.
        points: (n, 2) valence and arousal of the model.
    """
    found: dict[str, Doubles] = {}
    for space, (shares, known) in label_distributions(table).items():
        found[space] = np.full((len(table), shares.shape[1]), np.nan)
        found[space][known] = shares
    for space, values in spaces.items():
        if space not in found:
            found[space] = values.astype(np.float64) / values.sum(axis=1, keepdims=True)
    own = np.full((len(table), 2), np.nan)
    if table.valence is not None and table.arousal is not None:
        own = np.stack([table.valence, table.arousal], axis=1)
    return HeadLabels(found, np.where(np.isnan(own).any(axis=1, keepdims=True), points, own))


def confidence_of(space: str, probabilities: Doubles, shares: Doubles) -> ConfidenceCurve:
    """The confidence in the top class, from held-out probabilities (n, K) and shares (n, K), NaN rows unknown."""
    known = ~np.isnan(shares).any(axis=1)
    predicted, wanted = probabilities[known], shares[known]
    right = wanted[np.arange(len(wanted)), predicted.argmax(axis=1)] >= wanted.max(axis=1) - TIE
    return fit_confidence(space, predicted.max(axis=1), right)


def _clear(made: Path) -> None:
    """Remove what was made of a model, and the folder of runs unless another is under way in it."""
    shutil.rmtree(made, ignore_errors=True)
    with suppress(OSError):
        made.parent.rmdir()


def _features(embedded: Embedded, numbers: bool) -> Doubles:
    return head_features(embedded.embeddings, embedded.numbers if numbers else None)


def _measured(table: Table, folds: Folds, outputs: HeldOutOutputs, labels: HeadLabels) -> HeadResults:
    probabilities = outputs.probabilities(outputs.temperatures(labels))
    predictions = OutOfFold(
        digests=folds.digests,
        folds=folds.folds,
        probabilities={space: values for space, values in probabilities.items() if space in table.class_names},
        points=outputs.points if table.valence is not None else None,
        embeddings=outputs.embedding,
    )
    return headline(table, predictions)


def _is_shown(result: MetricResult) -> bool:
    estimate, baseline = result.estimate, result.baseline.value
    if estimate is None:
        return False
    return estimate.low > baseline if result.metric.higher_is_better else estimate.high < baseline


def _no_better(table: Table, results: HeadResults) -> str:
    found = "; ".join(f"{key} {result}, baseline {result.baseline}" for key, result in results.items())
    return (
        f"{table.name}: on held-out images the heads do no better than guessing ({found}). "
        "More images per class, or clearer labels, are needed; --keep-anyway writes the model all the same"
    )
