"""Walking folders: every regular file with its size and time, one stat each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from emoir.images.exclusion import IGNORE_FILE, NO_MEDIA, Exclusion, SkipReason, exclusion_of, skip_by_name


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


@dataclass(frozen=True, slots=True)
class Listing:
    """One directory: its path, the device it lies on, and its regular files by name (all as bytes).

    Args:
        path: absolute.
        device: on which it lies.
        files: name to size and time.
        excluded: names of files and folders in it that are skipped although they are there.
    """

    path: bytes
    device: int
    files: dict[bytes, FileStat]
    excluded: frozenset[bytes] = frozenset()


DOT = ord(".")

Unreadable = Callable[[bytes, OSError], None]
"""Called with a directory that could not be listed, and why."""

Skipped = Callable[[bytes, SkipReason], None]
"""Called with a folder that is not looked into, and why."""


def walk(
    root: bytes, unreadable: Unreadable, *, exclude: Sequence[str] = (), skipped: Skipped | None = None
) -> Iterator[Listing]:
    """List a folder and everything below it, in the order of names.

    Hidden files and folders (a leading dot), folders of recycle bins, storage systems and photo libraries, folders
    with a ``.nomedia`` and what a ``.emoirignore`` names are skipped. A link to a file counts as the file; links
    to folders are not followed, so that no loop can arise. Files that vanish meanwhile are left out.

    Args:
        root: an absolute path.
        unreadable: called with directories that cannot be listed; the walk goes on without them.
        exclude: patterns in the syntax of gitignore, relative to the root.
        skipped: called with folders that are not looked into, except hidden ones.

    Yields:
        Parents before their children.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "a.jpg").write_bytes(b"123")
        >>> [listing.files for listing in walk(os.fsencode(folder), print)][0][b"a.jpg"].size
        3
    """
    pending = [(root, Exclusion(root, exclude) if exclude else None)]

    def skip(path: bytes, reason: SkipReason) -> None:
        if skipped is not None:
            skipped(path, reason)

    while pending:
        path, rules = pending.pop()
        files: dict[bytes, FileStat] = {}
        folders: list[bytes] = []
        try:
            device = signed(os.stat(path).st_dev)
            with os.scandir(path) as listed:
                hidden, shown = set[bytes](), list[os.DirEntry[bytes]]()
                for entry in listed:
                    if entry.name[0] == DOT:
                        hidden.add(entry.name)
                    else:
                        shown.append(entry)
        except OSError as error:
            unreadable(path, error)
            continue
        if NO_MEDIA in hidden:
            skip(path, SkipReason.NO_MEDIA)
            continue
        if IGNORE_FILE in hidden:
            rules = exclusion_of(path, rules)
        excluded: set[bytes] = set()
        for entry in shown:
            name = entry.name
            try:
                if entry.is_file():
                    if rules is not None and rules.excludes(entry.path):
                        excluded.add(name)
                    else:
                        files[name] = FileStat.of(entry.stat())
                elif entry.is_dir(follow_symlinks=False):
                    reason = skip_by_name(name)
                    if reason is None and rules is not None and rules.excludes(entry.path, folder=True):
                        reason = SkipReason.EXCLUDED
                    if reason is None:
                        folders.append(entry.path)
                    else:
                        skip(entry.path, reason)
                elif entry.is_dir():
                    skip(entry.path, SkipReason.LINK)
            except OSError:
                # A link that leads in a circle, or a file that has just gone.
                continue
        yield Listing(path, device, files, frozenset(excluded))
        pending += [(folder, rules) for folder in sorted(folders, reverse=True)]
