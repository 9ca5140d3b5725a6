from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from emoir import Collection
from tests.pictures import save_photos
from tests.web.servers import exchange


def command(*arguments: str | Path | int) -> list[str]:
    return [sys.executable, "-m", "emoir", "serve", "--no-browser", *map(str, arguments)]


def test_the_command_serves_until_it_is_interrupted(index: Path) -> None:
    process = subprocess.Popen(command("--index", index, "--port", 0), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        assert line.startswith("14 images at http://127.0.0.1:"), line
        address = line.rsplit(" ", 1)[1].strip()
        with urllib.request.urlopen(f"{address}api/v1/ready", timeout=30) as answer:
            assert json.load(answer)["images"] == 14
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"<title>emoir</title>" in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) in (0, 130)
    assert "Traceback" not in rest


def test_another_address_gets_a_token_that_is_kept(index: Path, tmp_path: Path) -> None:
    kept = tmp_path / "new" / "token"
    process = subprocess.Popen(
        command("--index", index, "--port", 0, "--host", "0.0.0.0", "--token-file", kept),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        process.stderr.readline()
        line = process.stderr.readline()
        assert "?token=" in line
        token = line.strip().partition("?token=")[2]
        assert len(token) >= 32
        assert kept.read_text() == token + "\n"
        assert kept.stat().st_mode & 0o777 == 0o600
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_request_is_one_line_of_the_log_without_its_query(index: Path, form: str) -> None:
    options = ("--port", 0, "--token", "correct-horse", "--access-log", "--log-format", form)
    process = subprocess.Popen(command("--index", index, *options), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    paths = ("/api/v1/search?q=lonely", "/%0Aforged", "/api/v1/images/1/thumbnail", "/api/v1/health")
    try:
        port = int(process.stderr.readline().rpartition(":")[2].strip().rstrip("/"))
        while process.stderr.readline() != "Ctrl-C ends it\n":
            pass
        head = "Host: 127.0.0.1\r\nAuthorization: Bearer correct-horse\r\nConnection: close\r\n\r\n"
        answers = [exchange(port, f"GET {path} HTTP/1.1\r\n{head}") for path in paths]
    finally:
        process.send_signal(signal.SIGINT)
        log = process.communicate(timeout=60)[1]
    lines = [line for line in log.splitlines() if "GET" in line]
    assert len(lines) == len(paths), log
    assert not any(secret in line for line in lines for secret in ("lonely", "correct-horse"))
    statuses = [int(answer.split()[1]) for answer in answers]
    assert statuses == [200, 404, 200, 200]
    if form == "json":
        entries = [json.loads(line) for line in lines]
        assert [entry["status"] for entry in entries] == statuses
        assert [entry["path"] for entry in entries] == [
            *("/api/v1/search", "/\nforged", "/api/v1/images/1/thumbnail", "/api/v1/health")
        ]
        assert entries[2]["route"] == "/images/{id}/thumbnail"
        assert all(entry["client"] == "127.0.0.1" and entry["seconds"] >= 0 for entry in entries)


def test_a_browser_gets_a_code_and_in_a_terminal_none_is_started(index: Path, tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {opened}.new && mv {opened}.new {opened}\n', encoding="ascii")
    browser.chmod(0o755)
    options = [sys.executable, "-m", "emoir", "serve", "--port", "0", "--token", "correct-horse", "--index", str(index)]
    for display in ("", ":9"):
        environment = {**os.environ, "BROWSER": f"{browser} %s", "DISPLAY": display, "WAYLAND_DISPLAY": ""}
        process = subprocess.Popen(options, stderr=subprocess.PIPE, text=True, env=environment)
        assert process.stderr is not None
        try:
            address = process.stderr.readline().rsplit(" ", 1)[1].strip()
            if display:
                eventually(opened.exists)
            else:
                with urllib.request.urlopen(f"{address}api/v1/health", timeout=60):
                    pass
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        assert opened.exists() is bool(display)
    assert opened.read_text(encoding="ascii").startswith(f"{address}?code=")
    assert "correct-horse" not in opened.read_text(encoding="ascii")


def test_a_taken_port_and_a_missing_index_are_said_in_one_line(index: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = subprocess.run(command("--index", index, "--port", port), capture_output=True, text=True)
    assert busy.returncode == 4
    assert f"port {port} is taken, perhaps by another emoir serve; choose one with --port" in busy.stderr
    missing = subprocess.run(command("--index", tmp_path / "none.emoir"), capture_output=True, text=True)
    assert missing.returncode == 4
    assert "emoir index FOLDER" in missing.stderr


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for something that happens in another process."""
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within two minutes")


def watchers(server: int) -> list[int]:
    """The processes below a server that run no server of forks and track no resources: its watch."""
    children = [child for task in Path(f"/proc/{server}/task").glob("*/children") for child in task.read_text().split()]
    lines = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return [child for child, line in lines.items() if b"spawn_main" in line]


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_serve_watches_with_a_process_that_is_replaced_and_ends_with_it(tmp_path: Path) -> None:
    folder, index = tmp_path / "photos", tmp_path / "watched.emoir"
    save_photos(folder, 1)
    with Collection(index) as collection:
        collection.index(folder, workers=1)
    process = subprocess.Popen(
        command("--index", index, "--port", 0, "--watch"), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    try:
        address = process.stderr.readline().rsplit(" ", 1)[1].strip()

        def images() -> int:
            with urllib.request.urlopen(f"{address}api/v1/ready", timeout=60) as answer:
                return int(json.load(answer)["images"])

        save_photos(folder, 1, first_seed=10)
        eventually(lambda: images() == 2)
        [watcher] = watchers(process.pid)
        os.kill(watcher, signal.SIGKILL)
        save_photos(folder, 1, first_seed=20)
        eventually(lambda: images() == 3)
        [watcher] = watchers(process.pid)
        # However the service ends, nothing goes on writing.
        process.kill()
        eventually(lambda: not runs(watcher))
    finally:
        process.kill()
        process.communicate(timeout=60)
