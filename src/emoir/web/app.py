"""The application: routes, gallery, access control."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from emoir import __version__
from emoir.collection import Collection
from emoir.texts import texts
from emoir.web.access import AccessControl
from emoir.web.connection import Connections
from emoir.web.problems import PROBLEMS, add_problems
from emoir.web.routes import boards, images, monitoring, ratings, search, shelves
from emoir.web.routes import collection as collection_routes
from emoir.web.routing import API, Compressed, Normalised
from emoir.web.service import Service
from emoir.web.settings import Settings

STATIC = Path(__file__).parent / "static"
DESCRIPTION = """Find images by the emotion they evoke. Every route may be refused with 401 (no token), 403 (another
site asked) or 503 (busy); errors are problems as RFC 9457 describes them."""


def create_app(collection: Collection, settings: Settings | None = None) -> FastAPI:
    """The gallery and the REST service of a collection.

    Args:
        collection: what is served; it is closed with the application.
        settings: how; default: for this computer alone.

    Returns:
        An ASGI application. Everything it answers went through access control first.

    Example:
        >>> sorted(create_app(Collection("no.emoir")).openapi()["paths"])[0]
        '/api/v1/boards'
    """
    settings = settings or Settings()
    service = Service(collection, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, object]]:
        # A caller who is slow with a body gets an answer before the connection is cut.
        connections = Connections(
            header_seconds=settings.header_seconds,
            body_seconds=settings.upload_seconds + 5,
            write_seconds=settings.write_seconds,
            strangers=settings.strangers,
        )
        service.start()
        yield {"connections": connections}
        service.close()

    # FastAPI's own documentation pages load scripts from elsewhere.
    app = FastAPI(
        title="emoir",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.metrics = monitoring.Metrics()
    for module in (search, shelves, images, collection_routes, ratings, boards, monitoring):
        app.include_router(module.router, prefix=API, responses=PROBLEMS)

    @app.get("/", include_in_schema=False)
    def gallery(request: Request) -> FileResponse:
        headers = {"cache-control": "no-cache"}
        # Without a question the page asks for shelves: these are under way before its scripts are there.
        if not request.query_params:
            headers["link"] = f"<{API.removeprefix('/')}/shelves?rater=me>; rel=preload; as=fetch; crossorigin"
        return FileResponse(STATIC / "index.html", headers=headers)

    @app.get("/static/texts.json", include_in_schema=False)
    def gallery_texts() -> JSONResponse:
        return JSONResponse(texts("gallery"), headers={"cache-control": "no-cache"})

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_problems(app)
    app.add_middleware(Compressed)
    # The last one added is the outermost: refusals are also counted.
    app.add_middleware(AccessControl, settings=settings)
    app.add_middleware(monitoring.Measured, metrics=app.state.metrics)
    app.add_middleware(Normalised, root_path=settings.root_path)
    return app
