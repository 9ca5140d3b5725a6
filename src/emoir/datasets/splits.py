"""Frozen splits: folds made once, saved with content hashes, verified whenever they are used."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.datasets.table import ABSENT_CLASS, Integers, Table
from emoir.errors import DatasetError
from emoir.files import read_regular

HASH_LENGTH = 16
# Continuous labels are stratified by this many equal shares of their range of ranks.
STRATA = 5


@dataclass(frozen=True)
class Folds:
    """Which fold each image of a data set belongs to; fold k is tested by a model that learnt from the others.

    Args:
        name: of the data set.
        digests: (n,) first 16 hexadecimal digits of each image's SHA-256, in the table's order.
        folds: (n,) fold numbers from 0.
        seed: that drew them.

    Raises:
        DatasetError: if an image stands in two folds, or lengths differ.
    """

    name: str
    digests: tuple[str, ...]
    folds: Integers
    seed: int

    def __post_init__(self) -> None:
        if len(self.digests) != len(self.folds):
            raise DatasetError(f"{self.name}: {len(self.folds)} folds for {len(self.digests)} images")
        seen: dict[str, int] = {}
        for digest, fold in zip(self.digests, self.folds.tolist(), strict=True):
            if seen.setdefault(digest, fold) != fold:
                raise DatasetError(f"{self.name}: image {digest} stands in folds {seen[digest]} and {fold}")

    @property
    def count(self) -> int:
        """Number of folds."""
        return int(self.folds.max()) + 1

    def test_rows(self, fold: int) -> NDArray[np.intp]:
        """Rows of one fold."""
        return np.flatnonzero(self.folds == fold)

    def training_rows(self, fold: int) -> NDArray[np.intp]:
        """Rows of all other folds."""
        return np.flatnonzero(self.folds != fold)

    def save(self, file: Path) -> None:
        """Write hashes and fold numbers, nothing else, as JSON."""
        pairs = dict(zip(self.digests, self.folds.tolist(), strict=True))
        file.write_text(json.dumps({"name": self.name, "seed": self.seed, "folds": pairs}, indent=0) + "\n")

    @classmethod
    def load(cls, file: Path, table: Table) -> Folds:
        """Read folds and bring them into the order of a table.

        Args:
            file: as ``save`` wrote it.
            table: the data set whose images are hashed and looked up.

        Raises:
            DatasetError: if the images are not those that were split, or the folds leak: a group of the
                table, or two copies of one image, in two folds.
        """
        values = json.loads(read_regular(file))
        pairs: dict[str, int] = values["folds"]
        digests = image_digests(table.paths)
        unknown = [path for path, digest in zip(table.paths, digests, strict=True) if digest not in pairs]
        missing = set(pairs) - set(digests)
        if unknown or missing:
            first = f", the first of them {unknown[0]}" if unknown else ""
            raise DatasetError(
                f"{file}: {len(unknown)} images were not there when it was split{first}, and {len(missing)} are gone"
            )
        folds = cls(values["name"], digests, np.array([pairs[digest] for digest in digests]), values["seed"])
        check_groups(folds, table.group)
        return folds


def image_digests(paths: Sequence[Path]) -> tuple[str, ...]:
    """First 16 hexadecimal digits of the SHA-256 of each file."""
    return tuple(hashlib.sha256(read_regular(path)).hexdigest()[:HASH_LENGTH] for path in paths)


def check_groups(folds: Folds, group: NDArray[np.str_] | None) -> None:
    """Make sure that no group lies in two folds; rows with an empty group are on their own.

    Raises:
        DatasetError: naming the first group that does.
    """
    seen: dict[str, int] = {}
    for name, fold in zip([] if group is None else group.tolist(), folds.folds.tolist(), strict=False):
        if name and seen.setdefault(name, fold) != fold:
            raise DatasetError(f"{folds.name}: group {name!r} stands in folds {seen[name]} and {fold}")


def make_folds(table: Table, *, count: int = 5, seed: int = 0, linked: Sequence[tuple[Path, Path]] = ()) -> Folds:
    """Draw folds, stratified by label, with groups and near-duplicates kept whole.

    Args:
        table: its first class label, distribution (by largest share) or valence stratifies, in that order;
            its groups stay whole.
        count: number of folds.
        seed: of the draw.
        linked: pairs of paths that must share a fold, beside the table's groups; pairs of which only one
            is in the table are skipped.

    Returns:
        The folds.

    Raises:
        DatasetError: if there are fewer groups than folds.

    Note:
        Needs scikit-learn (``emoir[research]``).
    """
    from sklearn.model_selection import StratifiedGroupKFold

    # An absent image keeps its place: who lost which file does not change the split.
    digests = tuple(
        image_digests([path])[0] if path.exists() else hashlib.sha256(os.fsencode(path)).hexdigest()[:HASH_LENGTH]
        for path in table.paths
    )
    groups = _groups(table, digests, linked)
    if len(np.unique(groups)) < count:
        raise DatasetError(f"{table.name}: {len(np.unique(groups))} groups cannot fill {count} folds")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    folds = np.empty(len(table), dtype=np.int64)
    with warnings.catch_warnings():
        # A class that is rarer than the folds are many lies in as many of them as it can.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for fold, (_, rows) in enumerate(splitter.split(np.zeros(len(table)), _strata(table), groups)):
            folds[rows] = fold
    return Folds(table.name, digests, folds, seed)


def make_parts(
    table: Table, shares: Sequence[int], *, seed: int = 0, linked: Sequence[tuple[Path, Path]] = ()
) -> Folds:
    """Draw parts of different size, by the rules of ``make_folds``.

    Args:
        table: the data set.
        shares: what each part is to hold of the whole, in whole numbers without a common divisor: ``(16, 1, 3)`` is
            80, 5 and 15 per cent. As many folds as their sum are drawn and joined.
        seed: of the draw.
        linked: pairs of paths that must stay on one side.

    Returns:
        One fold per part, in the order of the shares.

    Raises:
        DatasetError: if there are fewer groups than the shares' sum.
    """
    folds = make_folds(table, count=sum(shares), seed=seed, linked=linked)
    return replace(folds, folds=np.repeat(np.arange(len(shares)), shares)[folds.folds])


def part_rows(table: Table, part: str, shares: Mapping[str, int]) -> NDArray[np.intp]:
    """The rows of one part of a split: the table's own, or one drawn with the shares that the literature uses.

    Args:
        table: the data set.
        part: its name.
        shares: part to its share (see ``make_parts``), for a table without a split.

    Returns:
        The rows, sorted ascending.

    Raises:
        DatasetError: naming the parts that there are.
    """
    known = list(shares) if table.split is None else sorted({name for name in table.split.tolist() if name})
    if part not in known:
        raise DatasetError(f"{table.name}: no part {part!r}; it has {', '.join(known) or 'no split'}")
    if table.split is not None:
        return np.flatnonzero(table.split == part)
    return make_parts(table, tuple(shares.values())).test_rows(known.index(part))


def make_hold_out(table: Table, *, one_in: int = 5, seed: int = 0, linked: Sequence[tuple[Path, Path]] = ()) -> Folds:
    """Draw one test part, by the rules of ``make_folds``.

    Args:
        table: the data set.
        one_in: the test part is one image in this many.
        seed: of the draw.
        linked: pairs of paths that must stay on one side.

    Returns:
        Two folds: 0 is the test part, 1 the training part.

    Raises:
        DatasetError: if there are fewer groups than ``one_in``.
    """
    return make_parts(table, (1, one_in - 1), seed=seed, linked=linked)


def _strata(table: Table) -> Integers:
    """One integer a row, roughly equal labels sharing it."""
    if table.classes:
        return next(iter(table.classes.values()))
    if table.distributions:
        shares = next(iter(table.distributions.values()))
        present = ~np.isnan(shares).any(axis=1)
        strata = np.full(len(table), ABSENT_CLASS, dtype=np.int64)
        strata[present] = shares[present].argmax(axis=1)
        return strata
    if table.valence is not None:
        ranks = np.argsort(np.argsort(table.valence, kind="stable"), kind="stable")
        return np.asarray(ranks * STRATA // len(table), dtype=np.int64)
    return np.zeros(len(table), dtype=np.int64)


def _groups(table: Table, digests: Sequence[str], linked: Sequence[tuple[Path, Path]]) -> Integers:
    """Connected components: same group, same content, or named as belonging together."""
    first: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    names = [""] * len(table) if table.group is None else table.group.tolist()
    for row, (digest, name) in enumerate(zip(digests, names, strict=True)):
        for key in (f"content {digest}", f"group {name}" if name else ""):
            if key:
                pairs.append((row, first.setdefault(key, row)))
    rows = {path: row for row, path in enumerate(table.paths)}
    pairs += [(rows[one], rows[other]) for one, other in linked if one in rows and other in rows]
    return connected(len(table), pairs)


def connected(count: int, pairs: Iterable[tuple[int, int]]) -> Integers:
    """Connected components of rows.

    Args:
        count: number of rows.
        pairs: of rows that belong together.

    Returns:
        (count,) one of the rows of each row's component, the same for all of them.

    Example:
        >>> connected(4, [(0, 2), (2, 3)]).tolist()
        [3, 1, 3, 3]
    """
    parent = list(range(count))

    def root(row: int) -> int:
        top = row
        while parent[top] != top:
            top = parent[top]
        # Every row on the way points to the top from now on: long chains would cost their length squared.
        while parent[row] != top:
            parent[row], row = top, parent[row]
        return top

    for one, other in pairs:
        parent[root(one)] = root(other)
    return np.array([root(row) for row in range(count)], dtype=np.int64)
