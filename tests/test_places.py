"""Object storage in place of folders: a real S3 server on loopback, a web server, and fsspec's memory."""

from __future__ import annotations

import csv
import functools
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from emoir import Collection
from emoir.errors import EmoirError, IndexFileError, PlaceError, UndecodableImageError
from emoir.images.decode import decode
from emoir.images.places import open_file, place_of
from emoir.images.walk import walk
from emoir.limits import Limits
from emoir.web import Settings, create_app
from tests.cli.test_library import emoir
from tests.pictures import save_photos
from tests.web.conftest import HERE

pytest.importorskip("moto", reason="the package moto is not installed")
pytest.importorskip("s3fs", reason="the package s3fs is not installed")

from object_storage import SECRET, Server, s3_server, storage, upload

KILLS = Path(__file__).parents[1] / "benchmarks" / "kill_index.py"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def photos(server: Server, tmp_path: Path) -> Iterator[Path]:
    """Five pictures in two folders and a letter, in ``s3://photos``, too."""
    folder = tmp_path / "photos"
    save_photos(folder / "box 1", 3)
    save_photos(folder / "盒子", 2, first_seed=10)
    (folder / "letter.txt").write_text("Dear Sir")
    upload(folder, "photos")
    yield folder
    storage().rm("photos", recursive=True)


def rows(index: Path, begin: str) -> list[dict[str, str]]:
    """What is exported, under paths without their beginning."""
    written = subprocess.run(
        [sys.executable, "-m", "emoir", "export", "--index", index, "--features"], capture_output=True, check=True
    ).stdout
    found = list(csv.DictReader(io.StringIO(written.decode())))
    assert all(row["path"].startswith(begin) for row in found)
    # Folders are listed in an order of their own, and numbers follow it.
    return [{**row, "path": row["path"].removeprefix(begin), "id": ""} for row in found]


def test_a_bucket_is_read_as_its_folder_is(photos: Path, tmp_path: Path) -> None:
    with Collection(tmp_path / "folder.emoir") as collection:
        collection.index(photos, workers=1)
    bucket = emoir(tmp_path, "index", "s3://photos", "--workers", 1, index="~/bucket.emoir")
    assert bucket.returncode == 0, bucket.stderr
    assert "5 read, 0 files unchanged. The index holds 5 images." in bucket.stderr
    ours, theirs = rows(tmp_path / "folder.emoir", str(photos)), rows(tmp_path / "bucket.emoir", "s3://photos")
    assert len(ours) == 5
    assert ours == theirs
    # Nothing that opens the bucket is kept.
    assert SECRET.encode() not in (tmp_path / "bucket.emoir").read_bytes()


def test_what_changed_is_read_and_what_is_gone_is_forgotten(photos: Path, tmp_path: Path) -> None:
    s3 = storage()
    with Collection(tmp_path / "x.emoir") as collection:
        assert collection.index("s3://photos", workers=1).read == 5
        assert collection.index(workers=1).unchanged == 6
        # As long as before and within the same second, perhaps: its ETag alone tells.
        content = (photos / "box 1" / "0000.jpg").read_bytes()
        s3.pipe_file("photos/box 1/0000.jpg", content[:-3] + b"\0" + content[-2:])
        s3.rm("photos/盒子/0010.jpg")
        s3.pipe_file("photos/box 1/new.jpg", (photos / "盒子" / "0010.jpg").read_bytes())
        report = collection.index(workers=1)
        assert (report.read, report.removed, report.unchanged) == (2, 1, 4)
        assert str(collection.search("awe", n=9, min_score=0)[0].path).startswith("s3://photos/")
        assert len(collection.search("awe", n=9, min_score=0, folders="s3://photos/box 1")) == 4
        # A single object, and one that is gone.
        s3.pipe_file("photos/alone/a.jpg", content)
    with Collection(tmp_path / "y.emoir") as collection:
        assert collection.index("s3://photos/盒子", "s3://photos/alone/a.jpg", workers=1).read == 2
        s3.rm("photos/alone/a.jpg")
        assert collection.index(workers=1).removed == 1
        with pytest.raises(IndexFileError, match="s3://photos/nothing is no folder and no file"):
            collection.index("s3://photos/nothing")


@pytest.fixture
def restarted(server: Server, photos: Path) -> Iterator[Server]:
    """A server that the test may stop."""
    yield server
    server.start()
    storage().mkdir("photos")


def test_a_bucket_that_is_away_is_forgotten_as_little_as_a_disk(restarted: Server, tmp_path: Path) -> None:
    with Collection(tmp_path / "x.emoir") as collection:
        collection.index("s3://photos", workers=1)
        settings = Settings(thumbnails=tmp_path / "thumbnails")
        with TestClient(create_app(collection, settings), base_url=HERE) as client:
            assert client.get("/api/v1/images/1/thumbnail").status_code == 200
            restarted.stop()
            away = emoir(tmp_path, "index")
            assert (away.returncode, "holds 5 images" in away.stderr) == (0, True), away.stderr
            assert "s3://photos cannot be reached (Could not connect to the endpoint URL" in away.stderr
            assert "s3://photos is missing or empty: not mounted? Its images are kept" in away.stderr
            # What was kept is shown; the original is said to be away.
            assert client.get("/api/v1/images/1/thumbnail").status_code == 200
            assert client.get("/api/v1/images/1/file").status_code == 410
        with pytest.raises(PlaceError, match=r"^s3://other cannot be reached .* its options are AWS_ENDPOINT_URL"):
            collection.index("s3://other")


def test_a_server_that_goes_ends_the_run_and_loses_nothing(restarted: Server, tmp_path: Path) -> None:
    with Collection(tmp_path / "x.emoir") as collection:

        def stop(progress: object, path: Path, failure: str | None) -> None:
            if restarted.process.poll() is None:
                restarted.stop()

        # More than a worker is given ahead.
        upload(save_photos(tmp_path / "more", 9, first_seed=20)[0].parent, "photos")
        with pytest.raises(PlaceError, match="s3://photos cannot be reached"):
            collection.index("s3://photos", workers=1, report=stop)
        status = collection.status()
        assert 1 <= status.images < 14
        assert status.failures == ()


def test_the_service_shows_objects(photos: Path, tmp_path: Path) -> None:
    with Collection(tmp_path / "x.emoir") as collection:
        collection.index("s3://photos", workers=1)
        settings = Settings(thumbnails=tmp_path / "thumbnails")
        with TestClient(create_app(collection, settings), base_url=HERE) as client:
            found = client.get("/api/v1/images/1").json()
            assert found["path"] == found["files"][0] == "s3://photos/box 1/0000.jpg"
            assert client.get("/api/v1/images/1/file").content == (photos / "box 1" / "0000.jpg").read_bytes()
            thumbnail = client.get("/api/v1/images/1/thumbnail")
            assert thumbnail.headers["content-type"] == "image/webp", thumbnail.text
            assert client.get("/api/v1/images/1/explanation").status_code == 200
            page = client.get("/api/v1/search", params={"q": "awe", "folders": "s3://photos/盒子", "min_score": 0})
            assert len(page.json()["hits"]) == 2, page.text
            # An object that was put in its place is not handed out as the indexed one.
            storage().pipe_file("photos/box 1/0000.jpg", b"something else")
            assert client.get("/api/v1/images/1/file").status_code == 410


def test_single_objects_are_described_and_explained(photos: Path, tmp_path: Path) -> None:
    described = emoir(tmp_path, "describe", "s3://photos/box 1/0000.jpg", photos / "box 1/0000.jpg", "--format", "json")
    first, second = json.loads(described.stdout)
    assert first.pop("path") == "s3://photos/box 1/0000.jpg"
    del second["path"]
    assert first == second
    explained = emoir(tmp_path, "explain", "s3://photos/box 1/0000.jpg", "--out", "why.png")
    assert (explained.returncode, (tmp_path / "why.png").exists()) == (0, True), explained.stderr
    missing = emoir(tmp_path, "describe", "s3://photos/none.jpg")
    assert (missing.returncode, missing.stderr) == (3, "s3://photos/none.jpg: no such file\n")


def test_an_object_over_the_limit_is_not_downloaded(photos: Path, tmp_path: Path) -> None:
    storage().pipe_file("photos/huge.jpg", bytes(8001))
    with Collection(tmp_path / "x.emoir") as collection:
        assert collection.index("s3://photos/huge.jpg", workers=1, limits=Limits(max_pixels=1000)).failed == 1
        assert "8,001 bytes are more than 1,000 pixels take; raise the limit with --max-pixels" in (
            collection.status().failures[0].cause
        )


def test_a_long_object_goes_through_a_file(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoir.images.objects.IN_MEMORY", 100)
    monkeypatch.setattr("emoir.images.objects.BLOCK", 512)
    with open_file("s3://photos/box 1/0000.jpg") as file:
        assert file.stream.fileno() > 0
        assert file.stream.read() == (photos / "box 1" / "0000.jpg").read_bytes()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("s3://key:word@photos/a", r"^s3://…@photos: an index keeps addresses, so none may hold a password"),
        ("http://host/a?signature=1", "none may hold a password or a key"),
        ("file:///photos", "name the folder itself"),
        ("nosuch://photos", "Protocol not known"),
        ("s3://nobucket/a.jpg", "is no folder and no file"),
    ],
)
def test_addresses_that_cannot_be(server: Server, tmp_path: Path, address: str, message: str) -> None:
    with Collection(tmp_path / "x.emoir") as collection, pytest.raises(EmoirError, match=message):
        collection.index(address)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(PlaceError, match=r"^s3://b needs one more package: pip install s3fs$"):
        place_of("s3://b").list(b"s3://b")


def test_credentials_that_are_missing_are_said(tmp_path: Path, server: Server) -> None:
    program = (
        "import os\n"
        "for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'): del os.environ[name]\n"
        "from emoir import Collection\nfrom emoir.errors import PlaceError\n"
        "try: Collection('x.emoir').index('s3://photos')\n"
        "except PlaceError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("s3://photos cannot be reached (Unable to locate credentials); its options are AWS_")


def test_lists_that_exclude_and_keys_that_are_no_paths(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    s3 = storage()
    s3.mkdir("odd")
    keys = ["a.jpg", "b.png", ".hidden.jpg", "sub/c.jpg", "sub//d.jpg", "private/.nomedia", "private/e.jpg", "mark/"]
    for key in keys:
        s3.pipe_file(f"odd/{key}", b"x")
    s3.pipe_file("odd/.emoirignore", b"*.png\n")
    found = {listing.path: sorted(listing.files) for listing in walk(b"s3://odd", lambda path, error: None)}
    assert found == {b"s3://odd": [b"a.jpg"], b"s3://odd/mark": [], b"s3://odd/sub": [b"c.jpg"]}
    assert "s3://odd/sub: 1 names in it are no paths and were skipped" in caplog.text
    s3.rm("odd", recursive=True)


def test_memory_and_the_web_are_places_by_the_same_class(tmp_path: Path) -> None:
    import fsspec

    [photo] = save_photos(tmp_path / "web" / "box", 1)
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/box/a.jpg", photo.read_bytes())

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path / "web"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            for root in (b"memory://", f"http://127.0.0.1:{web.server_port}".encode()):
                listings = list(walk(root, lambda path, error: pytest.fail(f"{path!r}: {error}")))
                [listing] = [listing for listing in listings if listing.files]
                [(name, stat)] = listing.files.items()
                path = os.path.join(listing.path, name)
                assert stat.size == photo.stat().st_size
                assert place_of(path).stat(path) == stat
                assert place_of(path).kind(path) == "file"
                assert place_of(root).kind(listing.path) == "folder"
                assert place_of(path).head(path, 2) == b"\xff\xd8"
                with open_file(path) as file:
                    assert (file.stream.read(), file.stat()) == (photo.read_bytes(), stat)
                with pytest.raises(UndecodableImageError, match="no such file"):
                    decode(Path(os.fsdecode(path + b".jpg")))
        finally:
            web.shutdown()
            thread.join()


def test_whenever_it_is_killed_nothing_acknowledged_is_lost() -> None:
    command = [sys.executable, str(KILLS), "--kills", "1", "--pictures", "100", "--s3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 kills with a batch in flight")
    assert "the export equals the unkilled run's byte for byte" in done.stdout
