"""The worked examples run, on generated images."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import onnx
import pytest

from tests.models import toy
from tests.pictures import save_photos
from tests.training.test_train_heads import hub_folder

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_stimuli(tmp_path: Path) -> None:
    for box in range(3):
        save_photos(tmp_path / "photos" / str(box), 8, first_seed=8 * box)
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "stimuli.py"), str(tmp_path / "photos"), str(out)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "24 images; 0 files could not be read"
    assert sum(".jpg: valence" in line for line in lines) == 5
    chosen = json.loads((out / "stimuli.json").read_text(encoding="utf-8"))
    assert Counter(image["condition"] for image in chosen["images"]) == {"less pleasant": 4, "more pleasant": 4}
    variables = ["luminance", "contrast", "complexity", "valence", "arousal"]
    assert [row["variable"] for row in chosen["balance"]] == variables
    rows = list(csv.DictReader(io.StringIO((out / "features.csv").read_text(encoding="utf-8"))))
    book = list(csv.DictReader(io.StringIO((out / "features.codebook.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 24
    assert list(rows[0]) == [entry["name"] for entry in book]
    assert sum(line.startswith("valence and ") for line in lines) == 3


def test_judge_a_model(tmp_path: Path) -> None:
    for number, name in enumerate(("calm", "glad", "wild")):
        save_photos(tmp_path / "moods" / name, 8, first_seed=100 * number)
    paths = map(str, (EXAMPLES / "judge_a_model.py", tmp_path / "moods", tmp_path / "out"))
    command = [sys.executable, "-W", "error", *paths]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "24 images of calm, glad, wild; {'calm': 8, 'glad': 8, 'wild': 8}" in done.stdout
    assert "0 missing, 0 broken, 0 groups of copies" in done.stdout
    assert "only what its embeddings bring together is evaluated" in done.stdout
    assert "moods: top-1  " in done.stdout
    assert (tmp_path / "out" / "confusion.png").stat().st_size > 10_000
    assert (tmp_path / "out" / "retrievals.png").stat().st_size > 10_000


def test_the_demo_shows_photographs_and_no_failure(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(EXAMPLES / "demo.py")]
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert "9 read, 0 files unchanged. The index holds 9 images." in done.stderr
    assert "cannot be read" not in done.stderr
    answers = [block.splitlines() for block in done.stdout.split("\n$ emoir search ")[1:]]
    assert [lines[0] for lines in answers] == ["awe -n 3", "'宁静' -n 3", "lonely -n 3"]
    found = [[line.split()[-1] for line in lines if line.startswith("0.")] for lines in answers]
    # What a person would choose of the nine: a launch, a flower, a pagoda; a man alone in a field.
    assert sorted(found[0]) == ["china.jpg", "flower.jpg", "rocket.jpg"]
    # Of the three calmest, two are; no machine.
    assert {"china.jpg", "flower.jpg"} < set(found[1])
    assert "rocket.jpg" not in found[1]
    assert found[2] == ["camera.png"]
    assert not any(emotion in done.stdout for emotion in ("disgust", "anger"))
    assert "make demo PHOTOS=folder" in done.stdout


def test_the_demo_takes_a_folder_of_ones_own(tmp_path: Path) -> None:
    save_photos(tmp_path / "mine", 3)
    command = [sys.executable, "-W", "error", str(EXAMPLES / "demo.py"), "mine"]
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True, encoding="utf-8"
    )
    # Noise may fit no question; that is no failure of the demo.
    assert "The index holds 3 images." in done.stderr
    assert done.returncode == 0, done.stderr


def run_example(name: str, *arguments: Path) -> list[str]:
    command = [sys.executable, "-W", "error", "-m", f"examples.{name}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False, text=True, encoding="utf-8", cwd=EXAMPLES.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_first_collection(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 6)
    lines = run_example("first_collection", tmp_path / "photos", tmp_path / "out")
    assert lines[0] == "6 read, 0 unchanged, 0 failed"
    assert [lines[1], lines[5], lines[9], lines[13]] == ["awe", "宁静", "va:0.8,0.3", "sad but hopeful"]
    assert (tmp_path / "out" / "why.png").stat().st_size > 10_000
    assert any(line.startswith("6 images, ") for line in lines)


def test_own_labels(tmp_path: Path) -> None:
    for seed, name in enumerate(("calm", "wild")):
        save_photos(tmp_path / "moods" / name, 20, first_seed=100 * seed)
    lines = run_example("own_labels", tmp_path / "moods", tmp_path / "model")
    assert lines[0] == "learnt from 32 images, tested on 8 others"
    assert lines[1].startswith("accuracy (moods): ")
    assert lines[-1].startswith("calm ['")


def test_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for seed, name in enumerate(("calm", "wild")):
        save_photos(tmp_path / "moods" / name, 20, first_seed=100 * seed)
    encoder = hub_folder(tmp_path / "toy", toy.encoder(toy.COLOURS))
    onnx.save(toy.text_tower(), encoder / "onnx" / "text_model.onnx")
    toy.write_tokenizer(encoder)
    lines = run_example("encoder", encoder, tmp_path / "moods", tmp_path / "model", Path("red"))
    assert lines[0] == "toy: 16 x 16 pixels to 24 numbers, licence mit"
    assert lines[1].startswith("moods: top-1: ")
    assert lines[-3].startswith("calm ['")
    assert lines[-2].startswith('content:"red" [(\'')
    assert lines[-1].startswith('calm & content:"red" [(')
    assert lines[-1].endswith("similarity")


def test_compare_networks(tmp_path: Path) -> None:
    lines = run_example("compare_networks", tmp_path, Path("1"))
    assert lines[0] == "96 pictures of glad, wild, calm, gloomy"
    rows = ["A, AlexNet", "B, RGB", "C, planes", "D, planes + statistics"]
    assert [line.partition(": top-1 ")[0] for line in lines[1:5]] == rows
    assert all(line.endswith("by guessing 0.250 majority") for line in lines[1:5])
    assert [line.partition(": ")[0] for line in lines[5:]] == [
        f"D, planes + statistics minus {other}" for other in ("B, RGB", "A, AlexNet")
    ]
    assert (tmp_path / "comparison" / "comparison.md").exists()
