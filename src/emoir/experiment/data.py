"""What the runs of an experiment learn from: the labelled set, its folds, and images that are shown as well."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emoir.datasets import ABSENT_CLASS, Table
from emoir.datasets.splits import Folds
from emoir.errors import DatasetError
from emoir.experiment.statistics import cached_statistics, shuffled
from emoir.experiment.variants import SIZE, ModelVariant
from emoir.training.cache import cached_pixels
from emoir.training.targets import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentData:
    """What all runs of an experiment learn from and are tested on.

    Args:
        table: the data set, with classes or with valence and arousal.
        folds: its folds.
        extra: weakly labelled images to learn from as well, never tested.
        pretrained: model folder with the distilled weights.
        cache: folder for decoded pixels.
    """

    table: Table
    folds: Folds
    extra: Table | None = None
    pretrained: Path | None = None
    cache: Path

    @property
    def heads(self) -> dict[str, int]:
        """Class space to number of classes, of the set and of the extra images."""
        found = {space: len(names) for space, names in self.table.class_names.items()}
        if self.extra is not None:
            found |= {
                space: len(names) for space, names in self.extra.class_names.items() if space in self.extra.classes
            }
        return found

    def pixels(self, size: int) -> NDArray[np.uint8]:
        """The set's images, then the extra ones, (n, size, size, 3)."""
        own = cached_pixels(self.table.paths, size, self.cache)
        return own if self.extra is None else np.concatenate([own, cached_pixels(self.extra.paths, size, self.cache)])

    def statistics(self, variant: ModelVariant) -> NDArray[np.float32] | None:
        """The numbers beside every image that a row is given, in the order of ``pixels``; None for a row without."""
        if variant.statistics == "none":
            return None
        paths = [*self.table.paths, *(self.extra.paths if self.extra is not None else ())]
        found = cached_statistics(paths, SIZE, self.cache)
        return shuffled(found) if variant.statistics == "shuffled" else found

    def training_rows(self, fold: int) -> NDArray[np.intp]:
        """Rows of ``pixels`` that a fold learns from: the other folds, and every extra image."""
        extra = 0 if self.extra is None else len(self.extra)
        return np.concatenate([self.folds.training_rows(fold), np.arange(len(self.table), len(self.table) + extra)])

    def targets(self) -> Targets:
        """Class labels and points of the set, then of the extra images.

        Raises:
            DatasetError: if a space of both has other classes in one.
        """
        table, extra = self.table, self.extra
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

    def identity(self) -> dict[str, object]:
        """What a result depends on of this, fit for JSON: digests of images, folds and labels."""
        pairs = zip(self.folds.digests, self.folds.folds, strict=True)
        images = hashlib.sha256("".join(f"{digest} {fold}\n" for digest, fold in pairs).encode())
        return {
            "images and folds": images.hexdigest()[:12],
            "labels": _label_digest(self.table, self.extra),
            "besides": None if self.extra is None else f"{self.extra.name} ({len(self.extra)})",
        }


def _label_digest(table: Table, extra: Table | None) -> str:
    """Of what is learnt: classes with their names, valence and arousal."""
    digest = hashlib.sha256()
    for source in (table, extra):
        if source is not None:
            digest.update(str([(space, source.class_names[space]) for space in source.classes]).encode())
            for labels in (*source.classes.values(), source.valence, source.arousal):
                digest.update(b"" if labels is None else labels.tobytes())
    return digest.hexdigest()[:12]


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
