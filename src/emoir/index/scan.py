"""Scan: what has changed below a folder since it was last indexed."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from emoir.errors import PlaceError
from emoir.images.exclusion import SkipReason
from emoir.images.places import FileStat, place_of
from emoir.images.walk import Listing, walk
from emoir.index.base import as_path, below
from emoir.index.contract import ImageStore

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Scan:
    """What a scan found.

    Args:
        fresh: files that are new or changed, with size and time.
        unchanged: number of files that need nothing.
        gone_files: (directory, name) of files that are gone from directories that are still there.
        gone_directories: directories that are gone with all their files.
        removed: number of files that are gone.
        kept: folders that are not there but look unmounted rather than deleted; their files were kept.
        skipped: why folders were not looked into, and how many.
        links: links to folders.
    """

    fresh: list[tuple[bytes, FileStat]] = field(default_factory=list)
    unchanged: int = 0
    gone_files: list[tuple[bytes, bytes]] = field(default_factory=list)
    gone_directories: list[bytes] = field(default_factory=list)
    removed: int = 0
    kept: list[bytes] = field(default_factory=list)
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    links: list[bytes] = field(default_factory=list)


def scan(
    index: ImageStore,
    root: bytes,
    result: Scan,
    *,
    prune: bool = False,
    again: frozenset[bytes] = frozenset(),
    exclude: Sequence[str] = (),
) -> None:
    """Compare a folder with the index.

    What is gone is noted, not forgotten: a moved file keeps its reading only if the index still knows it
    when the file turns up elsewhere.

    A folder that is missing or empty although images were indexed there may be a disk that is not
    mounted: its files are kept, unless ``prune``. That is so for the root itself, and for folders that
    lay on another device than the root when they were last seen. Folders that cannot be listed are kept.

    Args:
        index: compared with; it also receives the devices that directories lie on.
        root: absolute path, or address.
        result: is added to.
        prune: forget missing files even if they look unmounted.
        again: files that are fresh even if they did not change.
        exclude: patterns of files and folders to skip (see ``walk``); those that are indexed are gone.
    """
    known = index.directories(root)
    unreadable: list[bytes] = []

    def note_unreadable(path: bytes, error: OSError) -> None:
        # A root that is not there is reported as unmounted instead; why storage does not answer is said, too.
        if path != root:
            unreadable.append(path)
        if path != root or isinstance(error, PlaceError):
            logger.warning("%s cannot be listed: %s", as_path(path), error.strerror or error)

    def note_skipped(path: bytes, reason: SkipReason) -> None:
        result.skipped[reason] += 1
        if reason is SkipReason.LINK:
            result.links.append(path)

    again_in = {os.path.dirname(path) for path in again}
    visited: dict[bytes, int] = {}
    empty: list[Listing] = []
    for listing in walk(root, note_unreadable, exclude=exclude, skipped=note_skipped):
        visited[listing.path] = listing.device
        if listing.files:
            _compare(index, listing, known, result, again if listing.path in again_in else frozenset())
        elif listing.path in known:
            empty.append(listing)

    if known and not prune and visited.keys() <= {root} & {listing.path for listing in empty}:
        result.kept.append(root)
        return
    kept = len(result.kept)
    device_then, device_now = known.get(root), visited.get(root)
    for listing in empty:
        if known[listing.path] != device_then and listing.device == device_now and not prune:
            result.kept.append(listing.path)
        else:
            _compare(index, listing, known, result, again)
    for path in sorted(known.keys() - visited.keys()):
        if any(below(path, folder) for folder in [*unreadable, *result.kept]):
            continue
        if known[path] != device_then and not prune:
            result.kept.append(path)
            continue
        result.removed += len(index.files(path))
        result.gone_directories.append(path)
    # A folder that is kept goes on counting as one of the device that it was last seen on.
    away = set(result.kept[kept:])
    changed = {path: device for path, device in visited.items() if known.get(path) != device and path not in away}
    index.set_devices(changed)


def _compare(
    index: ImageStore, listing: Listing, known: dict[bytes, int], result: Scan, again: frozenset[bytes]
) -> None:
    """One directory: fresh and missing files into the result."""
    before = index.files(listing.path) if listing.path in known else {}
    if before == listing.files and not again:
        # As nearly always.
        result.unchanged += len(before)
        return
    for name, stat in listing.files.items():
        path = os.path.join(listing.path, name)
        if before.get(name) == stat and path not in again:
            result.unchanged += 1
        else:
            result.fresh.append((path, stat))
    place = place_of(listing.path)
    # A file that is there but not listed is one that another indexer has found and recorded since.
    missing = sorted(
        name
        for name in before.keys() - listing.files.keys()
        if name in listing.excluded or place.kind(os.path.join(listing.path, name)) != "file"
    )
    result.gone_files += [(listing.path, name) for name in missing]
    result.removed += len(missing)
