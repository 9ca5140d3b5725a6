"""emoir data and emoir evaluate, as processes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from emoir.datasets.splits import image_digests
from emoir.images.picture_hash import hash_files
from emoir.models.card import TRAINING_DIGESTS, TRAINING_HASHES
from tests.cli.test_cli import Shell
from tests.datasets.trees import TREES
from tests.pictures import save_photos


@pytest.fixture
def emoir(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def moods(folder: Path, count: int = 6) -> Path:
    for number, name in enumerate(("awe", "fear", "sadness")):
        save_photos(folder / name, count, first_seed=100 * number)
    return folder


def test_check_says_what_it_found(emoir: Shell) -> None:
    folder = moods(emoir.folder / "mine")
    done = emoir("data", "check", "mine")
    text = done.stdout.decode()
    assert "data       mine: a folder per class" in text
    assert "images     18\nmissing    0 files\nextra      0 files\nbroken     0 files" in text
    assert "balance    mine: awe 6, fear 6, sadness 6" in text
    assert done.stderr == b""
    (folder / "fear" / "bad\n.jpg").write_text("no image")
    (folder / "awe" / "copy.jpg").write_bytes((folder / "fear" / "0100.jpg").read_bytes())
    text = emoir("data", "check", "mine", code=3).stdout.decode()
    assert "broken     1 file\n  fear/bad\\n.jpg: not an image" in text
    assert "copies     1 group\n  awe/copy.jpg = fear/0100.jpg (labelled mine: awe, mine: fear)" in text
    record = json.loads(emoir("data", "check", "mine", "--format", "json", code=3).stdout)
    assert [group["contradiction"] for group in record["copies"]] == [True]
    assert (record["images"], record["layout"]) == (20, None)
    assert emoir("data", "check", "mine", "--format", "paths").stdout.count(b"\n") == 21


def test_check_knows_a_published_set(emoir: Shell) -> None:
    TREES["oasis"](emoir.folder / "x")
    text = emoir("data", "check", "x", code=3).stdout.decode()
    assert "data       oasis: OASIS (Kurdi et al. 2017); 900 images were published" in text
    assert "the file is empty" in text
    assert "reliability of the means" in text
    moods(emoir.folder / "sets" / "mine")
    TREES["oasis"](emoir.folder / "sets" / "there")
    (emoir.folder / "sets" / "mine" / "labels.csv").write_text("path,emotion\nawe/0000.jpg,awe\n")
    printed = emoir("data", "check", "sets", code=4).stderr.decode()
    assert "sets holds one data set per folder; name one of them: mine (a table of one's own), there (OASIS" in printed
    # Most of the folders are sets.
    moods(emoir.folder / "sets" / "another")
    (emoir.folder / "sets" / "there").rename(emoir.folder / "there")
    (emoir.folder / "sets" / "another" / "labels.csv").write_text("path,emotion\nawe/0000.jpg,awe\n")
    (emoir.folder / "sets" / "notes").mkdir()
    printed = emoir("data", "check", "sets", code=4).stderr.decode()
    assert "name one of them: another (a table of one's own), mine (a table of one's own)" in printed
    # A table beside the images of one class makes no set of it.
    moods(emoir.folder / "classes")
    (emoir.folder / "classes" / "awe" / "labels.csv").write_text("path,emotion\n0000.jpg,awe\n")
    assert b"data       classes: a folder per class" in emoir("data", "check", "classes").stdout
    assert emoir("data", "check", "nowhere", code=4).stderr.startswith(b"emoir: ")


def test_evaluate_against_other_systems(emoir: Shell, other_model: Path) -> None:
    moods(emoir.folder / "mine")
    paths = emoir("data", "check", "mine", "--format", "paths").stdout.decode().splitlines()
    rows = [f"{path},{int('awe' in path)},{int('fear' in path)},{int('sad' in path)}" for path in paths]
    (emoir.folder / "oracle.csv").write_text("path,awe,fear,sadness\n" + "\n".join(rows) + "\n")
    np.save(emoir.folder / "flat.npy", np.ones((18, 4)))
    done = emoir(
        *("evaluate", "mine", "--against", "oracle.csv", "--against", "flat.npy", "--against", str(other_model)),
        *("--out", "out", "--format", "markdown"),
    )
    assert b"mine is read from mikels, 3 of its 8 classes" in done.stderr
    lines = done.stdout.decode().splitlines()
    top = next(line for line in lines if "mine: top-1" in line).strip("| ").split(" | ")
    assert top[4] == "1.000 [1.000, 1.000]"
    assert top[7].endswith(" worse")
    # Embeddings name no class, and the other model is the same network under another name.
    assert top[8:] == ["-", ".000 [.000, .000] not shown"]
    out = emoir.folder / "out"
    assert {path.name for path in out.iterdir()} == {
        *(f"metrics.{suffix}" for suffix in ("txt", "md", "csv", "json", "tex")),
        *("predictions.csv", "confusion.png", "reliability.png", "precision_recall.png", "map.png", "retrievals.png"),
    }
    record = json.loads((out / "metrics.json").read_text())
    assert [system["name"] for system in record["systems"]][1:3] == ["oracle.csv", "flat.npy"]
    assert (out / "metrics.md").read_text().startswith(done.stdout.decode().rstrip("\n"))
    # What the model said can be judged again without reading an image.
    again = json.loads(emoir("evaluate", "mine", "--model", "out/predictions.csv", "--format", "json").stdout)
    name = record["systems"][0]["name"]
    before = {(each["space"], each["metric"], each["protocol"]): each["values"][name] for each in record["metrics"]}
    for each in again["metrics"]:
        key = (each["space"], each["metric"], each["protocol"])
        assert each["values"]["predictions.csv"] == pytest.approx(before[key], abs=1e-4)


def test_evaluate_does_not_flatter(emoir: Shell, other_model: Path) -> None:
    folder = moods(emoir.folder / "mine")
    seen = [*(folder / "awe").iterdir()]
    (other_model / TRAINING_DIGESTS).write_text("\n".join(image_digests(seen)))
    (other_model / TRAINING_HASHES).unlink()
    refused = emoir("evaluate", "mine", "--model", str(other_model), code=4)
    assert b"learnt from 6 of these 18 images" in refused.stderr
    assert b"--skip-training-images leaves these images out" in refused.stderr
    assert refused.stdout == b""
    done = emoir("evaluate", "mine", "--model", str(other_model), "--skip-training-images", "--format", "json")
    assert json.loads(done.stdout)["images"] == 12
    assert b"left out: 6 images that other-" in done.stderr
    assert b"CAUTION: other-" in done.stderr


def test_select_knows_training_images(emoir: Shell, other_model: Path) -> None:
    photos = save_photos(emoir.folder / "photos", 6)
    # One byte for byte, two by their picture hashes alone.
    (other_model / TRAINING_DIGESTS).write_text("\n".join(image_digests(photos[:1])))
    (other_model / TRAINING_HASHES).write_bytes(hash_files(photos[1:3]).tobytes())
    emoir.environment["EMOIR_MODEL"] = str(other_model)
    emoir("index", "photos")
    chosen = emoir("select", "-n", "6")
    assert b"learnt from 3 of these 6 images" in chosen.stderr
    others = emoir("select", "-n", "3", "--skip-training-images", "-0")
    assert b"left out: 3 of 6 candidates" in others.stderr
    assert sorted(others.stdout.split(b"\0")[:-1]) == sorted(os.fsencode(path) for path in photos[3:])
    assert b"4 were asked for, and 3" in emoir("select", "-n", "4", "--skip-training-images", code=4).stderr


def test_evaluate_parts_and_mistakes(emoir: Shell) -> None:
    folder = moods(emoir.folder / "mine", count=2)
    (folder / "awe" / "bad.jpg").write_text("no image")
    done = emoir("evaluate", "mine", "--format", "csv", code=3)
    assert b"awe/bad.jpg: not an image" in done.stderr
    assert b"1 images are left out" in done.stderr
    assert b"mine: no part 'test'; it has no split" in emoir("evaluate", "mine", "--part", "test", code=4).stderr
    assert b"none.csv: no such file" in emoir("evaluate", "mine", "--against", "none.csv", code=4).stderr
    assert b"compared with itself" in emoir("evaluate", "mine", "--against", "shipped", code=4).stderr
    listed = "path,mood,split\n" + "".join(
        f"mine/{name}/{seed}.jpg,{name},{part}\n"
        for name, seed, part in (("awe", "0000", "test"), ("fear", "0100", "test"), ("fear", "0101", "train"))
    )
    (emoir.folder / "labels.csv").write_text(listed)
    part = emoir("evaluate", "labels.csv", "--part", "test", "--space", "mood", "--format", "json")
    assert json.loads(part.stdout)["images"] == 2
