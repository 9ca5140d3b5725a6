"""Text towers as strangers publish them: found, tried, refused, and carried by a model's folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emoir.errors import ModelError, QueryError
from emoir.models import TextTower, tokens
from emoir.models.checks import check_model
from emoir.models.encoder import find_encoder
from emoir.models.tokens import LONGEST_PHRASE
from tests.models import toy
from tests.training.test_train_heads import hub_folder

PAGE = Path(__file__).parents[2] / "docs" / "encoders.md"


def towers(folder: Path, text: onnx.ModelProto | None = None) -> Path:
    """An encoder and a text tower as the hub would hold them."""
    hub_folder(folder, toy.encoder(toy.COLOURS))
    onnx.save(text or toy.text_tower(), folder / "onnx" / "text_model.onnx")
    toy.write_tokenizer(folder)
    return folder


def test_a_phrase_is_where_its_words_are(tmp_path: Path) -> None:
    tower = TextTower(toy.colour_model(tmp_path / "toy"))
    for phrase, wanted in {
        "red": [1, 0, 0],
        "RED blue": [1, 0, 1],
        "红色": [1, 0, 0],
        "red red green": [2, 1, 0],
    }.items():
        found = tower.embed(phrase)
        assert found.shape == (toy.FEATURES,)
        np.testing.assert_allclose(found[:3], np.array(wanted) / np.linalg.norm(wanted), atol=1e-6)


def test_a_phrase_that_is_too_long(tmp_path: Path) -> None:
    tower = TextTower(toy.colour_model(tmp_path / "toy"))
    tower.embed(" ".join(["red"] * toy.CONTEXT))
    for phrase in (" ".join(["red"] * (toy.CONTEXT + 1)), "red" * LONGEST_PHRASE):
        with pytest.raises(QueryError, match=rf"too long; this model takes {toy.CONTEXT} tokens at most"):
            tower.embed(phrase)


def test_the_encoder_brings_its_text_tower(tmp_path: Path) -> None:
    found = find_encoder(towers(tmp_path / "toy"))
    assert found.text is not None
    assert (found.text.part.output, found.text.tokens.context) == ("text_embeds", toy.CONTEXT)
    assert found.text.part.inputs == {"input_ids": "int64", "attention_mask": "int64"}
    # A size of its own below onnx/: tokenizer and licence are the repository's.
    sized = towers(tmp_path / "sizes")
    small = sized / "onnx" / "s0"
    small.mkdir()
    for file in (*(sized / "onnx").glob("*.onnx"), sized / "preprocessor_config.json"):
        file.rename(small / file.name)
    again = find_encoder(small)
    assert again.text is not None
    assert (again.text.digest, again.licence) == (found.text.digest, "mit")


CLIP = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
MASKED = ("input_ids", "attention_mask")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A published pair of towers as its files describe it: docs/encoders.md names the repositories."""

    preprocessing: dict[str, Any]
    vision: str
    inputs: tuple[str, ...]
    text: str
    tokens: dict[str, Any] | None
    config: dict[str, Any]
    read: tuple[int, str, int, int, bool]


LAYOUTS = {
    "CLIP ViT-B/32": Layout(
        preprocessing={"crop_size": 224, "do_center_crop": True, "resample": 3, "size": 224, **CLIP},
        vision="image_embeds",
        inputs=("input_ids",),
        text="text_embeds",
        tokens={"model_max_length": 77, "pad_token": "<pad>", "tokenizer_class": "CLIPTokenizer"},
        config={"model_type": "clip", "text_config": {"pad_token_id": 1}},
        read=(224, "crop", 77, 4, False),
    ),
    "MobileCLIP2-S0": Layout(
        preprocessing={
            "crop_size": {"height": 256, "width": 256},
            "do_center_crop": True,
            "image_mean": [0.0] * 3,
            "image_std": [1.0] * 3,
            "resample": 3,
            "size": {"shortest_edge": 256},
        },
        vision="image_embeds",
        inputs=("input_ids",),
        text="text_embeds",
        tokens=None,
        config={"text_config": ["of another kind"]},
        read=(256, "crop", 77, 0, False),
    ),
    "SigLIP base": Layout(
        preprocessing={"do_rescale": True, "resample": 3, "size": {"height": 224, "width": 224}, **HALF},
        vision="pooler_output",
        inputs=("input_ids",),
        text="pooler_output",
        # Its tokenizer.json pads with <pad>, which the tower never saw.
        tokens={"model_max_length": 64, "pad_token": {"content": "</s>"}, "do_lower_case": True},
        config={"model_type": "siglip", "text_config": {"model_type": "siglip_text_model"}},
        read=(224, "square", 64, 3, True),
    ),
    "SigLIP 2": Layout(
        preprocessing={"do_rescale": True, "resample": 2, "size": {"height": 224, "width": 224}, **HALF},
        vision="pooler_output",
        inputs=("input_ids",),
        text="pooler_output",
        tokens={"model_max_length": 10**30, "pad_token": "<pad>", "tokenizer_class": "GemmaTokenizer"},
        config={"model_type": "siglip"},
        read=(224, "square", 64, 4, True),
    ),
    "Chinese-CLIP ViT-B/16": Layout(
        preprocessing={"do_center_crop": False, "resample": 3, "size": {"height": 224, "width": 224}, **CLIP},
        vision="image_embeds",
        inputs=MASKED,
        text="text_embeds",
        tokens={"model_max_length": 512, "pad_token": "<pad>", "do_lower_case": True},
        config={"model_type": "chinese_clip", "text_config": {"max_position_embeddings": 512}},
        read=(224, "square", 77, 4, True),
    ),
}


def published(folder: Path, layout: Layout) -> Path:
    """A folder with these files, and with graphs of these inputs and outputs."""
    from tokenizers import Tokenizer, models, processors

    vision, text = toy.encoder(toy.COLOURS, side="side"), toy.text_tower()
    text.graph.node[-1].output[0] = text.graph.output[0].name = layout.text
    vision.graph.node[-1].output[0] = vision.graph.output[0].name = layout.vision
    if "attention_mask" not in layout.inputs:
        text.graph.node[1].input[0] = "input_ids"
        del text.graph.input[1:]
    # Beside the pooled output, which comes second, all of these give one vector per patch and per token.
    text.graph.output.insert(0, helper.make_tensor_value_info("words", TensorProto.FLOAT, ["n", "t", toy.FEATURES]))
    (folder / "onnx").mkdir(parents=True)
    onnx.save(vision, folder / "onnx" / "vision_model.onnx")
    onnx.save(text, folder / "onnx" / "text_model.onnx")
    known = {word: number for number, word in enumerate(("a", "unknown", "A", "</s>", "<pad>"))}
    made = Tokenizer(models.WordLevel(known, unk_token="unknown"))
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 3)])
    if "SigLIP base" in folder.name:
        made.enable_padding(pad_id=4, pad_token="<pad>")
    made.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps(layout.preprocessing))
    (folder / "config.json").write_text(json.dumps(layout.config))
    if layout.tokens is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(layout.tokens))
    return folder


@pytest.mark.parametrize("name", LAYOUTS)
def test_published_layouts(name: str, tmp_path: Path) -> None:
    layout = LAYOUTS[name]
    found = find_encoder(published(tmp_path / name.replace("/", " "), layout))
    size, resize, context, pad, lowers = layout.read
    assert (found.output, found.preprocessing.size, found.preprocessing.resize) == (layout.vision, size, resize)
    assert found.text is not None
    assert (tuple(found.text.part.inputs), found.text.part.output) == (layout.inputs, layout.text)
    read = found.text.tokens("A")
    assert read["input_ids"].tolist() == [[0 if lowers else 2, 3] + [pad] * (context - 2)]
    assert read["attention_mask"].tolist() == [[1, 1] + [0] * (context - 2)]
    assert read["token_type_ids"].shape == (1, context)


def test_towers_of_a_kind_belong_together(tmp_path: Path) -> None:
    folder = towers(tmp_path / "toy") / "onnx"
    onnx.save(toy.text_tower(context=4), folder / "text_model_quantized.onnx")
    named = (folder / "vision_model.onnx").rename(folder / "vision_model_quantized.onnx")
    for context, file in ((4, "text_model_quantized.onnx"), (toy.CONTEXT, "text_model.onnx")):
        found = find_encoder(named).text
        assert found is not None
        assert (found.file.name, found.tokens.context) == (file, context)
        found.file.unlink()
    assert find_encoder(named).text is None


def test_a_graph_of_a_fixed_length_knows_best(tmp_path: Path) -> None:
    folder = published(tmp_path / "toy", LAYOUTS["Chinese-CLIP ViT-B/16"])
    onnx.save(toy.text_tower(context=52), folder / "onnx" / "text_model.onnx")
    found = find_encoder(folder)
    assert found.text is not None
    assert found.text.tokens.context == 52


def test_a_graph_of_both_towers_is_parted_as_the_page_says(tmp_path: Path) -> None:
    vision, text = toy.encoder(toy.COLOURS), toy.text_tower()
    vision.graph.node[-1].output[0] = vision.graph.output[0].name = "image_embeds"
    both = onnx.compose.merge_graphs(vision.graph, text.graph, io_map=[])
    folder = hub_folder(tmp_path / "toy")
    toy.write_tokenizer(folder)
    (folder / "onnx" / "vision_model.onnx").unlink()
    whole = helper.make_model(both, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(whole, folder / "onnx" / "model.onnx")
    with pytest.raises(
        ModelError, match="takes pixel_values, input_ids, attention_mask; an encoder takes pixels alone"
    ):
        find_encoder(folder)
    [code] = [part for part in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder / "onnx", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = find_encoder(folder)
    assert found.text is not None
    assert (found.output, found.text.part.output) == ("image_embeds", "text_embeds")


def test_a_model_is_checked_with_its_text_tower(tmp_path: Path) -> None:
    folder = toy.colour_model(tmp_path / "toy")
    assert list(check_model(folder))[-1].startswith("text_model.onnx: takes phrases of up to 6 tokens")


def test_what_is_no_text_tower(tmp_path: Path) -> None:
    folder = towers(tmp_path / "a")
    (folder / "tokenizer.json").rename(tmp_path / "tokenizer.json")
    with pytest.raises(
        ModelError, match=r"has a text_model\.onnx and no tokenizer\.json: put the published one beside it"
    ):
        find_encoder(folder)
    for wrong in ("", "{}", '{"model": {"type": "WordLevel"}}', "[" * 10_000):
        (folder / "tokenizer.json").write_text(wrong)
        with pytest.raises(ModelError, match=r"tokenizer\.json is no tokenizer"):
            find_encoder(folder)
    (folder / "tokenizer.json").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ModelError, match=r"tokenizer\.json stands for a file that was not fetched: run git lfs pull"):
        find_encoder(folder)
    with pytest.raises(ModelError, match=r"gives 5 numbers and the encoder 24: they are not of one space"):
        find_encoder(towers(tmp_path / "b", toy.text_tower(length=5)))
    takes = toy.text_tower()
    takes.graph.input[1].name = "pixel_values"
    takes.graph.node[1].input[0] = "pixel_values"
    with pytest.raises(ModelError, match=r"pixel_values as tensor\(int64\); a text tower takes input_ids, and at most"):
        find_encoder(towers(tmp_path / "c", takes))
    words = toy.text_tower()
    words.graph.output[0].CopyFrom(helper.make_tensor_value_info("words", TensorProto.FLOAT, ["n", "t", toy.FEATURES]))
    with pytest.raises(ModelError, match=r"one embedding per phrase \(n, length\) is needed"):
        find_encoder(towers(tmp_path / "d", words))
    deaf = toy.text_tower()
    deaf.graph.node[0].input[1] = "attention_mask"
    with pytest.raises(ModelError, match="gives different words the same embedding: it does not read input_ids"):
        find_encoder(towers(tmp_path / "f", deaf))
    (towers(tmp_path / "e") / "onnx" / "text_model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError, match="is no ONNX file, or damaged"):
        find_encoder(tmp_path / "e")


def test_a_tokenizer_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = toy.colour_model(tmp_path / "toy")
    monkeypatch.setattr(tokens, "LARGEST_TOKENIZER", 100)
    with pytest.raises(ModelError, match=r"tokenizer\.json is larger than 100 bytes"):
        TextTower(folder)


def test_a_model_folder_whose_text_tower_is_spoilt(tmp_path: Path) -> None:
    folder = toy.colour_model(tmp_path / "toy")
    assert TextTower(folder).embed("red")[0] == 1
    with pytest.raises(ModelError, match="has no text tower"):
        TextTower(toy.toy_model(tmp_path / "plain"))
    card = json.loads((folder / "card.json").read_text())
    for change, cause in {
        "inputs": ({"input_ids": "int32"}, r"takes input_ids, attention_mask; the card names input_ids"),
        "output": ("image_embeds", "gives text_embeds; the card needs image_embeds"),
        "tokenizer": ("card.json", r"text\.tokenizer: must be the name of another \.json file"),
        "file": ("encoder.onnx", "encoder, heads and text tower are files of their own"),
    }.items():
        (folder / "card.json").write_text(json.dumps(card | {"text": card["text"] | {change: cause[0]}}))
        with pytest.raises(ModelError, match=cause[1]):
            TextTower(folder)
    (folder / "card.json").write_text(json.dumps(card))
    free = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(free))
    with pytest.raises(ModelError, match=r"tokenizer\.json is not what the model was made with"):
        TextTower(folder)
    del card["text"]["sha256"]
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "tokenizer.json").write_text(json.dumps(free | {"padding": None}))
    with pytest.raises(ModelError, match="does not cut and pad to one length"):
        TextTower(folder)
