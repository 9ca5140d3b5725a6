"""Problems: errors as RFC 9457 describes them."""

from __future__ import annotations

import re
from html import escape
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from emoir.errors import EmoirError, EngineError, IndexFileError, ModelMismatchError, QueryError, UndecodableImageError
from emoir.web.routing import API, route_path

MEDIA_TYPE = "application/problem+json"

# The addresses begin with the root path, since a page that is not there may be asked for at any depth.
NOT_FOUND_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Not found – emoir</title>
<link rel="stylesheet" href="{root}/static/style.css">
<main class="login"><h1>Nothing is here</h1><p lang="zh-Hans">这里什么也没有</p>
<p><a href="{root}/">Back to the gallery · <span lang="zh-Hans">回到图库</span></a></p></main></html>"""


class ProblemRecord(BaseModel):
    """A refused request, as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    detail: str


def _documented(meaning: str) -> dict[str, Any]:
    return {"description": meaning, "content": {MEDIA_TYPE: {"schema": ProblemRecord.model_json_schema()}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    304: {"description": "The caller has this version already."},
    400: _documented("A query, filter or rating that makes no sense."),
    401: _documented("No token."),
    403: _documented("The page of another site asked, or the service is not called that."),
    404: _documented("No such image or rating."),
    408: _documented("The body came too slowly."),
    409: _documented("The index is of another model."),
    410: _documented("The image's file is not there any more."),
    413: _documented("More than the service takes at once."),
    422: _documented("A value out of its range, or no image."),
    429: _documented("Too many requests without the token."),
    503: _documented("Busy, nothing has been indexed yet, or the search engine does not answer."),
}
"""What every route may answer beside what it is asked for."""


class Problem(HTTPException):
    """A refusal: a status, one line in English and, where the gallery may show it, in Chinese."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, chinese: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, detail, headers)
        self.chinese = chinese or detail


def busy() -> Problem:
    """The refusal while too much else is going on."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "busy; try again",
        chinese="服务正忙，请稍后再试",
        headers={"retry-after": "5"},
    )


def read_again(model: str) -> Problem:
    """The refusal to read with a model that the index is not of any more."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"the index has been read again with {model}; start emoir serve again",
        chinese=f"索引已用 {model} 重新读取；请重新启动 emoir serve",
    )


def no_image(id: int) -> Problem:
    """The refusal to a request for an image that is not there."""
    return Problem(HTTPStatus.NOT_FOUND, f"no image {id} in this index", chinese=f"索引里没有图片 {id}")


class Unchanged(Exception):
    """The caller has this version already."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("unchanged")
        self.headers = headers


def problem(
    status: int,
    detail: str,
    *,
    chinese: str = "",
    accepted: str = "",
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> JSONResponse:
    """The response to a refused request.

    Args:
        status: of HTTP.
        detail: one line, in English.
        chinese: the same in Chinese, if there is a wording.
        accepted: the request's ``Accept-Language``, which chooses between them.
        headers: further ones.
        more: what else a program may want to know.

    Example:
        >>> problem(404, "no such image").body
        b'{"type":"about:blank","title":"Not Found","status":404,"detail":"no such image"}'
    """
    in_chinese = chinese not in ("", detail) and prefers_chinese(accepted)
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": chinese if in_chinese else detail,
    }
    language = {"content-language": "zh-Hans" if in_chinese else "en", "vary": "accept-language"}
    return JSONResponse({**content, **(more or {})}, status, {**(headers or {}), **language}, media_type=MEDIA_TYPE)


def prefers_chinese(accepted: str) -> bool:
    """Whether an ``Accept-Language`` asks for Chinese before English (RFC 9110, 12.5.4).

    Example:
        >>> prefers_chinese("fr, zh-CN;q=0.8, en;q=0.7"), prefers_chinese("en, zh;q=0.9"), prefers_chinese("")
        (True, False, False)
    """
    weights = {"zh": 0.0, "en": 0.0}
    for language in accepted.lower().split(","):
        match = re.fullmatch(r"\s*(zh|en)(?:-[\w-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", language)
        if match:
            weights[match[1]] = max(weights[match[1]], float(match[2] or 1))
    return weights["zh"] > weights["en"]


def _wants_page(request: Request) -> bool:
    """Whether a person follows an address outside the REST service in a browser."""
    return "text/html" in request.headers.get("accept", "") and not route_path(request.scope).startswith(API)


def add_problems(app: FastAPI) -> None:
    """Let every error of an application leave it as a problem."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.NOT_FOUND and _wants_page(request):
            # A mounted folder, such as static, puts itself behind the root path.
            root = request.scope.get("app_root_path", request.scope["root_path"])
            page = NOT_FOUND_PAGE.format(root=escape(root))
            return HTMLResponse(page, HTTPStatus.NOT_FOUND, {"vary": "accept"})
        return problem(
            error.status_code,
            error.detail,
            chinese=error.chinese if isinstance(error, Problem) else "",
            accepted=request.headers.get("accept-language", ""),
            headers=dict(error.headers or {}),
        )

    @app.exception_handler(Unchanged)
    async def unchanged(request: Request, error: Unchanged) -> Response:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"in": ".".join(str(part) for part in entry["loc"]), "detail": entry["msg"]} for entry in error.errors()
        ]
        detail = "; ".join(f"{entry['in']}: {entry['detail']}" for entry in errors)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, more={"errors": errors})

    @app.exception_handler(EmoirError)
    async def ours(request: Request, error: EmoirError) -> JSONResponse:
        # The most special comes first.
        statuses = {
            QueryError: HTTPStatus.BAD_REQUEST,
            UndecodableImageError: HTTPStatus.UNPROCESSABLE_ENTITY,
            ModelMismatchError: HTTPStatus.CONFLICT,
            IndexFileError: HTTPStatus.SERVICE_UNAVAILABLE,
            EngineError: HTTPStatus.SERVICE_UNAVAILABLE,
            EmoirError: HTTPStatus.INTERNAL_SERVER_ERROR,
        }
        details: dict[str, Any] = {}
        if isinstance(error, QueryError) and error.query:
            details = {"query": error.query, "at": error.at, "suggestions": error.suggestions()}
        return problem(
            next(status for kind, status in statuses.items() if isinstance(error, kind)),
            str(error),
            chinese=error.chinese,
            accepted=request.headers.get("accept-language", ""),
            more=details,
        )
