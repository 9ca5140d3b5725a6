"""Monitoring: health, readiness and metrics."""

from __future__ import annotations

import time
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from pydantic import Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emoir import __version__
from emoir.web.logs import log_request
from emoir.web.records import ApiModel
from emoir.web.service import ServiceDep

router = APIRouter(tags=["monitoring"])
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS"})


class Health(ApiModel):
    """Whether the process lives."""

    status: Literal["ok"]


class Ready(Health):
    """Whether the service can answer."""

    version: str
    images: int
    read_only: bool = Field(description="No ratings are taken.")
    login: bool = Field(description="A token is needed, so that there is something to log out of.")


class Metrics:
    """Counts and times of requests, as Prometheus reads them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("emoir_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "emoir_request_seconds", "Time to the end of the answer.", ("route",), registry=self.registry
        )
        self.images = Gauge("emoir_images", "Images in the index.", registry=self.registry)


class Measured:
    """Middleware: counts every request by its route, never by its address.

    Args:
        app: what is measured.
        metrics: where.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        begin = time.perf_counter()

        async def counted_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, counted_send)
        finally:
            route = getattr(scope.get("route"), "path", "none").removeprefix("/api/v1")
            # An address that a caller made up must not become a series of its own.
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.requests.labels(method, route, status).inc()
            seconds = time.perf_counter() - begin
            self.metrics.seconds.labels(route).observe(seconds)
            log_request(scope, route, status, seconds)


@router.get("/health", summary="Whether the process lives")
def health() -> Health:
    """Nothing is asked of the index; needs no token.

    Example: `/api/v1/health`
    """
    return Health(status="ok")


@router.get("/ready", summary="Whether the service can answer")
def ready(service: ServiceDep) -> Ready:
    """Ask the index how many images it holds.

    Example: `/api/v1/ready`
    """
    images = service.collection.images.count()
    settings = service.settings
    locked = settings.token is not None
    return Ready(status="ok", version=__version__, images=images, read_only=settings.read_only, login=locked)


@router.get(
    "/metrics",
    summary="Counts and times, as Prometheus reads them",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def metrics(request: Request, service: ServiceDep) -> Response:
    """Requests by route and status, their times, images in the index.

    Example: `/api/v1/metrics`
    """
    found: Metrics = request.app.state.metrics
    found.images.set(service.collection.images.count())
    return Response(generate_latest(found.registry), media_type=CONTENT_TYPE_LATEST)
