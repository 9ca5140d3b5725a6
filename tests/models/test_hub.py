"""Encoders from a hub: one of the tests' own, on loopback, that serves real folders."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import onnx
import pytest

from emoir.models.encoder import find_encoder
from tests.models import toy
from tests.training.test_train_heads import hub_folder

PAGE = Path(__file__).parents[2] / "docs" / "encoders.md"
COMMIT, OLDER = "a" * 40, "b" * 40


class Hub(BaseHTTPRequestHandler):
    """The routes of the hub that a fetch needs: what a repository holds, and a file of it."""

    root: Path
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path} {self.headers.get('user-agent', '')}")
        if "gated" in self.path:
            return self.send(401, b"{}", {"X-Error-Code": "GatedRepo"})
        if "missing" in self.path:
            return self.send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            revision = parts[5] if len(parts) > 5 else "main"
            commit = {"main": COMMIT, "v1": OLDER, COMMIT: COMMIT, OLDER: OLDER}.get(revision)
            if commit is None:
                return self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            folder = self.root / parts[3]
            files = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()]
            if parts[4:5] == ["tree"]:
                tree = [
                    {"type": "file", "path": f, "size": (folder / f).stat().st_size, "oid": "0" * 40} for f in files
                ]
                return self.send(200, json.dumps(tree).encode(), {"Content-Type": "application/json"})
            described = {"id": "/".join(parts[2:4]), "sha": commit, "siblings": [{"rfilename": f} for f in files]}
            return self.send(200, json.dumps(described).encode(), {"Content-Type": "application/json"})
        content = (self.root / parts[1] / "/".join(parts[4:])).read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        return self.send(200, content, {"X-Repo-Commit": parts[3], "ETag": f'"{etag}"'})

    def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    Hub.root, Hub.asked = tmp_path / "hub", []
    onnx.save(toy.text_tower(), hub_folder(Hub.root / "toy") / "onnx" / "text_model.onnx")
    toy.write_tokenizer(Hub.root / "toy")
    (Hub.root / "toy" / "pytorch_model.bin").write_bytes(b"never fetched")
    (Hub.root / "words").mkdir()
    (Hub.root / "words" / "config.json").write_text("{}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def fetch_all(home: Path, port: int, *sources: str) -> list[str]:
    """What a process of its own finds: the library reads its environment once."""
    program = (
        "import sys\nfrom emoir.errors import ModelError\nfrom emoir.models.hub import load_encoder\n"
        "for source in sys.argv[1:]:\n"
        "    try:\n        found = load_encoder(source)\n"
        "        print(found.name, found.digest, found.licence, found.text.tokens.context)\n"
        "    except ModelError as error:\n        print('refused:', error)\n"
    )
    environment = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", program, *sources], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_a_repository_is_pinned_fetched_and_found_offline(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    graph = (Hub.root / "toy" / "onnx" / "vision_model.onnx").read_bytes()
    wanted = f"hf:museum/toy@{COMMIT} {hashlib.sha256(graph).hexdigest()} mit {toy.CONTEXT}"
    port, home = hub.server_address[1], tmp_path / "home"
    older = wanted.replace(COMMIT, OLDER)
    assert fetch_all(home, port, "hf:museum/toy", "hf:museum/toy@v1") == [wanted, older]
    assert not any("pytorch_model" in line for line in Hub.asked)
    # Neither which packages are installed nor who asks is told.
    assert not any("torch/" in line or "session_id" in line for line in Hub.asked)
    hub.shutdown()
    hub.server_close()
    offline = fetch_all(home, port, "hf:museum/toy", f"hf:museum/toy@{OLDER}", "hf:museum/other")
    assert offline[:2] == [wanted, older]
    assert offline[2].startswith("refused: hf:museum/other: the hub cannot be reached, and it was not fetched before")


def test_one_size_of_a_repository_is_fetched_as_the_page_says(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    sized = hub_folder(Hub.root / "mobileclip2-onnx")
    (sized / "onnx" / "s2").mkdir()
    (sized / "onnx" / "vision_model.onnx").rename(sized / "onnx" / "s2" / "vision_model.onnx")
    shutil.copytree(sized / "onnx" / "s2", sized / "onnx" / "s0")
    (sized / "preprocessor_config.json").rename(sized / "onnx" / "s0" / "preprocessor_config.json")
    onnx.save(toy.text_tower(), sized / "onnx" / "s0" / "text_model.onnx")
    toy.write_tokenizer(sized)
    [(fetch, folder)] = re.findall(
        r"```\nhf (download .*?)\nemoir train mypictures --encoder (\S+)", PAGE.read_text(), re.S
    )
    endpoint, home = f"http://127.0.0.1:{hub.server_address[1]}", str(tmp_path / "home")
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": home, "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-m", "huggingface_hub.cli.hf", *shlex.split(fetch.replace("\\\n", ""))]
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
    found = find_encoder(tmp_path / folder)
    assert (found.licence, found.text is None) == ("mit", False)
    assert [path.name for path in (tmp_path / folder).parent.iterdir()] == ["s0"]


def test_every_refusal_says_what_would_help(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    sized = Hub.root / "sized" / "onnx" / "s0" / "vision_model.onnx"
    sized.parent.mkdir(parents=True)
    sized.touch()
    sources = ["hf:a/gated", "hf:a/missing", "hf:museum/toy@v9", "hf:museum/words", "hf:toy", "hf:museum/sized"]
    sources.append("museum/toy")
    told = fetch_all(tmp_path / "home", hub.server_address[1], *sources)
    for line, cause in zip(
        told,
        [
            "hf:a/gated is gated: accept its terms on its page, then log in with: hf auth login",
            "hf:a/missing: there is no such repository, or it is private",
            "museum/toy has no revision v9",
            "hf:museum/words holds none of onnx/vision_model.onnx",
            "write hf:OWNER/NAME",
            "it holds onnx/s0/vision_model.onnx: fetch what you need with hf download, and name the file or its folder",
            "museum/toy: no such file or folder; a repository of the hub is written hf:OWNER/NAME",
        ],
        strict=True,
    ):
        assert cause in line
