"""Training on an encoder: labels and a published network become a model folder, in seconds once images are embedded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from emoir.datasets import Table
from emoir.datasets.splits import Folds, make_folds
from emoir.emotions.calibration import ConfidenceCurve
from emoir.emotions.content import SIMILARITY, TEXT
from emoir.errors import TrainingError
from emoir.evaluate.compute import headline
from emoir.evaluate.metric import MetricKey
from emoir.evaluate.out_of_fold import OutOfFold
from emoir.evaluate.results import MetricResult
from emoir.files import move_over
from emoir.models.card import CARD
from emoir.models.encoder import Encoder, copy_encoder
from emoir.models.model import Model
from emoir.models.text_tower import TextTower
from emoir.training.calibrate import fit_confidence
from emoir.training.content_scores import ContentLabels, rated_curve, similarity_curve, write_text_scores
from emoir.training.embeddings import Embedded, embed_files, read_files
from emoir.training.head_folds import HeldOutOutputs, is_better, losses, out_of_fold
from emoir.training.heads import HeadLabels, Heads, head_features
from emoir.training.heads_card import ENCODER, HEADS, HeadsDescription, write_card
from emoir.training.labels import align_classes, check_enough, label_distributions
from emoir.training.probes import Doubles
from emoir.training.training_images import write_training_images

FOLDS = 5
# Two shares that differ by less are a tie.
TIE = 1e-9
LICENCE = "the user's own; what the labels do not say was learnt from {base}: {licence}"

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
        TrainingError: if there are too few images, no metric is better than guessing, or the encoder is in the way.
    """
    table = align_classes(table, base.card.class_names)
    check_enough(table)
    if out.resolve() in encoder.file.resolve().parents[:3]:
        raise TrainingError(f"{out} holds the encoder, whose files stay as they are: name another folder with --out")

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
    held_out = _fit_both(embedded, rated, folds, tell("fitting"))
    loss = {numbers: losses(outputs, rated) for numbers, outputs in held_out.items()}
    chosen = is_better(*({name: loss[numbers][name] for name in own} for numbers in (True, False)))
    results = {numbers: _measured(table, folds, outputs, rated) for numbers, outputs in held_out.items()}
    if not keep_anyway and not any(_is_shown(result) for result in results[chosen].values()):
        _clear(made)
        raise TrainingError(_no_better(table, results[chosen]))
    temperatures = held_out[chosen].temperatures(rated)
    heads = Heads.fit(_features(embedded, chosen), labels, numbers=chosen).tempered(temperatures)
    if encoder.text is not None:
        # Phrases are compared with the encoder's own embedding, which no projection to fewer numbers keeps.
        heads = replace(heads, embedding=None)
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
            **({} if encoder.text is None else {"text tower": {"sha256": encoder.text.digest}}),
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
    if encoder.text is not None:
        encoder.text.write(made)
        write_text_scores(made, SIMILARITY, similarity_curve(embedded.embeddings, TextTower(made)))
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


def calibrate_content(folder: Path, encoder: Encoder, labels: ContentLabels, *, cache: Path | None = None) -> None:
    """Calibrate what the text tower of a model answers, which until then is marked as similarity.

    Args:
        folder: of the model, as ``train_heads`` made it of the encoder.
        encoder: see ``find_encoder``.
        labels: whether people see phrases in pictures.
        cache: where embeddings are kept; default: ``cache_folder()``.

    Raises:
        ModelError: if the model has no text tower.
    """
    tower = TextTower(folder)
    embedded = embed_files(labels.paths, encoder, folder=cache)
    write_text_scores(folder, TEXT, rated_curve(embedded.embeddings, labels, tower))


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


def _fit_both(
    embedded: Embedded, labels: HeadLabels, folds: Folds, report: Callable[[int, int], None] | None
) -> dict[bool, HeldOutOutputs]:
    """What heads without and with the numbers of colour and texture say out of fold, both fitted at once."""

    def fit(numbers: bool) -> HeldOutOutputs:
        return out_of_fold(_features(embedded, numbers), labels, folds.folds, numbers=numbers)

    def fit_with_numbers() -> None:
        try:
            second.set_result(fit(True))
        except BaseException as error:
            second.set_exception(error)

    second: Future[HeldOutOutputs] = Future()
    tell = report or (lambda done, total: None)
    tell(0, 2)
    # A thread each: the library's own threads would wait for one another most of the time.
    with threadpool_limits(1, user_api="blas"):
        # Ctrl-C does not wait for it.
        Thread(target=fit_with_numbers, daemon=True).start()
        found = {False: fit(False)}
        tell(1, 2)
        found[True] = second.result()
    tell(2, 2)
    return found


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
