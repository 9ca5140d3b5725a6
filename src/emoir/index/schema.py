"""Making an index file, opening it safely, and errors in our words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from emoir.errors import IndexFileError, IndexVersionError
from emoir.index.checksums import DamagedRowError, checked, insert, replace, sealed, select
from emoir.index.location import index_option
from emoir.index.migrations import migrate, statements
from emoir.index.tables import INDEXES, TABLES, TRIGGERS, VERSION

# "emoi": tells an index from any other SQLite file.
APPLICATION_ID = 0x656D6F69
BUSY_SECONDS = 60.0
# With less than this free, what SQLite calls an input or output error is a full disk.
FULL_BYTES = 2**20
# The key of the table meta under which copies of one index know each other.
LIBRARY = "library"
HARMED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all reads inside see the index at one moment, whatever other processes write meanwhile.

    Args:
        connection: to the index; if it is in a transaction already, that is the moment.
    """
    inside = connection.in_transaction
    if not inside:
        connection.execute("BEGIN")
    try:
        yield
    finally:
        # After some errors SQLite has ended it itself.
        if not inside and connection.in_transaction:
            connection.execute("ROLLBACK")


def create(file: Path, meta: Mapping[str, str]) -> None:
    """Make a new index, unless another process is first.

    It is made under another name and gets its own when it is complete, so that no process ever opens half of one.

    Args:
        file: where; nothing happens if it is there already.
        meta: its model, as ``meta_of`` gives it.

    Raises:
        IndexFileError: if it cannot be made there.
    """
    with sqlite_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        os.close(handle)
        try:
            with closing(sqlite3.connect(name, isolation_level=None)) as connection:
                # Write-ahead logging is a property of the file: others may read while one writes.
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("BEGIN")
                for statement in (*statements(TABLES), *statements(INDEXES), *statements(TRIGGERS)):
                    connection.execute(statement)
                known = {LIBRARY: uuid.uuid4().hex, **meta, "format": str(VERSION)}
                connection.executemany(insert("meta"), (sealed("meta", item) for item in known.items()))
                connection.execute("COMMIT")
            appear(Path(name), file)
        finally:
            for suffix in ("", "-wal", "-shm"):
                Path(name + suffix).unlink(missing_ok=True)


def identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another that takes its name; None if there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def prepare(connection: sqlite3.Connection) -> None:
    """Make a writable index ready for daily use: a backup has no log, an older index no name of its library."""
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode = WAL")
    if library_of(connection) is None:
        write_meta(connection, {LIBRARY: uuid.uuid4().hex})


def read_meta(connection: sqlite3.Connection) -> dict[str, str]:
    """What an index keeps of itself and its model, by key."""
    return dict(checked("meta", connection.execute(select("meta"))))


def write_meta(connection: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    """Set some keys."""
    connection.executemany(replace("meta"), [sealed("meta", item) for item in meta.items()])


def library_of(connection: sqlite3.Connection) -> str | None:
    """What copies of one index have in common; None in an older index that cannot be written."""
    return read_meta(connection).get(LIBRARY)


@contextmanager
def folder_lock(file: Path) -> Iterator[None]:
    """Let one process at a time put an index into its place, or take it away.

    Windows does not let an open file be replaced, so nothing is locked there.
    """
    if os.name == "nt":
        yield
        return
    import fcntl

    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def side_files(file: Path) -> list[Path]:
    """The write-ahead log of an index, and its index in turn; they may not be there."""
    return [file.with_name(file.name + suffix) for suffix in ("-wal", "-shm")]


def appear(made: Path, file: Path) -> bool:
    """Give a whole index its name, unless the name is taken; whether it was given.

    A log that an index of this name left behind would be read into the new one, so it goes first.
    """
    with folder_lock(file):
        if file.exists():
            return False
        for left in side_files(file):
            left.unlink(missing_ok=True)
        made.rename(file)
        return True


def _mode(file: Path) -> str:
    """How SQLite may open a file: to write if the system lets us, else to read.

    Readers of a write-ahead log leave marks beside the file, which a read-only folder does not take. A file
    without a log in such a folder cannot change, so it is opened as immutable.
    """
    effective = os.access in os.supports_effective_ids
    if all(os.access(place, os.W_OK, effective_ids=effective) for place in (file, file.parent)):
        return "mode=rw"
    return "mode=ro" if file.with_name(file.name + "-wal").exists() else "mode=ro&immutable=1"


def is_writable(file: Path) -> bool:
    """Whether the system lets us write an index."""
    return _mode(file) == "mode=rw"


def connect(file: Path, *, forward_to: int = VERSION) -> sqlite3.Connection:
    """Open an existing index; where it cannot be written, to read only.

    Full synchronisation: what was committed survives a power cut.

    Args:
        file: the index.
        forward_to: the format that an older one is brought to.

    Raises:
        IndexFileError: if it cannot be opened or is no index.
        IndexVersionError: if a newer emoir wrote it.
    """
    with sqlite_errors(file):
        address = f"{file.absolute().as_uri()}?{_mode(file)}"
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = text_of
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != APPLICATION_ID:
                raise IndexFileError(f"{file} is no emoir index; choose another file with --index")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version < 1:
                raise DamagedRowError(f"its format is {version}")
            if version > VERSION:
                raise IndexVersionError(
                    f"{file} has format {version}, this emoir reads up to {VERSION}; "
                    "update with pip install -U emoir, or choose another file with --index"
                )
            _migrate(connection, file, version, forward_to)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def _migrate(connection: sqlite3.Connection, file: Path, version: int, target: int) -> None:
    """Bring an index of an older emoir forward; another process may be first.

    Raises:
        IndexVersionError: if it must be, and cannot be written.
    """
    if version >= target:
        return
    if not is_writable(file):
        raise IndexVersionError(f"{file} has the older format {version} and cannot be written to bring it forward")
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < target:
            migrate(connection, version, target)
            connection.execute(f"PRAGMA user_version = {target}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def text_of(stored: bytes) -> str:
    """Text from a file; what is no UTF-8 survives until its checksum is compared."""
    return stored.decode("utf-8", "surrogateescape")


@contextmanager
def sqlite_errors(file: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, with the file's name and what can be done."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # Extended codes, such as SQLITE_READONLY_DBMOVED, begin with the name of the plain one.
        code = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        if code == "SQLITE_IOERR" and shutil.disk_usage(file.parent).free < FULL_BYTES:
            code = "SQLITE_FULL"
        remedy = {
            "SQLITE_FULL": "the disk is full; free some space and run the command again, nothing is lost",
            "SQLITE_IOERR": (
                "the disk or its file system would not read or write; nothing that was acknowledged is lost, run the "
                "command again when it is well"
            ),
            "SQLITE_READONLY": "it is read-only; choose another place with --index",
            "SQLITE_CANTOPEN": "it cannot be opened or made there; choose another place with --index",
            "SQLITE_BUSY": f"another process has been writing for {BUSY_SECONDS:g} seconds; try again later",
        }.get(code, str(error))
        raise IndexFileError(f"index {file}: {remedy}") from error
    except sqlite3.DatabaseError as error:
        harmed = (
            f"; it is damaged (emoir index --repair{index_option(file)} salvages what it can) or no emoir index"
            if getattr(error, "sqlite_errorcode", None) in HARMED
            else ""
        )
        raise IndexFileError(f"index {file}: {error}{harmed}") from error
    except UnicodeDecodeError as error:
        # What SQLite says of a spoilt table quotes it.
        raise IndexFileError(
            f"index {file}: its text is spoilt; it is damaged "
            f"(emoir index --repair{index_option(file)} salvages what it can)"
        ) from error
    except OSError as error:
        raise IndexFileError(f"index {file}: {error.strerror}; choose another place with --index") from error
