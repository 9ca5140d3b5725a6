"""Repair: what can still be read of a damaged index takes the place of the rest."""

from __future__ import annotations

import glob
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from emoir.errors import IndexFileError, IndexVersionError
from emoir.index.change_log import LOG_START, restart_log
from emoir.index.checksums import Row, insert
from emoir.index.damage import find_damage
from emoir.index.exchange import copy_database, exchange, free_name, open_raw, replace_unopenable, work_folder
from emoir.index.layout import RowLayout
from emoir.index.salvage import format_of, living_rows, salvaged, salvaged_rows, salvaged_segments
from emoir.index.schema import appear, connect, create, sqlite_errors
from emoir.index.segments import COMPACT, insert_segment
from emoir.index.tables import COLUMNS, VERSION

MODEL_KEYS = {"model", "layout", "licence"}
# What the first 100 bytes of every index say: SQLite's name, pages of 4,096 bytes, a write-ahead log.
PAGE, HEADER = 4096, b"SQLite format 3\0\x10\x00\x02\x02\x00\x40\x20\x20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The result of a repair.

    Args:
        images: readings that were kept.
        files: files that were kept; others are looked at again by the next run.
        ratings: ratings that were kept.
        problems: what was wrong, one line each.
        kept_as: where the damaged content lies now; None if nothing was wrong and nothing was done.
    """

    images: int = 0
    files: int = 0
    ratings: int = 0
    problems: tuple[str, ...] = ()
    kept_as: Path | None = None

    @property
    def damaged(self) -> bool:
        """Whether anything was wrong."""
        return self.kept_as is not None


def repair(file: Path) -> Repair:
    """Salvage an index: rows that can be read and whose checksums hold take the place of what the file held.

    A reading is kept only if image and row vector are both there; what is lost is read again by the next
    ``emoir index``. The damaged content is kept beside it under another name. Other processes may use the index
    meanwhile: their commits are kept, and they continue with the salvaged content.

    Args:
        file: the index.

    Returns:
        What was wrong, and what was kept.

    Raises:
        IndexFileError: if it is no index, or not even its model can be read.
        IndexVersionError: if a newer emoir wrote it.
    """
    if not file.exists():
        _bring_back(file)
    problems = _problems(file)
    if not problems:
        return Repair()
    counted: dict[str, int] = {}
    kept_as = free_name(file, "damaged")

    def salvage(old: sqlite3.Connection, folder: Path) -> Path:
        counted.update(_salvage(old, file, folder / "salvaged"))
        return folder / "salvaged"

    with sqlite_errors(file):
        try:
            exchange(file, salvage, kept_as)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            harmed = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, None)
            if getattr(error, "sqlite_errorcode", None) not in harmed:
                raise
            _salvage_headless(file, kept_as, counted)
    return Repair(**counted, problems=tuple(problems), kept_as=kept_as)


def _problems(file: Path) -> list[str]:
    """What is wrong with an index of any format."""
    with sqlite_errors(file):
        try:
            with closing(open_raw(file)) as raw:
                stated = raw.execute("PRAGMA user_version").fetchone()[0]
                held: dict[str, str] = dict(row[:2] for row in salvaged_rows(raw, "meta", 5))
                if stated > VERSION and held.get("format", str(stated)) != str(VERSION):
                    raise IndexVersionError(f"{file} has format {stated}; repair it with the emoir that wrote it")
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            return [str(error)]
    try:
        # Formats 1 and 2 had no more tables than this; from format 3 on, all must be read to bring it forward.
        with closing(connect(file, forward_to=3)) as old:
            (version,) = old.execute("PRAGMA user_version").fetchone()
            if version == VERSION:
                return find_damage(old)
            return _problems_of_older(old, version)
    except (IndexFileError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return [str(error)]


def _problems_of_older(old: sqlite3.Connection, version: int) -> list[str]:
    problems = [str(line) for (line,) in old.execute("PRAGMA integrity_check(3)") if line != "ok"]
    (layout,) = old.execute("SELECT value FROM facts WHERE key = 'layout'").fetchone() or (None,)
    if layout is None:
        return [*problems, "its model"]
    (written,) = old.execute("SELECT count(*) FROM segments").fetchone()
    try:
        whole = sum(1 for _ in salvaged_segments(old, version, RowLayout.from_json(layout)))
    except (ValueError, AttributeError, TypeError):
        return [*problems, "the layout of its rows"]
    return [*problems, *([f"{written - whole:,} blocks of row vectors"] if whole < written else [])]


def _bring_back(file: Path) -> None:
    """Put back a damaged index that a repair was killed over, as earlier versions left it.

    Raises:
        IndexFileError: if there is none.
    """
    left = sorted(file.parent.glob(f"{glob.escape(file.name)}.damaged*"), key=lambda found: found.stat().st_mtime)
    left = [found for found in left if not found.name.endswith(("-wal", "-shm"))]
    if not left:
        raise IndexFileError(f"there is no index {file} to repair")
    with sqlite_errors(file), closing(open_raw(left[-1])) as damaged, work_folder(file) as folder:
        copy_database(damaged, folder / "again")
        appear(folder / "again", file)


def _salvage_headless(file: Path, kept_as: Path, counted: dict[str, int]) -> None:
    """Salvage a file of which SQLite cannot even read the head, which is the same in every index."""
    with work_folder(file) as folder:
        copy = folder / "headed"
        shutil.copy(file, copy)
        with open(copy, "r+b") as stream:
            stream.write(HEADER)
            stream.seek(28)
            stream.write((copy.stat().st_size // PAGE).to_bytes(4, "big"))
            stream.seek(44)
            # The format of the schema, and the encoding of text.
            stream.write((4).to_bytes(4, "big") + bytes(8) + (1).to_bytes(4, "big"))
        with closing(open_raw(copy)) as old:
            counted.update(_salvage(old, file, folder / "salvaged"))
        replace_unopenable(file, folder / "salvaged", kept_as)


def _salvage(old: sqlite3.Connection, file: Path, made: Path) -> dict[str, int]:
    """Make a whole index of what can be read of another; what was kept, counted."""
    version = format_of(old)
    if version is None:
        raise IndexFileError(
            f"index {file} is damaged beyond repair (the description of its tables cannot be read), or no emoir index; "
            "put a backup into its place with emoir restore, or move the file away and run emoir index again"
        )
    meta: dict[str, str] = {}
    for key, value, _ in salvaged_rows(old, "meta", version):
        meta[key] = value
    if not set(meta) >= MODEL_KEYS:
        raise IndexFileError(
            f"index {file}: not even its model can be read any more; put a backup into its place with emoir restore, "
            "or move the file away and run emoir index again"
        )
    with suppress(FileNotFoundError):
        made.unlink()
    create(made, {key: value for key, value in meta.items() if key not in (COMPACT, LOG_START, "whole")})
    with closing(connect(made)) as new, sqlite_errors(made):
        counted = _copy(old, version, new, RowLayout.from_json(meta["layout"]))
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return counted


def _copy(old: sqlite3.Connection, version: int, new: sqlite3.Connection, layout: RowLayout) -> dict[str, int]:
    """Copy what can be read and belongs together, in one transaction."""
    new.execute("PRAGMA foreign_keys = OFF")
    new.execute("BEGIN")
    tables = tuple(table for table in COLUMNS if table != "meta")
    rows = {table: list(salvaged_rows(old, table, version)) for table in tables}
    images: dict[int, Row] = {row[0]: row for row in rows["images"]}
    kept: set[int] = set()
    for blobs in salvaged_segments(old, version, layout):
        # A vector whose image is lost would answer for the next image that gets its number.
        found = living_rows(blobs, kept, images)
        if found is not None:
            insert_segment(new, *found)
    rows["images"] = [images[id] for id in sorted(kept)]
    directories, catalogues = ({row[0] for row in rows[table]} for table in ("directories", "catalogues"))
    rows["files"] = [row for row in rows["files"] if row[0] in directories and (row[4] is None or row[4] in kept)]
    rows["records"] = [row for row in rows["records"] if row[0] in catalogues]
    for table in tables:
        new.executemany(insert(table).replace("INSERT", "INSERT OR IGNORE", 1), rows[table])
    # What is read again must not get a number that meant another image.
    given = {"images": max(images, default=0)}
    given |= {table: max((row[0] for row in rows[table]), default=0) for table in ("ratings", "boards", "searches")}
    for name, last in salvaged(old, "SELECT name, seq FROM sqlite_sequence"):
        if name in given and isinstance(last, int):
            given[name] = max(given[name], last)
    for name, last in given.items():
        new.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        new.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))
    (revision,) = next(salvaged(old, "SELECT number FROM revision"), (0,))
    restart_log(new, revision if isinstance(revision, int) else 0)
    new.execute("COMMIT")
    return {"images": len(kept), "files": len(rows["files"]), "ratings": len(rows["ratings"])}
