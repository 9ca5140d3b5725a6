"""The worked examples run, on generated images."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.pictures import save_photos

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
    assert "only what its embeddings bring together is judged" in done.stdout
    assert "moods: top-1 (micro)" in done.stdout
    assert (tmp_path / "out" / "confusion.png").stat().st_size > 10_000
    assert (tmp_path / "out" / "retrievals.png").stat().st_size > 10_000
