"""emoir serve: the gallery and the REST service."""

from __future__ import annotations

import errno
import gc
import os
import socket
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional
from urllib.parse import quote

import typer

from emoir.cli.index import tell_of_newer_model
from emoir.cli.options import IndexOption, LexiconOption, LimitsOption, ModelOption, record_options, require_model
from emoir.cli.output import echo_err, number_of, text
from emoir.errors import EmoirError
from emoir.limits import DEFAULT_LIMITS, MAX_UPLOAD

if TYPE_CHECKING:
    from emoir.collection import Collection
    from emoir.web.settings import Settings

PORT = 8420
BACKLOG = 1024
# Of glibc's malloc.h.
M_ARENA_MAX = -8


class LogLevel(str, Enum):
    """From which weight on something is logged."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


class LogFormat(str, Enum):
    """How it is written."""

    text = "text"
    json = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Options of ``emoir serve``."""

    host: Annotated[str, typer.Option("--host", help="Address to listen at. Any but 127.0.0.1 needs a token.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen at; 0 takes a free one.")] = PORT
    token: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--token", envvar="EMOIR_TOKEN", help="The token that callers must show. Default: the one in --token-file."
        ),
    ] = None
    token_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--token-file",
            envvar="EMOIR_TOKEN_FILE",
            help="Holds the token; made at the first start. Default: in your configuration folder, if one is needed.",
            show_default=False,
        ),
    ] = None
    trusted_host: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--trusted-host", help="Another name of this service, such as a proxy's; may be repeated."),
    ] = None
    proxy: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--proxy", help="Address or network of a proxy whose X-Forwarded-* is believed; may be repeated."),
    ] = None
    root_path: Annotated[str, typer.Option("--root-path", help="Path below a proxy's address, such as /photos.")] = ""
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse ratings and every other change.")] = False
    watch: Annotated[
        bool, typer.Option("--watch", help="Index what changes on disk meanwhile. Needs: pip install watchfiles")
    ] = False
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the gallery in a browser.")] = False
    max_upload: Annotated[int, typer.Option(min=1, help="Most bytes of an uploaded image.")] = MAX_UPLOAD
    workers: Annotated[
        int, typer.Option("--workers", min=1, help="Processes that read and explain images, of 100 MB each.")
    ] = 1
    limits: LimitsOption = DEFAULT_LIMITS
    seconds_per_image: Annotated[
        float, typer.Option(min=0.1, help="Give up an image that takes longer to read, explain or show.")
    ] = 20.0
    log_level: Annotated[LogLevel, typer.Option("--log-level", help="What is logged.")] = LogLevel.warning
    access_log: Annotated[bool, typer.Option("--access-log", help="Log every request.")] = False
    log_format: Annotated[LogFormat, typer.Option("--log-format", help="How it is logged.")] = LogFormat.text
    index: IndexOption = None
    model: ModelOption = None
    lexicon: LexiconOption = None


@record_options()
def serve(
    options: ServeOptions,
) -> None:
    """Open the gallery in a browser, with a REST service, until Ctrl-C.

    Only this computer is let in, unless --host says otherwise. The description of the service is at
    /api/v1/openapi.json.
    """
    from emoir.collection import Collection
    from emoir.web.logs import set_up_logs
    from emoir.web.settings import Settings, is_loopback
    from emoir.web.tokens import default_token_file, kept_token, make_token

    _share_heap()
    token = options.token
    collection = Collection(options.index, model=options.model, lexicon=options.lexicon)
    # Without an index there is nothing to serve, and the error says what to do.
    images = collection.status().images
    require_model(collection, options.model)
    tell_of_newer_model(collection)
    trusted_hosts = tuple(options.trusted_host or ())
    kept = None
    if not token and (options.token_file is not None or trusted_hosts or not is_loopback(options.host)):
        kept = options.token_file or default_token_file()
        token = kept_token(kept)
    with _listen(options.host, options.port) as listener:
        number = listener.getsockname()[1]
        # The token itself would stand in the browser's arguments, where every user of the computer can read it.
        code = make_token() if token and not options.no_browser else None
        try:
            settings = Settings(
                host=options.host,
                port=number,
                token=token,
                login_code=code,
                trusted_hosts=trusted_hosts,
                root_path=options.root_path.rstrip("/"),
                read_only=options.read_only,
                limits=replace(options.limits, seconds_per_file=options.seconds_per_image),
                workers=options.workers,
                max_upload=options.max_upload,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        log_as_told = partial(
            set_up_logs,
            options.log_level.value,
            access=options.access_log,
            as_json=options.log_format is LogFormat.json,
        )
        log_as_told()
        named = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(options.host, options.host)
        address = f"http://{f'[{named}]' if ':' in named else named}:{number}/"
        echo_err(text("serving", what=number_of(images, "image"), address=address))
        if token is not None:
            echo_err(text("open with", address=f"{address}?token={quote(token)}"))
        if kept is not None:
            echo_err(text("token kept", file=kept))
        echo_err(text("ends"))
        browse = None if options.no_browser or not _has_display() else address + (f"?code={code}" if code else "")
        watched: AbstractContextManager[None] = nullcontext()
        if options.watch:
            from emoir.cli.watching import watching

            watched = watching(collection.location, options.model, log_as_told)
        with watched:
            _run(collection, settings, listener, options.proxy or [], browse)


def _share_heap() -> None:
    """Let all threads use the memory that one of them freed; glibc would keep a heap for each of the server's forty."""
    import ctypes

    try:
        ctypes.CDLL("libc.so.6").mallopt(M_ARENA_MAX, 2)
    except (OSError, AttributeError):
        # Another system, another allocator.
        return


def _has_display() -> bool:
    """Whether a browser would have a window of its own; in a terminal it would fight with the service for the keys."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


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


def _run(
    collection: Collection, settings: Settings, listener: socket.socket, proxies: list[str], browse: str | None
) -> None:
    import webbrowser

    import uvicorn

    from emoir.web import create_app
    from emoir.web.connection import LONGEST_HEAD, Connection

    class Server(uvicorn.Server):
        """Opens the browser once it can answer."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # What a start has made is there to stay; looking through it again and again takes some 60 ms each time.
            gc.collect()
            gc.freeze()
            if browse is not None and self.started:
                threading.Thread(target=webbrowser.open, args=(browse,), daemon=True).start()

    config = uvicorn.Config(
        create_app(collection, settings),
        http=Connection,
        ws="none",
        h11_max_incomplete_event_size=LONGEST_HEAD,
        log_config=None,
        access_log=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=3,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
    )
    Server(config).run(sockets=[listener])
