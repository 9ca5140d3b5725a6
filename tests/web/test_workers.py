"""What pictures do to the processes that read them, and not to the one that serves."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from emoir import Collection
from emoir.errors import UndecodableImageError
from emoir.limits import Limits
from emoir.models import shipped_model_folder
from emoir.web import Settings, create_app
from emoir.web.files import VerifiedFiles
from emoir.web.problems import Problem
from emoir.web.workers import Workers

# As text: a worker can import what emoir has, and none of these tests.
SPIN = "while True: pass"


@pytest.fixture
def workers() -> Iterator[Workers]:
    pool = Workers(shipped_model_folder(), Limits(seconds_per_file=3.0), 2)
    yield pool
    pool.close()


def test_workers_start_where_temporary_files_lie_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    pool = Workers(shipped_model_folder(), Limits(), 1)
    assert pool.run(abs, -3) == 3
    pool.close()


def test_a_job_that_takes_too_long_is_ended_and_one_that_dies_is_told(workers: Workers) -> None:
    assert workers.run(abs, -3) == 3
    with pytest.raises(UndecodableImageError, match="longer than 3 seconds"):
        workers.run(exec, SPIN)
    with pytest.raises(UndecodableImageError, match="crashed"):
        workers.run(os._exit, 11)
    with pytest.raises(UndecodableImageError, match="out of memory"):
        workers.run(bytearray, 2**36)
    assert workers.run(abs, -4) == 4


class Unknown:
    """What no worker can unpickle, as it knows no such module."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("import emoir.no_such_module",)


def test_a_broken_pool_is_replaced(workers: Workers) -> None:
    with pytest.raises(Problem, match="busy"):
        workers.run(repr, Unknown())
    assert workers.run(abs, -5) == 5


def test_what_still_waits_when_the_service_ends_is_told_so(workers: Workers) -> None:
    assert workers.run(abs, -3) == 3
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(workers.run, exec, SPIN) for _ in range(4)]
        wait(waiting, timeout=0.5)
        workers.close()
        assert {type(one.exception(timeout=60)) for one in waiting} <= {Problem, UndecodableImageError}
    with pytest.raises(Problem, match="busy"):
        workers.run(abs, -3)


def test_the_serving_process_loads_no_network_and_decodes_nothing(index: Path, tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from emoir import Collection
from emoir.web import Settings, create_app
if __name__ == "__main__":
    app = create_app(Collection({str(index)!r}), Settings(thumbnails=Path({str(tmp_path)!r})))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for path in ("search?q=awe", "collection", "images/1/explanation", "images/1/thumbnail", "plane", "images/1"):
            assert client.get("/api/v1/" + path).status_code == 200, path
        picture = client.get("/api/v1/images/1/file").content
        code = client.post("/api/v1/describe", content=picture).json()["code"]
        assert client.get("/api/v1/search", params={{"q": "reading:" + code}}).status_code == 200
    sessions = [o for o in __import__("gc").get_objects() if type(o).__name__ == "InferenceSession"]
    assert not sessions, sessions
"""
    file = tmp_path / "program.py"
    file.write_text(program)
    subprocess.run([sys.executable, file], check=True)


def test_a_hostile_upload_ends_with_its_worker(index: Path, settings: Settings) -> None:
    side = 9000
    stream = io.BytesIO()
    Image.fromarray(np.zeros((side, side), np.uint8)).save(stream, "PNG")
    own = replace(settings, limits=Limits(max_pixels=10_000, seconds_per_file=20.0))
    with TestClient(create_app(Collection(index), own), base_url="http://127.0.0.1") as client:
        answer = client.post("/api/v1/describe", content=stream.getvalue())
        assert answer.status_code == 422
        assert "81,000,000" in answer.json()["detail"] or "pixels" in answer.json()["detail"]
        assert client.get("/api/v1/ready").status_code == 200


def _replaced(file: Path, other: Path) -> None:
    """Put a link to another content of equal size and time in a file's place."""
    stat = file.stat()
    os.truncate(other, stat.st_size)
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    file.unlink()
    file.symlink_to(other)


def test_the_digest_decides_what_is_behind_an_id(photos: Path, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(photos / "lake", folder)
    collection = Collection(tmp_path / "own.emoir")
    collection.index(folder, workers=1)
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"a private key" * 100_000)
    with TestClient(create_app(collection, settings), base_url="http://127.0.0.1") as client:
        detail = client.get("/api/v1/images/1").json()
        whole = client.get("/api/v1/images/1/file").content
        _replaced(Path(detail["path"]), secret)
        for path in ("file", "thumbnail", "explanation"):
            answer = client.get(f"/api/v1/images/1/{path}")
            assert answer.status_code == 410, path
            assert b"private" not in answer.content
        answer = client.post("/api/v1/selection/files", json={"ids": [1, 2]})
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        assert "missing.txt" in archive.namelist()
        assert not any(b"private" in archive.read(name) for name in archive.namelist())
        # The content is what counts, wherever it lies.
        Path(detail["path"]).unlink()
        Path(detail["path"]).write_bytes(whole)
        assert client.get("/api/v1/images/1/file").status_code in (200, 410)


def test_a_file_is_hashed_anew_when_something_happened_to_it(tmp_path: Path) -> None:
    import hashlib

    file = tmp_path / "a.jpg"
    file.write_bytes(b"one")
    files, digest = VerifiedFiles(), hashlib.sha256(b"one").digest()
    stat = file.stat()
    for _ in range(2):
        found = files.open([os.fsencode(file)], digest)
        assert found is not None
        assert found[1].read() == b"one"
        found[1].close()
    file.write_bytes(b"two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert files.open([os.fsencode(file)], digest) is None
    os.mkfifo(tmp_path / "pipe")
    assert files.open([os.fsencode(tmp_path / "pipe"), os.fsencode(tmp_path)], digest) is None
