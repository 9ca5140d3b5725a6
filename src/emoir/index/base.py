"""The records that go into an index and come out of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emoir.extract.base import Extraction, Failure
from emoir.images.places import FileStat
from emoir.index.indexed_model import IndexedModel
from emoir.names import AddressPath, AnyPath, address_of

# For up to this many images the appearance is read alone, this many times: a new process answers sooner, and one that
# stays reads everything once and keeps it.
FEW_ROWS, FEW_TIMES = 200, 3
# Rows that are put together at a time, so that no copy of the whole appearance is made.
BLOCK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class KnownImage:
    """An image whose reading the index has already, under whatever path."""

    id: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class NotAnImage:
    """A file that neither is an image nor claims to be one."""


Outcome = Extraction | KnownImage | NotAnImage | Failure
"""The outcome of a file: its extraction, an image known already, no image at all, or a failure."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file and what became of it."""

    path: bytes
    stat: FileStat
    outcome: Outcome


def occurs_in(ids: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which ids occur in a sorted array.

    Example:
        >>> occurs_in(np.array([5, 1, 9]), np.array([1, 2, 5])).tolist()
        [True, True, False]
    """
    if not len(known):
        return np.zeros(len(ids), np.bool_)
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.asarray(known[places] == ids)


Appearance: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.float16]]
"""Gives the appearance of images by their ids, (k, columns) in their order; zeros where an image is gone."""


@dataclass(frozen=True, eq=False)
class VectorTable:
    """Row vectors of an index: the affect in memory, the appearance read when something asks for them.

    Args:
        ids: (n,) int64, sorted ascending.
        affect: (n, w) float32, the first columns of every row.
        read: gives the other columns.
    """

    ids: NDArray[np.int64]
    affect: NDArray[np.float32]
    read: Appearance
    _read_alone: list[int] = field(default_factory=list, init=False, repr=False)

    @cached_property
    def appearance(self) -> NDArray[np.float16]:
        """(n, d - w), the other columns of every row; read, and kept, when first asked for."""
        return self.read(self.ids)

    @cached_property
    def rows(self) -> NDArray[np.float32]:
        """(n, d) float32, for products over many columns; made, and kept, when first asked for."""
        width = self.affect.shape[1]
        rows = np.empty((len(self.ids), width + self.appearance.shape[1]), np.float32)
        rows[:, :width], rows[:, width:] = self.affect, self.appearance
        return rows

    def take(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Some whole rows, by number, (k, d). Looks that are not kept are read: the index must still be open."""
        width = self.affect.shape[1]
        if "appearance" not in self.__dict__ and len(rows) <= FEW_ROWS and len(self._read_alone) < FEW_TIMES:
            self._read_alone.append(len(rows))
            return np.concatenate([self.affect[rows], self.read(self.ids[rows]).astype(np.float32)], axis=1)
        taken = np.empty((len(rows), width + self.appearance.shape[1]), np.float32)
        for start in range(0, len(rows), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            taken[block, :width], taken[block, width:] = self.affect[rows[block]], self.appearance[rows[block]]
        return taken

    def rows_of(self, ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Row numbers of those ids that the table holds, in the order of the ids."""
        return np.searchsorted(self.ids, ids[occurs_in(ids, self.ids)])

    def changed(self, ids: NDArray[np.int64], now: VectorTable) -> VectorTable:
        """This table after a change; itself if no image came or went: the row of an image never changes.

        Args:
            ids: of the images that may have come or gone, sorted ascending.
            now: holds those of them that are there.
        """
        before = occurs_in(self.ids, ids)
        if np.array_equal(self.ids[before], now.ids):
            return self
        order = np.argsort(np.concatenate([self.ids[~before], now.ids]))

        def joined(mine: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
            return np.concatenate([mine[~before], others])[order]

        table = VectorTable(joined(self.ids, now.ids), joined(self.affect, now.affect), now.read)
        if "appearance" in self.__dict__:
            # Where the property keeps it.
            table.__dict__["appearance"] = joined(self.appearance, now.appearance)
        return table


@dataclass(frozen=True, slots=True)
class Record:
    """The catalogue record of an image, as text.

    Args:
        id: of the record.
        title: of the image.
        url: of the record's page; whatever the catalogue holds, so check it before making a link of it.
        columns: everything else, by header.
    """

    id: str | None = None
    title: str | None = None
    url: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON takes it."""
        return {"id": self.id, "title": self.title, "url": self.url, "columns": dict(self.columns)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageMetadata:
    """What an index knows of an image beside its row.

    Args:
        id: of the image.
        path: of a file that holds it.
        confidence, monochrome: of its reading.
        width, height: upright, in pixels.
        taken: when, as EXIF writes it, or None.
        hash: difference hash, or None where it is not known.
        modified_ns: when the file was last written, in nanoseconds since 1970.
        incomplete: whether a part of the picture is missing from its file.
        disturbing: a mark set by hand; None without one.
        record: the catalogue record of the file, or None.
    """

    id: int
    path: bytes
    confidence: float
    monochrome: bool
    width: int
    height: int
    taken: str | None
    hash: int | None
    modified_ns: int
    incomplete: bool
    record: Record | None
    disturbing: bool | None = None


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that could not be read, and why."""

    path: bytes
    cause: str


@dataclass(frozen=True, slots=True)
class IndexedCatalogue:
    """A catalogue that an index holds: the folder that it is of, the file that it came from, its records."""

    root: bytes
    source: bytes
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatus:
    """What an index holds, in numbers.

    Args:
        location: where it is.
        model: the one that read the images.
        roots: the folders that were indexed.
        images: different images.
        files: image files, copies counted.
        failures: files that could not be read.
        incomplete: files that were read though a part of the picture is missing, by path.
        bytes: size on disk.
        catalogues: of records joined to the files.
        engine: address of the search engine that holds a replica of the rows, or None.
        rebuild: the file that a rebuild fills at present, or was stopped at; None if there is none.
    """

    location: str
    model: IndexedModel
    roots: tuple[bytes, ...]
    images: int
    files: int
    failures: tuple[FailedFile, ...]
    incomplete: tuple[bytes, ...]
    bytes: int
    catalogues: tuple[IndexedCatalogue, ...] = ()
    engine: str | None = None
    rebuild: Path | None = None


def as_folder(path: AnyPath | bytes) -> bytes:
    """A folder as an index keys it: absolute, in the file system's own bytes, links resolved; or an address.

    Example:
        >>> as_folder("/photos/../photos"), as_folder("s3://bucket/photos/")
        (b'/photos', b's3://bucket/photos')
    """
    return address_of(path) or os.path.realpath(os.fsencode(path))


def as_file(path: AnyPath | bytes) -> bytes:
    """A file as an index keys it: its folder with links resolved, then its own name, which may be a link."""
    if (address := address_of(path)) is not None:
        return address
    folder, name = os.path.split(os.path.abspath(os.fsencode(path)))
    return os.path.join(os.path.realpath(folder), name)


def below(path: bytes, folder: bytes) -> bool:
    """Whether a path is a folder or lies anywhere below it.

    Example:
        >>> below(b"/photos/a", b"/photos"), below(b"/photos2", b"/photos")
        (True, False)
    """
    return path == folder or path.startswith(os.path.join(folder, b""))


def outermost(folders: Iterable[bytes]) -> list[bytes]:
    """Folders without those that lie in another of them.

    Example:
        >>> outermost([b"/a/b", b"/a-b", b"/a", b"/a"])
        [b'/a', b'/a-b']
    """
    kept: list[bytes] = []
    # A folder comes right before what lies below it.
    for folder in sorted(folders, key=lambda path: os.path.join(path, b"")):
        if not kept or not below(folder, kept[-1]):
            kept.append(folder)
    return sorted(kept)


def as_path(path: AnyPath | bytes) -> Path:
    """The inverse of ``as_folder`` and ``as_file``; bytes that are not UTF-8 survive the trip."""
    address = address_of(path)
    return Path(os.fsdecode(path)) if address is None else AddressPath(os.fsdecode(address))
