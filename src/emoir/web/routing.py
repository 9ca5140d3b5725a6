"""Routing: where the service stands below a proxy's path, HEAD for every GET, and what is compressed."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/v1"
HEAD_ONLY = "emoir.head_only"
"""In a request's scope where nobody takes the body: an answer that is made while it is sent need not be made."""

TEXTS = ("/static/", *(f"{API}/{route}" for route in ("search", "shelves", "spaces", "filters", "words", "collection")))
"""How the paths begin that answer with text; pictures, files and points gain nothing by compression."""


def route_path(scope: Scope) -> str:
    """A request's path below the root path.

    Example:
        >>> route_path({"root_path": "/photos", "path": "/photos/api/v1/search"})
        '/api/v1/search'
    """
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class Normalised:
    """Middleware: puts the root path before every path, and answers HEAD as GET without a body.

    A proxy may take the root path away before it passes a request on, or leave it; both are served. Nobody needs a part
    of a file here, so ranges are not looked at: merging thousands of them is work (CVE-2025-62727).

    Args:
        app: what comes next.
        root_path: such as ``/photos``; empty at a host's root.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app, self._root = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if self._root and path != self._root and not path.startswith(self._root + "/"):
            path = self._root + path
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        inner = {**scope, "path": path, "root_path": self._root, "headers": headers}
        if scope["method"] != "HEAD":
            await self.app(inner, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**inner, "method": "GET", HEAD_ONLY: True}, receive, send_head)


class Compressed:
    """Middleware: compresses texts for those who take that. No answer holds a secret that its length could tell.

    Args:
        app: what comes next.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self._zipped = app, GZipMiddleware(app, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        text = scope["type"] == "http" and (route_path(scope) == "/" or route_path(scope).startswith(TEXTS))
        await (self._zipped if text else self.app)(scope, receive, send)
