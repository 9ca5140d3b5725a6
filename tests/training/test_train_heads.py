"""Labels and a stranger's encoder become a model that is one everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from typer.testing import CliRunner

from emoir import Collection, Model
from emoir.cli.app import app
from emoir.datasets import read_dataset
from emoir.errors import DatasetError, ModelError, TrainingError, UndecodableImageError
from emoir.images.features import NUMBERS
from emoir.models import TextTower
from emoir.models.encoder import copy_encoder, find_encoder
from emoir.training.content_scores import read_content_labels
from emoir.training.embeddings import embed_files
from emoir.training.head_folds import out_of_fold
from emoir.training.heads import HeadLabels, Heads, head_features
from emoir.training.train_heads import calibrate_content, train_heads
from tests.models import toy
from tests.pictures import noise


def hub_folder(folder: Path, made: onnx.ModelProto | None = None) -> Path:
    """The toy encoder as the hub would hold it."""
    (folder / "onnx").mkdir(parents=True)
    onnx.save(toy.encoder() if made is None else made, folder / "onnx" / "vision_model.onnx")
    preprocessor = {"size": {"shortest_edge": toy.SIZE}, "crop_size": toy.SIZE, "do_center_crop": True}
    preprocessor |= {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    (folder / "README.md").write_text("---\nlicense: mit\ntags: [x]\n---\n# Toy\n")
    return folder


def colours(folder: Path, count: int = 60, *, honest: bool = True) -> Path:
    """Reddish pictures called warm and bluish ones called cool, of the same lightness; or names drawn by lot."""
    lot = np.random.default_rng(0)
    for seed in range(count):
        red = seed % 2 == 0
        pixels = noise(40, seed) // 2
        pixels[..., 0 if red else 2] += 90
        called = red if honest else bool(lot.integers(2))
        place = folder / ("warm" if called else "cool")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{seed}.png")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def phrases_are_answered(out: Path, encoder: Path, photos: Path) -> None:
    """The text tower comes along, first by similarity, then calibrated by labels."""
    tower, model, found = TextTower(out), Model(out), find_encoder(encoder)
    # A picture's embedding is the encoder's own, so that it compares with phrases.
    pictures = sorted(photos.rglob("*.png"))
    own = embed_files(pictures, found).embeddings
    read = np.stack([model.read(path).embedding for path in pictures[:3]])
    np.testing.assert_allclose(read, own[:3] / np.linalg.norm(own[:3], axis=1, keepdims=True), atol=1e-6)
    unit = own / np.linalg.norm(own, axis=1, keepdims=True)
    nearness = (1 + unit @ tower.embed("red")) / 2
    warm = np.array([path.parent.name == "warm" for path in pictures])
    [(kind, similarity)] = model.card.scores.items()
    assert (kind, similarity.chance) == ("similarity", 0.25)
    assert similarity(nearness[warm]).min() > similarity(nearness[~warm]).max()
    # With labels the score is how many people agree; no reading changes by it.
    lines = [f"{path.relative_to(photos.parent)},{word},{(path.parent.name == 'warm') == (word == 'red'):d}"
             for path in pictures for word in ("red", "blue")]  # fmt: skip
    (photos.parent / "content.csv").write_text("\n".join(["path,content,agreement", *lines]))
    calibrate_content(out, found, read_content_labels(photos.parent / "content.csv"))
    again = Model(out)
    assert (list(again.card.scores), again.id) == (["text"], model.id)
    np.testing.assert_allclose(again.card.scores["text"](nearness), warm, atol=0.05)


def test_the_folder_is_a_model_everywhere(tmp_path: Path) -> None:
    encoder, photos = hub_folder(tmp_path / "toy", toy.encoder(toy.COLOURS)), colours(tmp_path / "moods")
    onnx.save(toy.text_tower(), encoder / "onnx" / "text_model.onnx")
    toy.write_tokenizer(encoder)
    out = tmp_path / "mine"
    told = run("train", photos, "--encoder", encoder, "--out", out)
    assert "moods: top-1" in told
    assert "kept: with" in told
    assert "phrases are scored by similarity" in told
    with pytest.raises(TrainingError, match="holds the encoder, whose files stay as they are"):
        train_heads(read_dataset(photos), find_encoder(encoder), encoder, base=Model())
    phrases_are_answered(out, encoder, photos)
    # The encoder is byte for byte the one that was given.
    assert (out / "encoder.onnx").read_bytes() == (encoder / "onnx" / "vision_model.onnx").read_bytes()
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert card["encoder"]["licence"] == "mit"
    assert "research" in card["heads"]["licence"]
    for figures in card["measured out of fold"].values():
        assert float(figures["moods: top-1"]["value"].split()[0]) > 0.9
    assert "passed" not in run("model", "check", out)
    reading = Model(out).read(photos / "warm" / "0.png")
    assert reading.top("moods") == "warm"
    assert tuple(reading.distributions) == ("moods", "mikels", "ekman")
    index = tmp_path / "x.emoir"
    run("index", photos, "--model", out, "--index", index, "--workers", 1)
    with Collection(index, model=out) as collection:
        assert {found.path.parent.name for found in collection.search("warm", n=10)} == {"warm"}
        assert len(collection.search("awe - fear", n=5)) == 5
        assert {found.path.parent.name for found in collection.search("id:1", n=5)} == {"cool"}
        assert {found.path.parent.name for found in collection.search("content:red", n=99)} == {"warm"}
    assert "warm" in run("describe", photos / "warm" / "0.png", "--model", out)
    run("explain", photos / "warm" / "0.png", "--model", out, "--out", tmp_path / "why.png")
    # It learnt from all of these: other pictures judge it.
    other = colours(tmp_path / "other" / "moods", 80)
    for path in sorted(other.rglob("*.png"))[:]:
        if int(path.stem) < 60:
            path.unlink()
    assert "top-1" in run("evaluate", other, "--model", out, "--against", "shipped", "--workers", 1)


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ("path,content\na.png,dog\n", "has no column agreement; path, content, agreement are needed"),
        ("path,content,agreement\nb.png,dog,1\n", "line 2: there is no image .*b.png"),
        ("path,content,agreement\na.png, ,1\n", "line 2: content is empty"),
        ("path,content,agreement\n" + "a.png,dog,1\n" * 50, "agreement is 1 in every line"),
        ("path,content,agreement\na.png,dog,often\n", r"line 2: agreement 'often' is no finite number"),
        ("path,content,agreement\na.png,dog,2\n", r"line 2: agreement 2 is outside 0 to 1"),
        ("path,content,agreement\na.png,dog,1\n", "holds 1 labels of content; calibration needs 50"),
    ],
)
def test_labels_of_content_that_are_none(rows: str, cause: str, tmp_path: Path) -> None:
    (tmp_path / "content.csv").write_text(rows)
    (tmp_path / "a.png").touch()
    with pytest.raises(DatasetError, match=cause):
        read_content_labels(tmp_path / "content.csv")


def test_what_the_encoder_cannot_see_colour_and_texture_bring(tmp_path: Path) -> None:
    """An encoder that sees only lightness; the pictures differ in hue alone."""
    blind = toy.encoder()
    mix = np.tile(np.random.default_rng(0).normal(size=toy.FEATURES), (3, 1)).astype(np.float32)
    blind.graph.initializer[1].CopyFrom(numpy_helper.from_array(mix, "mix"))
    table = read_dataset(colours(tmp_path / "moods"))
    found = train_heads(table, find_encoder(hub_folder(tmp_path / "toy", blind)), tmp_path / "out", base=Model())
    [key] = [key for key in found.without if key.metric == "top-1"]
    assert found.numbers
    assert found.with_numbers[key].value > 0.95 > found.without[key].value
    model = Model(tmp_path / "out")
    picture = tmp_path / "moods" / "cool" / "1.png"
    assert model.read(picture).top("moods") == "cool"
    # Here and in a batch that does not bring its own squares.
    prepared = model.load(picture)
    assert model.read_pixels(prepared.pixels[None])[0].top("moods") == "cool"


def test_what_nothing_can_tell_is_refused(tmp_path: Path) -> None:
    table = read_dataset(colours(tmp_path / "moods", honest=False))
    encoder = find_encoder(hub_folder(tmp_path / "toy"))
    with pytest.raises(TrainingError, match="no better than guessing"):
        train_heads(table, encoder, tmp_path / "out", base=Model())
    assert list((tmp_path / "out").iterdir()) == []
    assert train_heads(table, encoder, tmp_path / "out", base=Model(), keep_anyway=True).folder == tmp_path / "out"
    made = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    # A model that is there outlives a later attempt that failed.
    with pytest.raises(TrainingError, match="no better than guessing"):
        train_heads(table, encoder, tmp_path / "out", base=Model())
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == made


def test_an_image_is_embedded_once_wherever_it_lies(tmp_path: Path) -> None:
    encoder = find_encoder(hub_folder(tmp_path / "toy"))
    paths = sorted(colours(tmp_path / "moods", 6).rglob("*.png"))
    first = embed_files(paths, encoder, folder=tmp_path / "kept")
    assert first.embeddings.shape == (6, toy.FEATURES)
    assert first.numbers.shape == (6, NUMBERS)
    for number, path in enumerate(paths):
        paths[number] = path.rename(tmp_path / f"{number}.png")
    # With the graph gone nothing could be embedded anew.
    encoder.file.unlink()
    again = embed_files(paths[::-1], encoder, folder=tmp_path / "kept")
    np.testing.assert_array_equal(again.embeddings, first.embeddings[::-1])
    with pytest.raises(ModelError, match="cannot be read"):
        embed_files(paths, encoder, folder=tmp_path / "elsewhere")


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("hello, this is a letter and not a picture")
    with pytest.raises(UndecodableImageError, match=r"letter\.png: .*not an image"):
        embed_files([tmp_path / "letter.png"], find_encoder(hub_folder(tmp_path / "toy")), folder=tmp_path / "kept")


@pytest.fixture(scope="module")
def two_domains() -> tuple[np.ndarray, HeadLabels]:
    random = np.random.default_rng(0)
    features = random.normal(size=(240, 5))
    domains = (features[:, 0] > 0).astype(np.int64)
    # What one domain calls the first class, the other calls the second.
    wanted = (features[:, 1] > 0) != (domains == 1)
    shares = np.eye(2)[wanted.astype(int)]
    points = np.stack([features[:, 2], features[:, 3]], axis=1) / 8 + 0.5
    return features, HeadLabels({"mood": shares, "other": np.eye(3)[random.integers(3, size=240)]}, points, domains)


def test_the_graph_gives_what_the_heads_give(tmp_path: Path, two_domains: tuple[np.ndarray, HeadLabels]) -> None:
    import onnxruntime

    _, labels = two_domains
    random = np.random.default_rng(1)
    seen, numbers = random.normal(size=(240, 7)), random.normal(size=(240, NUMBERS)) * 50
    for beside in (None, numbers):
        features = head_features(seen, beside)
        heads = Heads.fit(features, labels, numbers=beside is not None).tempered(
            {"mood": (0.5, 2.0), "other": (1.5, 1)}
        )
        heads.write(tmp_path / "heads.onnx", 7)
        session = onnxruntime.InferenceSession(tmp_path / "heads.onnx", providers=["CPUExecutionProvider"])
        given = (seen if beside is None else np.hstack([seen, beside])).astype(np.float32)
        names = [port.name for port in session.get_outputs()]
        found = dict(zip(names, session.run(None, {"features": given}), strict=True))
        for name, values in heads(features).items():
            np.testing.assert_allclose(found[name], values, atol=1e-4)


def test_domains_that_disagree_each_have_their_say(two_domains: tuple[np.ndarray, HeadLabels]) -> None:
    features, labels = two_domains
    folds = np.arange(240) % 4
    right = labels.spaces["mood"].argmax(axis=1)
    for apart, least in ((True, 0.7), (False, 0.0)):
        known = labels if apart else HeadLabels(labels.spaces, labels.points)
        outputs = out_of_fold(features, known, folds, numbers=False)
        shares = outputs.probabilities(outputs.temperatures(known))["mood"]
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        accuracy = (shares.argmax(axis=1) == right).mean()
        assert accuracy > least
        assert apart or accuracy < 0.6


def test_a_domain_with_few_images_is_as_likely_as_one_with_many() -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(400, 3))
    # Drawn by lot: nothing that can be seen tells the domains apart.
    domains = (random.permutation(400) < 40).astype(np.int64)
    labels = HeadLabels({"mood": np.eye(2)[random.integers(2, size=400)]}, np.full((400, 2), 0.5), domains)
    gates = Heads.fit(features, labels, numbers=False).gates(features)
    np.testing.assert_allclose(gates.mean(axis=0), 0.5, atol=0.02)


def test_vectors_per_patch_become_the_first_one(tmp_path: Path) -> None:
    made = toy.encoder()
    made.graph.node.append(helper.make_node("Unsqueeze", ["features", "one"], ["column"]))
    made.graph.node.append(helper.make_node("Expand", ["column", "wide"], ["last_hidden_state"]))
    made.graph.initializer.append(numpy_helper.from_array(np.array([1]), "one"))
    made.graph.initializer.append(numpy_helper.from_array(np.array([1, 5, toy.FEATURES]), "wide"))
    del made.graph.output[:]
    shape: list[str | int | None] = ["n", 5, toy.FEATURES]
    made.graph.output.append(helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, shape))
    found = find_encoder(hub_folder(tmp_path / "patches", made))
    assert (found.tokens, found.length) == (True, toy.FEATURES)
    plain = find_encoder(hub_folder(tmp_path / "plain"))
    copied = copy_encoder(found, tmp_path / "encoder.onnx")
    pixels = {found.input: found.preprocessing.tensor(noise(toy.SIZE, 3)[None])}
    [first], [wanted] = copied.graph.run(pixels).values(), plain.graph.run(pixels).values()
    np.testing.assert_allclose(first, wanted)


def test_training_on_an_encoder_needs_no_torch() -> None:
    program = "import sys, emoir.training.train_heads\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
