"""Problems: errors as RFC 9457 describes them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from emoir.errors import EmoirError, IndexFileError, ModelMismatchError, QueryError, UndecodableImageError

MEDIA_TYPE = "application/problem+json"


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
    503: _documented("Busy, or nothing has been indexed yet."),
}
"""What every route may answer beside what it is asked for."""


class Problem(HTTPException):
    """A refusal: a status, one line, and what else a program may want to know."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(status, detail, headers)
        self.more = more


class Unchanged(Exception):
    """The caller has this version already."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("unchanged")
        self.headers = headers


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None
) -> JSONResponse:
    """The response to a refused request.

    Example:
        >>> problem(404, "no such image").body
        b'{"type":"about:blank","title":"Not Found","status":404,"detail":"no such image"}'
    """
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse({**content, **(more or {})}, status, headers, media_type=MEDIA_TYPE)


def add_problems(app: FastAPI) -> None:
    """Let every error of an application leave it as a problem."""

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        more = error.more if isinstance(error, Problem) else {}
        return problem(error.status_code, error.detail, headers=dict(error.headers or {}), more=more)

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
        if isinstance(error, QueryError):
            place = {"query": error.query, "at": error.at} if error.query else {}
            return problem(HTTPStatus.BAD_REQUEST, str(error), more=place)
        if isinstance(error, UndecodableImageError):
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
        if isinstance(error, ModelMismatchError):
            return problem(HTTPStatus.CONFLICT, str(error))
        if isinstance(error, IndexFileError):
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
