"""A real server process on an index, and what a caller says to it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def emoir(*arguments: object) -> list[str]:
    """A command line."""
    return [sys.executable, "-m", "emoir", *map(str, arguments)]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command that has ended."""
    return subprocess.run(emoir(*arguments), capture_output=True, text=True, check=False)


class Server:
    """A running ``emoir serve``.

    Args:
        process: that serves.
        address: of its API.
    """

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address

    def ask(self, path: str, body: object = None, method: str | None = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def rate(self, image: int, rater: str = "Ana") -> int:
        """Status of the answer to a rating."""
        return self.ask("ratings", {"image": image, "rater": rater, "emotion": "awe"})[0]


@contextmanager
def serving(index: Path) -> Iterator[Server]:
    """A server for as long as the block runs; killed at its end if it still runs."""
    process = subprocess.Popen(
        emoir("serve", "--no-browser", "--index", index, "--port", 0), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        yield Server(process, f"{line.rsplit(' ', 1)[1].strip()}api/v1/")
    finally:
        process.kill()
        process.communicate()
