"""What we decode is what Chromium paints on a canvas."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, Playwright

from emoir.images.decode import decode
from tests.images.colour_files import stated_colours, transparencies
from tests.web.browser.conftest import ARGUMENTS, chromium

pytestmark = pytest.mark.browser

PAINT = """async ([address]) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext("2d", {colorSpace: "srgb"});
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0);
    return [canvas.height, canvas.width, [...context.getImageData(0, 0, canvas.width, canvas.height).data]];
}"""


@pytest.fixture(scope="module")
def page(playwright: Playwright) -> Iterator[Page]:
    browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, "--force-color-profile=srgb"])
    yield browser.new_page()
    browser.close()


def painted(page: Page, name: str, content: bytes) -> NDArray[np.uint8]:
    kind = name.rpartition(".")[2].replace("jpg", "jpeg")
    address = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    height, width, samples = page.evaluate(PAINT, [address])
    return np.array(samples, np.uint8).reshape(height, width, 4)[..., :3]


@pytest.mark.parametrize(("name", "content"), [pytest.param(*file, id=file[0]) for file in stated_colours()])
def test_colours(page: Page, name: str, content: bytes) -> None:
    difference = abs(decode(content).pixels.astype(int) - painted(page, name, content))
    assert difference.max() <= 4


@pytest.mark.parametrize(("name", "content"), [pytest.param(*file, id=file[0]) for file in transparencies()])
def test_transparency(page: Page, name: str, content: bytes) -> None:
    difference = abs(decode(content).pixels.astype(int) - painted(page, name, content))
    assert difference.max() <= 1
