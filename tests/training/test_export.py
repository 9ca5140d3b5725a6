from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from emoir import Collection, Model
from emoir.emotions.calibration import ConfidenceCurve
from emoir.errors import TrainingError
from emoir.models.card import CARD, GRAPH, TRAINING_DIGESTS, WEIGHTS
from emoir.networks import EmotionNet, NetworkConfig
from emoir.training.calibrate import fit_confidence, fit_temperature, fit_unsure_below
from emoir.training.export import ExportedNetwork, ModelDescription, check_agreement, export_model, write_graph
from tests.pictures import noise, save_photos


@pytest.fixture(scope="module")
def network() -> EmotionNet:
    torch.manual_seed(1)
    return EmotionNet(NetworkConfig(size=64, width=8, blocks=(1, 1), distributions={"mine": 3})).eval()


@pytest.fixture(scope="module")
def folder(network: EmotionNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    photos = save_photos(folder.parent / "photos", 2)
    export_model(
        network,
        folder,
        ModelDescription(
            name="tiny",
            class_names={"mine": ("up", "down", "sideways")},
            temperatures={"mine": {"mine": 2.0}},
            confidence=ConfidenceCurve("mine", (0.3, 0.9), (0.2, 0.8)),
            licence="none",
            trained_on=photos,
            notes={"data": "noise"},
        ),
    )
    return folder


def test_graph_and_network_agree(network: EmotionNet, folder: Path) -> None:
    session = onnxruntime.InferenceSession(str(folder / GRAPH), providers=["CPUExecutionProvider"])
    for batch in (1, 17):
        images = np.stack([noise(64, seed) for seed in range(batch)])
        embedding, point, mine = session.run(["embedding", "valence_arousal", "mine"], {"images": images})
        with torch.no_grad():
            output = network(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255)
        np.testing.assert_allclose(embedding, output.embedding.numpy(), atol=1e-4)
        np.testing.assert_allclose(point, output.heads["valence_arousal"].numpy(), atol=1e-4)
        np.testing.assert_allclose(mine, torch.softmax(output.heads["mine"] / 2, dim=1).numpy(), atol=1e-4)


def test_a_graph_that_differs_is_refused(folder: Path) -> None:
    torch.manual_seed(2)
    other = EmotionNet(NetworkConfig(size=64, width=8, blocks=(1, 1), distributions={"mine": 3})).eval()
    with pytest.raises(TrainingError, match="differs from the network by"):
        check_agreement(
            ExportedNetwork(other, {"mine": {"mine": 2.0}}), folder / GRAPH, ["embedding", "valence_arousal", "mine"]
        )


def test_heads_of_two_domains_are_weighed_by_how_likely_the_domains_are(tmp_path: Path) -> None:
    torch.manual_seed(3)
    heads = {"mine": 3, "of_paintings": 3, "domain": 2}
    network = EmotionNet(NetworkConfig(size=64, width=8, blocks=(1, 1), distributions=heads)).eval()
    write_graph(network, tmp_path / GRAPH, {"mine": {"mine": 2.0, "of_paintings": 0.5}})
    images = np.stack([noise(64, seed) for seed in range(3)])
    session = onnxruntime.InferenceSession(str(tmp_path / GRAPH), providers=["CPUExecutionProvider"])
    (mine,) = session.run(["mine"], {"images": images})
    with torch.no_grad():
        output = network(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255).heads
    for row in range(3):
        photograph, painting = np.exp(output["domain"][row].numpy()) / np.exp(output["domain"][row].numpy()).sum()
        first, second = np.exp(output["mine"][row].numpy() / 2), np.exp(output["of_paintings"][row].numpy() / 0.5)
        expected = photograph * first / first.sum() + painting * second / second.sum()
        np.testing.assert_allclose(mine[row], expected, atol=1e-4)


def test_the_folder_works_as_a_model_with_a_space_of_its_own(folder: Path, tmp_path: Path) -> None:
    model = Model(folder)
    reading = model.read(noise(80, 0))
    assert tuple(reading.distributions["mine"]) == ("up", "down", "sideways")
    assert model.id.startswith("tiny-")
    with Collection(tmp_path / "i.emoir", model=folder) as photos:
        photos.index(folder.parent / "photos")
        assert len(photos.search("joy")) == 2


def test_card_weights_and_digests(network: EmotionNet, folder: Path) -> None:
    card = json.loads((folder / CARD).read_text())
    assert card["data"] == "noise"
    assert NetworkConfig.from_dict(card["network"]) == network.config
    again = EmotionNet(NetworkConfig.from_dict(card["network"]))
    again.load_state_dict(load_file(folder / WEIGHTS))
    # Large weights are kept as half floats.
    assert torch.equal(again.embedding.weight, network.embedding.weight.half().float())
    photos = sorted((folder.parent / "photos").iterdir())
    digests = sorted(hashlib.sha256(photo.read_bytes()).hexdigest()[:16] for photo in photos)
    assert (folder / TRAINING_DIGESTS).read_text().split() == digests


def test_temperature_is_found() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(400, 5))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert fit_temperature(logits * 3, shares) == pytest.approx(3, rel=0.01)


def test_confidence_follows_the_share_that_is_right() -> None:
    random = np.random.default_rng(0)
    top = random.uniform(0.2, 0.9, 4000)
    curve = fit_confidence("mikels", top, random.uniform(size=4000) < top)
    np.testing.assert_allclose(curve(np.array([0.3, 0.5, 0.8])), [0.3, 0.5, 0.8], atol=0.06)
    # Confidence falls evenly from .9, so those down to .1 have a mean of a half; none below .2 is there.
    assert curve.unsure_below == pytest.approx(0.2, abs=0.06)
    flat = fit_confidence("mikels", top, random.uniform(size=4000) < 1 - top)
    assert len(set(flat.values)) == 1
    # A network that knows every held-out image is as sure as float32 allows.
    sure = fit_confidence("mikels", np.array([1, 1, 0.9, 0.8], np.float32), np.array([True, True, False, True]))
    assert sure(np.array([1.0])) > sure(np.array([0.5]))
    assert set(fit_confidence("mikels", np.ones(4, np.float32), np.ones(4, np.bool_)).values) == {1.0}


def test_an_image_is_named_where_half_of_those_named_are_right() -> None:
    assert fit_unsure_below(np.array([0.9, 0.4, 0.2, 0.1])) == 0.2
    # The three of .45 have one confidence: all of them, or none.
    assert fit_unsure_below(np.array([0.55, 0.45, 0.45, 0.45])) == 0.55
    assert fit_unsure_below(np.array([0.49, 0.3])) == 1, "nothing can be named"
    assert fit_unsure_below(np.array([0.7, 0.6])) == 0.6
