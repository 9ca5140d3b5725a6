"""Connections: each has deadlines, and those without the token can be cut off."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

# A stranger's bytes are parsed in parts, so that the request is refused before all of them are: a chunk of one byte
# costs as much as one of many. More bytes than this are not kept for it.
PART, MOST_KEPT = 1 << 14, 1 << 22
LONGEST_HEAD = 1 << 16
"""Bytes of a request's head, however it arrives: the longest query, with every character escaped, takes 24,000."""
MOST_LINES = 256
"""Lines of a stranger's head: ten thousand short ones are 1 MB of objects."""


class Connections:
    """Open connections and their deadlines.

    A caller is a stranger until one of its requests was let in. When too many strangers are connected, the one that
    came first is cut off: a caller with the token is a stranger for a moment only, so strangers cannot block it.

    Args:
        header_seconds: for the head of a request to arrive, from the connection or the last answer on.
        body_seconds: for the whole body, from the end of the head on.
        write_seconds: for the caller to take what fills the buffers.
        strangers: connections that may be open at the same time.
    """

    def __init__(self, *, header_seconds: float, body_seconds: float, write_seconds: float, strangers: int) -> None:
        self.header_seconds, self.body_seconds, self.write_seconds = header_seconds, body_seconds, write_seconds
        self._limit = strangers
        self._strangers: dict[Connection, None] = {}

    def distrust(self, connection: Connection) -> None:
        """A connection was opened, or its last request was refused."""
        self._strangers.setdefault(connection)
        if len(self._strangers) > self._limit:
            next(iter(self._strangers)).cut()

    def trust(self, connection: Connection) -> None:
        """A request on a connection was let in."""
        self._strangers.pop(connection, None)

    def forget(self, connection: Connection) -> None:
        """A connection is closed."""
        self._strangers.pop(connection, None)


class Connection(asyncio.Protocol):
    """One connection with deadlines around uvicorn's HTTP/1.1.

    uvicorn has none for a request that does not arrive in whole. It takes any ``asyncio.Protocol``, so this one passes
    every event on to uvicorn's own and reaches into nothing. The application finds it in ``scope["state"]``.

    Args:
        app_state: what the application's lifespan gave: ``connections`` is in it.
        arguments: what else uvicorn's protocol takes.
    """

    def __init__(self, *, app_state: dict[str, Any], **arguments: Any) -> None:
        self._table: Connections = app_state["connections"]
        self._http = H11Protocol(app_state={**app_state, "connection": self}, **arguments)
        self._transport: asyncio.Transport | None = None
        self._trusted = False
        self._unparsed = bytearray()
        self._in_head, self._lines = True, 0
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request."""
        self._transport = transport
        # asyncio forgets this for sockets made without a protocol's number; an answer would wait 40 ms for the caller.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._table.distrust(self)
        self.expect_request()
        self._http.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End all waiting."""
        self._table.forget(self)
        self._expect(None)
        self.resume_writing()
        self._http.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what the caller sent."""
        begun = bool(self._unparsed)
        self._unparsed += data
        if len(self._unparsed) > MOST_KEPT and not self._trusted:
            self.cut()
        elif self._trusted or not begun:
            self._parse()

    def _parse(self) -> None:
        """Pass on all that is there, or a stranger's next part."""
        if self._transport is None or self._transport.is_closing():
            self._unparsed.clear()
            return
        length = len(self._unparsed) if self._trusted else PART
        part = bytes(self._unparsed[:length])
        del self._unparsed[:length]
        if self._in_head and not self._trusted:
            self._lines += part.partition(b"\r\n\r\n")[0].count(b"\n")
            if self._lines > MOST_LINES:
                self.cut()
                return
        if part:
            self._http.data_received(part)
        if self._unparsed:
            asyncio.get_running_loop().call_soon(self._parse)

    def eof_received(self) -> bool | None:
        """Pass on that the caller sends no more."""
        self._http.eof_received()
        return None

    def pause_writing(self) -> None:
        """Begin to wait for the caller to read."""
        loop = asyncio.get_running_loop()
        self._writing = loop.call_later(self._table.write_seconds, self.cut)
        self._http.pause_writing()

    def resume_writing(self) -> None:
        """The caller has read."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
            self._http.resume_writing()

    def expect_request(self) -> None:
        """The next request is due."""
        self._in_head, self._lines = True, 0
        self._expect(self._table.header_seconds)

    def expect_body(self) -> None:
        """The body of a request is due."""
        self._in_head = False
        self._expect(self._table.body_seconds)

    def expect_nothing(self) -> None:
        """It is our turn."""
        self._in_head = False
        self._expect(None)

    def trust(self, trusted: bool) -> None:
        """Say whether the caller's request was let in."""
        self._trusted = trusted
        if trusted:
            self._table.trust(self)
        else:
            self._table.distrust(self)

    def cut(self) -> None:
        """End the connection at once; what is not sent yet is lost."""
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                # Otherwise the system would go on sending to a caller that does not read.
                now = struct.pack("ii", 1, 0)
                self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            self._transport.abort()
        self._table.forget(self)

    def _expect(self, seconds: float | None) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._reading = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self.cut)
