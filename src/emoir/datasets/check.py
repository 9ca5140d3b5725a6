"""What a data set on disk holds, what it lacks, and which of its images are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.datasets.agreement import Agreement, agreements
from emoir.datasets.fingerprint import Fingerprint, fingerprints
from emoir.datasets.folders import images_below
from emoir.datasets.splits import connected
from emoir.datasets.table import ABSENT_CLASS, Table
from emoir.images.near_duplicates import near_duplicate_pairs
from emoir.limits import DEFAULT_LIMITS, Limits

# Pictures that share hash and colours are compared cell by cell: dark and smooth ones share both whatever they show.
SAME_CELLS = 8.0
ProgressCallback: TypeAlias = Callable[[int, int], None]
"""Called with the number of images looked at, and the number of all."""


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Images of a data set that are the same picture.

    Args:
        paths: two or more.
        exact: byte for byte; else alike in hash, colours and a thumbnail.
        splits: of the published split in which they lie; more than one is a leak.
        classes: that they are labelled with, as ``SPACE: CLASS``; more than one of a space is a contradiction.
    """

    paths: tuple[Path, ...]
    exact: bool
    splits: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def leak(self) -> bool:
        """Whether they lie on both sides of a split."""
        return len(self.splits) > 1

    @property
    def contradiction(self) -> bool:
        """Whether copies have different classes of one space."""
        spaces = [label.split(": ", 1)[0] for label in self.classes]
        return len(set(spaces)) < len(spaces)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetReport:
    """What was found.

    Args:
        name: of the data set.
        images: rows of its table.
        missing: files that the table names and that are not there.
        extra: images in the folder that the table does not name.
        broken: files that cannot be decoded, and why.
        repeated: files that the table names more than once.
        copies: groups of the same picture; exact ones first.
        balance: space to {class: images}; valence and arousal to counts in fifths of the scale.
        splits: part of the published split to images.
        agreement: of the raters.
    """

    name: str
    images: int
    missing: tuple[Path, ...]
    extra: tuple[Path, ...]
    broken: dict[Path, str]
    repeated: tuple[Path, ...]
    copies: tuple[DuplicateGroup, ...]
    balance: dict[str, dict[str, int]]
    splits: dict[str, int]
    agreement: tuple[Agreement, ...]

    @property
    def leaks(self) -> tuple[DuplicateGroup, ...]:
        """Groups of copies that lie on both sides of the split."""
        return tuple(group for group in self.copies if group.leak)


def check_dataset(
    table: Table,
    folder: Path | None,
    *,
    other_folders: Sequence[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    report: ProgressCallback | None = None,
) -> DatasetReport:
    """Look at every image of a data set.

    Args:
        table: the data set.
        folder: where extra images are looked for; None: nowhere.
        other_folders: folders below it whose images are no pictures of the set.
        limits: larger images count as broken.
        report: progress.

    Returns:
        What was found; nothing is changed.
    """
    counts = Counter(table.paths)
    unique = list(counts)
    rows = {path: row for row, path in reversed(list(enumerate(table.paths)))}
    looked, missing, broken = dict[int, Fingerprint](), list[Path](), dict[Path, str]()
    for number, (path, found) in enumerate(fingerprints(unique, limits), 1):
        if found is None:
            missing.append(path)
        elif isinstance(found, str):
            broken[path] = found
        else:
            looked[rows[path]] = found
        if report is not None:
            report(number, len(unique))
    return DatasetReport(
        name=table.name,
        images=len(table),
        missing=tuple(missing),
        extra=() if folder is None else tuple(_extra(folder, set(unique), other_folders)),
        broken=broken,
        repeated=tuple(path for path, count in counts.items() if count > 1),
        copies=tuple(_copies(table, looked)),
        balance=_balance(table),
        splits={} if table.split is None else dict(Counter(table.split.tolist())),
        agreement=tuple(agreements(table)),
    )


def _extra(folder: Path, named: set[Path], other_folders: Sequence[str]) -> list[Path]:
    return [
        path
        for path in images_below(folder)
        if path not in named and path.relative_to(folder).parts[0] not in other_folders
    ]


def _copies(table: Table, looked: Mapping[int, Fingerprint]) -> Iterator[DuplicateGroup]:
    """Groups of exact copies, then groups of near duplicates that are more than exact copies."""
    rows, seen = list(looked), list(looked.values())
    first: dict[bytes, int] = {}
    exact = connected(len(seen), ((place, first.setdefault(one.digest, place)) for place, one in enumerate(seen)))
    for group in _groups(exact):
        yield _group(table, [rows[place] for place in group], exact=True)
    # One of each group of exact copies stands for all of them.
    single = np.unique(exact).tolist()
    near = connected(len(single), _near([seen[place] for place in single]))
    for group in _groups(near):
        yield _group(table, [rows[single[place]] for place in group], exact=False)


def _near(seen: Sequence[Fingerprint]) -> Iterator[tuple[int, int]]:
    """Pairs that are alike in hash and colours and, cell by cell, in their thumbnails."""
    if not seen:
        return
    hashes = np.array([one.hash for one in seen], dtype=np.uint64)
    for one, other in near_duplicate_pairs(hashes, np.stack([each.palette for each in seen])).tolist():
        difference = seen[one].cells.astype(np.int16) - seen[other].cells
        if abs(difference).mean() <= SAME_CELLS:
            yield one, other


def _groups(roots: NDArray[np.int64]) -> list[list[int]]:
    members: dict[int, list[int]] = {}
    for place, root in enumerate(roots.tolist()):
        members.setdefault(root, []).append(place)
    return [places for places in members.values() if len(places) > 1]


def _group(table: Table, rows: Sequence[int], *, exact: bool) -> DuplicateGroup:
    splits = [] if table.split is None else [str(table.split[row]) for row in rows]
    labels = [
        f"{space}: {table.class_names[space][indices[row]]}"
        for space, indices in table.classes.items()
        for row in rows
        if indices[row] != ABSENT_CLASS
    ]
    named = tuple(dict.fromkeys(part for part in splits if part))
    return DuplicateGroup(tuple(table.paths[row] for row in rows), exact, named, tuple(dict.fromkeys(labels)))


def _balance(table: Table) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for space, labels in table.classes.items():
        counts = np.bincount(labels[labels != ABSENT_CLASS], minlength=len(table.class_names[space]))
        found[space] = dict(zip(table.class_names[space], counts.tolist(), strict=True))
    for space, shares in table.distributions.items():
        if space not in found:
            known = shares[~np.isnan(shares).any(axis=1)]
            counts = np.bincount(known.argmax(axis=1), minlength=shares.shape[1])
            found[f"{space} (favourite)"] = dict(zip(table.class_names[space], counts.tolist(), strict=True))
    for label, values in (("valence", table.valence), ("arousal", table.arousal)):
        if values is not None:
            counts, edges = np.histogram(values[~np.isnan(values)], bins=5, range=(0, 1))
            names = [f"{low:.1f} to {high:.1f}" for low, high in pairwise(edges)]
            found[label] = dict(zip(names, counts.tolist(), strict=True))
    return found
