"""The examples of deploy/ are run, as far as no image must be pulled."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from tests.pictures import save_photos
from tests.proxies import DEPLOY, EMOIR, TOKEN, behind, free_port, running


def instruction(name: str) -> list[str]:
    """The words of an instruction of the Dockerfile that is a JSON list."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    [found] = re.findall(rf"^{name}\b[^\[\n]*(\[.*\])$", text, re.MULTILINE)
    return [str(word) for word in json.loads(found)]


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
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert instruction("ENTRYPOINT") == ["emoir"]
    port = free_port()
    watch = on_this_machine(services["watch"]["command"], index, port)
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
        token = (index.parent / "token").read_text(encoding="utf-8").strip()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/ready", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200
    assert (index.parent / "token").stat().st_mode & 0o777 == 0o600


def test_the_image_is_slim_and_not_root() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^FROM python:[\d.]+-slim$", text, re.MULTILINE)
    assert text.index("USER emoir") < text.index("ENTRYPOINT")
    copied = re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE)
    assert all((DEPLOY.parent / name).exists() for names in copied for name in names.split())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "emoir.service").read_text(encoding="utf-8")
    [command] = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    unit = tmp_path / "emoir.service"
    unit.write_text(text.replace("/opt/emoir/bin/emoir", sys.executable), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.returncode == 0
    options = {word for word in command.split() if word.startswith("--")}
    known = subprocess.run([*EMOIR, "serve", "--help"], capture_output=True, text=True, check=True).stdout
    assert all(option in known for option in options)


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
