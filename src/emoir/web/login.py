"""Login: how a browser gets its cookie, and loses it."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

from emoir.web.body import Body
from emoir.web.problems import Problem
from emoir.web.routing import route_path
from emoir.web.settings import Settings
from emoir.web.tokens import cookie_value, same

LOGIN, LOGOUT = "/login", "/logout"
SECONDS = 30 * 86400
# Of a form in bytes, of a form or an address in fields: the gallery's own addresses have up to 200.
MAX_FORM, MAX_FIELDS = 10_000, 256
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>emoir</title><link rel="stylesheet" href="static/style.css">
<main class="login"><h1>emoir</h1><form method="post" action="login"><form-rest><label>Token · 令牌
<input name="token" type="password" autocomplete="current-password" required autofocus></label>
<button>Open · 打开</button></form><p>emoir serve printed it when it started.</p></main></html>"""
HIDDEN = '<input type="hidden" name="{}" value="{}">'


class Login:
    """The login page, the link with the token, and the way out.

    Args:
        settings: hold the token.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._code = settings.login_code

    async def answer(self, scope: Scope, body: Body) -> Response | None:
        """The answer to a request that logs in or out; None for any other, and for a wrong token."""
        path, method = route_path(scope), scope["method"]
        if path == LOGOUT and method == "POST":
            response = RedirectResponse("./", HTTPStatus.SEE_OTHER)
            response.delete_cookie(self._settings.cookie, path=self._settings.root_path or "/")
            return response
        if path == "/" and method == "GET":
            return self._let_in(scope, _fields(scope["query_string"]))
        if path == LOGIN and method == "POST":
            return self._let_in(scope, _fields(await _read(body)))
        return None

    def page(self, scope: Scope) -> Response:
        """The page that asks for the token; what else was asked is asked again after the login."""
        asked = _rest(_fields(scope["query_string"]))
        hidden = "".join(HIDDEN.format(escape(name), escape(value)) for name, value in asked)
        return HTMLResponse(PAGE.replace("<form-rest>", hidden), HTTPStatus.UNAUTHORIZED)

    def _let_in(self, scope: Scope, asked: list[tuple[str, str]]) -> Response | None:
        token = self._settings.token
        if token is None or not any(
            (name == "token" and same(value, token)) or (name == "code" and self._spend(value)) for name, value in asked
        ):
            return None
        rest = _rest(asked)
        response = RedirectResponse(f"./?{urlencode(rest)}" if rest else "./", HTTPStatus.SEE_OTHER)
        # Lax: a link in a letter may open the gallery; what else another site may do is checked before.
        response.set_cookie(
            self._settings.cookie,
            cookie_value(token),
            httponly=True,
            samesite="lax",
            max_age=SECONDS,
            path=self._settings.root_path or "/",
            secure=scope["scheme"] == "https",
        )
        return response

    def _spend(self, code: str) -> bool:
        """Whether this is the code that opens the gallery once."""
        if self._code is None or not same(code, self._code):
            return False
        self._code = None
        return True


def _fields(content: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(content.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, f"more than {MAX_FIELDS} fields") from None


def _rest(asked: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in asked if name not in ("token", "code")]


async def _read(body: Body) -> bytes:
    if not body.announced and not body.whole:
        # Browsers know how long a form is; parsing thousands of tiny chunks is work.
        raise Problem(HTTPStatus.LENGTH_REQUIRED, "a login form has a Content-Length")
    if body.announced > MAX_FORM:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a login form has at most {MAX_FORM:,} bytes")
    content = b""
    while not body.whole and len(content) <= MAX_FORM:
        message = await body.receive()
        if message["type"] != "http.request":
            break
        content += message.get("body", b"")
    return content[:MAX_FORM]
