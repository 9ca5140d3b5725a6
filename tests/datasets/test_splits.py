from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoir.datasets import Table
from emoir.datasets.splits import Folds, check_groups, connected, make_folds, make_hold_out, make_parts, part_rows
from emoir.errors import DatasetError


def table(tmp_path: Path, **labels: object) -> Table:
    """Sixty tiny files; rows 58 and 59 are copies of rows 0 and 1."""
    paths = []
    for row in range(60):
        path = tmp_path / f"{row:02}.jpg"
        path.write_bytes(bytes([row % 58]))
        paths.append(path)
    return Table(name="mine", paths=paths, **labels)  # type: ignore[arg-type]


def test_stratified_by_class(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    data = table(tmp_path, classes={"mood": labels}, class_names={"mood": ("a", "b", "c")})
    folds = make_folds(data, count=5, seed=1)
    assert folds.count == 5
    for fold in range(5):
        counts = Counter(labels[folds.test_rows(fold)].tolist())
        assert all(3 <= counts[label] <= 5 for label in range(3))
        assert set(folds.test_rows(fold)) | set(folds.training_rows(fold)) == set(range(60))


def test_a_class_rarer_than_the_folds_is_no_reason_to_warn(tmp_path: Path) -> None:
    labels = np.array([0] * 30 + [1] * 29 + [2])
    folds = make_folds(table(tmp_path, classes={"mood": labels}, class_names={"mood": ("a", "b", "c")}), seed=1)
    assert sorted(len(folds.test_rows(fold)) for fold in range(5)) == [12] * 5


def test_stratified_by_valence(tmp_path: Path) -> None:
    valence = np.linspace(0, 1, 60)
    folds = make_folds(table(tmp_path, valence=valence, arousal=valence), count=5)
    for fold in range(5):
        assert valence[folds.test_rows(fold)].mean() == pytest.approx(0.5, abs=0.12)


def test_copies_groups_and_pairs_stay_together(tmp_path: Path) -> None:
    groups = np.array([f"theme {row // 4}" if row < 40 else "" for row in range(60)])
    data = table(tmp_path, group=groups)
    folds = make_folds(data, linked=[(data.paths[45], data.paths[2]), (data.paths[46], Path("elsewhere.jpg"))])
    assert folds.folds[0] == folds.folds[58]
    assert folds.folds[1] == folds.folds[59]
    assert folds.folds[45] == folds.folds[2]
    for theme in range(10):
        assert len(set(folds.folds[theme * 4 : theme * 4 + 4])) == 1


def test_seeded(tmp_path: Path) -> None:
    data = table(tmp_path)
    assert np.array_equal(make_folds(data, seed=3).folds, make_folds(data, seed=3).folds)
    assert not np.array_equal(make_folds(data, seed=3).folds, make_folds(data, seed=4).folds)


def test_hold_out(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    data = table(tmp_path, classes={"mood": labels}, class_names={"mood": ("a", "b", "c")})
    parts = make_hold_out(data, one_in=4, seed=2)
    assert parts.count == 2
    assert 12 <= len(parts.test_rows(0)) <= 18
    counts = Counter(labels[parts.test_rows(0)].tolist())
    assert all(4 <= counts[label] <= 6 for label in range(3))
    assert parts.folds[0] == parts.folds[58]


def test_too_few_groups(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="1 groups cannot fill 5 folds"):
        make_folds(table(tmp_path, group=np.full(60, "one")))


def test_saved_folds_come_back_in_the_order_of_the_table(tmp_path: Path) -> None:
    data = table(tmp_path)
    folds = make_folds(data)
    folds.save(tmp_path / "folds.json")
    order = np.random.default_rng(0).permutation(60)
    again = Folds.load(tmp_path / "folds.json", data.take(order))
    assert np.array_equal(again.folds, folds.folds[order])
    assert set(json.loads((tmp_path / "folds.json").read_text())) == {"name", "seed", "folds"}


def test_changed_images_are_noticed(tmp_path: Path) -> None:
    data = table(tmp_path)
    make_folds(data).save(tmp_path / "folds.json")
    with pytest.raises(DatasetError, match="0 images were not there when it was split, and 1 are gone"):
        Folds.load(tmp_path / "folds.json", data.take(np.setdiff1d(np.arange(60), [5])))
    data.paths[5].write_bytes(b"another picture")
    with pytest.raises(DatasetError, match=r"1 images were not there .* the first of them .*05\.jpg, and 1 are gone"):
        Folds.load(tmp_path / "folds.json", data)


def test_leaking_splits_are_refused(tmp_path: Path) -> None:
    data = table(tmp_path)
    folds = make_folds(data)
    leaking = folds.folds.copy()
    leaking[58] = (leaking[0] + 1) % 5
    with pytest.raises(DatasetError, match=r"stands in folds \d and \d"):
        replace(folds, folds=leaking)
    groups = np.array([f"theme {row // 2}" for row in range(60)])
    themes = make_folds(table(tmp_path, group=groups))
    check_groups(themes, groups)
    with pytest.raises(DatasetError, match=r"group 'theme 0' stands in folds"):
        check_groups(replace(themes, digests=tuple(map(str, range(60))), folds=np.arange(60) % 5), groups)
    themes.save(tmp_path / "themes.json")
    across = np.array([f"theme {row % 7}" for row in range(60)])
    with pytest.raises(DatasetError, match=r"group 'theme \d' stands in folds"):
        Folds.load(tmp_path / "themes.json", replace(data, group=across))


def test_parts_of_different_size(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    data = table(tmp_path, classes={"mood": labels}, class_names={"mood": ("a", "b", "c")})
    parts = make_parts(data, (16, 1, 3))
    sizes = [len(parts.test_rows(part)) for part in range(3)]
    # 80, 5 and 15 per cent, as near as whole groups allow.
    assert sizes == [pytest.approx(48, abs=3), pytest.approx(3, abs=2), pytest.approx(9, abs=3)]
    assert sum(sizes) == 60
    assert parts.folds[0] == parts.folds[58]
    folds = make_folds(data, count=20)
    assert np.array_equal(parts.folds == 0, folds.folds < 16)


def test_connected_components() -> None:
    roots = connected(6, [(0, 1), (4, 5), (1, 4)])
    assert len({roots[row] for row in (0, 1, 4, 5)}) == 1
    assert len({roots[0], roots[2], roots[3]}) == 3


def test_one_part(tmp_path: Path) -> None:
    data = table(tmp_path, classes={"mood": np.arange(60) % 3}, class_names={"mood": ("a", "b", "c")})
    parts = make_parts(data, (4, 1))
    assert np.array_equal(part_rows(data, "test", {"train": 4, "test": 1}), parts.test_rows(1))
    # An incomplete copy of a data set has the same parts.
    data.paths[30].unlink()
    assert np.array_equal(part_rows(data, "test", {"train": 4, "test": 1}), parts.test_rows(1))
    split = replace(data, split=np.array(["x", ""] * 30))
    assert part_rows(split, "x", {"train": 4, "test": 1}).tolist() == list(range(0, 60, 2))
    with pytest.raises(DatasetError, match="no part 'test'; it has x"):
        part_rows(split, "test", {"train": 4, "test": 1})
    with pytest.raises(DatasetError, match="no part 'test'; it has no split"):
        part_rows(data, "test", {})


def test_long_chains_cost_little() -> None:
    # Without path compression this takes a billion steps.
    count = 100_000
    roots = connected(count, ((row, 0) for row in range(1, count)))
    assert len(set(roots.tolist())) == 1
    roots = connected(count, ((row, row + 1) for row in reversed(range(count - 1))))
    assert len(set(roots.tolist())) == 1
