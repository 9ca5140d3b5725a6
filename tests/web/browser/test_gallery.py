"""What a person does in the gallery, in a real browser against the real service."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect

from emoir import Collection
from emoir.web import Settings
from tests.models import toy
from tests.pictures import noise
from tests.web.servers import served

pytestmark = pytest.mark.browser


def ask(page: Page, query: str) -> None:
    page.fill("#query", query)
    page.press("#query", "Enter")
    expect(page.locator("#chips .chip").first).to_be_visible()
    expect(page.locator("#results .grid:not(.waiting) .tile").first).to_be_visible()


def service_says(page: Page, path: str) -> Any:
    answer = page.request.get(f".{path}", timeout=30_000)
    assert answer.ok, answer.text()
    return answer.json()


def axe(page: Page) -> None:
    """Nobody is shut out of what the page shows now."""
    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    found = Axe().run(page, options=options)
    assert found.violations_count == 0, found.generate_report()


def drag_to_the_front(page: Page, tiles: Locator, place: int) -> None:
    """Draw a tile of a board before the first and let go; a hand trembles, which the browser says again and again."""
    expect(page.locator(".board.movable")).to_be_visible()
    dragged = tiles.nth(place).get_attribute("data-id")
    box = tiles.first.bounding_box()
    assert dragged
    assert box
    tiles.nth(place).hover()
    page.mouse.down()
    for tremble in range(200):
        page.mouse.move(box["x"] + 10 + tremble % 2, box["y"] + 60)
        if tiles.first.get_attribute("data-id") == dragged:
            break
    page.mouse.up()
    expect(tiles.first).to_have_attribute("data-id", dragged)


def names(page: Page) -> list[str]:
    tiles = page.locator(".tile .open")
    found: list[str] = tiles.evaluate_all("tiles => tiles.map(tile => tile.getAttribute('aria-label'))")
    return found


def test_a_shelf_holds_only_what_is_called_by_its_emotion(page: Page) -> None:
    expect(page.locator("h1", has_text="Your images by feeling")).to_be_visible()
    shelves = page.locator("h2.shelf").count()
    strips = page.locator("h2.shelf + .strip")
    assert strips.count() == shelves
    for place in range(shelves):
        ids = strips.nth(place).locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)")
        assert ids
        for id in ids:
            image = service_says(page, f"/api/v1/images/{id}")
            assert image["sure"]
            assert image["emotion"] == page.locator("h2.shelf span").nth(place).inner_text().lower()
    if not shelves:
        expect(page.locator("#results")).to_contain_text("not sure enough of any image")
    sizes = page.evaluate(
        "performance.getEntries().filter(e => e.name.includes('/static/') || e.entryType === 'navigation')"
        ".reduce((sum, e) => sum + e.encodedBodySize, 0)"
    )
    assert 10_000 < sizes < 300_000


def test_shelves_with_hardly_anything_come_last_and_no_word_is_cut(page: Page) -> None:
    filled = page.locator("h2.shelf + .strip").evaluate_all("strips => strips.map(strip => strip.children.length >= 4)")
    assert filled == sorted(filled, reverse=True)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 860})
        ask(page, "calm")
        cut = page.locator("#results .tile .name").evaluate_all(
            "names => names.filter(name => name.scrollWidth > name.clientWidth).map(name => name.innerText)"
        )
        assert cut == []


def test_typing_completing_and_weighing(page: Page) -> None:
    page.click("#query")
    page.keyboard.type("lone")
    option = page.locator("#words li", has_text=re.compile("^lonely$"))
    expect(option).to_be_visible()
    while option.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#query") == "lonely"
    page.fill("#query", "2:awe + quiet zebra - fear")
    page.keyboard.press("Enter")
    chips = page.locator(".chip:not(.unused)")
    expect(chips).to_have_count(3)
    expect(page.locator(".chip.unused")).to_have_text("not searched: zebra")
    before = page.url
    page.locator(".chip input").nth(0).fill("0.5")
    page.wait_for_url(lambda address: address != before)
    assert "0.5%3Aawe" in page.url
    page.get_by_role("button", name="Remove fear").click()
    expect(chips).to_have_count(2)
    page.go_back()
    expect(chips).to_have_count(3)


@pytest.mark.proxied
def test_a_query_in_chinese_and_the_page_in_chinese(page: Page) -> None:
    page.click("#language")
    expect(page.locator("h1")).to_have_text("按情感排列的图片")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    page.fill("#query", "zzzz")
    page.press("#query", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("没有表示情感的词")
    # Trying again would not help.
    expect(page.get_by_role("button", name="重试")).to_have_count(0)
    ask(page, "宁静但有点孤独")
    expect(page.locator("#summary")).to_contain_text("张")
    page.reload()
    expect(page.locator("#language")).to_have_text("English")


def test_chips_say_what_was_looked_for_in_the_picture(browser: Browser, tmp_path: Path) -> None:
    model, index = toy.colour_model(tmp_path / "model"), tmp_path / "x.emoir"
    for colour in ("red", "green", "blue"):
        Image.new("RGB", (40, 30), colour).save(tmp_path / f"{colour}.png")
    with Collection(index, model=model) as photos:
        photos.index(tmp_path, workers=1)
    with served(index, Settings(thumbnails=tmp_path / "thumbnails"), model=model) as port:
        page = browser.new_page(base_url=f"http://127.0.0.1:{port}", locale="en-GB")
        page.goto("./?" + urllib.parse.urlencode({"q": "sad red ball without blue"}))
        similar = "in the picture, by similarity: "
        expect(page.locator(".chip.read")).to_have_text([f"{similar}red ball", f"not {similar}blue"])
        expect(page.locator("#results .tile .open").first).to_have_attribute("aria-label", re.compile("red"))
        page.click("#language")
        expect(page.locator(".chip.read")).to_have_text(["画面中（相似度）：red ball", "画面中没有（相似度）：blue"])
        page.close()


def test_a_mistake_is_shown_where_it_is(page: Page) -> None:
    page.fill("#query", "awe + va:9,9")
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_contain_text("valence and arousal go from 0 to 1")
    expect(page.locator(".state mark")).to_have_text("va:9,9")
    page.fill("#query", "awe & lonley")
    page.keyboard.press("Enter")
    page.locator(".state .example", has_text="lonely").click()
    expect(page.locator(".chip .word")).to_have_text("awe & lonely")


def test_the_wheel_and_the_plane(page: Page) -> None:
    page.locator(".wheel g", has_text="sadness").click()
    expect(page.locator(".chip .word")).to_have_text("sadness")
    expect(page.locator(".wheel g[aria-pressed=true]")).to_contain_text("sadness")
    sizes = page.locator("#wheel text").evaluate_all(
        "labels => labels.map(label => label.getBoundingClientRect().height)"
    )
    assert min(sizes) >= 12
    inside = """() => [...document.querySelectorAll('#wheel g')].every(group => {
        const [label, sector] = ['text', 'path'].map(name => group.querySelector(name).getBoundingClientRect());
        return label.left >= sector.left && label.right <= sector.right; })"""
    assert page.evaluate(inside)
    area = page.locator("#plane .area")
    box = area.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    page.wait_for_url("**q=va*")
    point = re.search(r"va%3A([\d.]+)%2C([\d.]+)", page.url)
    assert point is not None
    # The plane fits the data: a quarter of the way from the least pleasant image to the most pleasant one.
    marker = page.locator("#plane .marker").bounding_box()
    assert marker is not None
    assert marker["x"] + marker["width"] / 2 == pytest.approx(box["x"] + 0.25 * box["width"], abs=2)
    assert 0 < float(point[1]) < 0.7


def test_the_plane_is_explored(page: Page) -> None:
    area = page.locator("#plane .area")
    page.wait_for_selector("#plane .tools")
    box = area.bounding_box()
    assert box is not None
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]
    picture = page.locator("#plane .hovered")
    for step in range(400):
        page.mouse.move(left + width * (0.1 + 0.04 * (step % 20)), top + height * (0.1 + 0.04 * (step // 20)))
        if picture.is_visible():
            break
    expect(picture).to_be_visible()
    page.wait_for_function("() => document.querySelector('.hovered').naturalWidth > 0")
    before = area.locator("canvas").evaluate("canvas => canvas.toDataURL()")
    page.mouse.wheel(0, -400)
    page.wait_for_function("before => document.querySelector('#plane canvas').toDataURL() !== before", arg=before)
    page.get_by_role("button", name="Fit all images").click()
    page.wait_for_function("before => document.querySelector('#plane canvas').toDataURL() === before", arg=before)
    page.get_by_role("button", name="Draw a line around points").click()
    corners = [(0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.01)]
    page.mouse.move(left + corners[0][0] * width, top + corners[0][1] * height)
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(left + x * width, top + y * height, steps=3)
    page.mouse.up()
    total = service_says(page, "/api/v1/ready")["images"]
    expect(page.locator("#summary")).to_contain_text(f"{total} images inside your line")
    expect(page.locator("#results .tile")).to_have_count(total)
    page.get_by_role("button", name="Select all").click()
    expect(page.locator("#selection")).to_contain_text(f"{total} selected")


def test_a_brush_keeps_what_lies_inside(page: Page) -> None:
    area = page.locator("#plane .area")
    box = area.bounding_box()
    assert box is not None
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]
    page.mouse.move(left + 0.05 * width, top + 0.05 * height)
    page.mouse.down()
    page.mouse.move(left + 0.3 * width, top + 0.5 * height, steps=5)
    page.mouse.move(left + 0.55 * width, top + 0.95 * height, steps=5)
    page.mouse.up()
    page.wait_for_url("**valence=*")
    expect(page.locator("#plane .brush")).to_be_visible()
    expect(page.locator("#results .grid:not(.waiting) .tile").first).to_be_visible()
    ids = page.locator("#results .tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)")
    for id in ids[:5]:
        low, high = map(float, urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)["valence"][0].split(".."))
        assert low - 0.02 <= service_says(page, f"/api/v1/images/{id}")["valence"] <= high + 0.02
    page.locator("#filters button").click()
    expect(page.locator("#plane .brush")).to_be_hidden()


def test_the_form_holds_every_filter_that_the_service_describes(page: Page) -> None:
    controls = service_says(page, "/api/v1/filters")
    solemn = {**controls[0], "name": "solemn", "label": ["Solemn", "庄严"]}
    page.route("**/api/v1/filters", lambda route: route.fulfill(json=[*controls, solemn]))
    page.reload()
    form = page.locator("#filters")
    for control in [*controls, solemn]:
        expect(form.locator(f"[name^={control['name']}]").first).to_be_attached()
        expect(form).to_contain_text(control["label"][0])
    with page.expect_request("**/shelves?*solemn=0.4..*"):
        form.locator("[name=solemn-from]").fill("0.4")
        page.keyboard.press("Tab")


def test_bounds_on_several_emotions(page: Page) -> None:
    field = page.locator("#filters [name=emotion]")
    with page.expect_request("**/search?*emotion=joy%3C0.9&emotion=fear%3C0.5*"):
        field.fill("joy<0.9,fear<0.5")
        page.keyboard.press("Tab")
    ask(page, "joy")


def test_a_colour(page: Page) -> None:
    page.locator("#colour").fill("#336699")  # which changes it, too, as closing the picker does
    expect(page.locator(".chip .swatch")).to_be_visible()
    assert "near%3A%23336699" in page.url


def test_a_colour_that_is_asked_for_again_is_asked_for_once(page: Page) -> None:
    swatches = page.locator(".chip .swatch")
    page.locator("#colour").fill("#336699")
    expect(swatches).to_have_count(1)
    page.locator("#colour").fill("#993322")
    expect(swatches).to_have_count(2)
    page.locator("#colour").fill("#336699")
    page.wait_for_url("**near%3A%23336699")
    expect(swatches).to_have_count(2)
    assert page.url.count("near") == 2


@pytest.mark.proxied
def test_a_picture_that_is_dropped_is_read_and_not_kept(page: Page, tmp_path: Path) -> None:
    Image.fromarray(noise(200, 3)).save(tmp_path / "mine.png")
    page.set_input_files("#upload", tmp_path / "mine.png")
    page.wait_for_url("**q=reading*")
    expect(page.locator(".chip .word")).to_have_text("your picture")
    expect(page.locator(".chip img")).to_be_visible()
    first = names(page)[:3]
    address = page.url
    page.goto("./")
    page.goto(address)
    expect(page.locator(".chip .word")).to_have_text("your picture")
    expect(page.locator("#results .grid:not(.waiting) .tile").first).to_be_visible()
    assert names(page)[:3] == first
    page.goto("./")
    # No image of this collection is sure, so that there are no shelves to wait for.
    page.wait_for_selector("#results:not([aria-busy]) h1")
    transfer = page.evaluate_handle(
        "bytes => { const data = new DataTransfer();"
        " data.items.add(new File([new Uint8Array(bytes)], 'mine.png', {type: 'image/png'})); return data; }",
        list((tmp_path / "mine.png").read_bytes()),
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    page.wait_for_url("**q=reading*")
    page.set_input_files("#upload", {"name": "x.png", "mimeType": "image/png", "buffer": b"no image"})
    expect(page.locator("#notice")).to_contain_text("not an image")


def test_keys_go_on_working_after_the_results_change(page: Page) -> None:
    ask(page, "joy")
    page.locator("#results .open").nth(2).focus()
    page.keyboard.press("l")
    page.wait_for_url("**like=*")
    expect(page.locator("#results .open").first).to_be_focused()
    page.keyboard.press("u")
    page.wait_for_url("**unlike=*")
    expect(page.locator("#results .open").first).to_be_focused()


def test_the_results_have_no_end_but_the_last(page: Page) -> None:
    ask(page, "joy")
    page.locator("#filters [name=all]").check()
    page.wait_for_url("**all=true*")
    total = service_says(page, "/api/v1/ready")["images"]
    tiles = page.locator("#results .grid:not(.waiting) .tile")
    expect(tiles.first).to_be_visible()
    for _ in range(10):
        if tiles.count() == total:
            break
        page.locator("#end").scroll_into_view_if_needed()
        page.mouse.wheel(0, 4000)
        page.wait_for_load_state("networkidle")
    expect(tiles).to_have_count(total)
    ids = tiles.evaluate_all("all => all.map(tile => tile.dataset.id)")
    assert len(set(ids)) == total


def test_by_keyboard_alone(page: Page) -> None:
    ask(page, "joy")
    page.locator(".tile .open").first.focus()
    focused = "document.activeElement.closest('.tile').dataset.id"
    first = page.evaluate(focused)
    page.keyboard.press("ArrowRight")
    second = page.evaluate(focused)
    assert second != first
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert page.evaluate(focused) == first
    page.keyboard.press("x")
    expect(page.locator("#selection")).to_contain_text("1 selected")
    page.keyboard.press("Enter")
    expect(page.locator("#detail")).to_be_visible()
    assert f"image={first}" in page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**image={second}*")
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    page.keyboard.press("l")
    page.wait_for_url("**like=*")


@pytest.mark.proxied
def test_the_detail_says_why(page: Page) -> None:
    ask(page, "awe")
    page.locator(".tile .open").first.click()
    # An explanation is made when it is asked for, not before.
    expect(page.locator(".why button")).to_be_visible()
    expect(page.locator(".sentence")).to_have_count(0)
    page.locator(".why button").click()
    expect(page.locator(".sentence")).to_be_visible()
    expect(page.locator(".changed figure")).to_have_count(4)
    loaded = "images => images.every(image => image.complete && image.naturalWidth > 0)"
    page.wait_for_function(
        "() => [...document.querySelectorAll('.changed img, .large')].every(i => i.complete && i.naturalWidth > 0)"
    )
    assert page.locator(".changed img").evaluate_all(loaded)
    expect(page.locator(".stage .map")).to_be_visible()
    # The map lies on the picture, in its proportions.
    large, layer = page.locator(".stage .large").bounding_box(), page.locator(".stage .map").bounding_box()
    assert large == layer
    page.get_by_label("Where").fill("0")
    assert page.locator(".stage .map").evaluate("map => getComputedStyle(map).opacity") == "0"
    expect(page.locator(".legend")).to_contain_text("speaks for it")
    page.locator(".choices select").select_option("fear")
    expect(page.locator(".sentence")).to_contain_text("Fear")
    page.locator("#detail").get_by_role("button", name="More like this feeling").click()
    expect(page.locator(".chip .word")).to_contain_text("image ")
    page.go_back()
    expect(page.locator("#detail")).to_be_visible()


@pytest.mark.proxied
def test_several_are_selected_and_taken_home(page: Page) -> None:
    ask(page, "joy")
    for place in range(3):
        page.locator("#results .tile").nth(place).hover()
        page.locator("#results .tile .choose").nth(place).click()
    expect(page.locator("#selection")).to_contain_text("3 selected")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="ZIP").click()
    assert waiting.value.suggested_filename == "emoir.zip"
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    assert len(Path(waiting.value.path()).read_text().splitlines()) == 4
    page.get_by_role("button", name="Copy paths").click()
    expect(page.locator("#notice")).to_contain_text("Copied")
    assert len(page.evaluate("navigator.clipboard.readText()").splitlines()) == 3


@pytest.mark.proxied
def test_a_search_is_saved(page: Page) -> None:
    ask(page, "quiet")
    page.get_by_role("button", name="Save this search").click()
    expect(page.locator("#notice")).to_contain_text("Saved")
    page.goto("./?view=boards")
    page.locator(".searches a", has_text="quiet").click()
    expect(page.locator(".chip .word")).to_have_text("quiet")


@pytest.mark.proxied
def test_rating_by_keyboard(page: Page) -> None:
    page.get_by_role("link", name="Rate").click()
    page.fill("[name=rater]", "Ana")
    page.keyboard.press("Enter")
    picture = page.locator(".rating .large")
    expect(picture).to_be_visible()
    first = picture.get_attribute("src")
    page.keyboard.press("4")
    expect(page.locator(".answers .wheel g[aria-pressed=true]")).to_contain_text("awe")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(picture).not_to_have_attribute("src", first or "")
    assert service_says(page, "/api/v1/ratings")["raters"] == {"Ana": 1}
    page.keyboard.press("u")
    expect(page.locator("#notice")).to_contain_text("Taken back")
    expect(picture).to_have_attribute("src", first or "")
    assert service_says(page, "/api/v1/ratings")["ratings"] == 0
    page.keyboard.press("s")
    expect(picture).not_to_have_attribute("src", first or "")


@pytest.mark.proxied
def test_the_collection_page_and_file_names_that_are_markup(page: Page) -> None:
    page.get_by_role("link", name="Collection").click()
    expect(page.locator(".shares").first).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img[src='x']").count() == 0
    expect(page.locator("#collection")).to_contain_text("Every file could be read.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "address",
    ["./", "./?q=awe", "./?q=awe&image=1", "./?view=collection", "./?view=rate", "./?q=zzz", "./?view=boards"],
)
def test_nobody_is_shut_out(page: Page, address: str, theme: str) -> None:
    page.evaluate("([theme]) => { localStorage['emoir.theme'] = theme; localStorage['emoir.rater'] = 'Ana'; }", [theme])
    page.goto(address)
    page.wait_for_load_state("networkidle")
    axe(page)


def test_it_fits_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 740})
    for address in ("./", "./?q=awe", "./?view=collection", "./?view=rate", "./?view=boards"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, address


def test_the_first_picture_stands_high_on_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("./?q=awe&all=true", "./"):
        page.goto(address)
        first = page.locator("#results .grid:not(.waiting) .tile").first
        expect(first).to_be_visible()
        # In the page itself, for a tile may be drawn anew between two questions.
        assert first.evaluate("tile => tile.getBoundingClientRect().y") < 200


@pytest.mark.proxied
def test_it_works_where_nothing_may_be_remembered(page: Page) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('blocked', 'SecurityError'); } })"
    )
    for address in ("./?q=awe&all=true", "./?view=rate", "./?view=collection"):
        page.goto(address)
        expect(page.locator("h1, .tile, form.rater, #rate *").first).to_be_attached()
    page.goto("./?q=awe&all=true")
    expect(page.locator("#results .tile").first).to_be_visible()


def test_a_disturbing_picture_is_veiled_until_it_is_asked_for(page: Page) -> None:
    def veil(route: Route) -> None:
        answer = route.fetch()
        found = answer.json()
        found["hits"][0]["disturbing"] = True
        route.fulfill(response=answer, json=found)

    page.route("**/api/v1/search*", veil)
    page.goto("./?q=awe&all=true")
    tile = page.locator("#results .tile").first
    assert "blur" in tile.locator("img").evaluate("img => getComputedStyle(img).filter")
    tile.get_by_role("button", name="Perhaps disturbing: show").click()
    assert tile.locator("img").evaluate("img => getComputedStyle(img).filter") == "none"


def test_a_colour_finds_pictures_in_it(page: Page) -> None:
    page.goto("./?image=1")
    page.locator("#detail .palette button").first.click()
    page.wait_for_url("**q=near*")
    expect(page.locator("#results .tile").first).to_be_visible()


@pytest.mark.proxied
def test_a_service_that_is_gone_is_said(page: Page) -> None:
    page.route("**/api/v1/search*", lambda route: route.abort())
    page.fill("#query", "joy")
    page.keyboard.press("Enter")
    expect(page.locator(".state")).to_contain_text("does not answer")
    page.unroute("**/api/v1/search*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#results .grid:not(.waiting) .tile").first).to_be_visible()


@pytest.mark.proxied
def test_the_viewer_zooms_turns_pages_and_leads_back(page: Page) -> None:
    page.goto("./?q=awe&all=true")
    tiles = page.locator("#results .grid:not(.waiting) .tile")
    first, second = (tiles.nth(place).get_attribute("data-id") for place in (0, 1))
    tiles.first.locator(".open").click()
    page.locator("#detail .enlarge").click()
    viewer = page.locator("dialog.viewer")
    shown = viewer.locator(".pswp__item[aria-hidden=false] .pswp__img:not(.pswp__img--placeholder)")
    expect(shown).to_have_attribute("src", re.compile(f"/images/{first}/"))
    axe(page)
    page.keyboard.press("z")
    page.wait_for_function("() => document.querySelector('.pswp').classList.contains('pswp--zoomed-in')")
    page.keyboard.press("ArrowRight")
    expect(viewer.locator(".pswp__counter")).to_have_text(re.compile("^2 / "))
    expect(shown).to_have_attribute("src", re.compile(f"/images/{second}/"))
    viewer.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.keyboard.press("f")
    page.wait_for_function("() => document.fullscreenElement === null")
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    # The detail is of the picture that was looked at last.
    page.wait_for_url(f"**image={second}*")
    expect(page.locator("#detail .large")).to_have_attribute("src", re.compile(f"/images/{second}/"))


@pytest.mark.proxied
def test_a_file_leads_to_its_folder_and_its_camera(page: Page) -> None:
    page.goto("./?q=awe&all=true&image=1")
    path = service_says(page, "/api/v1/images/1")["files"][0]
    page.get_by_role("button", name="Copy path").click()
    expect(page.locator("#notice")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == path
    page.get_by_role("link", name="Show the folder").click()
    page.wait_for_url("**folder=*")
    assert urllib.parse.unquote_plus(page.url).endswith(str(Path(path).parent))


def test_one_tap_corrects_the_model_and_can_be_undone(page: Page) -> None:
    page.goto("./?q=awe&all=true")
    tiles = page.locator("#results .grid:not(.waiting) .tile")
    third = tiles.nth(2).get_attribute("data-id")
    tiles.nth(2).locator(".open").click()
    tap = page.locator(".feeling").get_by_role("button", name="awe")
    tap.click()
    expect(tap).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#detail-name span")).to_have_text("yours: awe")
    expect(page.locator("#notice")).to_contain_text("You feel awe. Saved under the name “me”.")
    assert service_says(page, "/api/v1/ratings")["raters"] == {"me": 1}
    page.get_by_role("button", name="Close").click()
    expect(tiles.first).to_have_attribute("data-id", third or "")
    expect(tiles.first.locator(".name")).to_have_text("yours: awe")
    tiles.first.locator(".open").click()
    expect(tap).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("8")
    expect(page.locator(".feeling").get_by_role("button", name="sadness")).to_have_attribute("aria-pressed", "true")
    page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(tap).to_have_attribute("aria-pressed", "true")
    tap.click()
    expect(tap).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Close").click()
    expect(tiles.nth(2)).to_have_attribute("data-id", third or "")
    assert service_says(page, "/api/v1/ratings")["ratings"] == 0


@pytest.mark.proxied
def test_a_board_is_filled_ordered_exported_and_had_back(page: Page) -> None:
    page.goto("./?q=awe&all=true")
    tiles = page.locator("#results .grid:not(.waiting) .tile")
    for place in range(3):
        tiles.nth(place).hover()
        tiles.nth(place).locator(".choose").click()
    page.locator("#selection").get_by_role("button", name="Put on a board").click()
    axe(page)
    page.fill(".chooser [name=board-name]", "sea & sky")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open the board").click()
    page.wait_for_url("**view=boards*")
    tiles = page.locator(".board .tile")
    expect(tiles).to_have_count(3)
    ids = tiles.evaluate_all("tiles => tiles.map(tile => Number(tile.dataset.id))")

    def kept() -> Any:
        return service_says(page, "/api/v1/boards")[0]

    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        drag_to_the_front(page, tiles, 2)
    assert kept()["ids"] == [ids[2], ids[0], ids[1]]
    tiles.nth(1).locator(".open").focus()
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.keyboard.press("Alt+ArrowRight")
    assert kept()["ids"] == [ids[2], ids[1], ids[0]]
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        tiles.nth(1).get_by_role("button", name="Make it the cover").click()
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.get_by_label("Notes").fill("for the hall")
        page.keyboard.press("Tab")
    assert (kept()["cover"], kept()["notes"]) == (ids[1], "for the hall")
    axe(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Contact sheet").click()
    assert waiting.value.suggested_filename == "sea & sky.jpg"
    page.get_by_role("button", name="Delete the board").click()
    expect(page.locator("#boards")).to_contain_text("No board yet")
    page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(tiles).to_have_count(3)
    assert kept()["notes"] == "for the hall"


def test_filters_are_chips_that_can_be_taken_away(page: Page) -> None:
    page.goto("./?q=awe&all=true&valence=0.1..0.9&orientation=landscape")
    chips = page.locator(".chip.filter")
    expect(chips).to_have_text(
        [re.compile(text) for text in ("Valence: 0.1 – 0.9", "Orientation: landscape", "weak matches")]
    )
    page.get_by_role("button", name="Remove Orientation: landscape").click()
    expect(chips).to_have_count(2)
    assert "orientation" not in page.url
    slider = page.locator("[name=valence-from]")
    slider.fill("0.95")
    # One slider does not pass the other.
    assert slider.input_value() == "0.9"
    page.locator("#chips").get_by_role("button", name="Clear all filters").click()
    expect(chips).to_have_count(0)
    assert page.url.endswith("?q=awe")


def test_the_box_holds_words_and_no_grammar(page: Page) -> None:
    page.goto("./?q=id:1&all=true")
    expect(page.locator(".chip .word")).to_have_text("image 1")
    assert page.input_value("#query") == ""
    page.goto("./?q=va:0.75,0.7&all=true")
    expect(page.locator(".chip .word")).to_have_text("pleasant 0.75, exciting 0.7")
    assert page.input_value("#query") == ""
    assert page.title() == "emoir"


@pytest.mark.proxied
def test_help_shows_keys_and_examples_to_click(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator(".help kbd").first).to_be_visible()
    axe(page)
    page.locator(".help .example", has_text="joy & excitement").click()
    expect(page.locator(".help")).to_have_count(0)
    expect(page.locator(".chip .word")).to_have_text(["joy & excitement"])
    page.keyboard.press("/")
    expect(page.locator("#query")).to_be_focused()
    page.goto("./?q=awe&valence=0.99..")
    expect(page.locator(".state").first).to_contain_text("No image fits")
    page.locator(".example").first.click()
    expect(page.locator("#results .grid:not(.waiting) .tile").first).to_be_visible()


def test_a_picture_is_marked_by_hand_and_all_are_shown_by_one_switch(page: Page) -> None:
    page.goto("./?q=awe&all=true")
    tile = page.locator("#results .grid:not(.waiting) .tile").first
    id = tile.get_attribute("data-id")
    tile.locator(".open").click()
    page.get_by_role("button", name="Mark as disturbing").click()
    expect(page.get_by_role("button", name="Not disturbing")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    image = page.locator(f"#results .tile[data-id='{id}'] img")
    blur = "image => getComputedStyle(image).filter"
    assert "blur" in image.evaluate(blur)
    page.get_by_label("Show disturbing pictures").check()
    assert image.evaluate(blur) == "none"
    page.reload()
    expect(image).to_be_visible()
    assert image.evaluate(blur) == "none"
    page.get_by_label("Show disturbing pictures").uncheck()
    assert "blur" in image.evaluate(blur)


def test_a_telephone_has_a_sheet_of_actions_with_large_targets(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("./?q=awe&all=true")
    page.locator("#results .tile .menu").first.click()
    sheet = page.locator(".sheet")
    expect(sheet).to_be_visible()
    heights = sheet.locator("button").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert min(heights) >= 44
    axe(page)
    sheet.get_by_role("button", name="Select").click()
    expect(page.locator("#selection")).to_contain_text("1 selected")
    targets = (
        "buttons => buttons.filter(b => b.offsetParent).map(b => b.getBoundingClientRect()).filter(b => b.height < 44)"
    )
    assert page.locator("#results .menu, #selection button, .masthead button").evaluate_all(targets) == []


def test_a_telephone_rates_without_scrolling(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("./?view=rate")
    first = page.locator(".rating .large").get_attribute("src")
    last = page.get_by_role("button", name="Skip").bounding_box()
    assert last is not None
    assert last["y"] + last["height"] <= 844
    page.locator(".feeling.narrow").get_by_role("button", name="awe").click()
    page.get_by_role("button", name="Save and next").click()
    expect(page.locator(".rating .large")).not_to_have_attribute("src", first or "")
    assert service_says(page, "/api/v1/ratings")["raters"] == {"me": 1}
