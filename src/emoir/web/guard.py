"""Guard: who may ask what, before any route is reached."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emoir.web.problems import Problem, problem
from emoir.web.settings import Settings

COOKIE = "emoir"
_log = logging.getLogger("emoir.web")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
ASK_FOR_TOKEN = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>emoir</title><link rel="stylesheet" href="/static/style.css">
<main class="login"><h1>emoir</h1><form method="get" action="/"><form-rest><label>Token · 令牌
<input name="token" type="password" autocomplete="off" required autofocus></label>
<button>Open · 打开</button></form><p>emoir serve printed it when it started.</p></main></html>"""
HIDDEN = '<input type="hidden" name="{}" value="{}">'
# The login page itself needs its style, and nothing else.
OPEN_PATHS = frozenset({"/static/style.css"})


class Guard:
    """Middleware: checks Host, Origin and token, bounds bodies, and adds the headers of safety.

    Args:
        app: what is guarded.
        settings: whom to let in.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            # Nothing here speaks any other protocol.
            return

        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, guarded_send)
            return
        try:
            await self.app(scope, _Body(receive, self.settings).receive, guarded_send)
        except Exception:
            _log.exception("%s %s", scope["method"], scope["path"])
            if started:
                raise
            # The cause is for the operator's log, not for the caller.
            detail = "something went wrong here; the log of emoir serve says what"
            await problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)(scope, receive, guarded_send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        allowed = self.settings.allowed_hosts
        if allowed is not None and _name(host) not in allowed:
            # A page elsewhere may have made its own name point here (DNS rebinding).
            return problem(HTTPStatus.FORBIDDEN, f"this service is not called {host!r}; see --name")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return problem(HTTPStatus.FORBIDDEN, "a page of another site asked; only the gallery's own pages may")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not (
            scope["method"] == "GET" and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        ):
            return problem(HTTPStatus.FORBIDDEN, "a page of another site asked; only the gallery's own pages may")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self.settings.max_upload:
            error = too_large(self.settings)
            accepted = headers.get("accept-language", "")
            return problem(error.status_code, error.detail, chinese=error.chinese, accepted=accepted)
        return self._locked(scope, headers)

    def _locked(self, scope: Scope, headers: Headers) -> Response | None:
        token = self.settings.token
        if token is None or scope["path"] in OPEN_PATHS:
            return None
        kind, _, shown = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(shown.strip(), token):
            return None
        if _same(Request(scope).cookies.get(COOKIE, ""), _digest(token)):
            return None
        at_login = scope["path"] == "/" and scope["method"] == "GET"
        if at_login:
            asked = parse_qsl(scope["query_string"].decode("latin-1"))
            # What else was asked is still asked after the login.
            rest = [(name, value) for name, value in asked if name != "token"]
            if any(name == "token" and _same(value, token) for name, value in asked):
                response = RedirectResponse(f"/?{urlencode(rest)}" if rest else "/", HTTPStatus.SEE_OTHER)
                # Lax: a link in a letter may open the gallery; what else another site may do is checked above.
                response.set_cookie(COOKIE, _digest(token), httponly=True, samesite="lax", max_age=30 * 86400)
                return response
            hidden = "".join(HIDDEN.format(escape(name), escape(value)) for name, value in rest)
            return HTMLResponse(ASK_FOR_TOKEN.replace("<form-rest>", hidden), HTTPStatus.UNAUTHORIZED)
        return problem(
            HTTPStatus.UNAUTHORIZED,
            "show the token that emoir serve printed, as 'Authorization: Bearer TOKEN'",
            headers={"www-authenticate": "Bearer"},
        )


def too_large(settings: Settings) -> Problem:
    """The refusal of an upload over the limit."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"more than {settings.max_upload:,} bytes; raise the limit with --max-upload",
        chinese=f"超过了 {settings.max_upload:,} 字节的上限；可用 --max-upload 提高",
    )


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets; empty if there is anything else in it."""
    if set(host) & set("/@\\?# \t"):
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _digest(token: str) -> str:
    """What the cookie holds: it lets in the same callers, but does not tell the token."""
    return hashlib.sha256(f"emoir cookie {token}".encode()).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


class _Body:
    """A request's body, bounded in bytes and in time."""

    def __init__(self, receive: Receive, settings: Settings) -> None:
        self._receive, self._settings = receive, settings
        self._taken = 0
        self._whole = False
        self._deadline: float | None = None

    async def receive(self) -> Message:
        """The next message of the client."""
        if self._whole:
            # Only a disconnection can come now, and that may take as long as it likes.
            return await self._receive()
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + self._settings.upload_seconds
        try:
            message = await asyncio.wait_for(self._receive(), self._deadline - now)
        except TimeoutError:
            seconds = f"{self._settings.upload_seconds:g}"
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT,
                f"the body took longer than {seconds} seconds",
                chinese=f"上传用时超过了 {seconds} 秒",
            ) from None
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._taken > self._settings.max_upload:
                raise too_large(self._settings)
        return message
