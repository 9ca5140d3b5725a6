"""A real server on a free port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from emoir import Collection
from emoir.web import Settings, create_app
from emoir.web.connection import LONGEST_HEAD, Connection


@contextmanager
def served(
    index: Path, settings: Settings, *, model: Path | None = None, proxies: list[str] | None = None
) -> Iterator[int]:
    """Serve an index; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(
        create_app(Collection(index, model=model), settings),
        http=Connection,
        ws="none",
        h11_max_incomplete_event_size=LONGEST_HEAD,
        log_config=None,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def exchange(port: int, request: str | bytes) -> bytes:
    """All that is answered to some bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request.encode() if isinstance(request, str) else request)
        return b"".join(iter(lambda: connection.recv(65536), b""))
