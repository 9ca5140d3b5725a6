"""The paper's comparison: original against improved, fold by fold, in pieces that can be stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds
from emoir.errors import DatasetError, TrainingError
from emoir.evaluate.retrieval import average_precision, leave_one_out, precision_at, same_class
from emoir.files import atomic_write
from emoir.models.model import WEIGHTS
from emoir.networks import Network
from emoir.networks.base import VALENCE_AROUSAL
from emoir.training.answers import answers
from emoir.training.cache import cached_pixels
from emoir.training.contenders import SIZE, Contender, Protocol, build, measured_every
from emoir.training.loop import Report, fit
from emoir.training.overfitting import Curve
from emoir.training.targets import Targets

CACHE_SIZE = 144
HISTORY, CONDITIONS = "epochs: ", "conditions"


def with_classes(table: Table) -> Table:
    """A table with a class of every image: its own, or the raters' favourite in its first space; ties have none.

    A table with valence and arousal alone stays as it is.

    Raises:
        DatasetError: if there is nothing that a network could learn.
    """
    space = next(iter(table.distributions), None)
    if table.classes or (space is None and table.valence is not None and table.arousal is not None):
        return table
    if space is None:
        raise DatasetError(f"{table.name}: nothing to learn: no class, no shares, no valence and arousal of its images")
    shares, known = table.shares(space)
    alone = (shares >= shares.max(axis=1, keepdims=True) - 1e-9).sum(axis=1) == 1
    return replace(table, classes={space: np.where(known & alone, shares.argmax(axis=1), ABSENT_CLASS)})


@dataclass(frozen=True, slots=True)
class Piece:
    """One row on one fold with one seed."""

    contender: Contender
    fold: int
    seed: int

    @property
    def file(self) -> str:
        """Name of its result, without suffix."""
        words = "".join(letter if letter.isalnum() else "-" for letter in self.contender.name)
        return f"{words}.fold{self.fold}.seed{self.seed}"


def pieces(contenders: Sequence[Contender], folds: int, seeds: Sequence[int]) -> list[Piece]:
    """Everything there is to run: the first seed first, and in it the rows that a claim rests on."""
    claims_first = sorted(contenders, key=lambda contender: not (contender.headline or contender.pretrained))
    return [
        Piece(contender, fold, seed)
        for number, seed in enumerate(seeds)
        for contender in claims_first
        if number == 0 or contender.headline
        for fold in range(folds)
    ]


def run_piece(
    piece: Piece,
    table: Table,
    folds: Folds,
    protocol: Protocol,
    folder: Path,
    *,
    extra: Table | None = None,
    pretrained: Path | None = None,
    report: Report | None = None,
) -> None:
    """Train one row on one fold and keep what it says of the images held out; nothing if that is done already.

    Args:
        piece: what to run.
        table: the data set.
        folds: its folds.
        protocol: shared by all rows.
        folder: receives ``NAME.npz``: answers on the test fold, retrieval inside it by the embedding, and every
            third epoch's (of a short run every) figures on the test fold and on as many training images without
            augmentation. A few kilobytes.
        extra: weakly labelled images that are shown besides, never tested.
        pretrained: model folder with the distilled weights.
        report: progress.

    Raises:
        TrainingError: if it is done already, but otherwise: with another protocol, other images or other weights.
    """
    result = folder / f"{piece.file}.npz"
    asked = conditions(piece, protocol, table, folds, extra, pretrained)
    if result.exists():
        check_conditions(result, asked)
        return
    train, test = folds.training_rows(piece.fold), folds.test_rows(piece.fold)
    pixels = cached_pixels(table.paths, CACHE_SIZE, folder / "cache")
    exact = cached_pixels(table.paths, SIZE, folder / "cache")
    targets = _targets(table, extra)
    heads = {space: len(names) for space, names in table.class_names.items()}
    if extra is not None:
        heads |= {space: len(names) for space, names in extra.class_names.items() if space in extra.classes}
        pixels = np.concatenate([pixels, cached_pixels(extra.paths, CACHE_SIZE, folder / "cache")])
    rows = np.concatenate([train, np.arange(len(table), len(pixels))])
    torch.manual_seed(piece.seed)
    network = build(piece.contender, protocol, heads, pretrained).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def measure(current: Network) -> dict[str, float]:
        # As many as are tested are enough to see the gap.
        seen = train[:: max(1, len(train) // max(1, len(test)))]
        return {
            f"{part} {name}": value
            for part, chosen in (("test", test), ("train", seen))
            for name, value in figures_of(table, chosen, answers(current, exact[chosen])).items()
        }

    run = folder / "running" / piece.file
    fit(
        network,
        pixels,
        targets,
        protocol.training(piece.contender, piece.seed),
        run,
        rows=rows,
        report=report,
        measure=measure,
        measure_every=measured_every(protocol.epochs),
    )
    said = answers(network, exact[test])
    kept = {name: said[name] for name in (*table.classes, VALENCE_AROUSAL)}
    for space, labels in table.classes.items():
        kept |= _retrieval(space, labels[test], said["features"])
    records = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    measured = [{"epoch": record["epoch"], **record["measures"]} for record in records if "measures" in record]
    kept |= {f"{HISTORY}{name}": np.array([epoch[name] for epoch in measured]) for name in measured[0]}
    with atomic_write(result) as partial, open(partial, "wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, rows=test, **{CONDITIONS: np.array(json.dumps(asked))}, **kept)
    shutil.rmtree(run)


def conditions(
    piece: Piece, protocol: Protocol, table: Table, folds: Folds, extra: Table | None, pretrained: Path | None
) -> dict[str, object]:
    """Everything that a piece's result depends on beside what its name tells, fit for JSON."""
    values: dict[str, object] = {name: value for name, value in asdict(protocol).items() if name != "seeds"}
    images = hashlib.sha256("".join(f"{d} {f}\n" for d, f in zip(folds.digests, folds.folds, strict=True)).encode())
    values |= {"blocks": list(protocol.blocks), "images and folds": images.hexdigest()[:12]}
    values["labels"] = _digest(table, extra)
    values["besides"] = None if extra is None else f"{extra.name} ({len(extra)})"
    values["begins with"] = None
    if piece.contender.pretrained and pretrained is not None:
        values["begins with"] = hashlib.sha256((pretrained / WEIGHTS).read_bytes()).hexdigest()[:12]
    return values


def _digest(table: Table, extra: Table | None) -> str:
    """Of what is learnt: classes with their names, valence and arousal."""
    digest = hashlib.sha256()
    for source in (table, extra):
        if source is not None:
            digest.update(str([(space, source.class_names[space]) for space in source.classes]).encode())
            for labels in (*source.classes.values(), source.valence, source.arousal):
                digest.update(b"" if labels is None else labels.tobytes())
    return digest.hexdigest()[:12]


def check_conditions(result: Path, asked: Mapping[str, object]) -> None:
    """Refuse a result that was obtained under other conditions.

    Raises:
        TrainingError: naming the file, and what differs.
    """
    with np.load(result, allow_pickle=False) as stored:
        were = json.loads(str(stored[CONDITIONS])) if CONDITIONS in stored.files else {}
    other = [f"{name} {were.get(name)}, not {value}" for name, value in asked.items() if were.get(name) != value]
    if other:
        raise TrainingError(f"{result} is of another experiment ({'; '.join(other)}); choose another folder with --out")


def _retrieval(space: str, labels: NDArray[np.int64], features: NDArray[np.float32]) -> dict[str, NDArray[np.floating]]:
    """Retrieval inside one test fold by what the class head reads, at unit length; NaN where an image has no label."""
    known = labels != ABSENT_CLASS
    vectors = features[known] / np.maximum(np.linalg.norm(features[known], axis=1, keepdims=True), 1e-12)
    inside = leave_one_out(vectors, same_class(labels[known]))
    found = {}
    for name, values in (("P@10 (b)", precision_at(inside, 10)), ("mAP (b)", average_precision(inside))):
        column = found[f"{space} {name}"] = np.full(len(labels), np.nan)
        column[known] = values
    return found


def _targets(table: Table, extra: Table | None) -> Targets:
    """Class labels and points of the data set, then of the extra images.

    Raises:
        DatasetError: if a space of both has other classes in one.
    """
    for space in {*table.classes} & {*(extra.classes if extra is not None else ())}:
        if extra is not None and extra.class_names[space] != table.class_names[space]:
            raise DatasetError(
                f"{space} has the classes {', '.join(table.class_names[space])} in {table.name} and "
                f"{', '.join(extra.class_names[space])} in {extra.name}; give one of them another --space"
            )
    total = len(table) + (len(extra) if extra is not None else 0)
    classes: dict[str, torch.Tensor] = {}
    for source, start in ((table, 0), (extra, len(table))):
        for space, labels in (source.classes if source is not None else {}).items():
            column = classes.setdefault(space, torch.full((total,), ABSENT_CLASS))
            column[start : start + len(labels)] = torch.from_numpy(labels)
    points = torch.full((total, 2), float("nan"))
    if table.valence is not None and table.arousal is not None:
        points[: len(table)] = torch.from_numpy(np.stack([table.valence, table.arousal], axis=1)).float()
    return Targets({}, classes, points)


def figures_of(table: Table, rows: NDArray[np.intp], said: Mapping[str, NDArray[np.float32]]) -> dict[str, float]:
    """Top-1 and NLL per class space, and the squared error of the point, over some rows."""
    found: dict[str, float] = {}
    for space in table.classes:
        labels = torch.from_numpy(table.classes[space][rows])
        known = labels != ABSENT_CLASS
        logits = torch.from_numpy(said[space])[known]
        found[f"top-1 ({space})"] = float((logits.argmax(dim=1) == labels[known]).float().mean())
        found[f"NLL ({space})"] = float(F.cross_entropy(logits, labels[known]))
    if table.valence is not None and table.arousal is not None:
        truth = np.stack([table.valence[rows], table.arousal[rows]], axis=1)
        found["squared error"] = float(np.nanmean((said[VALENCE_AROUSAL] - truth) ** 2))
    return found


def history(folder: Path, piece: Piece) -> Curve:
    """The figures of a finished piece while it learnt, and under ``epoch`` after how many epochs."""
    with np.load(folder / f"{piece.file}.npz", allow_pickle=False) as stored:
        return {name.removeprefix(HISTORY): stored[name] for name in stored.files if name.startswith(HISTORY)}
