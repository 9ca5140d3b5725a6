"""The worked examples run, on pictures made here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.pictures import save_photos

EXAMPLES = Path(__file__).parents[1] / "examples"


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
