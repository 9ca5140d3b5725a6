"""Cards that lie: each is refused in one line that names the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emoir.emotions.calibration import UNSURE_BELOW
from emoir.errors import ModelError
from emoir.models.card import ModelCard
from emoir.models.model import ModelFolder
from tests.models import toy

FORMAT_1 = Path(__file__).parent / "format_1" / "card.json"
ABSENT = object()

# Key, and what stands there instead.
LIES: list[tuple[str, Any]] = [
    ("format", "2"),
    ("format", True),
    ("format", 0),
    ("format", -1),
    ("format", None),
    ("format", 2.5),
    ("format", ABSENT),
    ("name", ABSENT),
    ("name", ""),
    ("name", 7),
    ("name", "a/b"),
    (
        "name",
        "..",
    ),
    ("name", "x" * 100),
    ("name", "\x1b[31mred"),
    ("name", " toy"),
    ("preprocessing", ABSENT),
    ("preprocessing", []),
    ("preprocessing.size", ABSENT),
    ("preprocessing.size", -5),
    ("preprocessing.size", 0),
    ("preprocessing.size", 7),
    ("preprocessing.size", 10**9),
    ("preprocessing.size", "128"),
    ("preprocessing.size", 16.5),
    ("preprocessing.size", True),
    ("preprocessing.size", None),
    ("preprocessing.layout", "CHWN"),
    ("preprocessing.type", "float16"),
    ("preprocessing.type", "uint8"),
    ("preprocessing.resize", "squash"),
    ("preprocessing.shorter_side", 20),
    ("preprocessing.mean", [0.5, 0.5]),
    ("preprocessing.mean", ["0.5", 0.5, 0.5]),
    ("preprocessing.mean", [float("nan"), 0, 0]),
    ("preprocessing.mean", [1e308, 0, 0]),
    ("preprocessing.deviation", [1e-300, 1, 1]),
    ("preprocessing.deviation", [0, 1, 1]),
    ("preprocessing.deviation", [-1, 1, 1]),
    ("preprocessing.deviation", [float("inf"), 1, 1]),
    ("preprocessing.deviaton", [1, 1, 1]),
    ("encoder", ABSENT),
    ("encoder.file", "../encoder.onnx"),
    ("encoder.file", "/etc/passwd"),
    ("encoder.file", "sub\\encoder.onnx"),
    ("encoder.file", "encoder.bin"),
    ("encoder.file", "heads.onnx"),
    ("encoder.input", ABSENT),
    ("encoder.licence", ABSENT),
    ("encoder.licence", "\x1b]0;owned\x07"),
    ("encoder.output", None),
    ("encoder.length", 0),
    ("encoder.length", "24"),
    ("heads.input", 3),
    ("heads.licence", ABSENT),
    ("heads.url", "http://example.org"),
    ("embedding_length", ABSENT),
    ("embedding_length", 0),
    ("embedding_length", 10**12),
    ("class_names", ABSENT),
    ("class_names", []),
    ("class_names", {}),
    ("class_names.mood", []),
    ("class_names.mood", ["glad"]),
    ("class_names.mood", "glad"),
    ("class_names.mood", ["glad", "glad", "sad"]),
    ("class_names.mood", ["glad", "Glad", "sad"]),
    ("class_names.mood", ["glad", "", "sad"]),
    ("class_names.mood", ["glad", 3, "sad"]),
    ("class_names.mood", ["glad", "s\nad", "bored"]),
    ("class_names.embedding", ["a", "b"]),
    ("class_names.mikels", ["awe", "hunger"]),
    ("confidence", ABSENT),
    ("confidence.space", "unknown"),
    ("confidence.knots", [0.5, 0.5]),
    ("confidence.knots", [0.9, 0.1]),
    ("confidence.knots", []),
    ("confidence.values", [0.9, 0.2]),
    ("confidence.values", [0.2, 1.9]),
    ("confidence.values", [0.2]),
    ("confidence.values", [0.2, None]),
    ("confidence.unsure_below", 1.5),
    ("scores", []),
    ("scores.point", {"chance": 2, "knots": [0, 1], "values": [0, 1]}),
    ("scores.point", {"chance": 0.5, "knots": [1, 0], "values": [0, 1]}),
    ("scores.point", {"chance": 0.5, "knots": [0, 1]}),
    ("earlier_ids", "toy-1"),
    ("earlier_ids", [1]),
]


def lie(values: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        values = values.setdefault(part, {})
    if value is ABSENT:
        del values[last]
    else:
        values[last] = value


@pytest.mark.parametrize(("key", "value"), LIES, ids=[f"{key}-{number}" for number, (key, _) in enumerate(LIES)])
def test_a_card_that_lies_is_refused_by_its_key(key: str, value: Any, tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy", lambda values: lie(values, key, value))
    with pytest.raises(ModelError) as caught:
        ModelFolder(folder)
    message = str(caught.value)
    assert message.startswith(str(folder / "card.json"))
    assert message.isprintable()
    cause = message.removeprefix(f"{folder / 'card.json'}: ")
    # A pair of keys that do not agree is named by the section that holds both.
    assert cause.split(".")[0].split(":")[0] == key.split(".")[0]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "is no JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "is no JSON"),
        (b'{"a":' * 100_000, "is no JSON"),
        (b"\xff\xfe\x00", "is no JSON"),
        (b"[1, 2]", "holds no JSON object"),
        (b'{"format": ' + b"9" * 5000 + b"}", "is no JSON"),
        (b"null", "holds no JSON object"),
        (b" " * 5_000_000, "larger than"),
        (b'{"format": 3}', "newer emoir"),
        (b'{"format": 2, "name": "\\ud800"}', "Invalid JSON"),
    ],
)
def test_what_is_no_card_at_all(content: bytes, cause: str, tmp_path: Path) -> None:
    folder = toy.toy_model(tmp_path / "toy")
    (folder / "card.json").write_bytes(content)
    with pytest.raises(ModelError, match=cause):
        ModelFolder(folder)


def test_there_are_sixty_lies() -> None:
    assert len(LIES) >= 60


def test_format_1_is_understood() -> None:
    card = ModelCard.load(FORMAT_1)
    assert (card.size, card.embedding_length, card.heads) == (128, 128, None)
    assert (card.encoder.file, card.encoder.input) == ("model.onnx", "images")
    assert card.licence == "research use; see LICENSE beside the weights"
    assert list(card.outputs) == ["embedding", "valence_arousal", "mikels", "ekman"]
    assert set(card.scores) == {"words by gain", "example", "point"}
    assert card.confidence.unsure_below == UNSURE_BELOW == 0.4, "as all images were named then"


@pytest.mark.parametrize("key", ["name", "size", "class_names", "confidence", "licence"])
def test_a_card_of_format_1_must_be_complete(key: str, tmp_path: Path) -> None:
    values = json.loads(FORMAT_1.read_text(encoding="utf-8"))
    del values[key]
    (tmp_path / "card.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ModelError, match=key):
        ModelCard.load(tmp_path / "card.json")


def test_licences_of_both_parts_are_said(tmp_path: Path) -> None:
    # Heads that learnt from heads that learnt from a model name all of their terms.
    long = "; learnt from another: ".join(["the user's own"] * 20)
    assert (
        long
        in ModelFolder(toy.toy_model(tmp_path / "long", lambda card: card["heads"].update(licence=long))).card.licence
    )
    assert ModelFolder(toy.toy_model(tmp_path / "toy")).card.licence == "MIT; CC0"
