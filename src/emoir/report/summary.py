"""Summary: what a collection evokes, in numbers and in the rows of the images that show it."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.index.base import ImageMetadata
from emoir.index.layout import RowLayout
from emoir.search.diverse import first_distinct

FOLDERS = 15
"""More folders than this are shown together, as the last."""
MONTHS = 24
"""A collection that spans more months is shown by year."""
SHOWN = 6
UNCERTAIN = 12
PALETTE_IMAGES = 24
"""So many of the most typical images of an emotion give its palette."""

Rows = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Some images together.

    Args:
        label: the folder, month or year; empty for what is left over.
        count: images.
        mix: (K,) mean distribution over the emotions.
    """

    label: str
    count: int
    mix: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """A collection in numbers; images are named by their row.

    Args:
        space: the emotion space that is shown.
        names: its classes.
        whole: all images together.
        folders: by folder, largest first.
        months: by month or year, in order.
        dated: images whose month is that of the camera; the others' is that of the file.
        top: (n,) place of the most probable class.
        typical: per class, images that show it most; none where it is nobody's most probable class.
        palette: per class, more of them.
        extremes: ``lowest valence``, ``highest valence``, ``lowest arousal``, ``highest arousal``.
        uncertain: the least sure first.
    """

    space: str
    names: tuple[str, ...]
    whole: Group
    folders: tuple[Group, ...]
    months: tuple[Group, ...]
    dated: int
    top: NDArray[np.intp]
    typical: tuple[Rows, ...]
    palette: tuple[Rows, ...]
    extremes: dict[str, Rows]
    uncertain: Rows

    @property
    def pictured(self) -> list[int]:
        """Rows of all images that the page needs to see, rising."""
        lists = (*self.typical, *self.palette, *self.extremes.values(), self.uncertain)
        return sorted({row for rows in lists for row in rows})


def summarise(metadata: Sequence[ImageMetadata], readings: EmotionReadings, vectors: NDArray[np.float32]) -> Summary:
    """Summarise a collection.

    Args:
        metadata: of n images, n at least 1.
        readings: theirs; the first space is shown.
        vectors: (n, d) their row vectors.

    Returns:
        The summary; near duplicates are shown once.
    """
    space = next(iter(readings.class_names))
    shares = readings.distributions[space].astype(np.float64)
    top = shares.argmax(axis=1)
    months, dated = _by_month(metadata, shares)
    palettes = vectors[:, RowLayout.of(readings).palette]

    def best(keys: NDArray[np.floating], count: int, among: NDArray[np.bool_] | None = None) -> Rows:
        """The rows with the largest keys, near duplicates once."""
        order = np.argsort(-keys, kind="stable")
        order = order if among is None else order[among[order]]
        return first_distinct(order, metadata, palettes, count)

    classes = range(shares.shape[1])
    return Summary(
        space,
        readings.class_names[space],
        Group("", len(metadata), shares.mean(axis=0)),
        _by_folder(metadata, shares),
        months,
        dated,
        top,
        tuple(best(shares[:, place], SHOWN, top == place) for place in classes),
        tuple(best(shares[:, place], PALETTE_IMAGES, top == place) for place in classes),
        {
            "lowest valence": best(-readings.valence, SHOWN),
            "highest valence": best(readings.valence, SHOWN),
            "lowest arousal": best(-readings.arousal, SHOWN),
            "highest arousal": best(readings.arousal, SHOWN),
        },
        best(-readings.confidence, UNCERTAIN),
    )


def _by_folder(metadata: Sequence[ImageMetadata], shares: NDArray[np.float64]) -> tuple[Group, ...]:
    """The largest folders, named from where all of them part; the others as one group without a name."""
    folders = [os.path.dirname(entry.path) for entry in metadata]
    try:
        base = os.path.commonpath(folders)
    except ValueError:
        # Drives of Windows have nothing in common.
        base = b""

    def label(folder: bytes) -> str:
        inside = os.path.relpath(folder, base) if base else folder
        return os.fsdecode(os.path.basename(base) if folder == base else inside)

    groups = _groups(folders, shares, label)
    groups.sort(key=lambda group: (-group.count, group.label))
    if len(groups) <= FOLDERS:
        return tuple(groups)
    rest = groups[FOLDERS - 1 :]
    count = sum(group.count for group in rest)
    mix = np.sum([group.mix * group.count for group in rest], axis=0) / count
    return (*groups[: FOLDERS - 1], Group("", count, mix))


def _by_month(metadata: Sequence[ImageMetadata], shares: NDArray[np.float64]) -> tuple[tuple[Group, ...], int]:
    """By month, or by year where there are many; with the number of images that state when they were taken."""
    moments = [month_of(entry) for entry in metadata]
    if len(set(moments)) > MONTHS:
        moments = [moment[:4] for moment in moments]
    groups = _groups(moments, shares, str)
    return tuple(sorted(groups, key=lambda group: group.label)), sum(entry.taken is not None for entry in metadata)


def month_of(entry: ImageMetadata) -> str:
    """When an image was taken, or else when its file was last written, as ``YYYY-MM``."""
    if entry.taken is not None:
        return entry.taken[:7].replace(":", "-")
    return str(np.datetime64(entry.modified_ns, "ns"))[: len("2019-06")]


def _groups(keys: Sequence[Hashable], shares: NDArray[np.float64], label: Callable[..., str]) -> list[Group]:
    members: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        members.setdefault(key, []).append(row)
    return [Group(label(key), len(rows), shares[rows].mean(axis=0)) for key, rows in members.items()]
