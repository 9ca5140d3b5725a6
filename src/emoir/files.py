"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
