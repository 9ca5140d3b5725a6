"""A tiny base network taught colours: the whole way from a folder of pictures to a model that searches."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from emoir import Collection, Model
from emoir.cli.app import app
from emoir.datasets import Table, read_dataset
from emoir.datasets.splits import image_digests, make_hold_out
from emoir.emotions.calibration import ConfidenceCurve
from emoir.errors import TrainingError
from emoir.models.card import CARD
from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.export import ModelDescription, export_model, load_network
from emoir.training.fine_tune import _digest, fine_tune
from emoir.training.labels import check_enough
from emoir.training.targets import complete_targets
from tests.pictures import noise, save_photos


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of two stages with one space, at its random start; of one plane, as each more costs every export."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(1)
    export_model(
        EmotionNet(NetworkConfig(size=32, width=8, blocks=(1, 1), planes=("srgb",), distributions={"old": 3})).eval(),
        folder / "model",
        ModelDescription(
            name="tiny",
            class_names={"old": ("up", "down", "sideways")},
            temperatures={"old": {"old": 1.0}},
            confidence=ConfidenceCurve("old", (0.3, 0.9), (0.2, 0.8)),
            licence="none",
            trained_on=save_photos(folder / "photos", 2),
            notes={},
        ),
    )
    return folder / "model"


def save_colours(folder: Path, count: int, *, honest: bool = True) -> Path:
    """Reddish pictures called warm and bluish ones called cool; or colours drawn by lot."""
    lot = np.random.default_rng(0)
    for seed in range(count):
        red = seed % 2 == 0 if honest else bool(lot.integers(2))
        pixels = noise(40, seed) // 2
        pixels[..., 0 if red else 2] += 120
        place = folder / ("warm" if seed % 2 == 0 else "cool")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{seed}.png")
    return folder


def test_from_pictures_to_a_model_that_searches(base: Path, tmp_path: Path) -> None:
    data = save_colours(tmp_path / "temperature", 100)
    result = fine_tune(read_dataset(data), tmp_path / "model", base=base, epochs=12)
    assert (result.training, result.held_out) == (80, 20)
    accuracy, floor = result.metrics["accuracy (temperature)"]
    assert accuracy.low > floor == 0.5
    assert (tmp_path / "model" / "curve.png").stat().st_size > 5_000
    assert not (tmp_path / "model" / "run").exists()
    log = [json.loads(line) for line in (tmp_path / "model" / "log.jsonl").read_text().splitlines()]
    assert len(log) == 12
    assert log[-1]["measures"]["accuracy (temperature)"] == accuracy.value
    card = json.loads((tmp_path / "model" / CARD).read_text())
    assert list(card["class_names"]) == ["temperature", "old"]
    assert card["began with"].startswith("tiny-")
    model = Model(tmp_path / "model")
    reading = model.read(np.full((40, 40, 3), (200, 40, 40), np.uint8))
    assert reading.top("temperature") == "warm"
    assert set(reading.distributions) == {"temperature", "old"}
    with Collection(tmp_path / "index.emoir", model=tmp_path / "model") as photos:
        photos.index(data, workers=1)
        found = photos.search("warm", n=20)
        assert sum(match.path.parent.name == "warm" for match in found) >= 18


def test_heads_without_labels_stay_what_they_were(base: Path, tmp_path: Path) -> None:
    data = save_colours(tmp_path / "temperature", 60)
    fine_tune(read_dataset(data), tmp_path / "model", base=base, epochs=8, keep_anyway=True)
    before, after = Model(base), Model(tmp_path / "model")
    for path in sorted(data.rglob("*.png"))[:10]:
        old, new = before.read(path), after.read(path)
        assert list(new.distributions["old"].values()) == pytest.approx(
            list(old.distributions["old"].values()), abs=0.1
        )
        assert new.valence == pytest.approx(old.valence, abs=0.1)


def test_labels_that_say_nothing_are_refused(base: Path, tmp_path: Path) -> None:
    data = save_colours(tmp_path / "lots", 60, honest=False)
    with pytest.raises(TrainingError, match=r"does no better than guessing \(accuracy \(lots\) "):
        fine_tune(read_dataset(data), tmp_path / "model", base=base, epochs=2)
    assert not (tmp_path / "model" / CARD).exists()


def test_a_stopped_run_goes_on(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoir.training.loop.SAVED_AFTER", 0.0)
    table = read_dataset(save_colours(tmp_path / "temperature", 60))
    shutil.copytree(base, tmp_path / "model")
    steps: list[int] = []

    def stop(step: int, total: int, loss: float) -> None:
        if step > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fine_tune(table, tmp_path / "model", base=base, epochs=4, keep_anyway=True, report=stop)
    # The model that was there stays until the new one is whole.
    assert {file.name: file.read_bytes() for file in (tmp_path / "model").iterdir() if file.is_file()} == {
        file.name: file.read_bytes() for file in base.iterdir()
    }
    fine_tune(
        table,
        tmp_path / "model",
        base=base,
        epochs=4,
        keep_anyway=True,
        report=lambda step, total, loss: steps.append(step),
    )
    assert steps[0] > 1
    assert Model(tmp_path / "model").id != Model(base).id
    assert not (tmp_path / "model" / "run").exists()
    # The same pictures in another space, or with another base, are another run.
    digests = {_digest(table, Model(base)), _digest(table, Model(tmp_path / "model"))}
    digests.add(_digest(read_dataset(tmp_path / "temperature", space="tone"), Model(base)))
    assert len(digests) == 3


def test_labels_that_no_held_out_image_has(base: Path, tmp_path: Path) -> None:
    folder = save_colours(tmp_path / "photos", 60)
    paths = sorted(folder.rglob("*.png"))
    warm = np.array([path.parent.name == "warm" for path in paths], np.int64)
    votes = np.full((60, 2), np.nan)
    moods = Table(name="rated", paths=paths, classes={"mood": warm}, class_names={"mood": ("a", "b")})
    held_out = make_hold_out(moods).test_rows(0)
    votes[np.setdiff1d(np.arange(60), held_out)] = (0.25, 0.75)
    table = Table(
        name="rated",
        paths=paths,
        distributions={"sparse": votes},
        classes={"mood": warm, "tone": 1 - warm},
        class_names={"sparse": ("x", "y"), "mood": ("cool", "warm"), "tone": ("dark", "light")},
        valence=np.full(60, np.nan),
        arousal=np.full(60, np.nan),
    )
    result = fine_tune(table, tmp_path / "model", base=base, epochs=8, keep_anyway=True)
    assert set(result.metrics) == {"accuracy (mood)", "accuracy (tone)"}
    model = Model(tmp_path / "model")
    # The emotion that is shown, and the confidence that stands beside it, are of one space.
    assert list(model.card.class_names) == ["mood", "tone", "sparse", "old"]
    assert model.card.confidence.space == "mood"
    learnt = set(image_digests(paths)) & model.training_digests()
    assert learnt == set(image_digests(paths)) - set(image_digests([paths[row] for row in held_out]))


def test_a_model_without_a_network_says_so(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("{}", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"no network to go on from \(its card has no 'network'\); begin with"):
        load_network(tmp_path)


def test_too_few_images(tmp_path: Path, base: Path) -> None:
    few = read_dataset(save_colours(tmp_path / "few", 12))
    with pytest.raises(TrainingError, match="12 images; at least 40"):
        fine_tune(few, tmp_path / "model", base=base)
    paths = save_photos(tmp_path / "photos", 45)
    labels = np.array([0] * 41 + [1] * 4)
    uneven = Table(name="uneven", paths=paths, classes={"mood": labels}, class_names={"mood": ("calm", "wild")})
    with pytest.raises(TrainingError, match=r"at least 10 images, and there must be two; too few of: wild \(4\)"):
        fine_tune(uneven, tmp_path / "model", base=base)


def test_the_command(base: Path, tmp_path: Path) -> None:
    data = save_colours(tmp_path / "temperature", 60)
    options = ["--out", str(tmp_path / "model"), "--model", str(base), "--epochs", "12", "--space", "tone"]
    result = CliRunner().invoke(app, ["train", str(data), *options])
    assert result.exit_code == 0, result.output
    assert "learnt from 48 images, tested on 12 that were held out" in result.stdout
    assert "accuracy (tone): " in result.stdout
    described = CliRunner().invoke(
        app, ["describe", str(next(data.rglob("*.png"))), "--model", str(tmp_path / "model"), "--format", "json"]
    )
    assert "tone" in json.loads(described.stdout)[0]["distributions"]
    wrong = CliRunner().invoke(app, ["train", str(data), *options, "--scale", "nine"])
    assert wrong.exit_code == 2
    assert "such as 1,9" in wrong.stderr


def test_names_that_cannot_be_used_and_classes_in_another_order(base: Path, tmp_path: Path) -> None:
    data = save_colours(tmp_path / "train", 40)
    with pytest.raises(TrainingError, match="'train' cannot name a space, as emoir uses that name; choose another"):
        fine_tune(read_dataset(data), tmp_path / "model", base=base)
    for name in ("two words", "n" * 61):
        with pytest.raises(TrainingError, match="with --space: up to 60 letters and digits, no blanks"):
            fine_tune(read_dataset(data, space=name), tmp_path / "model", base=base)
    table = Table(
        name="mine",
        paths=save_photos(tmp_path / "photos", 60),
        classes={"old": np.arange(60) % 3},
        class_names={"old": ("down", "sideways", "up")},
    )
    fine_tune(table, tmp_path / "model", base=base, epochs=1, keep_anyway=True)
    card = json.loads((tmp_path / "model" / CARD).read_text())
    assert card["class_names"]["old"] == ["up", "down", "sideways"]
    assert Model(base).training_digests() < Model(tmp_path / "model").training_digests()
    # Taught once more with another part held out, it is tested on images that it has learnt from: that is counted.
    again = fine_tune(table, tmp_path / "again", base=tmp_path / "model", epochs=1, keep_anyway=True)
    assert (again.seen_before, again.held_out) == (0, 12)
    other_part = fine_tune(table, tmp_path / "once more", base=tmp_path / "model", epochs=1, keep_anyway=True, seed=1)
    assert 0 < other_part.seen_before < 12
    card = json.loads((tmp_path / "once more" / CARD).read_text())
    assert card["held-out images that the base had learnt from"] == other_part.seen_before
    other = Table(name="mine", paths=table.paths, classes=table.classes, class_names={"old": ("a", "b", "c")})
    with pytest.raises(TrainingError, match="old has other classes in the base model"):
        fine_tune(other, tmp_path / "other", base=base)


def test_a_rare_favourite_among_votes_is_no_rare_class() -> None:
    classes = np.array([0] * 45 + [1] * 3)
    names = {"mood": ("calm", "wild")}
    paths = [Path(f"{row}.jpg") for row in range(48)]
    check_enough(
        Table(
            name="votes",
            paths=paths,
            distributions={"mood": np.full((48, 2), 0.5)},
            classes={"mood": classes},
            class_names=names,
        )
    )
    with pytest.raises(TrainingError, match=r"too few of: wild \(3\)"):
        check_enough(Table(name="classes", paths=paths, classes={"mood": classes}, class_names=names))


def test_the_base_reads_only_rows_that_lack_a_label() -> None:
    asked: list[list[int]] = []

    def read(rows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        asked.append(rows.tolist())
        count = len(rows)
        return {"old": np.full((count, 3), 1 / 3, np.float32)}, np.full((count, 2), 0.25, np.float32)

    points = np.linspace(0, 1, 4)
    table = Table(
        name="rated",
        paths=[Path(f"{row}.jpg") for row in range(4)],
        distributions={"mood": np.full((4, 2), 0.5)},
        class_names={"mood": ("a", "b")},
        valence=points,
        arousal=points,
    )
    full = complete_targets(table, ["mood"], read)
    assert asked == [], "every head is labelled"
    np.testing.assert_allclose(full.valence_arousal.numpy(), np.stack([points, points], axis=1), atol=1e-6)
    gap = replace(table, arousal=np.array([0.1, np.nan, 0.3, 0.4]))
    assert complete_targets(gap, ["mood"], read).valence_arousal[1].tolist() == pytest.approx([1 / 3, 0.25])
    assert asked.pop() == [1]
    both = complete_targets(gap, ["old", "mood"], read)
    assert list(both.distributions) == ["old", "mood"]
    assert both.distributions["old"].sum(dim=1).tolist() == pytest.approx([1] * 4)
    assert both.valence_arousal[0].tolist() == pytest.approx([0, 0.1])
    assert asked == [[0, 1, 2, 3]]


def test_training_leaves_the_random_numbers_of_its_caller_alone(base: Path, tmp_path: Path) -> None:
    table = read_dataset(save_colours(tmp_path / "temperature", 40))
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fine_tune(table, tmp_path / "model", base=base, epochs=1, keep_anyway=True)
    assert torch.rand(3).tolist() == expected.tolist()
