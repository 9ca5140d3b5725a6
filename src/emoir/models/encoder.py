"""An encoder as the hub lays it out: which graph, which preprocessing, which output is the embedding."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emoir.errors import ModelError
from emoir.files import read_regular
from emoir.models.card import CARD
from emoir.models.graph import Graph, GraphInput, read_graph
from emoir.models.onnx_file import check_self_contained
from emoir.models.preprocessing import PREPROCESSOR, Preprocessing, find_preprocessing
from emoir.models.text_tower import TEXT_GRAPH, TextSource, find_text
from emoir.names import printable

GRAPHS = ("onnx/vision_model.onnx", "onnx/model.onnx", "vision_model.onnx", "model.onnx")
# Of several outputs the first of these is the embedding; an encoder that only classifies gives its logits.
OUTPUTS = ("image_embeds", "pooler_output", "embedding", "image_features", "last_hidden_state", "features", "logits")
LOGITS, IMAGENET_CLASSES = "logits", 1000
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """An encoder, found and tried.

    Args:
        name: of the folder or file.
        file: the ONNX graph.
        preprocessing: of its pixels.
        input: of the graph.
        output: that holds the embedding.
        length: numbers of the embedding.
        tokens: whether the output has one vector per patch; the first is then the picture's.
        logits: the output that holds the logits of ImageNet's 1000 classes, beside the embedding.
        features: the output that heads take: the embedding, with the logits behind it where there are any.
        licence: as its folder states it.
        digest: SHA-256 of the graph, in hexadecimal.
        text: the text tower beside it, which answers in place of the logits; None if there is none.
    """

    name: str
    file: Path
    preprocessing: Preprocessing
    input: str
    output: str
    length: int
    tokens: bool
    logits: str | None
    features: str
    licence: str
    digest: str
    text: TextSource | None = None

    @property
    def graph(self) -> Graph:
        """The graph, loaded anew: its embedding and, where it has them, its logits."""
        outputs = {self.output: self.length} | ({} if self.logits is None else {self.logits: IMAGENET_CLASSES})
        taken = GraphInput(self.preprocessing.type, self.preprocessing.shape())
        return Graph(self.file, inputs={self.input: taken}, outputs=outputs)


def find_encoder(source: Path, *, name: str | None = None) -> Encoder:
    """The encoder of a folder in the hub's layout, or of one ONNX file.

    Args:
        source: a folder with ``onnx/vision_model.onnx``, ``onnx/model.onnx``, or these without ``onnx/``, or one of
            its graphs; ``preprocessor_config.json`` (or timm's ``config.json``) beside it or one folder above. A text
            tower is ``text_model.onnx`` beside the graph, its ``tokenizer.json`` there or in the repository's folder.
        name: where it came from; default: the folder's or file's name.

    Raises:
        ModelError: saying what is missing, or what cannot be used.

    References:
        https://huggingface.co/docs/transformers/main_classes/image_processor
    """
    import onnxruntime

    file = _graph_file(source)
    above = (file.parent.parent,) if source.is_file() or file.parent != source else ()
    folders = tuple(dict.fromkeys((file.parent, *above, _repository(file))))
    preprocessing, config_file = find_preprocessing(folders)
    content = read_graph(file)
    check_self_contained(content, str(file))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        [port] = _inputs(session, file)
        preprocessing = _in_layout(preprocessing, port, file)
        grey = np.full((1, preprocessing.size, preprocessing.size, 3), 128, np.uint8)
        answers = session.run(None, {port.name: preprocessing.tensor(grey)})
    except ModelError:
        raise
    except Exception as error:  # ONNX Runtime's own exceptions share no base below Exception
        raise ModelError(f"{file} cannot be used as an encoder: {' '.join(str(error).split())[:300]}") from error
    shapes = {found.name: answer.shape for found, answer in zip(session.get_outputs(), answers, strict=True)}
    output = next((name for name in (*OUTPUTS, *shapes) if len(shapes.get(name, ())) in (2, 3)), None)
    if output is None:
        raise ModelError(f"{file} gives {shapes}; an embedding (n, length) is needed")
    length, licence = int(shapes[output][-1]), _licence((config_file.parent, _repository(file)))
    text = find_text(_text_file(file), folders, length, licence)
    has_logits = output != LOGITS and text is None and shapes.get(LOGITS) == (1, IMAGENET_CLASSES)
    return Encoder(
        name=name or (config_file.parent.name if source.is_dir() else file.stem),
        file=file,
        preprocessing=preprocessing,
        input=port.name,
        output=output,
        length=length,
        tokens=len(shapes[output]) == 3,
        logits=LOGITS if has_logits else None,
        features=output,
        licence=licence,
        digest=hashlib.sha256(content).hexdigest(),
        text=text,
    )


def copy_encoder(encoder: Encoder, file: Path) -> Encoder:
    """Copy an encoder's graph, byte for byte where it can be used as it is.

    A graph that gives a vector per patch is extended: its first vector, which stands for the picture, becomes an
    output. So is one that gives logits: one more output has them behind the embedding.

    Args:
        encoder: found by ``find_encoder``.
        file: the new ONNX file.

    Returns:
        The encoder of that file.
    """
    if not encoder.tokens and encoder.logits is None:
        shutil.copyfile(encoder.file, file)
        return replace(encoder, file=file)
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(encoder.file))
    output = encoder.output
    if encoder.tokens:
        output = "emoir_embedding"
        model.graph.initializer.append(numpy_helper.from_array(np.array(0), "emoir_first"))
        model.graph.node.append(helper.make_node("Gather", [encoder.output, "emoir_first"], [output], axis=1))
    given = {output: encoder.length}
    if encoder.logits is not None:
        features = helper.make_node("Concat", [output, encoder.logits], ["emoir_features"], axis=1)
        model.graph.node.append(features)
        given |= {encoder.logits: IMAGENET_CLASSES, "emoir_features": encoder.length + IMAGENET_CLASSES}
    del model.graph.output[:]
    for name, length in given.items():
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", length]))
    onnx.save(model, str(file))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return replace(encoder, file=file, output=output, tokens=False, features=list(given)[-1], digest=digest)


def _graph_file(source: Path) -> Path:
    if source.is_file():
        return source
    if not source.is_dir():
        raise ModelError(f"{source}: no such file or folder; a repository of the hub is written hf:OWNER/NAME")
    for name in GRAPHS:
        if (source / name).is_file():
            return source / name
    if (source / CARD).is_file():
        raise ModelError(f"{source} is a model already: use it with --model. An encoder is a network without heads")
    held = (file for place in ("onnx", ".") for file in (source / place).glob("*.onnx"))
    others = sorted(file for file in held if not file.name.startswith("text_model"))
    hint = f"name the ONNX file itself, such as {others[0]}" if others else "export the encoder to ONNX"
    raise ModelError(f"{source} holds none of {', '.join(GRAPHS)}; {hint}")


def _text_file(file: Path) -> Path:
    """The text tower beside an encoder's graph, of the same kind if it is there: ``text_model_quantized.onnx``."""
    alike = file.with_name(file.name.replace("vision_model", "text_model"))
    return alike if alike != file and alike.is_file() else file.with_name(TEXT_GRAPH)


def _repository(file: Path) -> Path:
    """The folder of a repository that holds a graph: above ``onnx/``, which may hold a folder per size."""
    return next((folder.parent for folder in file.parents[:2] if folder.name == "onnx"), file.parent)


def _inputs(session: Any, file: Path) -> list[Any]:
    ports = list(session.get_inputs())
    if len(ports) != 1:
        names = ", ".join(port.name for port in ports)
        raise ModelError(f"{file} takes {names}; an encoder takes pixels alone: name its vision_model.onnx")
    return ports


def _in_layout(preprocessing: Preprocessing, port: Any, file: Path) -> Preprocessing:
    """The preprocessing in the layout and type of the graph's input."""
    if len(port.shape) != 4 or port.type not in ("tensor(float)", "tensor(uint8)"):
        raise ModelError(
            f"{file}: {port.name} is {port.type} {tuple(port.shape)}; float32 or uint8 pixels are needed: "
            "take another file of the encoder, or export it anew"
        )
    values = {field: getattr(preprocessing, field) for field in preprocessing.__slots__}
    values["layout"] = "NHWC" if port.shape[3] == 3 else "NCHW"
    if port.type == "tensor(uint8)":
        values |= {"type": "uint8", "mean": (0.0, 0.0, 0.0), "deviation": (1.0, 1.0, 1.0)}
    sides = port.shape[1:3] if values["layout"] == "NHWC" else port.shape[2:]
    for side in sides:
        if isinstance(side, int) and side > 0 and side != preprocessing.size:
            raise ModelError(f"{file} takes {side} pixels a side, {PREPROCESSOR} says {preprocessing.size}")
    return Preprocessing(**values)


def _licence(folders: tuple[Path, ...]) -> str:
    """What the head of a README in one of the folders says, as the hub writes it: one licence, several, or its name."""
    for folder in folders:
        try:
            head = read_regular(folder / "README.md").decode("utf-8", "replace")[:20_000].replace("\r", "")
        except OSError:
            continue
        stated: dict[str, str] = dict(
            re.findall(r"^(license(?:_name)?):(.*(?:\n *- .*)*)", head.split("\n---")[0], re.MULTILINE)
        )
        text = stated.get("license_name", stated.get("license", ""))
        parts = (part.split(" #")[0].strip(" -'\"[]") for part in re.split(r"[\n,]", text))
        return " ".join(printable(", ".join(filter(None, parts))).split())[:200].strip() or NOT_STATED
    return NOT_STATED
