from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import kept_readings


def test_recipes_share_a_file_and_stay_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_readings, "FOLDER", tmp_path / "readings")
    assert not kept_readings.has("moods", "a")
    for recipe, value in (("a", 1), ("a-b", 2), ("a", 3)):
        kept_readings.save_arrays("moods", recipe, {"digests": np.array(["x"]), "points": np.full((1, 2), value)})
    assert [file.name for file in kept_readings.FOLDER.iterdir()] == ["moods.npz"]
    for recipe, value in (("a", 3), ("a-b", 2)):
        assert kept_readings.has("moods", recipe)
        assert kept_readings.load_arrays("moods", recipe)["points"].tolist() == [[value, value]]
    with pytest.raises(KeyError, match=r"moods\.npz holds no readings by b"):
        kept_readings.load_arrays("moods", "b")


def test_the_committed_readings_are_of_the_frozen_folds() -> None:
    for file in sorted(kept_readings.FOLDER.glob("*.npz")):
        teachers = kept_readings.load_arrays(file.stem, "teachers")
        back = kept_readings.load(file.stem, "teachers", teachers["digests"].tolist())
        assert np.array_equal(back.folds, teachers["folds"])
        assert set(back.digests) == set(kept_readings.load_arrays(file.stem, "emoir-0.4")["digests"].tolist())
