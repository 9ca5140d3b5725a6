"""Connections that say nothing are closed, so that silence cannot take every place."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 15.0
"""Time for the head of a request to arrive, and between looks at a connection."""


class HeaderTimeoutProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with a limit on the time that the head of a request may take."""

    _look: asyncio.TimerHandle | None = None
    _served: object = None

    def connection_made(self, transport: Any) -> None:
        """Begin to look."""
        super().connection_made(transport)
        self._look = self.loop.call_later(HEADER_SECONDS, self._close_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        """End looking."""
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def _close_if_silent(self) -> None:
        """Close the connection if no request has come since the last look, and none is being answered."""
        if self.conn.their_state is h11.IDLE and self.cycle is self._served:
            self.transport.close()
            return
        self._served = self.cycle
        self._look = self.loop.call_later(HEADER_SECONDS, self._close_if_silent)
