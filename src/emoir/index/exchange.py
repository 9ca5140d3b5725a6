"""Exchange: complete copies of an index, made and put in its place while others use it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from emoir.errors import IndexFileError
from emoir.index.schema import BUSY_SECONDS, folder_lock, identity, side_files, text_of

# Pages that a copy takes at a time: at least two times, so that there is a look between begin and commit.
PAGES = 1024
ATTEMPTS = 20


class ChangedMeanwhileError(Exception):
    """Somebody wrote to an index between the look at it and its exchange."""


@contextmanager
def work_folder(file: Path) -> Iterator[Path]:
    """A folder of this process beside an index, gone afterwards; what killed runs left is removed first."""
    with folder_lock(file):
        for left in file.parent.glob(f".{file.name}.work-*"):
            _remove_abandoned(left)
        made = Path(tempfile.mkdtemp(prefix=f".{file.name}.work-{os.getpid()}-", dir=file.parent))
    try:
        yield made
    finally:
        _remove(made)


def _remove_abandoned(folder: Path) -> None:
    process = folder.name.rpartition("work-")[2].partition("-")[0]
    if process.isdigit() and os.name != "nt":
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            _remove(folder)
        except OSError:
            pass


def _remove(folder: Path) -> None:
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


def copy_database(source: sqlite3.Connection, copy: Path) -> None:
    """Copy a database as it is at this moment into one plain file without a log.

    Args:
        source: to copy from; others may write to it meanwhile.
        copy: the file to make; no other process uses it.
    """
    with closing(sqlite3.connect(copy, isolation_level=None)) as made:
        # A folder far away may know no locks and no shared memory; here they are not needed.
        made.execute("PRAGMA locking_mode = EXCLUSIVE")
        source.backup(made)
        made.execute("PRAGMA journal_mode = DELETE")
    flush(copy)


def flush(file: Path) -> None:
    """Bring a file and its name to the disk."""
    for place, flags in ((file, os.O_RDWR), (file.parent, os.O_RDONLY)):
        with suppress(PermissionError):
            handle = os.open(place, flags)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def free_name(file: Path, ending: str) -> Path:
    """The first of ``x.emoir.ending``, ``x.emoir.ending1``, … that is not taken."""
    numbers = (file.with_name(f"{file.name}.{ending}{number or ''}") for number in range(10_000))
    return next(name for name in numbers if not name.exists())


def exchange(file: Path, make: Callable[[sqlite3.Connection, Path], Path], kept_as: Path | None) -> None:
    """Put another content into an index, as one transaction, while others read and write it.

    Whichever process is killed, and whenever: at the path lies either the old content or the new one. Connections
    of others stay valid. What others commit is never lost: if it comes between, everything is made again.

    Args:
        file: the index; SQLite can open it, however damaged it is inside.
        make: gives the new content, a whole database, from a connection to the old one and a folder to work in.
        kept_as: receives the old content; None to drop it.

    Raises:
        IndexFileError: if others write without end.
        sqlite3.Error: if the old content cannot be opened.
    """
    for _ in range(ATTEMPTS):
        with work_folder(file) as folder, closing(open_raw(file)) as old, closing(open_raw(file)) as watch:
            before = _version(watch)
            old.execute("BEGIN")
            with suppress(sqlite3.DatabaseError):
                old.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if kept_as is not None:
                copy_database(old, folder / "kept")
            new = make(old, folder)
            old.execute("ROLLBACK")
            if kept_as is not None:
                (folder / "kept").rename(kept_as)
            try:
                _overwrite(file, new, watch, before)
            except BaseException as error:
                if kept_as is not None:
                    kept_as.unlink()
                if isinstance(error, ChangedMeanwhileError):
                    continue
                raise
            return
    raise IndexFileError(f"index {file}: others write to it all the time; try again when they have ended")


def _version(connection: sqlite3.Connection) -> int:
    """Changes whenever another connection commits."""
    row: tuple[int] = connection.execute("PRAGMA data_version").fetchone()
    return row[0]


def _overwrite(file: Path, new: Path, watch: sqlite3.Connection, before: int) -> None:
    """Write a whole database over another, in one transaction.

    Raises:
        ChangedMeanwhileError: if the old one is not any more what it was; it is not touched then.
    """

    def look(status: int, remaining: int, total: int) -> None:
        # After the first pages other writers are locked out; after the last ones everything is committed.
        if status != sqlite3.SQLITE_DONE and _version(watch) != before:
            raise ChangedMeanwhileError

    with closing(sqlite3.connect(new)) as source, closing(open_raw(file)) as target:
        (pages,) = source.execute("PRAGMA page_count").fetchone()
        source.backup(target, pages=max(1, min(PAGES, pages // 2)), progress=look)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def replace_unopenable(file: Path, new: Path, kept_as: Path) -> None:
    """Put a whole index in the place of a file that no SQLite can open, which is kept under another name."""
    with folder_lock(file):
        os.link(file, kept_as)
        for part, kept in zip(side_files(file), side_files(kept_as), strict=True):
            if part.exists():
                part.replace(kept)
        new.replace(file)
    flush(file)


def open_raw(file: Path) -> sqlite3.Connection:
    """Open an index whatever it holds, even if it is shorter than it says or has no log."""
    if identity(file) is None:
        raise IndexFileError(f"there is no index {file}")
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)
    connection.isolation_level = None
    connection.text_factory = text_of
    try:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
