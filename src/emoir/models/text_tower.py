"""TextTower: phrases in the embedding space of a model's images."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError
from emoir.files import read_regular
from emoir.models.card import TextPart
from emoir.models.graph import Graph, GraphInput, read_graph
from emoir.models.model import ModelFolder
from emoir.models.onnx_file import check_self_contained
from emoir.models.tokens import TOKENIZER, Tokens, find_tokens

TEXT_GRAPH = "text_model.onnx"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# Of several outputs the first of these is the phrase's embedding.
OUTPUTS = ("text_embeds", "pooler_output", "text_features", "sentence_embedding", "embedding")
# What every tower is tried on.
TRIAL = "a photo"
# Two tokens of any vocabulary.
TRIAL_WORDS = (2, 3)


class TextTower(ModelFolder):
    """The text tower of a model; safe to share between threads. The model's other graphs are not loaded.

    Args:
        folder: of the model, or the name of a known one.

    Attributes:
        context: tokens of a phrase, at most.

    Raises:
        ModelError: if the model has no text tower, or it is not as the card says.
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        super().__init__(folder)
        if self.card.text is None:
            raise ModelError(
                f"{self.folder} has no text tower, so phrases cannot be compared with pictures; name a model that has "
                "one with --model"
            )
        file, tokenizer = (self.folder / name for name in (self.card.text.file, self.card.text.tokenizer))
        self._text, self._tokens = self.card.text, Tokens.load(tokenizer)
        if self._text.sha256 not in (None, _digest(read_graph(file), read_regular(tokenizer))):
            raise ModelError(f"{file} or {tokenizer.name} is not what the model was made with: train it again")
        self._graph = _graph(file, self._text, self._tokens.context, self.card.embedding_length)
        self.context = self._tokens.context
        self.embed(TRIAL)

    def embed(self, phrase: str) -> NDArray[np.float32]:
        """The embedding of a phrase, (L,) of unit length, L = ``card.embedding_length``.

        Raises:
            QueryError: if the phrase is too long.
            ModelError: if the tower fails.
        """
        return _embed(self._graph, self._text, self._tokens, phrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """A text tower as the hub lays it out, found and tried.

    Args:
        file: the ONNX graph.
        tokens: its tokenizer.
        part: what a card says of it.
        digest: SHA-256 of the graph, in hexadecimal.
    """

    file: Path
    tokens: Tokens
    part: TextPart
    digest: str

    def write(self, folder: Path) -> None:
        """Copy graph and tokenizer to a model's folder."""
        shutil.copyfile(self.file, folder / self.part.file)
        (folder / self.part.tokenizer).write_text(self.tokens.to_json(), encoding="utf-8")


def find_text(file: Path, folders: tuple[Path, ...], length: int, licence: str) -> TextSource | None:
    """The text tower beside an encoder; None if there is none.

    Args:
        file: ``text_model.onnx``, if it is there.
        folders: that may hold its tokenizer.
        length: numbers of the encoder's embedding.
        licence: of the encoder.

    Raises:
        ModelError: saying what is missing or does not fit.
    """
    if not file.is_file():
        return None
    import onnxruntime

    content = read_graph(file)
    check_self_contained(content, str(file))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no base below Exception
        raise ModelError(f"{file} cannot be loaded: {' '.join(str(error).split())[:300]}") from error
    ports = {port.name: port for port in session.get_inputs()}
    types = {port.type for port in ports.values()}
    if "input_ids" not in ports or not set(ports) <= set(INPUTS) or types - {"tensor(int32)", "tensor(int64)"}:
        found = ", ".join(f"{name} as {port.type}" for name, port in ports.items())
        raise ModelError(
            f"{file} takes {found or 'nothing'}; a text tower takes input_ids, and at most attention_mask and "
            "token_type_ids beside it, as int32 or int64"
        )
    given = {port.name: list(port.shape) for port in session.get_outputs()}
    output = next((name for name in (*OUTPUTS, *given) if len(given.get(name, ())) == 2), None)
    if output is None:
        raise ModelError(f"{file} gives {given}; one embedding per phrase (n, length) is needed")
    if isinstance(given[output][1], int) and given[output][1] != length:
        raise ModelError(
            f"{file} gives {given[output][1]} numbers and the encoder {length}: they are not of one space; "
            f"take the encoder's projected output, or remove {file.name} to do without words"
        )
    fixed = ports["input_ids"].shape[1:]
    tokens = find_tokens(folders, fixed[0] if fixed and isinstance(fixed[0], int) else None)
    part = TextPart(
        file=TEXT_GRAPH,
        tokenizer=TOKENIZER,
        inputs={name: port.type.removeprefix("tensor(").removesuffix(")") for name, port in ports.items()},
        output=output,
        licence=licence,
        sha256=_digest(content, tokens.to_json().encode()),
    )
    graph = _graph(file, part, tokens.context, length)
    _embed(graph, part, tokens, TRIAL)
    _check_reads(graph, part, tokens.context)
    return TextSource(file=file, tokens=tokens, part=part, digest=hashlib.sha256(content).hexdigest())


def _digest(graph: bytes, tokenizer: bytes) -> str:
    digest = hashlib.sha256(graph)
    digest.update(tokenizer)
    return digest.hexdigest()


def _check_reads(graph: Graph, part: TextPart, context: int) -> None:
    """Refuse a graph that gives all words one embedding; an exporter may drop an input that it takes for another."""
    whole = {name: np.ones((1, context), type) for name, type in part.inputs.items()}
    first, second = (graph.run(whole | {"input_ids": whole["input_ids"] * word})[part.output] for word in TRIAL_WORDS)
    if np.array_equal(first, second):
        raise ModelError(f"{graph.file} gives different words the same embedding: it does not read input_ids")


def _graph(file: Path, part: TextPart, context: int, length: int) -> Graph:
    inputs = {name: GraphInput(type, (context,)) for name, type in part.inputs.items()}
    return Graph(file, inputs=inputs, outputs={part.output: length})


def _embed(graph: Graph, part: TextPart, tokens: Tokens, phrase: str) -> NDArray[np.float32]:
    read = tokens(phrase)
    [[found]] = graph.run({name: read[name].astype(type) for name, type in part.inputs.items()}).values()
    norm = float(np.linalg.norm(found))
    if not np.isfinite(found).all() or not norm:
        raise ModelError(f"{graph.file} gives no direction for {phrase!r}")
    return np.asarray(found / np.float32(norm))
