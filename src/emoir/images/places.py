"""Place: where image files lie, and how they are listed, looked at and opened: the contract and folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, NamedTuple, Protocol

from emoir.files import open_regular
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.names import AnyPath, address_of

DOT = ord(".")


class FileStat(NamedTuple):
    """Size in bytes and modification time in nanoseconds, by which a changed file is recognised."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStat:
        """Size and time as the system states them, in numbers that a database holds.

        Example:
            >>> import tempfile
            >>> file = tempfile.mkstemp()[1]
            >>> os.utime(file, (10_413_792_000, 10_413_792_000))
            >>> FileStat.of(os.stat(file))
            FileStat(size=0, mtime_ns=-8032952073709551616)
        """
        time = status.st_mtime_ns
        # Not cls(...): a scan makes one of these for every file, and a call in Python costs as much as the rest.
        return tuple.__new__(cls, (status.st_size, time if -MOST <= time < MOST else signed(time)))


MOST = 2**63


def signed(number: int) -> int:
    """A number in the 64 bits of a signed integer: one out of their range, such as a time after 2262, wraps around."""
    return (number + MOST) % (2 * MOST) - MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderContents:
    """What one folder holds, by names.

    Args:
        device: on which it lies.
        files: regular files, links to files among them; without hidden ones, whose names begin with a dot.
        folders: without hidden ones and links.
        links: links to folders.
        hidden: names of hidden files and folders.
    """

    device: int
    files: dict[bytes, FileStat] = field(default_factory=dict)
    folders: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=list)
    hidden: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class OpenFile(AbstractContextManager["OpenFile"]):
    """A file, open for reading.

    Args:
        stream: its content; it can seek.
        stat: asks what the content is that the stream gives, now.
    """

    stream: BinaryIO
    stat: Callable[[], FileStat]

    def __exit__(self, *_: object) -> None:
        self.stream.close()


class Place(Protocol):
    """Where image files lie. Paths are bytes, absolute, or addresses such as ``s3://bucket/prefix``.

    Every method but ``is_mounted`` raises an ``OSError``: of a kind of its own for what is not there and what must
    not be read, a ``PlaceError`` if the place itself cannot be used.
    """

    @property
    def near(self) -> bool:
        """Whether a look costs next to nothing, as on a disk."""

    def list(self, folder: bytes) -> FolderContents:
        """What a folder holds."""

    def kind(self, path: bytes) -> Literal["file", "folder"] | None:
        """What a path is; None if nothing is there."""

    def stat(self, path: bytes) -> FileStat:
        """Size and time of a file."""

    def is_mounted(self, folder: bytes) -> bool:
        """Whether a folder would be there if anything were in it: its disk or its bucket is."""

    def head(self, path: bytes, length: int) -> bytes:
        """The first bytes of a file."""

    def open(self, path: bytes, limits: Limits = DEFAULT_LIMITS) -> OpenFile:
        """Open a file; one whose content goes through memory is refused if it is over the limits."""


class Folders:
    """The folders of this machine, and what is mounted into them."""

    near = True

    def list(self, folder: bytes) -> FolderContents:
        """One stat for each file. Files that vanish meanwhile are left out."""
        found = FolderContents(device=signed(os.stat(folder).st_dev))
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == DOT:
                    found.hidden.add(name)
                    continue
                try:
                    if entry.is_file():
                        found.files[name] = FileStat.of(entry.stat())
                    elif entry.is_dir():
                        (found.folders if entry.is_dir(follow_symlinks=False) else found.links).append(name)
                except OSError:
                    # A link that leads in a circle, or a file that has just gone.
                    continue
        return found

    def kind(self, path: bytes) -> Literal["file", "folder"] | None:
        """Of what a link leads to."""
        if os.path.isdir(path):
            return "folder"
        return "file" if os.path.isfile(path) else None

    def stat(self, path: bytes) -> FileStat:
        """What the system says."""
        return FileStat.of(os.stat(path))

    def is_mounted(self, folder: bytes) -> bool:
        """Whether it is there: without its folder a file may be on a disk that is not mounted."""
        return os.path.isdir(folder)

    def head(self, path: bytes, length: int) -> bytes:
        """The first bytes."""
        with open_regular(path) as stream:
            return stream.read(length)

    def open(self, path: bytes, limits: Limits = DEFAULT_LIMITS) -> OpenFile:
        """Open it where it lies; nothing of it is read yet."""
        stream = open_regular(path)
        return OpenFile(stream, lambda: FileStat.of(os.fstat(stream.fileno())))


_FOLDERS = Folders()


def place_of(path: AnyPath | bytes) -> Place:
    """The place of a path.

    Example:
        >>> place_of("/photos/a.jpg").near, place_of("s3://bucket/a.jpg").near
        (True, False)
    """
    if address_of(path) is None:
        return _FOLDERS
    from emoir.images.objects import ObjectStorage

    return ObjectStorage()


def open_file(path: AnyPath | bytes, limits: Limits = DEFAULT_LIMITS) -> OpenFile:
    """Open an image file, wherever it lies; errors as ``Place`` says."""
    return place_of(path).open(address_of(path) or os.fsencode(path), limits)
