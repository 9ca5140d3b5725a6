"""Files behind images: handed out only while their content is the indexed one."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from io import RawIOBase
from pathlib import Path
from typing import IO, Protocol

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from emoir.export.table import ExportTable
from emoir.export.write import csv_blocks
from emoir.images.places import open_file, place_of
from emoir.index.base import as_path
from emoir.web.routing import HEAD_ONLY

BLOCK = 1 << 16
REMEMBERED = 10_000


class Closeable(Protocol):
    """A file, or a generator."""

    def close(self) -> None:
        """Let go of what is open."""


class VerifiedFiles:
    """Opens files only while their SHA-256 is the indexed one; safe to share between threads.

    A file that was hashed once is known again by device, inode, size and both of its times, so that it is hashed anew
    only when something happened to it.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, paths: Sequence[bytes], digest: bytes) -> tuple[Path, IO[bytes]] | None:
        """The first of some files that holds the indexed content, open; None if none does."""
        for path in paths:
            try:
                stream = open_file(path).stream
            except OSError:
                continue
            try:
                # An object was downloaded just now: what it is called says nothing of that.
                found = self._known_digest(stream) if place_of(path).near else _digest(stream)
            except OSError:
                found = None
            if found == digest:
                return as_path(path), stream
            stream.close()
        return None

    def _known_digest(self, stream: IO[bytes]) -> bytes:
        status = os.fstat(stream.fileno())
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = _digest(stream)
            with self._lock:
                self._known[key] = known
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return known


def _digest(stream: IO[bytes]) -> bytes:
    digest = hashlib.file_digest(stream, "sha256").digest()  # type: ignore[arg-type]
    stream.seek(0)
    return digest


class ClosingResponse(StreamingResponse):
    """A response that closes what its content comes from at its end, whatever the end is.

    Where only the head is asked for, no block is made.

    Args:
        content: block by block.
        source: is closed; a caller that goes away must not leave files open until garbage is collected.
        media_type: of the content.
        headers: of the response.
    """

    def __init__(
        self,
        content: Iterator[bytes] | Iterator[str],
        source: Closeable,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._source = source
        super().__init__(content, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            if scope.get(HEAD_ONLY):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await send({"type": "http.response.body"})
            else:
                await super().__call__(scope, receive, send)
        finally:
            self._source.close()


class OpenFileResponse(ClosingResponse):
    """The content of an open file, which is closed at its end.

    Args:
        stream: the file.
        headers: of the response.
    """

    def __init__(self, stream: IO[bytes], headers: Mapping[str, str]) -> None:
        size = str(stream.seek(0, os.SEEK_END))
        stream.seek(0)
        content = iter(partial(stream.read, BLOCK), b"")
        super().__init__(content, stream, "application/octet-stream", {**headers, "content-length": size})


class ZipResponse(ClosingResponse):
    """A ZIP file, made while it is sent.

    Args:
        entries: see ``zip_stream``.
        headers: of the response.
    """

    def __init__(self, entries: Iterator[tuple[str, IO[bytes]]], headers: Mapping[str, str] | None = None) -> None:
        content = zip_stream(entries)
        super().__init__(content, content, "application/zip", headers)


class TableResponse(ClosingResponse):
    """A table as CSV, written while it is sent.

    Args:
        table: to send.
        excel: see ``csv_blocks``.
        headers: of the response.
    """

    def __init__(self, table: ExportTable, *, excel: bool = False, headers: Mapping[str, str] | None = None) -> None:
        content = csv_blocks(table, excel=excel)
        super().__init__(content, content, "text/csv; charset=utf-8", headers)


class _Sink(RawIOBase):
    """Takes what a ZIP writer writes, until it is taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._parts.append(bytes(data))  # type: ignore[call-overload]
        return len(self._parts[-1])

    def take(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found


def zip_stream(entries: Iterator[tuple[str, IO[bytes]]]) -> Generator[bytes]:
    """A ZIP file, written while it is read: it is never whole in memory or on disk.

    Args:
        entries: names, and open files, each of which is closed once it has been read.

    Yields:
        Its bytes.

    Example:
        >>> import io
        >>> content = b"".join(zip_stream(iter([("a.txt", io.BytesIO(b"onetwo"))])))
        >>> zipfile.ZipFile(io.BytesIO(content)).read("a.txt")
        b'onetwo'
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, stream in entries:
            with stream, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                while block := stream.read(BLOCK):
                    entry.write(block)
                    yield sink.take()
        yield sink.take()
    yield sink.take()
