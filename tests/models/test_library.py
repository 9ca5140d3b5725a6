"""Known models, and ``emoir model``."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image
from typer.testing import CliRunner

from emoir import Model
from emoir.cli.app import app
from emoir.errors import ModelError
from emoir.models import TextTower
from emoir.models.checks import check_model
from emoir.models.library import add_model, find_model, known_models, shipped_model_folder, user_models_folder
from tests.models import toy
from tests.pictures import noise


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["model", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_a_model_is_checked_added_listed_and_found_by_name(tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "from a friend")
    (folder / "notes.txt").write_text("not a part of the model")
    code, out, _ = run("check", folder)
    assert (code, len(out.splitlines())) == (0, 5)
    code, _, err = run("add", folder)
    assert code == 0
    assert "--model toy" in err
    shutil.rmtree(folder)
    assert find_model("toy") == user_models_folder() / "toy"
    assert sorted(file.name for file in find_model("toy").iterdir()) == ["card.json", "encoder.onnx", "heads.onnx"]
    code, out, _ = run("list")
    names = ["name", "shipped", "emoir-0.4", "toy", "efficientnet-lite2"]
    assert [line.split()[0] for line in out.splitlines()[:5]] == names
    code, out, _ = run("show", "toy")
    assert "gives: embedding (17), valence_arousal (2), mood (3)" in out.splitlines()
    assert "licence of encoder.onnx: MIT" in out.splitlines()
    Image.fromarray(noise(40, 0)).save(tmp_path / "photo.png")
    described = CliRunner().invoke(app, ["describe", str(tmp_path / "photo.png"), "--model", "toy"])
    assert (described.exit_code, "glad" in described.stdout) == (0, True)


def test_a_text_tower_is_added_with_its_model(tmp_path: Path) -> None:
    folder = toy.colour_model(tmp_path / "from a friend")
    assert run("add", folder)[0] == 0
    shutil.rmtree(folder)
    assert TextTower("toy").embed("red")[0] == 1
    assert "reads phrases: yes, by text_model.onnx" in run("show", "toy")[1]


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    assert run("add", folder)[0] == 0
    code, _, err = run("add", folder)
    assert code == 4
    assert "there is a model toy already" in err
    for name in ("shipped", "emoir-0.4"):
        with pytest.raises(ModelError, match=f"a model {name} comes with emoir"):
            add_model(folder, name, [])


def test_the_shipped_model_is_found_by_the_name_on_its_card() -> None:
    assert find_model("emoir-0.5") == find_model(None) == find_model("shipped")


def test_what_fails_the_checks_is_not_added(tmp_path: Path) -> None:
    folder = toy.constant_model(tmp_path / "bad", mood=np.array([[0.5, 0.5, 0.5]]))
    code, _, err = run("add", folder)
    assert code == 4
    assert "probabilities of an image sum to 1.5, not 1" in err
    assert list(known_models()) == ["shipped", "emoir-0.4"]


def test_a_model_that_mixes_the_images_of_a_batch_is_found_out(tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    made = onnx.load(folder / "encoder.onnx")
    made.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.array([0, 2, 3]), "axes"))
    made.graph.node[0].attribute[0].i = 1
    made.graph.node[0].output[0] = "kept"
    made.graph.node.insert(1, onnx.helper.make_node("Reshape", ["kept", "flat"], ["one"]))
    made.graph.node.insert(2, onnx.helper.make_node("Shape", ["pixel_values"], ["n"], end=1))
    made.graph.node.insert(3, onnx.helper.make_node("Concat", ["n", "three"], ["wide"], axis=0))
    made.graph.node.insert(4, onnx.helper.make_node("Expand", ["one", "wide"], ["means"]))
    for name, value in (("flat", [1, 3]), ("three", [3])):
        made.graph.initializer.append(onnx.numpy_helper.from_array(np.array(value), name))
    onnx.save(made, folder / "encoder.onnx")
    with pytest.raises(ModelError, match="a picture in a batch reads differently"):
        list(check_model(folder))


def test_names_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no known model of that name: shipped"):
        Model("nobody")
    assert find_model(None) == shipped_model_folder() == find_model("shipped")
    code, _, err = run("show", tmp_path / "nothing")
    assert code == 4
    assert "there is no model folder" in err


def test_a_strangers_text_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "a\x1b[31mb")
    code, out, _ = run("show", folder)
    assert code == 0
    assert "\x1b" not in out


def test_the_page_on_encoders_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    toy.toy_model(tmp_path / "mine")
    for name in ("card.json", "heads.onnx"):
        (tmp_path / "mine" / name).unlink()
    Image.fromarray(noise(40, 1)).save("photo.png")
    code = code_of("add-an-encoder.md")
    assert len(code.splitlines()) <= 60
    exec(compile(code, "add-an-encoder.md", "exec"), {"__name__": "page"})
    assert "glad" in capsys.readouterr().out


def test_the_page_on_extractors_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise(40, 1)).save("photo.png")
    Path("letter.txt").write_text("a letter")
    code = code_of("add-an-extractor.md")
    assert len(code.splitlines()) <= 60
    exec(compile(code, "add-an-extractor.md", "exec"), {"__name__": "page"})
    photo, letter = capsys.readouterr().out.splitlines()
    assert photo.startswith("photo.png ")
    assert letter == "letter.txt not an image: no known signature in its first bytes"


def code_of(page: str) -> str:
    text = (Path(__file__).parents[2] / "docs" / "howto" / page).read_text(encoding="utf-8")
    return text.split("```python\n")[1].split("```")[0]
