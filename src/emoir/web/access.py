"""AccessControl: checks of every request, before any route is reached."""

from __future__ import annotations

import logging
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emoir.web.body import MAX_JSON, Body, UploadBudget
from emoir.web.connection import Connection
from emoir.web.login import LOGIN, Login
from emoir.web.problems import Problem, busy, problem
from emoir.web.rate_limit import RateLimit
from emoir.web.routing import API, route_path
from emoir.web.settings import Settings
from emoir.web.tokens import cookie_value, same

_log = logging.getLogger("emoir.web")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Without the origin, a form of our own would look like another site's.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
UPLOADS = f"{API}/describe"
# The login page needs its style; whatever watches the process needs to know that it lives.
OPEN_PATHS = frozenset({"/static/style.css", f"{API}/health"})


class AccessControl:
    """Middleware: checks Host, Origin and token, bounds bodies, and adds the headers of safety.

    Args:
        app: what is guarded.
        settings: whom to let in.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self._login = Login(settings)
        self._budget = UploadBudget(settings.max_uploads)
        self._refusals = RateLimit(burst=settings.refusals, per_second=1.0)
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            # Nothing here speaks any other protocol.
            return
        headers = Headers(scope=scope)
        trusted = self._is_trusted(headers)
        connection: Connection | None = scope.get("state", {}).get("connection")
        body = Body(
            receive,
            headers,
            limit=self.settings.max_upload if route_path(scope) == UPLOADS else MAX_JSON,
            seconds=self.settings.upload_seconds,
            budget=self._budget,
            connection=connection,
        )
        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                fields = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    fields[name] = value
                fields.setdefault("cache-control", "no-store")
                if not body.whole or not trusted:
                    # Nobody waits here for what is not wanted any more, and a stranger asks once per connection.
                    fields["connection"] = "close"
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            if ended and body.whole and connection is not None:
                connection.expect_request()

        try:
            self._check_origin(scope, headers)
            if connection is not None:
                connection.trust(trusted)
            await self._serve(scope, body, trusted, guarded_send)
        except Problem as error:
            if started:
                raise
            accepted = headers.get("accept-language", "")
            refusal = problem(
                error.status_code,
                error.detail,
                chinese=error.chinese,
                accepted=accepted,
                headers=dict(error.headers or {}),
            )
            await refusal(scope, receive, guarded_send)
        except Exception:
            _log.exception("%s %s", scope["method"], scope["path"])
            if started:
                raise
            # The cause is for the operator's log, not for the caller.
            detail = "something went wrong here; the log of emoir serve says what"
            await problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)(scope, receive, guarded_send)
        finally:
            body.release()

    async def _serve(self, scope: Scope, body: Body, trusted: bool, send: Send) -> None:
        answer: Response | None = None
        if self.settings.token is not None:
            answer = await self._login.answer(scope, body)
        if answer is None and not trusted and route_path(scope) not in OPEN_PATHS:
            answer = self._refused(scope)
        if answer is not None:
            await answer(scope, body.receive, send)
            return
        body.check()
        if self._running >= self.settings.max_requests:
            raise busy()
        self._running += 1
        try:
            await self.app(scope, body.receive, send)
        finally:
            self._running -= 1

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        allowed = self.settings.allowed_hosts
        if allowed is not None and _name(host) not in allowed:
            # A page elsewhere may have made its own name point here (DNS rebinding).
            raise Problem(HTTPStatus.FORBIDDEN, f"this service is not called {host!r}; see --trusted-host")
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        opens = scope["method"] == "GET" and route_path(scope) == "/" and headers.get("sec-fetch-mode") == "navigate"
        foreign = site in ("cross-site", "same-site") and not opens
        # A browser's own word that a page is ours also holds behind a proxy that changes the host.
        if foreign or (origin is not None and site != "same-origin" and not self._is_own(origin, host)):
            raise Problem(HTTPStatus.FORBIDDEN, "a page of another site asked; only the gallery's own pages may")

    def _is_own(self, origin: str, host: str) -> bool:
        place = origin.partition("://")[2]
        return place == host or (bool(place) and _name(place) in self.settings.trusted_names)

    def _is_trusted(self, headers: Headers) -> bool:
        token = self.settings.token
        if token is None:
            return True
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(given.strip(), token):
            return True
        # Not with http.cookies: it takes seconds for a stranger's backslashes (CVE-2024-7592).
        name, wanted = f"{self.settings.cookie}=", cookie_value(token)
        cookies = (cookie.strip() for cookie in headers.get("cookie", "").split(";"))
        return any(cookie.startswith(name) and same(cookie.removeprefix(name), wanted) for cookie in cookies)

    def _refused(self, scope: Scope) -> Response:
        client = scope.get("client") or ("", 0)
        if not self._refusals.allows(client[0]):
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS, "too many requests without the token", headers={"retry-after": "30"}
            )
        if route_path(scope) in ("/", LOGIN) and scope["method"] in ("GET", "POST"):
            return self._login.page(scope)
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "show the token that emoir serve printed, as 'Authorization: Bearer TOKEN'",
            headers={"www-authenticate": "Bearer"},
        )


def _name(host: str) -> str:
    """The name in a Host header, without port and brackets; empty if there is anything else in it."""
    if set(host) & set("/@\\?# \t"):
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
