"""Walking folders: every regular file with its size and time, wherever the folders lie."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from emoir.images.exclusion import (
    FIGURE_ENDING,
    IGNORE_FILE,
    NO_MEDIA,
    Exclusion,
    SkipReason,
    exclusion_of,
    skip_by_name,
)
from emoir.images.places import FileStat, place_of


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


# Bytes of a list of patterns that are read.
LONGEST_LIST = 1_000_000

Unreadable = Callable[[bytes, OSError], None]
"""Called with a directory that could not be listed, and why."""

Skipped = Callable[[bytes, SkipReason], None]
"""Called with a folder that is not looked into, and why."""


def walk(
    root: bytes, unreadable: Unreadable, *, exclude: Sequence[str] = (), skipped: Skipped | None = None
) -> Iterator[Listing]:
    """List a folder and everything below it, in the order of names.

    Hidden files and folders (a leading dot), folders of recycle bins, storage systems and photo libraries, folders
    with a ``.nomedia``, what a ``.emoirignore`` names and the figures of ``emoir explain`` are skipped. A link to a
    file counts as the file; links to folders are not followed, so that no loop can arise. Files that vanish meanwhile
    are left out.

    Args:
        root: an absolute path, or an address (see ``Place``).
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
    place, figures = place_of(root), os.fsencode(FIGURE_ENDING)
    pending = [(root, Exclusion(root, exclude) if exclude else None)]

    def skip(path: bytes, reason: SkipReason) -> None:
        if skipped is not None:
            skipped(path, reason)

    while pending:
        path, rules = pending.pop()
        try:
            found = place.list(path)
        except OSError as error:
            unreadable(path, error)
            continue
        if NO_MEDIA in found.hidden:
            skip(path, SkipReason.NO_MEDIA)
            continue
        if IGNORE_FILE in found.hidden:
            # A list that cannot be read excludes nothing.
            with suppress(OSError):
                rules = exclusion_of(path, place.head(os.path.join(path, IGNORE_FILE), LONGEST_LIST), rules)
        files, excluded = found.files, {name for name in found.files if name.endswith(figures)}
        if rules is not None:
            excluded |= {name for name in files if rules.excludes(os.path.join(path, name))}
        if excluded:
            files = {name: stat for name, stat in files.items() if name not in excluded}
        yield Listing(path, found.device, files, frozenset(excluded))
        for link in found.links:
            skip(os.path.join(path, link), SkipReason.LINK)
        folders: list[bytes] = []
        for name in found.folders:
            folder = os.path.join(path, name)
            reason = skip_by_name(name)
            if reason is None and rules is not None and rules.excludes(folder, folder=True):
                reason = SkipReason.EXCLUDED
            if reason is None:
                folders.append(folder)
            else:
                skip(folder, reason)
        pending += [(folder, rules) for folder in sorted(folders, reverse=True)]
