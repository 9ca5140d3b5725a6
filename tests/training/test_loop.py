"""The loop on pictures whose colour is the label: it must learn, stop, and go on as if it had not stopped."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import scipy.stats
import torch
from numpy.typing import NDArray
from PIL import Image

from emoir.datasets import Table
from emoir.errors import ShapeError, TrainingError, UndecodableImageError
from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.augmentation import Augmentation, augment
from emoir.training.cache import cached_pixels
from emoir.training.config import TrainingConfig
from emoir.training.inputs import Inputs
from emoir.training.loop import CurveMeasure, draw_mixture, fit, has_bfloat16
from emoir.training.predict import predict
from emoir.training.targets import CLASS_CERTAINTY, Targets, join_targets
from tests.pictures import noise, save_photos

NETWORK = NetworkConfig(size=32, width=8, blocks=(1, 1), distributions={"mood": 2}, weak={"object": 3}, dropout=0.1)
CONFIG = TrainingConfig(epochs=4, batch=8, learning_rate=5e-3, ema=0.8, seed=3)


def task() -> tuple[np.ndarray, Targets]:
    """48 pictures, half reddish and half bluish, with that as their mood; a third of them without any label."""
    pixels = np.stack([noise(32, seed) // 2 for seed in range(48)])
    red = np.arange(48) % 2 == 0
    pixels[red, ..., 0] += 120
    pixels[~red, ..., 2] += 120
    mood = torch.from_numpy(np.stack([red, ~red], axis=1)).float()
    mood[::3] = float("nan")
    points = torch.from_numpy(np.stack([red * 0.8 + 0.1, np.full(48, 0.5)], axis=1)).float()
    return pixels, Targets({"mood": mood}, {"object": torch.full((48,), -1)}, points)


def fresh() -> EmotionNet:
    torch.manual_seed(0)
    return EmotionNet(NETWORK)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_it_learns_what_there_is_to_learn(tmp_path: Path) -> None:
    pixels, targets = task()
    steps: list[int] = []
    network = fit(
        fresh(), Inputs(pixels), targets, CONFIG, tmp_path, report=lambda step, total, loss: steps.append(total - step)
    )
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        output = network(images)
    red = np.arange(48) % 2 == 0
    right = output.heads["mood"].argmax(dim=1).numpy() == np.where(red, 0, 1)
    assert right.mean() > 0.9
    assert steps == list(range(23, -1, -1))
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in log] == [1, 2, 3, 4]
    assert log[-1]["losses"]["mood"] < log[0]["losses"]["mood"]


def test_no_epoch_loses_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoir.training.loop.SAVED_AFTER", 0.0)
    pixels, targets = task()
    asked: list[int] = []

    def cut(network: EmotionNet) -> dict[str, float]:
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return {"asked": float(len(asked))}

    with pytest.raises(KeyboardInterrupt):
        fit(fresh(), Inputs(pixels), targets, CONFIG, tmp_path, curve=CurveMeasure(cut))
    with open(tmp_path / "log.jsonl", "a") as log:
        # As a power cut leaves it: an epoch that has no checkpoint, and half a line.
        log.write('{"epoch": 3, "losses": {}}\n{"epoch": 4, "lo')
    fit(fresh(), Inputs(pixels), targets, CONFIG, tmp_path, curve=CurveMeasure(cut))
    records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(record["epoch"], record["measures"]["asked"]) for record in records] == [(1, 1), (2, 2), (3, 4), (4, 5)]


@pytest.mark.parametrize(("mixup", "saved_after"), [(0.0, 0.0), (0.4, 0.0), (0.0, np.inf)])
def test_a_stopped_run_goes_on_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mixup: float, saved_after: float
) -> None:
    monkeypatch.setattr("emoir.training.loop.SAVED_AFTER", saved_after)
    pixels, targets = task()
    config = replace(CONFIG, mixup=mixup)
    whole = fit(fresh(), Inputs(pixels), targets, config, tmp_path / "whole")

    class PowerCut(Exception):
        pass

    def cut(step: int, steps: int, loss: float) -> None:
        if step == 15:
            raise PowerCut

    with pytest.raises(PowerCut):
        fit(fresh(), Inputs(pixels), targets, config, tmp_path / "cut", report=cut)
    assert (tmp_path / "cut" / "checkpoint.pt").exists() == (saved_after == 0)
    torch.manual_seed(123456)
    resumed = fit(fresh(), Inputs(pixels), targets, config, tmp_path / "cut")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_mixture_is_what_its_share_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mixtures that are all of the first image train exactly as no mixtures do; all of the other, as another order."""
    pixels, targets = task()
    config = replace(CONFIG, epochs=1, augmentation=Augmentation(smallest_area=1.0, aspect=1.0, flip=0.0, jitter=0.0))
    plain = fit(fresh(), Inputs(pixels), targets, config, tmp_path / "plain").state_dict()
    for share, alike in ((1.0, True), (0.5, False)):
        mixture = lambda batch, parameter, generator, share=share: (share, torch.arange(batch).flip(0))  # noqa: E731
        monkeypatch.setattr("emoir.training.loop.draw_mixture", mixture)
        mixed = fit(fresh(), Inputs(pixels), targets, replace(config, mixup=0.4), tmp_path / str(share)).state_dict()
        assert all(torch.equal(value, mixed[name]) for name, value in plain.items()) == alike


def test_mixtures_are_drawn_from_a_beta_distribution() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = [draw_mixture(8, 0.4, generator) for _ in range(4000)]
    shares = np.array([share for share, _ in drawn])
    assert all(sorted(partners.tolist()) == list(range(8)) for _, partners in drawn[:50])
    assert scipy.stats.kstest(shares, scipy.stats.beta(0.4, 0.4).cdf).pvalue > 0.01
    before = generator.get_state()
    share, partners = draw_mixture(8, 0.0, generator)
    assert (share, partners.tolist()) == (1.0, list(range(8)))
    assert torch.equal(generator.get_state(), before)


def test_bfloat16_runs_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for abilities, able in (({"avx2": True}, False), ({"avx512_bf16": True}, True), ({"bf16": True}, True)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda abilities=abilities: abilities)
        assert has_bfloat16() == able


def test_a_folder_of_another_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emoir.training.loop.SAVED_AFTER", 0.0)
    pixels, targets = task()
    fit(fresh(), Inputs(pixels), targets, TrainingConfig(epochs=1, batch=8), tmp_path)
    with pytest.raises(TrainingError, match="another configuration"):
        fit(fresh(), Inputs(pixels), targets, TrainingConfig(epochs=2, batch=8), tmp_path)
    whole = (tmp_path / "checkpoint.pt").read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"a letter", pickle.dumps([1])):
        (tmp_path / "checkpoint.pt").write_bytes(content)
        with pytest.raises(TrainingError, match="is damaged; remove it"):
            fit(fresh(), Inputs(pixels), targets, TrainingConfig(epochs=1, batch=8), tmp_path)


def test_too_few_images_for_a_batch(tmp_path: Path) -> None:
    pixels, targets = task()
    with pytest.raises(TrainingError, match="48 images do not fill one batch of 64"):
        fit(fresh(), Inputs(pixels), targets, TrainingConfig(batch=64), tmp_path)


def test_join_targets() -> None:
    first = Table(
        name="first",
        paths=[Path("a"), Path("b")],
        distributions={"mood": np.array([[0.25, 0.75], [np.nan, np.nan]])},
        class_names={"mood": ("up", "down")},
        valence=np.array([0.1, np.nan]),
        arousal=np.array([0.2, np.nan]),
    )
    second = Table(
        name="second",
        paths=[Path("c")],
        classes={"mood": np.array([1]), "scene": np.array([2])},
        class_names={"mood": ("up", "down"), "scene": ("x", "y", "z")},
    )
    joined = join_targets([first, second], ["mood"], ["scene"])
    expected = [[0.25, 0.75], [np.nan, np.nan], [1 - CLASS_CERTAINTY, CLASS_CERTAINTY]]
    np.testing.assert_allclose(joined.distributions["mood"].numpy(), expected, atol=1e-6)
    assert joined.classes["scene"].tolist() == [-1, -1, 2]
    np.testing.assert_allclose(joined.valence_arousal.numpy(), [[0.1, 0.2], [np.nan] * 2, [np.nan] * 2], atol=1e-6)
    with pytest.raises(TrainingError, match="weather: 0 different lists of classes"):
        join_targets([first], ["weather"], [])


def test_augmentation_that_changes_nothing() -> None:
    images = torch.rand(3, 3, 32, 32)
    still = Augmentation(smallest_area=1.0, aspect=1.0, flip=0.0, jitter=0.0)
    torch.testing.assert_close(augment(images, 32, still, torch.Generator()), images, atol=1e-5, rtol=1e-5)
    mirrored = Augmentation(smallest_area=1.0, aspect=1.0, flip=1.0, jitter=0.0)
    torch.testing.assert_close(augment(images, 32, mirrored, torch.Generator()), images.flip(3), atol=1e-5, rtol=1e-5)


def test_what_loses_its_colour_is_as_light_as_pillow_says() -> None:
    images = torch.from_numpy(noise(32, 7).copy()).permute(2, 0, 1).float().expand(40, -1, -1, -1) / 255
    some = Augmentation(smallest_area=1.0, aspect=1.0, flip=0.0, jitter=0.0, grey=0.5)
    augmented = augment(images, 32, some, torch.Generator().manual_seed(0))
    grey = (augmented.amax(dim=1) - augmented.amin(dim=1)).amax(dim=(1, 2)) < 1e-5
    assert 10 < grey.sum() < 30
    torch.testing.assert_close(augmented[~grey], images[~grey], atol=1e-5, rtol=1e-5)
    expected = np.asarray(Image.fromarray(noise(32, 7)).convert("L")) / 255
    np.testing.assert_allclose(augmented[grey][0, 0].numpy(), expected, atol=1 / 255)


def test_augmentation_is_seeded_and_keeps_the_hue() -> None:
    images = torch.tensor([0.6, 0.3, 0.2]).view(1, 3, 1, 1).expand(4, 3, 40, 40).contiguous()
    once = augment(images, 32, Augmentation(), torch.Generator().manual_seed(5))
    again = augment(images, 32, Augmentation(), torch.Generator().manual_seed(5))
    assert torch.equal(once, again)
    assert not torch.equal(once, augment(images, 32, Augmentation(), torch.Generator().manual_seed(6)))
    assert bool((once[:, 0] > once[:, 1]).all())
    assert bool((once[:, 1] > once[:, 2]).all())


def test_cached_pixels(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 3)
    first = cached_pixels(paths, 24, tmp_path / "cache")
    assert first.shape == (3, 24, 24, 3)
    [file] = (tmp_path / "cache").iterdir()
    written = file.stat().st_mtime_ns
    np.testing.assert_array_equal(cached_pixels(paths, 24, tmp_path / "cache"), first)
    assert file.stat().st_mtime_ns == written
    Image.fromarray(noise(80, 50)).save(paths[1])
    changed = cached_pixels(paths, 24, tmp_path / "cache")
    assert not np.array_equal(changed[1], first[1])
    np.testing.assert_array_equal(changed[2], first[2])
    paths[2].write_text("no picture")
    with pytest.raises(UndecodableImageError, match=f"{paths[2].name}: not an image"):
        cached_pixels(paths, 24, tmp_path / "cache")


def test_cached_pixels_made_by_two_at_once(tmp_path: Path) -> None:
    paths = save_photos(tmp_path / "photos", 12)
    together = Barrier(2)

    def make(_: int) -> NDArray[np.uint8]:
        together.wait()
        return cached_pixels(paths, 64, tmp_path / "cache")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(make, range(2))
    np.testing.assert_array_equal(first, second)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_statistics_teach_what_the_pixels_hide(tmp_path: Path) -> None:
    """All pictures are the same; only the numbers beside them tell the mood."""
    pixels = np.repeat(noise(32, 0)[None], 48, axis=0)
    glad = np.arange(48) % 2 == 0
    numbers = np.random.default_rng(0).normal(size=(48, 5)).astype(np.float32)
    numbers[:, 2] += np.where(glad, 3, -3)
    mood = torch.from_numpy(np.stack([glad, ~glad], axis=1)).float()
    targets = Targets({"mood": mood}, {}, torch.full((48, 2), float("nan")))
    config = replace(NETWORK, weak={}, statistics=5)
    torch.manual_seed(0)
    network = EmotionNet(config)
    assert network.branch is not None
    network.branch.standardise(torch.from_numpy(numbers))
    inputs = Inputs(pixels, numbers)
    fit(network, inputs, targets, replace(CONFIG, epochs=10), tmp_path)
    right = predict(network, inputs)["mood"].argmax(axis=1) == np.where(glad, 0, 1)
    assert right.mean() > 0.9
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["losses"]["statistics branch"] < log[0]["losses"]["statistics branch"], "its own heads learn as well"
    with pytest.raises(ShapeError, match="takes 5 statistics of each picture"):
        predict(network, Inputs(pixels))
