"""A real S3 server on loopback for tests and benchmarks, in a process of its own: moto's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECRET = "not-in-any-index"


class Server:
    """A server that can be stopped, and started again at the same address; what it held is gone then."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start it; it answers when this returns."""
        command = [sys.executable, "-u", "-m", "moto.server", "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        assert self.process.stderr is not None
        # It says where it listens as soon as it does.
        while b"Running on" not in (line := self.process.stderr.readline()):
            assert line, "the server did not start"
        self._drain = threading.Thread(target=self.process.stderr.read)
        self._drain.start()

    @property
    def environment(self) -> dict[str, str]:
        """What a program must know to reach it, and nothing of the machine's own account."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "2",
        }

    def stop(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()
        self._drain.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


@contextmanager
def s3_server() -> Iterator[Server]:
    """A running server; the environment of this process leads to it meanwhile."""
    server = Server()
    before = dict(os.environ)
    os.environ.update(server.environment)
    try:
        yield server
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)


def storage() -> Any:
    """The file system that the environment leads to, to fill it."""
    from s3fs import S3FileSystem

    return S3FileSystem(use_listings_cache=False)


def upload(folder: Path, bucket: str) -> None:
    """Everything below a folder, under the same names."""
    s3 = storage()
    s3.makedirs(bucket, exist_ok=True)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            s3.pipe_file(f"{bucket}/{path.relative_to(folder)}", path.read_bytes())
