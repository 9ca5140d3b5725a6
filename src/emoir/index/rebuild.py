"""Rebuild: an index is read again beside itself; what was read takes its place as one step when it is complete."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from emoir.errors import IndexFileError
from emoir.extract.base import Extractor
from emoir.images.places import place_of
from emoir.index.backup import carry_numbers
from emoir.index.base import as_path, outermost
from emoir.index.checksums import checked, insert, sealed, select
from emoir.index.checksums import replace as replace_row
from emoir.index.exchange import exchange
from emoir.index.indexed_model import IndexedModel
from emoir.index.location import behind_link, rebuild_file
from emoir.index.scan import Scan, scan
from emoir.index.schema import LIBRARY, connect, create, folder_lock, read_meta, side_files, sqlite_errors, write_meta
from emoir.index.statements import meta_of
from emoir.index.store import ENGINE, SqliteStore
from emoir.index.update import Named, Update, UpdateOptions
from emoir.index.writer import IndexReport

# What is not read from images; the children come after their parents.
KEPT_TABLES = ("catalogues", "records", "ratings", "boards", "searches", "marks")
# The old index may get images while it is read again; their ids must not be those of others here.
FREE_IDS = 1_000_000


def rebuild(
    store: SqliteStore,
    model: IndexedModel,
    options: UpdateOptions,
    paths: Sequence[str | os.PathLike[str]],
    extractor: Extractor,
) -> IndexReport:
    """Read everything again, with any model; a stopped call goes on.

    Until all is read, the index stays as it is, for whoever searches it or writes to it. Then the new readings take
    the place of the old ones, as one step. Folders, ratings, boards, marks and catalogues stay.

    Args:
        store: the index.
        model: whose readings go in.
        options: of the run.
        paths: folders and single files to read beside those that are known.
        extractor: reads files.

    Returns:
        What was done.

    Raises:
        IndexFileError: if a folder is away, whose images would be forgotten; or the index cannot be used.
    """
    known = store.roots()
    named = Named.of(paths, known)
    # A folder inside another of them would be read twice.
    roots = outermost([*known, *named.folders])
    everything = [*roots, *named.files, *_files_still_there(store, roots, options)]
    _require_all_there(store, roots, options)
    if options.catalogue is not None:
        store.set_catalogue(options.catalogue, roots)
    file = _begin(store, model)
    with SqliteStore(file) as beside:
        run = Update(beside, model, (), replace(options, catalogue=None))
        done = run.run([as_path(path) for path in everything], extractor)
        removed = {*known} - {*beside.roots()}
    _take_place(behind_link(store.file), file, removed)
    if options.catalogue is None:
        return done
    return replace(done, catalogue=store.joined(options.catalogue, roots))


def _require_all_there(store: SqliteStore, roots: Sequence[bytes], options: UpdateOptions) -> None:
    before = Scan()
    for root in roots:
        scan(store, root, before, prune=options.prune, exclude=options.exclude)
    if before.kept:
        raise _would_forget(before.kept)


def _files_still_there(store: SqliteStore, roots: Sequence[bytes], options: UpdateOptions) -> list[bytes]:
    """Files that were indexed by themselves, less those that are gone."""
    found, away = [], []
    for path in store.single_files(roots):
        place = place_of(path)
        if place.kind(path) == "file":
            found.append(path)
        elif not place.is_mounted(os.path.dirname(path)) and not options.prune:
            away.append(path)
    if away:
        raise _would_forget(away)
    return found


def _would_forget(paths: Collection[bytes]) -> IndexFileError:
    return IndexFileError(
        f"{', '.join(str(as_path(path)) for path in paths)} is missing or empty, and a rebuild "
        "would forget its images; mount it, or let it be forgotten with --prune"
    )


def _begin(store: SqliteStore, model: IndexedModel) -> Path:
    """The file that the readings go into: what a stopped rebuild left, if it is of the same index and model."""
    file = rebuild_file(store.file)
    if file.exists():
        try:
            with SqliteStore(file) as left:
                same = (left.model.id, left.library) == (model.id, store.library)
        except IndexFileError as error:
            raise IndexFileError(f"{error}. A stopped rebuild left this file; to begin anew, delete it") from error
        if not same:
            _remove(file)
    with closing(connect(store.file)) as old, sqlite_errors(store.file):
        create(file, _staying(old) | meta_of(model))
        with closing(connect(file)) as new, sqlite_errors(file):
            new.execute("BEGIN")
            _add_roots(new, old)
            (last,) = old.execute("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'images'").fetchone()
            new.execute(
                "INSERT INTO sqlite_sequence SELECT 'images', ? "
                "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'images')",
                (last + FREE_IDS,),
            )
            new.execute("COMMIT")
    return file


def _take_place(index: Path, file: Path, removed: Collection[bytes]) -> None:
    """Put the new readings into the index, with all that was written to it meanwhile."""

    def new_content(old: sqlite3.Connection, folder: Path) -> Path:
        with closing(connect(file)) as new, sqlite_errors(file):
            new.execute("BEGIN")
            write_meta(new, _staying(old))
            for table in reversed(KEPT_TABLES):
                new.execute(f"DELETE FROM {table}")
            for table in KEPT_TABLES:
                rows = checked(table, old.execute(select(table)))
                new.executemany(insert(table), (sealed(table, row) for row in rows))
            _add_roots(new, old, removed)
            new.execute("COMMIT")
        carry_numbers(old, file)
        return file

    with sqlite_errors(index):
        exchange(index, new_content, kept_as=None)
    _remove(file)


def _add_roots(new: sqlite3.Connection, old: sqlite3.Connection, removed: Collection[bytes] = ()) -> None:
    for root in checked("roots", old.execute(select("roots"))):
        if root[0] not in removed:
            new.execute(replace_row("roots"), sealed("roots", root))


def _staying(connection: sqlite3.Connection) -> dict[str, str]:
    """What an index keeps of itself whatever model it is of."""
    return {key: value for key, value in read_meta(connection).items() if key in (LIBRARY, ENGINE)}


def _remove(file: Path) -> None:
    with folder_lock(file):
        for part in (file, *side_files(file)):
            part.unlink(missing_ok=True)
