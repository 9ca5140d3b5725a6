from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import skimage
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect

from emoir import Collection
from tests.pictures import save_photos
from tests.proxies import TOKEN, behind

# As long as a busy machine may take.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Where Chromium is; make test-web installs it."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "no Chromium here: make test-web installs it, or name one in CHROMIUM"
    return found


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """scikit-image's own photographs and a hundred generated pictures, enough for several pages."""
    folder = tmp_path_factory.mktemp("gallery")
    for path in sorted((Path(skimage.__file__).parent / "data").iterdir()):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg"):
            with Image.open(path) as image:
                if image.mode == "RGB" and min(image.size) >= 300:
                    (folder / "photographs").mkdir(exist_ok=True)
                    image.save(folder / "photographs" / f"{path.stem}.jpg")
    save_photos(folder / "noise", 100)
    evil = folder / "<img src=x onerror=alert(1)>"
    save_photos(evil, 1, first_seed=500)
    return folder


@pytest.fixture(scope="session")
def gallery(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of them, which every test has a copy of."""
    file = tmp_path_factory.mktemp("index") / "gallery.emoir"
    with Collection(file) as collection:
        collection.index(photographs)
    return file


@pytest.fixture(scope="session")
def gallery_on_milvus(gallery: Path, replicated: Callable[[Path], Path]) -> Path:
    return replicated(gallery)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All tests run on Milvus too; those marked, or all with EMOIR_PROXIES=all, through the proxies of deploy/."""
    if "service" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("proxied") is not None
        ways = ["direct", "nginx", "caddy"] if marked or os.environ.get("EMOIR_PROXIES") == "all" else ["direct"]
        # Only where engines are asked for: -m browser alone starts none.
        asked = "engine" in metafunc.config.option.markexpr
        engine = [pytest.param("milvus", marks=pytest.mark.engine)] if asked else []
        metafunc.parametrize("service", [*ways, *engine], indirect=True)


@pytest.fixture
def service(gallery: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A real emoir serve with an index of its own, perhaps behind a proxy; its address."""
    on_milvus = request.param == "milvus"
    index = Path(shutil.copy(request.getfixturevalue("gallery_on_milvus") if on_milvus else gallery, tmp_path))
    if request.param in ("nginx", "caddy"):
        with behind(request.param, index, tmp_path, host="localhost") as port:
            yield f"http://localhost:{port}/photos/"
        return
    command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0", "--index", str(index)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    address = process.stderr.readline().rsplit(" ", 1)[1].strip()
    yield address
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    opened = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
    yield opened
    opened.close()


@pytest.fixture
def page(browser: Browser, service: str) -> Iterator[Page]:
    """The gallery in a new browser; no script may fail, nothing may be asked of any other host."""
    context = browser.new_context(base_url=service, viewport={"width": 1280, "height": 860}, locale="en-GB")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    errors: list[str] = []
    strangers: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("dialog", lambda dialog: errors.append(dialog.message))

    def watch(address: str) -> None:
        if not address.startswith((service, "blob:", "data:")):
            strangers.append(address)

    opened.on("request", lambda request: watch(request.url))
    opened.goto(f"./?token={TOKEN}" if service.endswith("/photos/") else "./")
    opened.wait_for_selector("#results:not([aria-busy]) h1")
    yield opened
    context.close()
    assert errors == []
    assert strangers == []
