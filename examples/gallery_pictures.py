"""Make the pictures of docs/gallery.md: ``python -m examples.gallery_pictures``.

Serves an index of the demo's photographs and takes pictures of the gallery in Chromium. Needs the dev extra and
Chromium (CHROMIUM names it where it is not called chromium).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from examples.demo import copy_photographs
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from emoir import Collection

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def take(page: Page, name: str) -> None:
    """Keep what the page shows, once its pictures are there."""
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => [...document.querySelectorAll('.tile img')].slice(0, 8).every(i => i.complete)")
    raw = PICTURES / f"{name}.png"
    page.screenshot(path=raw)
    with Image.open(raw) as image:
        image.convert("RGB").save(PICTURES / f"{name}.jpg", quality=82)
    raw.unlink()


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place) / "photographs"
        copy_photographs(folder)
        index = Path(place) / "gallery.emoir"
        with Collection(index) as collection:
            collection.index(folder)
        command = [sys.executable, "-m", "emoir", "serve", "--no-browser", "--port", "0", "--index", str(index)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        address = process.stderr.readline().rsplit(" ", 1)[1].strip()
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800})
        page.goto("/")
        take(page, "gallery_home")
        page.goto("/?q=2:awe%20%2B%20quiet%20-%20fear&all=true")
        take(page, "gallery_search")
        page.locator(".tile .open").first.click()
        page.locator(".why > button").click()
        page.wait_for_selector(".changed img")
        take(page, "gallery_detail")
        page.goto("/?view=collection")
        take(page, "gallery_collection")
        page.evaluate("localStorage['emoir.rater'] = 'Ana'; localStorage['emoir.language'] = 'zh'")
        page.goto("/?view=rate")
        page.wait_for_selector(".rating .large")
        page.keyboard.press("4")
        take(page, "gallery_rating")
        browser.close()
        process.send_signal(signal.SIGINT)
        process.communicate()


if __name__ == "__main__":
    main()
