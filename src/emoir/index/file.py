"""IndexFile: the one connection through which everything of an index is read and written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emoir.errors import IndexFileError
from emoir.index.change_log import CUT_EVERY, cut_log, restart_log, revision_of
from emoir.index.checksums import DamagedRowError
from emoir.index.damage import LARGE_TABLES, SMALL_TABLES, find_damage, find_hidden, find_page_damage
from emoir.index.location import index_option
from emoir.index.schema import BUSY_SECONDS, connect, identity, is_writable, library_of, prepare, sqlite_errors

# After this long another attempt is made to bring the log into the file, if a reader was in the way.
SETTLE_SECONDS = 1.0
# Up to this size, an index is read to its end when it is opened. Of a larger one the small tables are checked then, and
# a large one when its rows are looked for.
SMALL_BYTES = 2**21
# How long closing waits for other readers to do the same.
CLOSING_SECONDS = 2.0


class IndexFile:
    """An open index file; safe to share between threads, and between processes.

    Before every reading, and before and after every commit, the file at the path must be the one that was opened:
    SQLite would go on with a file that has no path any more. If another copy of the same library lies there, it is
    opened instead, as long as nothing was written to the first; its revision goes on from that of the first.

    After every commit the write-ahead log is brought into the file, so that a plain copy of an idle index is whole.

    Args:
        path: of an existing index.

    Raises:
        IndexFileError: if it cannot be opened or is no index.
        IndexVersionError: if a newer emoir wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._closed = False
        self._latest = 0
        self._sound: set[str] = set()
        self._connection = self._open()
        with sqlite_errors(path):
            self.library = library_of(self._connection) or ""

    def _open(self) -> sqlite3.Connection:
        """Connect, and know which file it was."""
        while True:
            before = identity(self.path)
            connection = connect(self.path)
            with sqlite_errors(self.path):
                small = self.path.stat().st_size <= SMALL_BYTES
                problems = find_damage(connection) if small else list(find_page_damage(connection, *SMALL_TABLES))
                if problems:
                    connection.close()
                    raise DamagedRowError("; ".join(problems))
                if is_writable(self.path):
                    prepare(connection)
            if before == identity(self.path):
                self._identity = before
                self._sound = set(LARGE_TABLES if small else ())
                return connection
            connection.close()

    def close(self) -> None:
        """Close the file; what was committed is safe without it."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._cancel()
            # A file that is not at its path any more has nothing to be brought in order for.
            if self._in_place() and is_writable(self.path):
                self._checkpoint(CLOSING_SECONDS)
            self._connection.close()

    def _in_place(self) -> bool:
        return self._identity is not None and identity(self.path) == self._identity

    def _check(self) -> None:
        """Open the file at the path, if it is another one of the same library.

        Raises:
            IndexFileError: if there is none, or one of another library.
        """
        if self._in_place() or self._closed:
            return
        if identity(self.path) is None:
            raise IndexFileError(
                f"index {self.path} was moved or deleted while it was in use; put it back, or begin again with: "
                f"emoir index FOLDER{index_option(self.path)}",
                chinese=f"索引 {self.path} 在使用中被移动或删除；请把它放回原处，或重新运行："
                f"emoir index 文件夹{index_option(self.path)}",
            )
        connection = self._open()
        if (library_of(connection) or "") != self.library:
            connection.close()
            self._identity = None
            raise IndexFileError(
                f"another index was put in the place of {self.path} while it was in use; start the command again",
                chinese=f"索引 {self.path} 在使用中被换成了另一个索引；请重新启动命令",
            )
        self._connection.close()
        self._connection = connection
        if is_writable(self.path):
            with self.writing():
                restart_log(connection, self._latest)

    @property
    def revision(self) -> int:
        """How often the index was written."""
        with self.reading() as connection:
            self._latest = max(self._latest, revision_of(connection))
            return revision_of(connection)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One thread at a time, on the file at the path, with our errors."""
        with self._lock, sqlite_errors(self.path):
            # Inside a transaction the check comes before the commit.
            if not self._connection.in_transaction:
                self._check()
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; other writers wait.

        Raises:
            IndexFileError: if the file left its path meanwhile: then nothing counts as written.
        """
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute("UPDATE revision SET number = number + 1")
                yield connection
                if revision_of(connection) % CUT_EVERY == 0:
                    cut_log(connection)
                self._require_in_place()
                connection.execute("COMMIT")
            except BaseException:
                # After some errors, such as a full disk, SQLite has rolled back itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            self._require_in_place()
            self._settle()

    def require_findable(self, *tables: str) -> None:
        """Make sure that no row of large tables is hidden: once for each file that is opened.

        Raises:
            DamagedRowError: if the tables are damaged; inside ``reading`` it becomes an IndexFileError.
        """
        for table in tables:
            if table not in self._sound:
                if problems := find_hidden(self._connection, table):
                    raise DamagedRowError("; ".join(problems))
                self._sound.add(table)

    def _require_in_place(self) -> None:
        if not self._in_place():
            raise IndexFileError(
                f"index {self.path} was moved, deleted or replaced while it was written; nothing was kept of this "
                "change, try again",
                chinese=f"索引 {self.path} 在写入时被移动、删除或替换；这次改动没有保存，请重试",
            )

    def _settle(self) -> None:
        """Bring the log into the file; later, if another process reads from it."""
        self._cancel()
        if not self._checkpoint(0.0):
            self._timer = threading.Timer(SETTLE_SECONDS, self._settle_later)
            self._timer.daemon = True
            self._timer.start()

    def _settle_later(self) -> None:
        with self._lock:
            if not self._closed and self._in_place():
                self._settle()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _checkpoint(self, seconds: float) -> bool:
        """Whether the log is empty now. What was committed is safe in the log as well, so errors do not matter."""
        busy = 1
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
            (busy, *_) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
        return not busy
