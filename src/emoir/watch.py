"""Watch: folders that are indexed again as soon as something in them changes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from emoir.collection import Collection
from emoir.errors import EmoirError, IndexFileError
from emoir.index.base import as_path, below
from emoir.index.writer import IndexReport
from emoir.names import address_of

# A run starts when nothing has changed for the first time, or when changes have come for the second without a pause.
QUIET_SECONDS, PATIENCE_SECONDS = 1.0, 30.0
# Between two runs lie this many times the length of the first, so that watching takes a sixth of a core at most.
BACK_OFF, LONGEST_PAUSE_SECONDS = 5.0, 300.0
# Seconds between looks whether a folder was mounted, unmounted or replaced, which the system does not report.
LOOK_SECONDS = 5.0
# Seconds between full scans: changes that other computers make on a network drive are not reported either.
SCAN_SECONDS = 3600.0


def watch(collection: Collection, *, stop: threading.Event | None = None) -> Iterator[IndexReport | IndexFileError]:
    """Index what changes in the folders of a collection, until stopped.

    The first run begins at once. Later ones begin about a second after the last change; they wait longer where
    changes keep coming or runs take long. Folders that are missing are watched when they are back.

    Args:
        collection: with at least one folder indexed.
        stop: ends the watch when set; None to go on until the iterator is closed or Ctrl-C.

    Yields:
        What each run did, or why it could not be done. Runs that found nothing to do are left out, except the first.

    Raises:
        EmoirError: if ``watchfiles`` is missing, the system's limit of watched folders is reached, or the first
            run fails.
    """
    try:
        import watchfiles
    except ImportError:
        raise EmoirError("watching folders needs watchfiles: pip install watchfiles") from None
    stop = stop or threading.Event()
    yield collection.index()
    while not stop.is_set():
        roots = [os.fsencode(root) for root in collection.status().roots]
        identities = _identities(roots)
        folders = [root for root in identities if address_of(root) is None]
        changed = watchfiles.watch(
            *map(as_path, folders),
            watch_filter=lambda _, path: _counts(os.fsencode(path), collection.location),
            debounce=round(PATIENCE_SECONDS * 1000),
            step=round(QUIET_SECONDS * 1000),
            rust_timeout=round(LOOK_SECONDS * 1000),
            yield_on_timeout=True,
            stop_event=stop,
            ignore_permission_denied=True,
        )
        # What changed before the watch began was not reported.
        touched, scanned = set(identities), time.monotonic()
        try:
            for changes in changed if folders else _ticks(stop):
                touched |= _roots_of((os.fsencode(path) for _, path in changes), roots)
                if time.monotonic() - scanned > SCAN_SECONDS:
                    touched, scanned = set(identities), time.monotonic()
                if touched:
                    began = time.monotonic()
                    yield from _run(collection, touched)
                    touched = set()
                    stop.wait(min(BACK_OFF * (time.monotonic() - began), LONGEST_PAUSE_SECONDS))
                if _identities(roots) != identities:
                    break
        except OSError as error:
            raise EmoirError(
                f"the folders cannot be watched: {error}; on Linux, raise the limit with: "
                "sysctl fs.inotify.max_user_watches=1000000"
            ) from None


def _run(collection: Collection, roots: Iterable[bytes]) -> Iterator[IndexReport | IndexFileError]:
    """One run; its report, if it did anything."""
    try:
        report = collection.index(*sorted(map(as_path, roots)))
    except IndexFileError as error:
        yield error
        return
    if report.read or report.moved or report.failed or report.removed:
        yield report


def _identities(roots: Iterable[bytes]) -> dict[bytes, tuple[int, int]]:
    """The folders that are there, with device and number: another disk at the same place differs.

    Object storage tells of no change: it counts as there, and is scanned now and then.
    """
    found = {}
    for root in roots:
        if address_of(root) is not None:
            found[root] = (0, 0)
            continue
        try:
            entry = os.stat(root)
        except OSError:
            continue
        found[root] = (entry.st_dev, entry.st_ino)
    return found


def _counts(path: bytes, index: Path) -> bool:
    """Whether a change is of a file that may be indexed: not hidden, and not the index itself."""
    name = os.path.basename(path)
    return not name.startswith(b".") and not path.startswith(os.fsencode(index))


def _roots_of(paths: Iterable[bytes], roots: list[bytes]) -> set[bytes]:
    return {root for path in paths for root in roots if below(path, root)}


def _ticks(stop: threading.Event) -> Iterator[set[tuple[object, str]]]:
    """Nothing, now and then: no folder is there to be watched."""
    while not stop.wait(LOOK_SECONDS):
        yield set()
