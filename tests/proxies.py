"""emoir behind the proxies of deploy/, as their examples say."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[1] / "deploy"
EMOIR = [sys.executable, "-m", "emoir"]
TOKEN = "correct-horse"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(
    command: list[str], until: str, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process that has printed a line with some text."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if until in line:
                break
        else:
            pytest.fail("".join(lines))
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def proxy_command(proxy: str, inner: int, outer: int, place: Path, host: str) -> tuple[list[str], str]:
    """The command of a proxy with the example's words, and what it prints once it runs."""
    if proxy == "nginx":
        location = (DEPLOY / "nginx.conf").read_text(encoding="utf-8").replace(":8420", f":{inner}")
        folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{name}_temp_path {place}/{name};" for name in folders)
        # Started by root, its workers would be somebody who may not write here.
        user = "user root root; " if os.geteuid() == 0 else ""
        (place / "nginx.conf").write_text(
            f"{user}daemon off; pid {place}/pid; error_log stderr notice; events {{}} "
            f"http {{ access_log off; {temporary}"
            f"server {{ listen 127.0.0.1:{outer}; {location} }} }}",
            encoding="utf-8",
        )
        return ["nginx", "-p", str(place), "-c", str(place / "nginx.conf")], "start worker process"
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8").replace(":8420", f":{inner}")
    text = text.replace("photos.example {", f"http://{host}:{outer} {{")
    (place / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text, encoding="utf-8")
    return (
        ["caddy", "run", "--adapter", "caddyfile", "--config", str(place / "Caddyfile")],
        "serving initial configuration",
    )


@contextmanager
def behind(proxy: str, index: Path, place: Path, *, host: str) -> Iterator[int]:
    """An index served below /photos/ by nginx or caddy; the proxy's port."""
    if shutil.which(proxy) is None:
        pytest.skip(f"needs {proxy}")
    [options] = {
        found
        for name in ("nginx.conf", "Caddyfile")
        for found in re.findall(r"emoir (serve .*)$", (DEPLOY / name).read_text(encoding="utf-8"), re.MULTILINE)
    }
    inner, outer = free_port(), free_port()
    command, started = proxy_command(proxy, inner, outer, place, host)
    words = options.replace("photos.example", host).split()
    with (
        running([*EMOIR, *words, "--token", TOKEN, "--port", str(inner), "--index", str(index)], "Ctrl-C"),
        running(command, started),
    ):
        yield outer
