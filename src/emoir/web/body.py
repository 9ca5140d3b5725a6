"""Body: a request's body, bounded in bytes and in time, for one request and for all together."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from emoir.web.connection import Connection
from emoir.web.problems import Problem, busy

MAX_JSON = 200_000
"""Bytes of a body that is no image."""


class UploadBudget:
    """Bytes of all bodies that are being received or read at the same time.

    Args:
        total: the most bytes.
    """

    def __init__(self, total: int) -> None:
        self._left = total

    def take(self, count: int) -> None:
        """Reserve bytes before they are kept.

        Raises:
            Problem: if there is no room for them now.
        """
        if count > self._left:
            raise busy()
        self._left -= count

    def give_back(self, count: int) -> None:
        """Free what was reserved."""
        self._left += count


class Body:
    """The body of one request.

    Args:
        receive: gives its parts.
        headers: of the request.
        limit: bytes that it may have.
        seconds: in which all of it must arrive.
        budget: what all bodies share.
        connection: where it comes from; None in tests without a server.
    """

    def __init__(
        self,
        receive: Receive,
        headers: Headers,
        *,
        limit: int,
        seconds: float,
        budget: UploadBudget,
        connection: Connection | None,
    ) -> None:
        self._receive, self._limit, self._seconds = receive, limit, seconds
        self._budget, self._connection = budget, connection
        self._taken = self._reserved = 0
        self._deadline: float | None = None
        announced = headers.get("content-length", "0")
        self.announced = int(announced) if announced.isdecimal() else 0
        self.whole = self.announced == 0 and "transfer-encoding" not in headers
        if connection is not None:
            (connection.expect_nothing if self.whole else connection.expect_body)()

    def check(self) -> None:
        """Refuse a body whose announced length is too much; nothing of it is read then.

        Raises:
            Problem: likewise.
        """
        if self.announced > self._limit:
            raise too_large(self._limit)
        self._reserve(self.announced)

    def release(self) -> None:
        """Free the room that the body took."""
        self._budget.give_back(self._reserved)
        self._reserved = 0

    async def receive(self) -> Message:
        """The next message of the client.

        Raises:
            Problem: if the body is too long or too slow, or all bodies together are too much.
        """
        if self.whole:
            # Only a disconnection can come now, and that may take as long as it likes.
            return await self._receive()
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + self._seconds
        try:
            message = await asyncio.wait_for(self._receive(), self._deadline - now)
        except TimeoutError:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT,
                f"the body took longer than {self._seconds:g} seconds",
                chinese=f"上传用时超过了 {self._seconds:g} 秒",
            ) from None
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
            if self._taken > self._limit:
                raise too_large(self._limit)
            self._reserve(self._taken)
            if self.whole and self._connection is not None:
                self._connection.expect_nothing()
        return message

    def _reserve(self, count: int) -> None:
        if count > self._reserved:
            self._budget.take(count - self._reserved)
            self._reserved = count


def too_large(limit: int) -> Problem:
    """The refusal of a body over the limit."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"more than {limit:,} bytes; for images the limit is raised with --max-upload",
        chinese=f"超过了 {limit:,} 字节的上限；图片的上限可用 --max-upload 提高",
    )
