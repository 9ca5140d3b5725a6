"""Files that appear whole or not at all, and files that are files."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path


@contextmanager
def atomic_write(file: Path) -> Iterator[Path]:
    """A name to write under that becomes the file's own when all went well.

    What was there before stays until then. The name is this thread's own: others may be at the same file, and the
    last to end gives it its content.

    Args:
        file: in a folder that exists.

    Yields:
        A file beside it, which is gone afterwards.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "answer.txt"
        >>> with atomic_write(file) as partial:
        ...     written = partial.write_text("42")
        >>> file.read_text()
        '42'
    """
    partial = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}.partial")
    try:
        yield partial
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def move_over(made: Path, folder: Path, *, last: str) -> None:
    """Move the files of one folder into another, where they replace those of the same names.

    Args:
        made: is gone afterwards.
        folder: receives its files; made if it does not exist.
        last: the file that makes the others valid. It is there only while all of them are of one making.

    Example:
        >>> import tempfile
        >>> made, folder = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
        >>> for name in ("graph", "card"):
        ...     written = (made / name).write_text("new")
        >>> move_over(made, folder, last="card")
        >>> sorted(file.name for file in folder.iterdir()), made.exists()
        (['card', 'graph'], False)
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / last).unlink(missing_ok=True)
    for file in sorted(made.iterdir(), key=lambda file: file.name == last):
        file.replace(folder / file.name)
    made.rmdir()


def open_regular(file: str | bytes | os.PathLike[str]) -> BufferedReader:
    """A file, open for reading, after a look at what it is: a pipe would wait for ever, a device may never end.

    Args:
        file: its name; links are followed.

    Raises:
        OSError: if it cannot be opened, or is a folder, pipe, device or socket.

    Example:
        >>> open_regular("/dev/zero")
        Traceback (most recent call last):
        OSError: [Errno 22] not a regular file: '/dev/zero'
    """
    # Looked at before it is opened, for opening alone may have an effect, and again after that: it may be another.
    _require_regular(os.stat(file), file)
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        _require_regular(os.fstat(descriptor), file)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(file: str | bytes | os.PathLike[str]) -> bytes:
    """The content of a file that ``open_regular`` opens; errors as there."""
    with open_regular(file) as stream:
        return stream.read()


def _require_regular(found: os.stat_result, file: str | bytes | os.PathLike[str]) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fsdecode(file))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", os.fsdecode(file))


def file_digest(path: Path | bytes) -> bytes:
    """SHA-256 of a file's content.

    Raises:
        OSError: if it cannot be read.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").digest()
