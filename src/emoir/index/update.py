"""Update: the policy of an index run: what is read, what is kept, what is forgotten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from emoir.errors import IndexFileError
from emoir.extract.base import Extractor
from emoir.images.places import place_of
from emoir.index.base import as_file, as_folder, as_path, below, outermost
from emoir.index.catalogue import Catalogue
from emoir.index.contract import ImageStore
from emoir.index.indexed_model import IndexedModel
from emoir.index.scan import Scan, scan
from emoir.index.writer import FileCallback, IndexReport, IndexWriter, Progress, index_report
from emoir.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """How an index is brought up to date.

    Args:
        prune: also forget images of folders that look unmounted.
        rebuild: read everything again (see ``emoir.index.rebuild``).
        exclude: what to skip in this run, in gitignore's syntax; what of it is indexed is forgotten.
        limits: what one file may cost.
        catalogue: of records for the files below the folders; takes the place of the one that they had.
        report: called for every file.
    """

    prune: bool = False
    rebuild: bool = False
    exclude: Sequence[str] = ()
    limits: Limits = DEFAULT_LIMITS
    catalogue: Catalogue | None = None
    report: FileCallback | None = None


class UpdateKeywords(TypedDict, total=False):
    """Fields of ``UpdateOptions`` as keywords of ``Collection.index``, for type checkers; a test holds them equal."""

    prune: bool
    rebuild: bool
    exclude: Sequence[str]
    limits: Limits
    report: FileCallback | None


@dataclass(frozen=True, slots=True)
class Named:
    """The paths to look at: folders, and single files."""

    folders: list[bytes]
    files: list[bytes]

    @classmethod
    def of(cls, paths: Sequence[str | os.PathLike[str]], known: Sequence[bytes]) -> Named:
        """Paths as they were named.

        Args:
            paths: as a user writes them.
            known: folders that were indexed before; they may be missing now.

        Raises:
            IndexFileError: if one is neither a folder nor a file.
        """
        folders, files = [], []
        for path in paths:
            folder = as_folder(path)
            try:
                kind = "folder" if folder in known else place_of(folder).kind(folder)
            except PermissionError as error:
                raise IndexFileError(f"{as_path(path)}: no permission to look at it ({error})") from None
            if kind == "folder":
                folders.append(folder)
            elif kind == "file":
                files.append(as_file(path))
            else:
                raise IndexFileError(f"{as_path(path)} is no folder and no file")
        return cls(folders, files)


class Update:
    """One run: looks at folders, reads what is new, forgets what is gone.

    Batches are committed as they are read: whatever ends a run loses none of them, and the next goes on from there.

    Args:
        store: is brought up to date.
        model: whose readings go in.
        earlier_ids: by which the same model was called before.
        options: how.
    """

    def __init__(
        self, store: ImageStore, model: IndexedModel, earlier_ids: Sequence[str], options: UpdateOptions
    ) -> None:
        self._store, self._model, self._earlier_ids, self._options = store, model, earlier_ids, options

    def run(
        self,
        paths: Sequence[str | os.PathLike[str]],
        extractor: Extractor,
    ) -> IndexReport:
        """Bring the index up to date.

        Args:
            paths: folders and single files; none for every folder that was indexed before.
            extractor: reads files; it is entered when it is clear that something may be read.

        Returns:
            What was done.

        Raises:
            IndexFileError: if the index cannot be used, no folder is known, or one vanished while it was read.
            ModelMismatchError: if the index holds readings of another model.
        """
        store, options = self._store, self._options
        named = Named.of(paths, store.roots())
        roots = self._prepare(named)
        if options.catalogue is not None:
            store.set_catalogue(options.catalogue, roots)
        found = Scan()
        again = store.retryable_failures(options.limits)
        for root in roots:
            scan(store, root, found, prune=options.prune, again=again, exclude=options.exclude)
        self._look_at_single_files(named.files, found, every=not paths)
        progress = Progress(total=len(found.fresh))
        with extractor as opened:
            IndexWriter(store, progress, options.limits, options.report).run(found.fresh, opened)
        self._require_still_there(roots, progress)
        store.forget(found.gone_files, found.gone_directories)
        emptied = self._forget_moved(roots, found, progress)
        for root in roots:
            if options.prune and not is_mounted(root):
                store.remove_root(root)
        if progress.done or found.removed or found.kept:
            store.compact()
        kept = tuple(as_path(path) for path in found.kept if path not in emptied)
        joined = None if options.catalogue is None else store.joined(options.catalogue, roots)
        return index_report(progress, found, kept, joined)

    def _prepare(self, named: Named) -> list[bytes]:
        """The folders to scan; no reading is touched if anything is wrong."""
        store, known = self._store, self._store.roots()
        # A folder inside another of them would be read twice.
        roots = outermost(named.folders if named.folders or named.files else known)
        if not roots and not named.files:
            raise IndexFileError("no folder has been indexed yet; name one: emoir index FOLDER")
        store.recalibrate(self._model, self._earlier_ids)
        store.require(self._model.id)
        for root in named.folders:
            store.add_root(root)
        return roots

    def _look_at_single_files(self, files: Sequence[bytes], found: Scan, *, every: bool) -> None:
        """Files outside all folders: those named now, and in a run over everything those named before."""
        roots = self._store.roots()
        known = {path: stat for path, stat in self._store.single_files(roots).items() if every or path in files}
        for path in dict.fromkeys([*files, *known]):
            folder, name = os.path.split(path)
            place = place_of(path)
            try:
                stat = place.stat(path)
            except FileNotFoundError:
                # Without its folder it may be on a disk that is not mounted.
                if place.is_mounted(folder) or self._options.prune:
                    found.gone_files.append((folder, name))
                    found.removed += 1
                continue
            except OSError:
                continue
            if self._store.files(folder).get(name) == stat:
                found.unchanged += 1
            else:
                found.fresh.append((path, stat))

    def _require_still_there(self, roots: Sequence[bytes], progress: Progress) -> None:
        vanished = [str(as_path(root)) for root in roots if progress.vanished and not is_mounted(root)]
        if vanished:
            raise IndexFileError(
                f"{', '.join(vanished)} vanished while it was read; what was read is safe, "
                "run the command again when it is back"
            )

    def _forget_moved(self, roots: Sequence[bytes], found: Scan, progress: Progress) -> list[bytes]:
        """Forget files of missing folders whose images turned up here; the folders that hold none any more."""
        store = self._store
        others = [root for root in store.roots() if root not in roots] if progress.moved else []
        away = [*found.kept, *(root for root in others if not is_mounted(root))]
        emptied = store.forget_copies(away) if away else []
        for root in emptied:
            # Copies elsewhere do not say that a folder was moved: it may be a disk with a backup.
            if progress.moved and not is_mounted(root):
                store.remove_root(root)
        return emptied


def is_mounted(root: bytes) -> bool:
    """Whether the disk or the storage of a folder is there."""
    return place_of(root).is_mounted(root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was forgotten.

    Args:
        files: their number.
        inside: the indexed folder around it, whose next run reads it again; None if there is none.
    """

    files: int
    inside: Path | None


def forget(store: ImageStore, path: str | os.PathLike[str]) -> Forgotten:
    """Forget a folder with everything below it, or one file; nothing on the disk changes, and ratings stay.

    Args:
        store: that knows it.
        path: need not exist any more.

    Returns:
        What was forgotten.

    Raises:
        IndexFileError: if the index knows nothing of it.
    """
    folder, file = as_folder(path), as_file(path)
    parent, name = os.path.split(file)
    directories = list(store.directories(folder))
    roots = store.roots()
    files = sum(len(store.files(directory)) for directory in directories)
    single = name in store.files(parent)
    if not directories and not single and folder not in roots:
        raise IndexFileError(f"nothing below {path} is indexed; emoir status lists the indexed folders")
    store.forget([(parent, name)] if single else [], directories)
    for root in roots:
        if below(root, folder):
            store.remove_root(root)
    store.compact()
    around = [root for root in roots if root != folder and below(folder, root)]
    return Forgotten(files=files + single, inside=as_path(around[0]) if around else None)
