"""Summary: what a collection evokes, in numbers and in the rows of the images that show it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from emoir.emotions.reading import EmotionReadings
from emoir.index.base import ImageMetadata
from emoir.index.layout import RowLayout
from emoir.names import address_of
from emoir.search.diverse import first_distinct

FOLDERS = 15
"""More folders than this are shown together, as the last."""
MONTHS = 24
"""A collection that spans more months is shown by year."""
TYPICAL = 12
EXTREME = 6
UNCERTAIN = 12
PALETTE_IMAGES = 24
"""The palette of an emotion comes from this many of its most typical images."""

Rows = tuple[int, ...]
Key = TypeVar("Key", bytes, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some images together.

    Args:
        label: the folder, month or year; empty for the rest.
        count: images.
        mix: (K,) mean distribution over the emotions.
        valence: mean.
        arousal: mean.
        folder: path of the folder; None for groups that are no folder.
    """

    label: str
    count: int
    mix: NDArray[np.float64]
    valence: float
    arousal: float
    folder: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
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
        sure: (n,) whether an image may be called by that class.
        typical: per class, images that show it most; only those that may be called by it.
        palette: per class, more of them.
        own_palette: (K, C) per class, how much more than all images these have of every reference colour, as shares
            of 1; zeros where there are none.
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
    sure: NDArray[np.bool_]
    typical: tuple[Rows, ...]
    palette: tuple[Rows, ...]
    own_palette: NDArray[np.float64]
    extremes: dict[str, Rows]
    uncertain: Rows

    @property
    def pictured(self) -> list[int]:
        """Rows of all images that the page shows, sorted ascending."""
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
    points = np.stack([readings.valence, readings.arousal], axis=1).astype(np.float64)
    months, dated = _by_month(metadata, shares, points)
    palettes = vectors[:, RowLayout.of(readings).palette]

    def best(keys: NDArray[np.floating], count: int, chosen: NDArray[np.bool_] | None = None) -> Rows:
        """The rows with the largest keys, near duplicates once."""
        order = np.argsort(-keys, kind="stable")
        order = order if chosen is None else order[chosen[order]]
        return first_distinct(order, metadata, palettes, count)

    classes = range(shares.shape[1])
    most = tuple(best(shares[:, place], PALETTE_IMAGES, (top == place) & readings.sure) for place in classes)
    return Summary(
        space=space,
        names=readings.class_names[space],
        whole=_group("", slice(None), shares, points),
        folders=_by_folder(metadata, shares, points),
        months=months,
        dated=dated,
        top=top,
        sure=readings.sure,
        typical=tuple(rows[:TYPICAL] for rows in most),
        palette=most,
        own_palette=np.array([_excess(palettes, rows) for rows in most]),
        extremes={
            "lowest valence": best(-readings.valence, EXTREME),
            "highest valence": best(readings.valence, EXTREME),
            "lowest arousal": best(-readings.arousal, EXTREME),
            "highest arousal": best(readings.arousal, EXTREME),
        },
        uncertain=best(-readings.confidence, UNCERTAIN),
    )


def _excess(roots: NDArray[np.float32], rows: Rows) -> NDArray[np.float64]:
    """By how much some images' mean palette exceeds that of all, in shares that sum to 1.

    Args:
        roots: (n, C) square roots of the shares of the reference colours.
        rows: of the images; may be empty.
    """
    if not rows:
        return np.zeros(roots.shape[1])
    shares = roots.astype(np.float64) ** 2
    excess = np.maximum(shares[list(rows)].mean(axis=0) - shares.mean(axis=0), 0)
    # Where all images are alike, their own colours are those of all.
    excess = excess if excess.sum() > 1e-6 else shares[list(rows)].mean(axis=0)
    return np.asarray(excess / excess.sum())


def _group(
    label: str,
    rows: list[int] | slice,
    shares: NDArray[np.float64],
    points: NDArray[np.float64],
    folder: bytes | None = None,
) -> Group:
    valence, arousal = points[rows].mean(axis=0).tolist()
    return Group(
        label=label,
        count=len(points[rows]),
        mix=shares[rows].mean(axis=0),
        valence=valence,
        arousal=arousal,
        folder=folder,
    )


def _by_folder(
    metadata: Sequence[ImageMetadata], shares: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[Group, ...]:
    """The largest folders, named from where all of them part; the others as one group without a name."""
    folders = [os.path.dirname(item.path) for item in metadata]
    try:
        base = os.path.commonpath(folders)
        base = address_of(base) or base
    except ValueError:
        # Drives of Windows have nothing in common.
        base = b""

    def label(folder: bytes) -> str:
        inside = os.path.relpath(folder, base) if base else folder
        return os.fsdecode(os.path.basename(base) if folder == base else inside)

    members = sorted(_members(folders).items(), key=lambda entry: (-len(entry[1]), label(entry[0])))
    kept = members if len(members) <= FOLDERS else members[: FOLDERS - 1]
    groups = [_group(label(folder), rows, shares, points, folder) for folder, rows in kept]
    rest = [row for _, rows in members[len(kept) :] for row in rows]
    return (*groups, _group("", rest, shares, points)) if rest else tuple(groups)


def _by_month(
    metadata: Sequence[ImageMetadata], shares: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[tuple[Group, ...], int]:
    """By month, or by year where there are many; with the number of images that state when they were taken."""
    moments = [month_of(item) for item in metadata]
    if len(set(moments)) > MONTHS:
        moments = [moment[:4] for moment in moments]
    groups = tuple(_group(moment, rows, shares, points) for moment, rows in sorted(_members(moments).items()))
    return groups, sum(item.taken is not None for item in metadata)


def month_of(item: ImageMetadata) -> str:
    """When an image was taken, or else when its file was last written, as ``YYYY-MM``."""
    if item.taken is not None:
        return item.taken[:7].replace(":", "-")
    return str(np.datetime64(item.modified_ns, "ns"))[: len("2019-06")]


def _members(keys: Sequence[Key]) -> dict[Key, list[int]]:
    members: dict[Key, list[int]] = {}
    for row, key in enumerate(keys):
        members.setdefault(key, []).append(row)
    return members
