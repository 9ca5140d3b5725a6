"""IndexWriter: files that a scan found, settled or read, and committed in batches."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from emoir.errors import UndecodableImageError
from emoir.extract.base import Extraction, Extractor, Failure
from emoir.files import file_digest
from emoir.images.exclusion import SkipReason
from emoir.images.formats import HEADER_LENGTH, SUFFIXES, sniff
from emoir.images.places import FileStat, place_of
from emoir.index.base import FileOutcome, KnownImage, NotAnImage, Outcome, as_path
from emoir.index.catalogue import Joined
from emoir.index.contract import ImageStore
from emoir.index.scan import Scan
from emoir.limits import Limits, RetryReason

# A batch is committed when it is this long or this old (seconds), whichever comes first.
BATCH_FILES, BATCH_SECONDS = 256, 2.0


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far indexing is.

    Args:
        total: files to look at.
        done: of these, looked at.
        read: images read.
        moved: images known already, under another name.
        failed: files that could not be read.
        vanished: files that were gone when their turn came; nothing is recorded of them.
        unread: kinds of pictures that are not read here, and how many of each.
    """

    total: int = 0
    done: int = 0
    read: int = 0
    moved: int = 0
    failed: int = 0
    vanished: int = 0
    unread: Counter[str] = field(default_factory=Counter)


FileCallback: TypeAlias = Callable[[Progress, Path, "str | None"], None]
"""Called after every file, with its path and, if it failed, the cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What an indexing run did.

    Args:
        read: images read.
        moved: images known already, whose file is new or was moved.
        failed: files that could not be read.
        unchanged: files that needed nothing.
        removed: files that are gone.
        kept: folders that look unmounted; their images were kept.
        catalogue: how a catalogue fits the files, if one was given.
        vanished: files that were gone when their turn came.
        unread: kinds of pictures that are not read here, and how many of each.
        skipped: why folders were not looked into, and how many.
        links: links to folders, which are not followed.
    """

    read: int
    moved: int
    failed: int
    unchanged: int
    removed: int
    kept: tuple[Path, ...]
    catalogue: Joined | None = None
    vanished: int = 0
    unread: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[SkipReason, int] = field(default_factory=dict)
    links: tuple[Path, ...] = ()


def index_report(progress: Progress, found: Scan, kept: tuple[Path, ...], catalogue: Joined | None) -> IndexReport:
    """What a run did, from how far it came and what its scan found."""
    return IndexReport(
        read=progress.read,
        moved=progress.moved,
        failed=progress.failed,
        unchanged=found.unchanged,
        removed=found.removed,
        kept=kept,
        catalogue=catalogue,
        vanished=progress.vanished,
        unread=dict(progress.unread),
        skipped=dict(found.skipped),
        links=tuple(as_path(path) for path in found.links),
    )


class IndexWriter:
    """Carries files from a scan to the index, batch by batch.

    Args:
        index: receives the batches.
        progress: updated after every file.
        limits: in force.
        report: called for every file.
    """

    def __init__(self, index: ImageStore, progress: Progress, limits: Limits, report: FileCallback | None) -> None:
        self._index, self._progress, self._limits, self._report = index, progress, limits, report
        self._batch: list[FileOutcome] = []
        self._handed_out: dict[bytes, FileStat] = {}
        self._began = time.monotonic()

    def run(self, fresh: Sequence[tuple[bytes, FileStat]], extractor: Extractor) -> None:
        """Look at every file; what was read is committed even if this is interrupted."""
        try:
            for path, outcome in extractor.extract(self._unknown_images(fresh)):
                self._add(path, self._handed_out.pop(path), outcome)
        finally:
            self._commit()

    def _unknown_images(self, fresh: Sequence[tuple[bytes, FileStat]]) -> Iterator[bytes]:
        """The files that must be read; the others are settled on the way."""
        for path, stat in fresh:
            outcome = self._settle(path, stat)
            if outcome is None:
                self._handed_out[path] = stat
                yield path
            else:
                self._add(path, stat, outcome)

    def _settle(self, path: bytes, stat: FileStat) -> KnownImage | NotAnImage | Failure | None:
        """Recognise moved images by content, and files that are no images; None if it must be read."""
        place = place_of(path)
        promises = os.path.splitext(os.fsdecode(path))[1].lower() in SUFFIXES
        if promises and not place.near:
            # To look at it costs as much as to read it, which workers do side by side.
            return None
        try:
            if not sniff(place.head(path, HEADER_LENGTH)) and not promises:
                return NotAnImage()
            if not place.near:
                return None
            alike = {image.digest: image for image in self._index.images_like(stat)}
            # Hashed once, however many there are of its size and time.
            image = alike.get(file_digest(path)) if alike else None
        except OSError as error:
            cause = UndecodableImageError.of_system(error)
            return Failure(str(cause), cause.retry_when)
        return image

    def _add(self, path: bytes, stat: FileStat, outcome: Outcome) -> None:
        progress = self._progress
        progress.done += 1
        progress.read += isinstance(outcome, Extraction)
        progress.moved += isinstance(outcome, KnownImage)
        failure = outcome if isinstance(outcome, Failure) else None
        if failure is not None and failure.retry_when == RetryReason.ENVIRONMENT and _is_gone(path):
            # Nothing is recorded of a file that was taken away: the next run sees what became of it.
            progress.vanished += 1
            failure = None
        else:
            if failure is not None and failure.kind is not None:
                progress.unread[failure.kind] += 1
                failure = None
            progress.failed += failure is not None
            self._batch.append(FileOutcome(path, stat, outcome))
        if len(self._batch) >= BATCH_FILES or time.monotonic() - self._began > BATCH_SECONDS:
            self._commit()
        if self._report is not None:
            self._report(progress, as_path(path), None if failure is None else failure.cause)

    def _commit(self) -> None:
        if self._batch:
            self._index.record(self._batch, self._limits)
            self._batch = []
        self._began = time.monotonic()


def _is_gone(path: bytes) -> bool:
    """Whether there is no such file; a place that does not answer ends the run, which would fail for every file."""
    try:
        return place_of(path).kind(path) is None
    except PermissionError:
        return False
