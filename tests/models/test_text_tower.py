"""Text towers as strangers publish them: found, tried, refused, and carried by a model's folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from emoir.errors import ModelError, QueryError
from emoir.models import TextTower
from emoir.models.checks import check_model
from emoir.models.encoder import find_encoder
from emoir.models.tokens import LONGEST_PHRASE, find_tokens
from tests.models import toy
from tests.training.test_train_heads import hub_folder


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


# What the files of published towers say of lengths and padding: docs/encoders.md names the repositories.
PUBLISHED = {
    "CLIP": ({"model_max_length": 77, "pad_token": "b"}, {"model_type": "clip", "text_config": {}}, 77, 2),
    "SigLIP": ({"model_max_length": 64, "pad_token": {"content": "b"}}, {"model_type": "siglip"}, 64, 2),
    "SigLIP 2": ({"model_max_length": 1e30, "pad_token": "b"}, {"model_type": "siglip"}, 64, 2),
    "Chinese-CLIP": (
        {"model_max_length": 512, "pad_token": "b", "do_lower_case": True},
        {"model_type": "chinese_clip", "text_config": {"max_position_embeddings": 512}},
        77,
        2,
    ),
    "MobileCLIP2": (None, {"text_config": {"max_position_embeddings": 77}}, 77, 0),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_lengths_and_padding_as_published(name: str, tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, processors

    stated, config, context, pad = PUBLISHED[name]
    made = Tokenizer(models.WordLevel({"a": 0, "end": 1, "b": 2, "A": 3}, unk_token="a"))
    made.post_processor = processors.TemplateProcessing(single="$A end", special_tokens=[("end", 1)])
    made.save(str(tmp_path / "tokenizer.json"))
    if stated is not None:
        (tmp_path / "tokenizer_config.json").write_text(json.dumps(stated))
    (tmp_path / "config.json").write_text(json.dumps(config))
    lowers = bool(stated and stated.get("do_lower_case"))
    for read in (find_tokens((tmp_path,), None)("A"), find_tokens((tmp_path / "none", tmp_path), None)("A")):
        assert read["input_ids"].tolist() == [[0 if lowers else 3, 1] + [pad] * (context - 2)]
        assert read["attention_mask"].sum() == 2
        assert read["token_type_ids"].shape == (1, context)
    # A graph of a fixed length knows best, as an export of Chinese-CLIP of 52 tokens.
    assert find_tokens((tmp_path,), 52).context == 52


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
    with pytest.raises(ModelError, match=r"gives 5 numbers and the encoder 24: they are not of one space"):
        find_encoder(towers(tmp_path / "b", toy.text_tower(length=5)))
    takes = toy.text_tower()
    takes.graph.input[1].name = "pixel_values"
    takes.graph.node[1].input[0] = "pixel_values"
    with pytest.raises(ModelError, match=r"takes input_ids, pixel_values; a text tower takes whole numbers"):
        find_encoder(towers(tmp_path / "c", takes))
    words = toy.text_tower()
    words.graph.output[0].CopyFrom(helper.make_tensor_value_info("words", TensorProto.FLOAT, ["n", "t", toy.FEATURES]))
    with pytest.raises(ModelError, match=r"one embedding per phrase \(n, length\) is needed"):
        find_encoder(towers(tmp_path / "d", words))
    (towers(tmp_path / "e") / "onnx" / "text_model.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError, match="is no ONNX file, or damaged"):
        find_encoder(tmp_path / "e")


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
    free = json.loads((folder / "tokenizer.json").read_text()) | {"padding": None}
    (folder / "tokenizer.json").write_text(json.dumps(free))
    with pytest.raises(ModelError, match="does not cut and pad to one length"):
        TextTower(folder)
