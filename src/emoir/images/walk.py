"""Walking folders: every regular file with its size and time, one stat each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple


class FileStat(NamedTuple):
    """What tells a changed file from an unchanged one: bytes and modification time (nanoseconds)."""

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileStat:
        """What the system says of a file, in numbers that a database holds.

        Example:
            >>> import tempfile
            >>> file = tempfile.mkstemp()[1]
            >>> os.utime(file, (10_413_792_000, 10_413_792_000))
            >>> FileStat.of(os.stat(file))
            FileStat(size=0, mtime_ns=-8032952073709551616)
        """
        return cls(status.st_size, signed(status.st_mtime_ns))


def signed(number: int) -> int:
    """A number in the 64 bits of a signed integer: one out of their range, such as a time after 2262, wraps around."""
    return (number + 2**63) % 2**64 - 2**63


@dataclass(frozen=True, slots=True)
class Listing:
    """One directory: its path, the device it lies on, and its regular files by name (all as bytes)."""

    path: bytes
    device: int
    files: dict[bytes, FileStat]


DOT = ord(".")

Unreadable = Callable[[bytes, OSError], None]
"""Called with a directory that could not be listed, and why."""


def walk(root: bytes, unreadable: Unreadable) -> Iterator[Listing]:
    """List a folder and everything below it, in the order of names.

    Hidden files and folders (a leading dot) are passed over. A link to a file counts as the file; links
    to folders are not followed, so that no loop can arise. Files that vanish meanwhile are left out.

    Args:
        root: an absolute path.
        unreadable: is told of directories that cannot be listed; the walk goes on without them.

    Yields:
        Parents before their children.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.jpg").write_bytes(b"123")
        >>> [listing.files for listing in walk(os.fsencode(folder), print)][0][b"a.jpg"].size
        3
    """
    pending = [root]
    while pending:
        path = pending.pop()
        files: dict[bytes, FileStat] = {}
        folders: list[bytes] = []
        try:
            device = signed(os.stat(path).st_dev)
            with os.scandir(path) as entries:
                for entry in entries:
                    name = entry.name
                    if name[0] == DOT:
                        continue
                    try:
                        if entry.is_file():
                            status = entry.stat()
                            files[name] = FileStat.of(status)
                        elif entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                    except OSError:
                        # A link that leads in a circle, or a file that has just gone.
                        continue
        except OSError as error:
            unreadable(path, error)
            continue
        yield Listing(path, device, files)
        pending += sorted(folders, reverse=True)
