"""What an attack costs the service: ``python benchmarks/attacks.py``.

Against a real ``emoir serve`` with a token. Every attack is tried again and again, by one stranger without the token
or by a caller with it; after each try somebody with the token asks for ``/ready``. Printed: the computing time of the
serving process for one try, median and most, without what ``/ready`` costs and what the process does anyway; what its
memory grew by; and how many of the other caller's requests were answered. Computing time is the process's own clock, so
what else the machine does counts little, and for the median less. Linux only.
"""

from __future__ import annotations

import ctypes
import io
import json
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
from PIL import Image

from emoir import Collection
from emoir.evaluate.provenance import provenance
from serve_load import IMAGES, photographs
from serve_memory import memory, serving

TOKEN = "correct-horse-battery"
HEAD = "Host: 127.0.0.1\r\n"
BEARER = f"{HEAD}Authorization: Bearer {TOKEN}\r\n"
CLOSE = "Connection: close\r\n"
TRIES, FEW, BASELINE = 300, 10, 20


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What came of an attack: milliseconds of computing for one try, memory, the other caller's requests.

    ``ordinary`` are the milliseconds for a request of the other caller while nobody attacks.
    """

    ordinary: float
    milliseconds: float
    most: float
    megabytes: float
    answered: int
    asked: int


def request(line: str, head: str = HEAD, more: str = CLOSE, body: bytes = b"") -> bytes:
    """A whole request."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{line} HTTP/1.1\r\n{head}{more}{length}\r\n".encode() + body


def scans(count: int = 1000) -> bytes:
    """A progressive JPEG whose last scan comes a thousand times: each is decoded over the whole picture."""
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((4000, 3000)).save(stream, "JPEG", progressive=True, quality=30)
    content = stream.getvalue()
    scan = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + scan * min(count, 10_000_000 // len(scan)) + content[-2:]


def attacks(ids: int) -> dict[str, tuple[bytes, int, bool]]:
    """Name to what is sent, how often, and whether the connections are held open."""
    html = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n"
    chunks = b"1\r\nx\r\n" * 40_000
    emoji = "%F0%9F%98%80"
    selection = json.dumps({"ids": list(range(1, ids + 1))}).encode()
    return {
        "stranger: says nothing": (b"", TRIES, True),
        "stranger: half a head": (b"GET / HTTP/1.1\r\nHost", TRIES, True),
        "stranger: a body that stays away": (request("POST /", more="Content-Length: 9\r\n") + b"x", TRIES, True),
        "stranger: a login form that stays away": (
            request("POST /login", more="Content-Length: 9\r\n") + b"t",
            TRIES,
            True,
        ),
        "stranger: reads no answer": (request("GET /", more=html) * 20, TRIES, True),
        "stranger: guesses of the token": (
            request("GET /api/v1/collection", more=f"{CLOSE}Authorization: Bearer x\r\n"),
            TRIES,
            False,
        ),
        "stranger: guesses in the form": (request("POST /login", body=b"token=guess"), TRIES, False),
        "stranger: 60 kB of head": (request("GET /", more=f"{CLOSE}X-A: {'a' * 60_000}\r\n"), TRIES, False),
        "stranger: 60 kB of query": (request(f"GET /?token={'a' * 60_000}"), TRIES, False),
        "stranger: 10,000 fields of a query": (request(f"GET /?{'a=1&' * 10_000}", more=html + CLOSE), TRIES, False),
        "stranger: 40,000 chunks of one byte": (
            request("POST /login", more=f"{CLOSE}Transfer-Encoding: chunked\r\n") + chunks,
            FEW,
            False,
        ),
        "stranger: an upload": (request("POST /api/v1/describe", body=scans()), FEW, False),
        "stranger: a query of 1,999 emoji": (request(f"GET /api/v1/search?q={emoji * 1999}"), TRIES, False),
        "stranger: 100 requests at once": (
            request("GET /api/v1/search?q=awe", more="") * 99 + request("GET /"),
            FEW,
            False,
        ),
        "stranger: 60 kB of backslashes in a cookie": (
            request("GET /", more=f'{CLOSE}Cookie: a="{chr(92) * 60_000}\r\n'),
            TRIES,
            False,
        ),
        "stranger: 60 kB of cookies": (
            request("GET /", more=f"{CLOSE}Cookie: {'emoir-8420=;' * 5000}\r\n"),
            TRIES,
            False,
        ),
        "stranger: 10,000 fields of a head": (request("GET /", more=CLOSE + "a:\r\n" * 10_000), TRIES, False),
        "stranger: 6,000 parts of a file": (
            request("GET /static/style.css", more=f"{CLOSE}Range: bytes={','.join(['0-0,2-2'] * 3000)}\r\n"),
            TRIES,
            False,
        ),
        "stranger: 1,000 questions after its health": (request("GET /api/v1/health", more="") * 1000, TRIES, False),
        "stranger: another protocol": (
            request("GET /", more="Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
            TRIES,
            False,
        ),
        "stranger: a path of 60 kB": (request(f"GET /{'../' * 20_000}"), TRIES, False),
        "caller: a thousand scans of a JPEG": (request("POST /api/v1/describe", BEARER, body=scans()), 2, False),
        "caller: a query of 1,999 emoji": (request(f"GET /api/v1/search?q={emoji * 1999}", BEARER), FEW, False),
        "caller: 60 uploads that stop": (
            request("POST /api/v1/describe", BEARER, "Content-Length: 20000000\r\n") + bytes(100_000),
            60,
            True,
        ),
        "caller: 100 abandoned ZIP files": (
            request("POST /api/v1/selection/files", BEARER, "Content-Type: application/json\r\n", selection),
            100,
            True,
        ),
    }


def computing(process: int) -> float:
    """Seconds that a process has computed, its children apart."""
    clock = ctypes.c_int()
    if ctypes.CDLL(None).clock_getcpuclockid(process, ctypes.byref(clock)):
        raise ProcessLookupError(process)
    return time.clock_gettime(clock.value)


def ready(port: int) -> bool:
    """Whether somebody with the token is answered."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/api/v1/ready", headers={"Authorization": f"Bearer {TOKEN}"})
        return connection.getresponse().status == 200


def send(port: int, content: bytes, held: list[socket.socket] | None) -> None:
    """One try; a server that hangs up before it was told everything is no fault."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=300)
    try:
        connection.sendall(content)
        if held is None:
            while connection.recv(65536):
                pass
    except (ConnectionError, BrokenPipeError):
        pass
    if held is None:
        connection.close()
    else:
        held.append(connection)


def cost(process: int, port: int, content: bytes, tries: int, hold: bool) -> Cost:
    """Try an attack and see what it costs."""
    held: list[socket.socket] = []
    answered = 0

    def spent(content: bytes | None) -> float:
        """Milliseconds for one try, or for none, until somebody else was answered."""
        nonlocal answered
        begin = computing(process)
        if content is not None:
            send(port, content, held if hold else None)
        # What was begun is begun when this is answered.
        answered += ready(port)
        return 1000 * (computing(process) - begin)

    own = statistics.median(spent(None) for _ in range(BASELINE))
    answered, before = 0, memory([process])
    each = [max(0.0, spent(content) - own) for _ in range(tries)]
    grown = memory([process]) - before
    for connection in held:
        connection.close()
    return Cost(
        ordinary=own,
        milliseconds=statistics.median(each),
        most=max(each),
        megabytes=grown,
        answered=answered,
        asked=tries,
    )


@contextmanager
def attacked(images: int) -> Iterator[tuple[int, int]]:
    """A service to attack; its process and its port."""
    with tempfile.TemporaryDirectory() as place:
        folder, index = Path(place) / "photographs", Path(place) / "attacked.emoir"
        photographs(folder, images)
        with Collection(index) as collection:
            collection.index(folder)
        with serving(index, "--token", TOKEN) as (process, port):
            assert ready(port)
            yield process, port


def main() -> None:
    print("| attack | tries | computing per try, ms | most | memory, MB | others answered |\n|---|---|---|---|---|---|")
    with attacked(IMAGES) as (process, port):
        for name, (content, tries, hold) in attacks(IMAGES).items():
            found = cost(process, port, content, tries, hold)
            figures = f"{found.milliseconds:.1f} | {found.most:.1f} | {found.megabytes:+.0f}"
            print(f"| {name} | {tries} | {figures} | {found.answered} of {found.asked} |", flush=True)
    print("\n" + provenance("computing time and memory are the serving process's"))


if __name__ == "__main__":
    main()
