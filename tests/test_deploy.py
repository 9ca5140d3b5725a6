"""The examples of deploy/ are run, as far as no image must be pulled."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pictures import save_photos
from tests.proxies import DEPLOY, EMOIR, TOKEN, behind, free_port, running


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with what follows it."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2]) for line in text.splitlines() if line and line[0] != "#"]


def instruction(name: str) -> list[str]:
    """The words of an instruction of the Dockerfile that is a JSON list."""
    [found] = (rest for word, rest in instructions() if word == name)
    return [str(word) for word in json.loads(found[found.index("[") :])]


def compose() -> dict[str, Any]:
    """The services of the compose file."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def ready(port: int, token: str) -> bool:
    """Whether the service answers to the token."""
    address = f"http://127.0.0.1:{port}/api/v1/ready"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bool(answer.status == 200)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    save_photos(tmp_path / "photos", 2)
    file = tmp_path / "data" / "index.emoir"
    file.parent.mkdir()
    return file


def on_this_machine(words: list[str], index: Path, port: int) -> list[str]:
    """The words of a container with the paths and the port of this test."""
    places = {"/data": str(index.parent), "/photos": str(index.parents[1] / "photos"), ":8420": f":{port}"}
    for place, here in places.items():
        words = [word.replace(place, here) for word in words]
    return words


def test_the_containers_index_and_answer(index: Path) -> None:
    assert instruction("ENTRYPOINT") == ["emoir"]
    port = free_port()
    watch = on_this_machine(compose()["watch"]["command"], index, port)
    serve = on_this_machine([*instruction("CMD"), "--port", str(port)], index, port)
    check = on_this_machine(instruction("HEALTHCHECK"), index, port)
    assert check[0] == "python"
    check[0] = sys.executable
    assert subprocess.run(check, capture_output=True).returncode != 0
    with (
        running([*EMOIR, *watch, "--index", str(index)], "watching"),
        running([*EMOIR, *serve, "--index", str(index)], "Ctrl-C"),
    ):
        assert subprocess.run(check).returncode == 0
        assert ready(port, (index.parent / "token").read_text(encoding="utf-8").strip())
    assert (index.parent / "token").stat().st_mode & 0o777 == 0o600


class Image:
    """The Dockerfile, carried out over this system's own files, which stay as they are.

    Python and pip are this environment's, and pip takes what emoir depends on from there; all else is done as written.

    Args:
        place: an empty folder.
    """

    def __init__(self, place: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
        self.root, self.user = place / "root", "root"
        layers = [place / name for name in ("upper", "work", "root")]
        for layer in layers:
            layer.mkdir()
        options = f"lowerdir=/,upperdir={layers[0]},workdir={layers[1]}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(self.root)], check=True)
        for name in ("dev", "proc"):
            subprocess.run(["mount", "--rbind", f"/{name}", str(self.root / name)], check=True)
        for name, line in (
            ("passwd", "root:x:0:0::/root:/bin/sh"),
            ("group", "root:x:0:"),
            ("shadow", "root:*:::::::"),
        ):
            (self.root / "etc" / name).write_text(line + "\n", encoding="ascii")
        offline = "--no-index --no-deps --no-build-isolation --target /installed"
        self._program("python", f'exec {sys.executable} "$@"')
        self._program("pip", f'exec {sys.executable} -m pip "$@" {offline}')
        # Whoever the image's user is, she must be able to run Python.
        for path in {Path(sys.executable), *map(Path, sys.path)}:
            for folder in path.absolute().parents:
                inside = self.root / folder.relative_to("/")
                if inside.is_dir() and not inside.stat().st_mode & 0o005:
                    inside.chmod(inside.stat().st_mode | 0o005)
        self.variables = {
            "PATH": "/programs:/installed/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": "/installed",
        }
        for word, rest in instructions():
            if word in ("FROM", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"):
                continue
            getattr(self, f"_{word.lower()}")(rest)

    def _program(self, name: str, line: str) -> None:
        file = self.root / "programs" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        file.chmod(0o755)

    def _copy(self, rest: str) -> None:
        *sources, target = rest.split()
        inside = self.root / target.strip("/")
        inside.mkdir(parents=True, exist_ok=True)
        for source in (DEPLOY.parent / name for name in sources):
            if source.is_dir():
                shutil.copytree(source, inside, dirs_exist_ok=True)
            else:
                shutil.copy(source, inside)

    def _run(self, rest: str) -> None:
        subprocess.run(self.command(["sh", "-c", rest]), check=True)

    def _user(self, rest: str) -> None:
        self.user = rest

    def _env(self, rest: str) -> None:
        self.variables |= dict(word.split("=", 1) for word in rest.split())

    def command(self, words: list[str]) -> list[str]:
        """A command as it is run in a container."""
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        return ["chroot", f"--userspec={self.user}", str(self.root), "env", "-i", *variables, *words]


def run_containers(place: Path, photographs: Path) -> None:
    """Carry out the Dockerfile, then the compose file's commands, the health check and what docs/deploy.md tells."""
    image = Image(place)
    subprocess.run(["mount", "--bind", "-o", "ro", str(photographs), str(image.root / "photos")], check=True)

    def inside(words: list[str]) -> str:
        return subprocess.run(image.command(words), check=True, capture_output=True, text=True).stdout

    assert inside(["python", "-c", "import emoir; print(emoir.__file__)"]) == "/installed/emoir/__init__.py\n"
    assert inside(["id", "--user", "--name"]) == "emoir\n"
    emoir = instruction("ENTRYPOINT")
    with (
        running(image.command([*emoir, *compose()["watch"]["command"]]), "watching"),
        running(image.command([*emoir, *instruction("CMD")]), "Ctrl-C"),
    ):
        inside(instruction("HEALTHCHECK"))
        deploy = (DEPLOY.parent / "docs" / "deploy.md").read_text(encoding="utf-8")
        told = re.findall(r"(?:docker compose|deploy/compose.yaml) exec serve ([^`\n]+)", deploy)
        assert len(told) == 2
        answers = [inside(words.split()) for words in told]
        assert ready(8420, answers[0].strip())
    data = image.root / "data"
    assert {file.stat().st_uid for file in data.iterdir()} == {1000}
    assert (data / "token").stat().st_mode & 0o777 == 0o600
    assert (data / "backup.emoir").stat().st_size > 10_000


def may_mount() -> bool:
    """Whether a process may have mounts and a network of its own."""
    wanted = ["unshare", "--mount", "--net", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return shutil.which("unshare") is not None and subprocess.run(wanted, capture_output=True).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="needs root, mounts and a network of its own")
def test_the_dockerfile_is_carried_out_and_its_containers_run(tmp_path: Path) -> None:
    save_photos(tmp_path / "photographs", 2)
    (tmp_path / "disk").mkdir()
    program = "import sys, pathlib, tests.test_deploy as t; t.up(); t.run_containers(*map(pathlib.Path, sys.argv[1:]))"
    command = [sys.executable, "-c", program, str(tmp_path / "disk"), str(tmp_path / "photographs")]
    subprocess.run(["unshare", "--mount", "--net", *command], cwd=DEPLOY.parent, check=True)


def up() -> None:
    """Let a network of one's own reach itself: ``ip link set lo up``, where there may be no ip."""
    import fcntl

    siocsifflags, iff_up = 0x8914, 1
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh14x", b"lo", iff_up))


def test_the_image_is_slim_and_not_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^FROM python:[\d.]+-slim$", text, re.MULTILINE)
    assert text.index("USER emoir") < text.index("ENTRYPOINT")
    copied = re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE)
    assert all((DEPLOY.parent / name).exists() for names in copied for name in names.split())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_accepts_the_unit_and_finds_it_closed(tmp_path: Path) -> None:
    unit = tmp_path / "emoir.service"
    text = (DEPLOY / "emoir.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/emoir/bin/emoir", sys.executable), encoding="utf-8")
    for check in (["verify"], ["security", "--offline=true", "--threshold=35"]):
        done = subprocess.run(["systemd-analyze", *check, str(unit)], capture_output=True, text=True)
        assert (done.stderr, done.returncode) == ("", 0), check


def test_the_units_commands_index_and_serve(index: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "emoir.service", encoding="utf-8")
    service, port = unit["Service"], free_port()
    places = {"%S/emoir": str(index.parent), "%C/emoir": str(index.parent), "--port 8420": f"--port {port}"}
    places |= {"/srv/photos": str(index.parents[1] / "photos"), "/opt/emoir/bin/emoir": shlex.join(EMOIR)}

    def here(text: str) -> list[str]:
        for place, path in places.items():
            text = text.replace(place, path)
        return shlex.split(text)

    variables = dict(word.split("=", 1) for word in here(service["Environment"]))
    places["${PHOTOS}"] = variables["PHOTOS"]
    environment = {**os.environ, **variables}
    subprocess.run(here(service["ExecStartPre"].removeprefix("-")), env=environment, check=True)
    with running(here(service["ExecStart"]), "Ctrl-C", environment):
        assert ready(port, (index.parent / "token").read_text(encoding="utf-8").strip())


@pytest.mark.parametrize("proxy", ["nginx", "caddy"])
def test_the_service_stands_behind_a_proxy(proxy: str, index: Path, tmp_path: Path) -> None:
    subprocess.run([*EMOIR, "index", str(tmp_path / "photos"), "--index", str(index)], check=True)
    with behind(proxy, index, tmp_path, host="photos.example") as outer:

        def ask(path: str, **headers: str) -> tuple[int, str]:
            request = urllib.request.Request(
                f"http://127.0.0.1:{outer}/photos/{path}", headers={"Host": "photos.example", **headers}
            )
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, ""

        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert ask("api/v1/search?q=calm")[0] == 401
        code, page = ask("", **bearer)
        assert code == 200
        for path in re.findall(r'(?:src|href)="(static/[^"]+)"', page):
            assert ask(path, **bearer)[0] == 200, path
        assert json.loads(ask("api/v1/search?q=calm", **bearer)[1])["hits"]
