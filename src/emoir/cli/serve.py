"""emoir serve: the gallery and the REST service."""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING, Annotated, Optional
from urllib.parse import quote

import typer

from emoir.cli.options import IndexOption, LexiconOption, LimitsOption, ModelOption, require_model
from emoir.cli.output import echo_err
from emoir.errors import EmoirError
from emoir.limits import DEFAULT_LIMITS, MAX_UPLOAD

if TYPE_CHECKING:
    from emoir.collection import Collection
    from emoir.web.settings import Settings

PORT = 8420
# More connections at once are answered with 503, so that a flood cannot take all memory.
CONNECTIONS = 512
BACKLOG = 1024


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen at. Others than 127.0.0.1 need a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any that is free.")] = PORT,
    token: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--token", envvar="EMOIR_TOKEN", help="What callers must show. Made and printed where one is needed."
        ),
    ] = None,
    name: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--name", help="Another name of this service, such as a proxy's; may be repeated."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the gallery in a browser.")] = False,
    max_upload: Annotated[int, typer.Option(min=1, help="Bytes of an uploaded image.")] = MAX_UPLOAD,
    limits: LimitsOption = DEFAULT_LIMITS,
    index: IndexOption = None,
    model: ModelOption = None,
    lexicon: LexiconOption = None,
) -> None:
    """Browse the collection in a browser, and ask it over HTTP, until Ctrl-C.

    Only this computer is let in, unless --host says otherwise; the service's description is at
    /api/v1/openapi.json.
    """
    from emoir.collection import Collection
    from emoir.images.decode import lift_pillow_limit
    from emoir.web.settings import Settings, is_loopback, make_token

    lift_pillow_limit()
    collection = Collection(index, model=model, lexicon=lexicon)
    # Without an index there is nothing to serve, and the error says what to do.
    images = collection.status().images
    require_model(collection, model)
    names = tuple(name or ())
    if not token:
        token = make_token() if names or not is_loopback(host) else None
    settings = Settings(host=host, token=token, names=names, max_upload=max_upload, limits=limits)
    with _listen(host, port) as listener:
        named = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
        shown_host = f"[{named}]" if ":" in named else named
        address = f"http://{shown_host}:{listener.getsockname()[1]}/"
        echo_err(f"{images:,} images at {address}")
        if token is not None:
            address += f"?token={quote(token)}"
            echo_err(f"open it with {address}")
        echo_err("Ctrl-C ends it")
        _run(collection, settings, listener, None if no_browser else address)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise EmoirError(f"port {port} is taken, perhaps by another emoir serve; choose one with --port") from None
        raise EmoirError(f"cannot listen at {host}:{port}: {error.strerror}; choose with --host and --port") from None
    return listener


def _run(collection: Collection, settings: Settings, listener: socket.socket, browse: str | None) -> None:
    import webbrowser

    import uvicorn

    from emoir.web import create_app
    from emoir.web.connection import HeaderTimeoutProtocol

    class Server(uvicorn.Server):
        """Opens the browser once it can answer."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if browse is not None and self.started:
                # Some browsers run in this very terminal and come back only when they are closed.
                threading.Thread(target=webbrowser.open, args=(browse,), daemon=True).start()

    config = uvicorn.Config(
        create_app(collection, settings),
        http=HeaderTimeoutProtocol,
        log_level="warning",
        access_log=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=3,
        server_header=False,
        # A proxy's word on who asks is not needed here.
        proxy_headers=False,
    )
    Server(config).run(sockets=[listener])
