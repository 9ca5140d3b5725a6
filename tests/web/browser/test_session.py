"""Ten tasks that a person does in one sitting, in a real browser against the real service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web.browser.test_gallery import ask, service_says

pytestmark = [pytest.mark.browser, pytest.mark.proxied]


def test_ten_tasks_in_one_sitting(page: Page) -> None:
    tiles = page.locator("#results .grid:not(.waiting) .tile")
    # 1. Find: an example to click.
    page.locator(".example", has_text=re.compile("^awe$")).click()
    expect(tiles.first).to_be_visible()
    # 2. Refine: a filter, and its chip away again.
    page.locator("#filters [name=all]").check()
    page.locator("[name=valence-from]").fill("0.2")
    expect(page.locator(".chip.filter")).to_have_count(2)
    page.get_by_role("button", name=re.compile("^Remove Valence")).click()
    expect(page.locator(".chip.filter")).to_have_count(1)
    # 3. Both: two feelings that must be there.
    ask(page, "awe & sadness")
    expect(page.locator(".chip .word")).to_have_text("awe & sadness")
    # 4. Correct: one tap in the detail.
    page.goto("./?q=awe&all=true")
    second = tiles.nth(1).get_attribute("data-id")
    tiles.nth(1).locator(".open").click()
    page.locator(".feeling").get_by_role("button", name="awe").click()
    expect(page.locator("#notice")).to_contain_text("You feel awe")
    page.keyboard.press("Escape")
    expect(page.locator(f"#results .tile[data-id='{second}'] .name")).to_have_text("yours: awe")
    # 5. Board: two pictures on a new one.
    for place in range(2):
        tiles.nth(place).hover()
        tiles.nth(place).locator(".choose").click()
    page.locator("#selection").get_by_role("button", name="Put on a board").click()
    page.fill(".chooser [name=board-name]", "first ideas")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open the board").click()
    expect(page.locator(".board .tile")).to_have_count(2)
    # 6. Export: a page that stands alone.
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Page", exact=True).click()
    assert Path(waiting.value.path()).read_text(encoding="utf-8").count("<figure>") == 2
    # 7. Rate: one picture.
    page.get_by_role("link", name="Rate").click()
    picture = page.locator(".rating .large")
    expect(picture).to_be_visible()
    before = picture.get_attribute("src")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(picture).not_to_have_attribute("src", before or "")
    assert service_says(page, "/api/v1/ratings")["raters"] == {"me": 2}
    # 8. Undo: the last rating.
    page.get_by_role("button", name="Undo the last rating").click()
    expect(picture).to_have_attribute("src", before or "")
    assert service_says(page, "/api/v1/ratings")["raters"] == {"me": 1}
    # 9. Phone: the actions of a picture.
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("./?q=awe&all=true")
    assert tiles.first.evaluate("tile => tile.getBoundingClientRect().y") < 200
    tiles.first.locator(".menu").click()
    page.locator(".sheet").get_by_role("button", name="More like this feeling").click()
    expect(page.locator(".chip .word")).to_contain_text("image ")
    # 10. Chinese: the page and a question.
    page.click("#language")
    ask(page, "宁静但有点孤独")
    expect(page.locator("#summary")).to_contain_text("张图片中找到")
