"""Check: what a data set on disk holds, what it lacks, and which of its images are the same."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from emoir.datasets.agreement import Agreement, agreements
from emoir.datasets.folders import images_below
from emoir.datasets.splits import connected
from emoir.datasets.table import ABSENT_CLASS, Table
from emoir.errors import UndecodableImageError
from emoir.images.decode import decode
from emoir.images.difference_hash import difference_hash
from emoir.images.near_duplicates import near_duplicate_pairs
from emoir.images.palette import palette_histogram
from emoir.limits import MAX_PIXELS

SIDE = 128
# Pictures that share hash and colours are compared cell by cell: dark and smooth ones share both whatever they show.
CELLS, SAME_CELLS = 16, 8.0
Report = Callable[[int, int], None]
"""Called with the number of images looked at, and of all."""


@dataclass(frozen=True, slots=True)
class Copies:
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


@dataclass(frozen=True, slots=True)
class Check:
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
    copies: tuple[Copies, ...]
    balance: dict[str, dict[str, int]]
    splits: dict[str, int]
    agreement: tuple[Agreement, ...]

    @property
    def leaks(self) -> tuple[Copies, ...]:
        """Groups of copies that lie on both sides of the split."""
        return tuple(group for group in self.copies if group.leak)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is needed of an image to know it again.

    Args:
        digest: SHA-256 of the file.
        hash: difference hash.
        palette: (64,) square roots of the palette histogram.
        cells: (16, 16, 3) uint8 sRGB, the thumbnail.
    """

    digest: bytes
    hash: int
    palette: NDArray[np.float32]
    cells: NDArray[np.uint8]


def check(
    table: Table,
    folder: Path | None,
    *,
    beside: Sequence[str] = (),
    max_pixels: int = MAX_PIXELS,
    report: Report | None = None,
) -> Check:
    """Look at every image of a data set.

    Args:
        table: the data set.
        folder: where extra images are looked for; None: nowhere.
        beside: folders below it whose images are no pictures of the set.
        max_pixels: larger images count as broken.
        report: progress.

    Returns:
        What was found; nothing is changed.
    """
    counts = Counter(table.paths)
    unique = list(counts)
    rows = {path: row for row, path in reversed(list(enumerate(table.paths)))}
    looked, missing, broken = dict[int, Seen](), list[Path](), dict[Path, str]()
    for number, (path, found) in enumerate(_look_at_all(unique, max_pixels), 1):
        if found is None:
            missing.append(path)
        elif isinstance(found, str):
            broken[path] = found
        else:
            looked[rows[path]] = found
        if report is not None:
            report(number, len(unique))
    return Check(
        table.name,
        len(table),
        tuple(missing),
        () if folder is None else tuple(_extra(folder, set(unique), beside)),
        broken,
        tuple(path for path, count in counts.items() if count > 1),
        tuple(_copies(table, looked)),
        _balance(table),
        {} if table.split is None else dict(Counter(table.split.tolist())),
        tuple(agreements(table)),
    )


def look_at(path: Path, max_pixels: int) -> Seen | str | None:
    """Decode an image.

    Args:
        path: the file.
        max_pixels: larger images are not decoded.

    Returns:
        What is needed to know it again; why it cannot be decoded; or None if it is not there.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    try:
        pixels = decode(content, size=SIDE, max_pixels=max_pixels).pixels
    except UndecodableImageError as error:
        return str(error)
    cells = np.asarray(Image.fromarray(pixels).resize((CELLS, CELLS), Image.Resampling.BOX))
    palette = np.sqrt(palette_histogram(pixels))
    return Seen(hashlib.sha256(content).digest(), difference_hash(pixels), palette, cells)


def _look_at_all(paths: Sequence[Path], max_pixels: int) -> Iterator[tuple[Path, Seen | str | None]]:
    """Each path in order with what was seen."""
    # Pillow decodes without the interpreter's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            yield from zip(paths, pool.map(lambda path: look_at(path, max_pixels), paths), strict=True)
        finally:
            # Ctrl-C must not wait for the rest.
            pool.shutdown(wait=True, cancel_futures=True)


def _extra(folder: Path, named: set[Path], beside: Sequence[str]) -> list[Path]:
    return [
        path for path in images_below(folder) if path not in named and path.relative_to(folder).parts[0] not in beside
    ]


def _copies(table: Table, looked: Mapping[int, Seen]) -> Iterator[Copies]:
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


def _near(seen: Sequence[Seen]) -> Iterator[tuple[int, int]]:
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


def _group(table: Table, rows: Sequence[int], *, exact: bool) -> Copies:
    splits = [] if table.split is None else [str(table.split[row]) for row in rows]
    labels = [
        f"{space}: {table.class_names[space][indices[row]]}"
        for space, indices in table.classes.items()
        for row in rows
        if indices[row] != ABSENT_CLASS
    ]
    named = tuple(dict.fromkeys(part for part in splits if part))
    return Copies(tuple(table.paths[row] for row in rows), exact, named, tuple(dict.fromkeys(labels)))


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
