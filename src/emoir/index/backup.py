"""Backup and restore: one complete, verified file of an index, taken and put back while others use it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from emoir.errors import IndexFileError
from emoir.index.change_log import restart_log
from emoir.index.damage import find_damage
from emoir.index.exchange import copy_database, exchange, flush, free_name, replace_unopenable, work_folder
from emoir.index.location import index_option
from emoir.index.salvage import salvaged
from emoir.index.schema import appear, connect, sqlite_errors

COUNTED = {
    "images": "images",
    "files": "files WHERE image IS NOT NULL",
    "ratings": "ratings",
    "records": "records",
    "boards": "boards",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What a backup holds.

    Args:
        file: where it is.
        images, files, ratings, records, boards: their numbers; of files, those that hold an image.
        kept_as: a restore keeps what it replaced under this name; None if there was nothing.
    """

    file: Path
    images: int
    files: int
    ratings: int
    records: int
    boards: int
    kept_as: Path | None


def backup(index: Path, file: Path) -> BackupReport:
    """Copy an index as it is at this moment, and verify the copy; it may be searched and written meanwhile.

    Args:
        index: to copy.
        file: appears whole or not at all; an earlier backup of that name is replaced.

    Returns:
        What the backup holds.

    Raises:
        IndexFileError: if the index is damaged, or the file cannot be written or is something else.
    """
    if not index.exists():
        raise IndexFileError(f"there is no index {index} to back up")
    _check_target(index, file)
    with sqlite_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with work_folder(file) as folder:
            made = folder / "backup"
            with closing(connect(index)) as source, sqlite_errors(index):
                source.execute("BEGIN")
                expected = _counts(source)
                copy_database(source, made)
            _verify(made, index, expected)
            made.replace(file)
            flush(file)
    return BackupReport(file=file, kept_as=None, **expected)


def restore(file: Path, index: Path) -> BackupReport:
    """Put a backup in the place of an index, as one step: every reader finds the old content or the new one.

    Services and other commands that use the index continue with the new content. The old content is kept beside it.

    Args:
        file: of a backup; not changed.
        index: receives it; made if it does not exist.

    Returns:
        What the index holds now.

    Raises:
        IndexFileError: if the backup is damaged or no index; the index is as it was then.
    """
    if not file.exists():
        raise IndexFileError(f"there is no backup {file}")
    if index.exists() and file.samefile(index):
        raise IndexFileError(f"{file} is the index itself; name a backup of it")
    with sqlite_errors(index):
        index.parent.mkdir(parents=True, exist_ok=True)
        with work_folder(index) as folder:
            made = folder / "restored"
            with closing(connect(file, forward_to=0)) as source, sqlite_errors(file):
                copy_database(source, made)
            # A backup of an older emoir is brought forward here, not where it lies.
            with closing(connect(made)) as new:
                held = _counts(new)
            _verify(made, file, held)
            kept_as = _put(made, index)
    return BackupReport(file=index, kept_as=kept_as, **held)


def _put(made: Path, index: Path) -> Path | None:
    if appear(made, index):
        flush(index)
        return None
    kept_as = free_name(index, "replaced")

    def new_content(old: sqlite3.Connection, folder: Path) -> Path:
        carry_numbers(old, made)
        return made

    try:
        exchange(index, new_content, kept_as)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise
        replace_unopenable(index, made, kept_as)
    return kept_as


def carry_numbers(old: sqlite3.Connection, made: Path) -> None:
    """See to it that no number of an image, a rating or a revision that the old content has given is given again."""
    given = list(salvaged(old, "SELECT name, seq FROM sqlite_sequence"))
    (latest,) = next(salvaged(old, "SELECT number FROM revision"), (0,))
    with closing(sqlite3.connect(made)) as new, new:
        restart_log(new, latest if isinstance(latest, int) else 0)
        for name, last in given:
            new.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name))
            new.execute(
                "INSERT INTO sqlite_sequence SELECT ?, ? WHERE ? NOT IN (SELECT name FROM sqlite_sequence)",
                (name, last, name),
            )


def _check_target(index: Path, file: Path) -> None:
    """Overwrite nothing but a backup."""
    if not file.exists():
        return
    if index.samefile(file):
        raise IndexFileError(f"{file} is the index itself; name another file for the backup")
    with closing(connect(file, forward_to=0)):
        pass


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    return {name: connection.execute(f"SELECT count(*) FROM {rows}").fetchone()[0] for name, rows in COUNTED.items()}


def _verify(made: Path, origin: Path, expected: dict[str, int]) -> None:
    """Read everything of a copy.

    Raises:
        IndexFileError: naming what it was copied from.
    """
    with closing(connect(made, forward_to=0)) as copy, sqlite_errors(made):
        problems = find_damage(copy) or (["the numbers of its rows"] if _counts(copy) != expected else [])
    if problems:
        raise IndexFileError(
            f"{origin} is damaged, nothing was copied ({'; '.join(problems)}); "
            f"emoir index --repair{index_option(origin)} salvages what it can"
        )
