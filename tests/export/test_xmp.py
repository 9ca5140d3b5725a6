"""Sidecars: what others wrote stays, what we wrote comes back, and exiftool agrees."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lxml import etree

from emoir import Collection, Model
from emoir.errors import EmoirError
from emoir.export.xmp import NAMESPACES, SidecarLabels, read_sidecar, sidecar_path, write_sidecar
from tests.pictures import save_photos

AWE = SidecarLabels(keywords=("awe", "contentment"), valence=0.8125, arousal=0.25, confidence=0.75, model="emoir-1")
# As Lightroom writes it: properties as attributes, keywords of the photographer's own, and a rating of stars.
LIGHTROOM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core">
 <!-- a note -->
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/">
   <dc:subject><rdf:Bag><rdf:li>Rome</rdf:li><rdf:li>ärger</rdf:li></rdf:Bag></dc:subject>
   <lr:hierarchicalSubject><rdf:Bag><rdf:li>places|Rome</rdf:li></rdf:Bag></lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def exiftool(file: Path) -> dict[str, object]:
    done = subprocess.run(["exiftool", "-json", "-XMP:all", str(file)], capture_output=True, text=True, check=True)
    [answer] = json.loads(done.stdout)
    return dict(answer)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    labels = SidecarLabels(
        keywords=("awe", "a<b&c", "宁静"), valence=0.5, arousal=0.0, confidence=1.0, model="m", rated=("fear", "fear")
    )
    assert write_sidecar(tmp_path / "a.jpg", labels) == tmp_path / "a.jpg.xmp"
    assert read_sidecar(tmp_path / "a.jpg") == labels
    assert read_sidecar(tmp_path / "b.jpg") is None


def test_a_sidecar_that_is_there_is_merged_into(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_text(LIGHTROOM, encoding="utf-8")
    assert write_sidecar(tmp_path / "a.jpg", AWE) == tmp_path / "a.xmp"
    text = (tmp_path / "a.xmp").read_text(encoding="utf-8")
    assert 'xmp:Rating="4"' in text
    assert "<!-- a note -->" in text
    assert text.count("<?xpacket begin") == text.count("<?xpacket end") == 1
    for words in (["Rome", "ärger", "awe", "contentment"], ["places|Rome", "emotion|awe", "emotion|contentment"]):
        places = [text.index(f"<rdf:li>{word}</rdf:li>") for word in words]
        assert places == sorted(places)
    assert read_sidecar(tmp_path / "a.jpg") == AWE


def test_our_former_keywords_go_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_text(LIGHTROOM, encoding="utf-8")
    write_sidecar(tmp_path / "a.jpg", AWE)
    unsure = SidecarLabels(keywords=(), valence=0.5, arousal=0.5, confidence=0.1, model="emoir-2")
    write_sidecar(tmp_path / "a.jpg", unsure)
    text = (tmp_path / "a.xmp").read_text(encoding="utf-8")
    assert "awe" not in text
    assert "Rome" in text
    assert read_sidecar(tmp_path / "a.jpg") == unsure
    once = (tmp_path / "a.xmp").read_bytes()
    write_sidecar(tmp_path / "a.jpg", unsure)
    assert (tmp_path / "a.xmp").read_bytes() == once


def test_a_photographers_own_tree_of_emotions_stays(tmp_path: Path) -> None:
    own = LIGHTROOM.replace("places|Rome", "emotion|wedding")
    (tmp_path / "a.xmp").write_text(own, encoding="utf-8")
    for labels in (AWE, replace(AWE, keywords=())):
        write_sidecar(tmp_path / "a.jpg", labels)
        assert "<rdf:li>emotion|wedding</rdf:li>" in (tmp_path / "a.xmp").read_text(encoding="utf-8")


OWN = LIGHTROOM.replace("<rdf:li>ärger</rdf:li>", "<rdf:li>Awe</rdf:li>").replace("places|Rome", "emotion|contentment")
SUBJECT = "<dc:subject><rdf:Bag><rdf:li>Rome</rdf:li><rdf:li>Awe</rdf:li></rdf:Bag></dc:subject>"


@pytest.mark.parametrize(
    "subject",
    [
        SUBJECT,
        SUBJECT.replace("Bag", "Seq"),
        SUBJECT.replace("Bag", "Alt").replace("<rdf:li>Awe", '<rdf:li xml:lang="en">Awe'),
        "<dc:subject>Awe</dc:subject>",
        SUBJECT + "<dc:subject><rdf:Bag><rdf:li>contentment</rdf:li></rdf:Bag></dc:subject>",
        "",
    ],
)
def test_a_keyword_that_was_there_before_is_never_taken_out(subject: str, tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    file.write_text(OWN.replace(SUBJECT, subject), encoding="utf-8")

    def lists(prefix: str, name: str) -> list[str]:
        found = etree.parse(file).iterfind(f".//{prefix}:{name}//rdf:li", NAMESPACES)
        return [item.text or "" for item in found]

    own = lists("dc", "subject") or (["Awe"] if subject else [])
    for labels in (AWE, replace(AWE, keywords=("fear", "awe")), AWE, replace(AWE, keywords=())):
        write_sidecar(tmp_path / "a.jpg", labels)
        assert read_sidecar(tmp_path / "a.jpg") == labels
        words = lists("dc", "subject")
        # Photo managers hold Awe and awe for one keyword.
        added = [word for word in labels.keywords if word not in {one.casefold() for one in own}]
        assert sorted(words) == sorted(own + added)
        trees = lists("lr", "hierarchicalSubject")
        assert trees.count("emotion|contentment") == 1
        assert sorted(set(trees) - {"emotion|contentment"}) == sorted(
            f"emotion|{word}" for word in labels.keywords if word != "contentment"
        )
    assert ('xml:lang="en"' in subject) == ('xml:lang="en"' in file.read_text(encoding="utf-8"))


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool (Debian: libimage-exiftool-perl)")
def test_what_exiftool_adds_between_two_runs_stays(tmp_path: Path) -> None:
    file = write_sidecar(tmp_path / "a.jpg", AWE)
    edit = ["exiftool", "-q", "-overwrite_original", "-XMP-dc:Subject+=fear", "-XMP-dc:Subject+=Rome", str(file)]
    subprocess.run(edit, check=True)
    write_sidecar(tmp_path / "a.jpg", replace(AWE, keywords=("fear",)))
    answer = exiftool(file)
    assert answer["Subject"] == ["fear", "Rome"]
    assert answer["HierarchicalSubject"] == "emotion|fear"
    write_sidecar(tmp_path / "a.jpg", replace(AWE, keywords=()))
    answer = exiftool(file)
    assert answer["Subject"] == ["fear", "Rome"]
    assert "HierarchicalSubject" not in answer


def test_the_name_beside_the_full_name_wins(tmp_path: Path) -> None:
    for name in ("a.xmp", "a.jpg.xmp"):
        (tmp_path / name).write_text(LIGHTROOM, encoding="utf-8")
    assert sidecar_path(tmp_path / "a.jpg") == tmp_path / "a.jpg.xmp"


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool (Debian: libimage-exiftool-perl)")
def test_exiftool_reads_the_keywords(tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_text(LIGHTROOM, encoding="utf-8")
    answer = exiftool(write_sidecar(tmp_path / "a.jpg", AWE))
    assert answer["Subject"] == ["Rome", "ärger", "awe", "contentment"]
    assert answer["HierarchicalSubject"] == ["places|Rome", "emotion|awe", "emotion|contentment"]
    assert answer["Rating"] == 4
    assert float(str(answer["Valence"])) == 0.8125
    assert answer["Model"] == "emoir-1"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"\xff\xd8\xff not xml", "not XML"),
        (b"<html/>", "no rdf:RDF"),
        (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "DOCTYPE"),
        (b"", "not XML"),
    ],
)
def test_a_sidecar_that_is_none_is_left_alone(content: bytes, cause: str, tmp_path: Path) -> None:
    (tmp_path / "a.xmp").write_bytes(content)
    with pytest.raises(EmoirError, match=cause):
        write_sidecar(tmp_path / "a.jpg", AWE)
    assert (tmp_path / "a.xmp").read_bytes() == content


def test_an_unsure_image_is_named_by_nothing(model: Model) -> None:
    reading = model.read(np.full((64, 64, 3), 128, np.uint8))
    sure = replace(reading, confidence=0.9, distributions={"mikels": {"awe": 0.45, "fear": 0.41, "sadness": 0.14}})
    assert SidecarLabels.of(sure).keywords == ("awe", "fear")
    assert SidecarLabels.of(replace(sure, confidence=0.3)).keywords == ()


def test_the_command_writes_sidecars_and_leaves_images_alone(tmp_path: Path) -> None:
    images = save_photos(tmp_path, 3)
    before = [image.read_bytes() for image in images]
    (tmp_path / "index").mkdir()
    with Collection(tmp_path / "index" / "a.emoir") as photos:
        photos.index(tmp_path)
        [first, *_] = photos.search("calm", n=3).matches
        photos.ratings.add(first.id, "mei", emotion="sadness", valence=None, arousal=None)
    images[0].with_suffix(".xmp").write_bytes(b"broken")
    command = [sys.executable, "-m", "emoir", "export", "--xmp", "--index", str(tmp_path / "index" / "a.emoir")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3
    assert "2 sidecars written" in done.stderr
    assert f"{images[0].with_suffix('.xmp')}: is not XML" in done.stderr
    assert [image.read_bytes() for image in images] == before
    labels = {image: read_sidecar(image) for image in images[1:]}
    assert all(label is not None and label.model == first.reading.model for label in labels.values())
    if first.path != images[0]:
        label = labels[Path(first.path)]
        assert label is not None
        assert label.rated == ("sadness",)
        assert label.valence == round(first.reading.valence, 4)


def test_without_its_package_one_line_says_what_is_missing(tmp_path: Path) -> None:
    save_photos(tmp_path, 3)
    (tmp_path / "index").mkdir()
    index = tmp_path / "index" / "a.emoir"
    with Collection(index) as photos:
        photos.index(tmp_path)
    # As in an environment without lxml.
    code = "import sys; sys.modules['lxml'] = None; from emoir.cli.app import app; app(prog_name='emoir')"
    command = [sys.executable, "-c", code, "export", "--xmp", "--index", str(index)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.splitlines() == ["emoir: XMP sidecars need lxml: pip install lxml"]
