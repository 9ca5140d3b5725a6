"""The page as a browser would take it: nothing loaded, nothing run, nothing injected, everything said in words."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from string import Formatter
from xml.etree import ElementTree

import pytest
from PIL import Image

from emoir import Collection
from emoir.emotions import EKMAN, MIKELS, POLARITY
from emoir.index.base import as_path
from emoir.report import Contents, page, read_pictures, write_report
from emoir.report.drawings import COLOURS, class_colours
from emoir.summary import summarise
from emoir.texts import texts
from tests.pictures import noise

BAD = "<img src=x onerror=alert(1)>&\"'.jpg"
KNOWN = set(
    """
    html head meta title style body header h1 p dl div dt dd nav ul li a main section h2 h3 table thead tr th tbody td
    svg rect g circle path text figure img figcaption span details summary code footer
    """.split()  # noqa: SIM905
)
VOID = {"meta", "img", "br", "link", "input"}


class Reader(HTMLParser):
    """Tags with their attributes, text, and whether every element is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contents]:
    folder = tmp_path_factory.mktemp("report") / "photos"
    for number in range(14):
        place = folder / ("<b>box</b>" if number % 2 else "雪山")
        place.mkdir(parents=True, exist_ok=True)
        name = BAD if number == 0 else f"{number:02}.jpg"
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2019:0{number % 3 + 1}:01 12:00:00"
        Image.fromarray(noise(64, number)).save(place / name, exif=exif)
    (folder / "<i>letter.jpg").write_text("no image at all, but a <i>letter")
    (folder / "records.csv").write_text(
        "path,id,title,url\n01.jpg,K<1>,<u>Harvest</u>,https://example.org/?a=1&b=2\n03.jpg,K3,Fair,javascript:alert(1)\n"
    )
    with Collection(folder.parent / "test.emoir") as photos:
        photos.index(folder, workers=2, catalogue=folder / "records.csv")
        metadata, readings, vectors = photos.rows()
        summary = summarise(metadata, readings, vectors)
        (folder / "雪山" / "02.jpg").unlink()
        rows = summary.pictured
        found = zip(rows, read_pictures([as_path(metadata[row].path) for row in rows]), strict=True)
        pictures = {row: picture for row, picture in found if picture is not None}
        status = photos.status()
        day = date(2026, 11, 24)
        yield Contents(
            metadata=metadata,
            readings=readings,
            summary=summary,
            pictures=pictures,
            failures=status.failures,
            model=status.model,
            version="0",
            day=day,
            title="A <title>",
        )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_loaded_run_or_injected(contents: Contents, language: str) -> None:
    html, _ = page(contents, language)
    reader = Reader(html)
    assert reader.open == []
    assert {tag for tag, _ in reader.tags} <= KNOWN
    for tag, attributes in reader.tags:
        assert not {name for name in attributes if name.startswith("on") or name == "style"}, tag
        for name in {"src", "href", "action", "data", "poster", "srcset"} & set(attributes):
            target = attributes[name] or ""
            expected = ("data:image/webp;base64,",) if tag == "img" else ("#", "https://example.org/?a=1&b=2")
            assert target.startswith(expected), target
    for foreign in (BAD, "<b>box</b>", "<u>Harvest</u>", "A <title>"):
        assert any(foreign in text for text in reader.text), foreign
    assert "javascript:" not in html
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [attributes["href"] or "" for attributes in reader.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


def test_the_policy_allows_this_style_and_nothing_else(contents: Contents) -> None:
    html, _ = page(contents)
    [policy] = [meta["content"] for meta in Reader(html).all("meta") if meta.get("http-equiv")]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style[1]
    assert "@import" not in style[1]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_is_said_in_words(contents: Contents, language: str) -> None:
    html, _ = page(contents, language)
    reader = Reader(html)
    assert reader.all("html") == [{"lang": {"en": "en", "zh": "zh-Hans"}[language]}]
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    images = reader.all("img")
    assert images
    assert all((image["alt"] or "").strip() and image["width"] and image["height"] for image in images)
    for drawing in reader.all("svg"):
        assert drawing.get("aria-hidden") == "true" or (drawing.get("role") == "img" and drawing.get("aria-label"))
    assert all(head.get("scope") in ("row", "col") for head in reader.all("th"))
    text = " ".join(reader.text)
    assert ("敬畏" in text) == (language == "zh")
    assert "14" in text
    assert "<i>letter.jpg" in text
    assert (
        "not an image: no known signature" if language == "en" else "不是图片：开头没有任何已知图片格式的标记"
    ) in text
    assert ("cannot be read any more" if language == "en" else "现已无法读取") in text


def test_figures_are_drawings_of_their_own(contents: Contents, tmp_path: Path) -> None:
    html, figures = page(contents)
    assert set(figures) == {"by_folder.svg", "by_month.svg", "valence_arousal.svg", "palettes.svg"}
    file = write_report(html, figures, tmp_path / "out")
    assert file.read_text(encoding="utf-8") == html
    assert sorted(path.name for path in (tmp_path / "out" / "figures").iterdir()) == sorted(figures)
    names = {"svg", "rect", "text", "title", "g", "circle", "path"}
    for name in figures:
        root = ElementTree.parse(tmp_path / "out" / "figures" / name).getroot()
        assert {element.tag.rpartition("}")[2] for element in root.iter()} <= names
        assert "href" not in figures[name]
    plane = ElementTree.fromstring(figures["valence_arousal.svg"].split("\n", 1)[1])
    assert len(plane.findall(".//{*}circle")) == 14


def test_bars_fill_their_width(contents: Contents) -> None:
    html, _ = page(contents)
    section = html.split('id="by_folder"')[1].split("</section>")[0]
    for bar in re.findall(r'<svg class="bar".*?</svg>', section):
        widths = [float(width) for width in re.findall(r'width="([\d.]+)"', bar)]
        assert sum(widths) == pytest.approx(100, abs=0.1)


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_in_both_colour_schemes(contents: Contents) -> None:
    html, _ = page(contents)
    roots = re.findall(r":root \{(.*?)\}", html, re.DOTALL)
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", root)) for root in roots]
    assert len(schemes) == 2
    for scheme in schemes:
        for words in ("ink", "soft", "accent"):
            for ground in ("paper", "card", "mat"):
                # WCAG 2.2, 1.4.3.
                assert contrast(scheme[words], scheme[ground]) >= 4.5, (words, ground)


def test_both_languages_say_the_same_things() -> None:
    for key, (english, chinese) in texts("report").items():
        fields = [{field for _, field, _, _ in Formatter().parse(text) if field} for text in (english, chinese)]
        assert fields[0] == fields[1], key
        assert not re.search("[\u4e00-\u9fff]", english)
        assert re.search("[\u4e00-\u9fff]", chinese), key


def test_colours_differ_within_a_space() -> None:
    for names in (MIKELS.names, EKMAN.names, POLARITY.names, ("a", "b", "c"), ("cosy", "awe", "grim", "anger", "odd")):
        assert len(set(class_colours(names))) == len(names)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in COLOURS.values())
