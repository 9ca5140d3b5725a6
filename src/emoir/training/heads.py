"""Heads: small linear maps from an encoder's embedding to an emotion reading, fitted, applied and written as ONNX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from emoir.emotions.content import CLASSES, CONTENT, content_matrix
from emoir.images.features import NUMBERS
from emoir.models.card import EMBEDDING_LENGTH
from emoir.training.probes import DistributionProbe, Doubles, Linear, PointProbe, fit_reduction

if TYPE_CHECKING:
    from onnx import NodeProto

FEATURES, SMALLEST = "features", 1e-12
# Softmax of a class that no image had: as good as never.
NEVER = -30.0


@dataclass(frozen=True, slots=True)
class HeadLabels:
    """What heads learn from.

    Args:
        spaces: space to shares (n, K); NaN rows are unknown.
        points: (n, 2) valence and arousal; NaN rows are unknown.
        domains: (n,) number of each image's domain, such as photograph or painting; None: all are of one.
    """

    spaces: Mapping[str, Doubles]
    points: Doubles
    domains: NDArray[np.int64] | None = None

    def take(self, rows: NDArray[np.intp]) -> HeadLabels:
        """The labels of some rows."""
        spaces = {space: values[rows] for space, values in self.spaces.items()}
        return HeadLabels(spaces, self.points[rows], None if self.domains is None else self.domains[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Heads of an encoder.

    Args:
        numbers: whether the 90 numbers of colour and texture stand behind the embedding.
        embedding: to the embedding by which images are compared, which is then brought to unit length; None: the
            encoder's own, as phrases are compared with it.
        point: a map per domain to valence and arousal, cut to [0, 1].
        spaces: space to a map per domain, each to logits.
        domain: to logits of the domains; None with one domain.
    """

    numbers: bool
    embedding: Linear | None
    point: tuple[Linear, ...]
    spaces: Mapping[str, tuple[Linear, ...]]
    domain: Linear | None = None

    @classmethod
    def fit(cls, features: NDArray[np.floating], labels: HeadLabels, *, numbers: bool) -> Heads:
        """Fit ridge and logistic regressions, each with a strength from inner folds.

        Args:
            features: (n, d), as ``head_features`` gives them.
            labels: of the same images; every space has at least one known row in every domain that has any.
            numbers: whether the features hold the numbers of colour and texture.
        """
        reduce = fit_reduction(features)
        reduced = reduce(features)
        domains = np.zeros(len(features), np.int64) if labels.domains is None else labels.domains
        count = int(domains.max()) + 1

        def per_domain(values: Doubles, fit: Callable[[Doubles, Doubles], Linear]) -> tuple[Linear, ...]:
            """A map per domain, those without labels by a map of all others; one map if one domain has labels."""
            known = ~np.isnan(values).any(axis=1)
            own = [known & (domains == number) for number in range(count)]
            if sum(rows.any() for rows in own) == 1:
                return (fit(reduced[known], values[known]).after(reduce),)
            rows_of = [rows if rows.any() else known for rows in own]
            fitted = {rows.tobytes(): fit(reduced[rows], values[rows]).after(reduce) for rows in rows_of}
            return tuple(fitted[rows.tobytes()] for rows in rows_of)

        spaces = {space: per_domain(shares, _logistic) for space, shares in labels.spaces.items()}
        domain = None
        if count > 1:
            domain = _logistic(reduced, np.eye(count)[domains]).after(reduce)
            # How many images of each domain were at hand says nothing about those that will be read.
            domain = Linear(domain.weights, domain.bias - np.log(np.bincount(domains) / len(domains)))
        kept = min(EMBEDDING_LENGTH, reduced.shape[1])
        return cls(
            numbers=numbers,
            embedding=Linear(reduce.weights[:, :kept], reduce.bias[:kept]),
            point=per_domain(labels.points, _ridge),
            spaces=spaces,
            domain=domain,
        )

    def embedding_length(self, length: int) -> int:
        """Numbers of the embedding, for an encoder whose own has ``length``."""
        return length if self.embedding is None else len(self.embedding.bias)

    def logits(self, features: NDArray[np.floating]) -> dict[str, tuple[Doubles, ...]]:
        """Per space the logits of every domain's map, (n, K) each."""
        return {space: tuple(one(features) for one in maps) for space, maps in self.spaces.items()}

    def gates(self, features: NDArray[np.floating]) -> Doubles:
        """(n, domains): how far each image belongs to each domain."""
        return (
            np.ones((len(features), 1)) if self.domain is None else np.asarray(softmax(self.domain(features), axis=1))
        )

    def tempered(self, temperatures: Mapping[str, tuple[float, ...]]) -> Heads:
        """The same with logits divided by a temperature per space and domain; 1 for spaces that are not named."""
        spaces = dict(self.spaces)
        for space, fitted in temperatures.items():
            maps = zip(self.spaces[space], fitted, strict=True)
            spaces[space] = tuple(Linear(one.weights / t, one.bias / t) for one, t in maps)
        return Heads(
            numbers=self.numbers, embedding=self.embedding, point=self.point, spaces=spaces, domain=self.domain
        )

    def __call__(self, features: NDArray[np.floating]) -> dict[str, Doubles]:
        """``embedding``, ``valence_arousal`` and the probabilities of every space, as the graph gives them."""
        own = features[:, : features.shape[1] - (NUMBERS if self.numbers else 0)]
        long = own if self.embedding is None else self.embedding(features)
        found = {
            "embedding": long / np.maximum(np.linalg.norm(long, axis=1, keepdims=True), SMALLEST),
        }
        gates = self.gates(features)
        points = [one(features).clip(0, 1) for one in self.point]
        weights = gates if len(points) > 1 else np.ones((len(features), 1))
        found["valence_arousal"] = np.sum([one * weights[:, n, None] for n, one in enumerate(points)], axis=0)
        for space, logits in self.logits(features).items():
            found[space] = mixture(logits, gates)
        return found

    def write(self, file: Path, length: int, *, logits: bool = False) -> None:
        """Write the graph: ``features`` (n, embedding, logits and numbers) to the outputs by their names.

        Args:
            file: the ONNX file.
            length: of the encoder's embedding, which is brought to unit length first.
            logits: whether the logits of ImageNet's classes stand behind it; the space ``content`` comes from them.
        """
        from onnx import TensorProto, helper, numpy_helper, save_model

        nodes: list[NodeProto] = []
        constants: dict[str, NDArray[Any]] = {}

        def add(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
            nodes.append(helper.make_node(kind, inputs, [output], **attributes))
            return output

        def linear(name: str, one: Linear, output: str) -> str:
            constants[f"{name}.weights"] = one.weights.astype(np.float32)
            constants[f"{name}.bias"] = np.maximum(one.bias, NEVER).astype(np.float32)
            return add("Gemm", ["prepared", f"{name}.weights", f"{name}.bias"], output)

        widths = (
            {"seen": length} | ({"logits": CLASSES} if logits else {}) | ({"numbers": NUMBERS} if self.numbers else {})
        )
        constants["parts"] = np.array(list(widths.values()))
        nodes.append(helper.make_node("Split", [FEATURES, "parts"], list(widths), axis=1))
        add("LpNormalization", ["seen"], "unit", axis=1, p=2)
        add("Concat", ["unit", *(["numbers"] if self.numbers else [])], "prepared", axis=1)
        if self.embedding is None:
            add("Identity", ["unit"], "embedding")
        else:
            add("LpNormalization", [linear("embedding", self.embedding, "long")], "embedding", axis=1, p=2)
        constants |= {"low": np.float32(0), "high": np.float32(1)}  # type: ignore[dict-item]
        if self.domain is not None:
            add("Softmax", [linear("domain", self.domain, "domain")], "gates", axis=1)
            count = len(self.domain.bias)
            gates = [f"gate.{number}" for number in range(count)]
            nodes.append(helper.make_node("Split", ["gates"], gates, axis=1, num_outputs=count))
        for name, maps in {"valence_arousal": self.point, **self.spaces}.items():
            parts = []
            for number, one in enumerate(maps):
                raw = linear(f"{name}.{number}", one, f"{name}.{number}.raw")
                part = name if len(maps) == 1 else f"{name}.{number}.part"
                if name == "valence_arousal":
                    add("Clip", [raw, "low", "high"], part)
                else:
                    add("Softmax", [raw], part, axis=1)
                if len(maps) > 1:
                    parts.append(add("Mul", [part, f"gate.{number}"], f"{name}.{number}.gated"))
            if parts:
                add("Sum", parts, name)
        lengths = {"embedding": self.embedding_length(length), "valence_arousal": 2}
        lengths |= {space: len(maps[0].bias) for space, maps in self.spaces.items()}
        if logits:
            constants["members"] = content_matrix()
            add("Softmax", ["logits"], "classes", axis=1)
            add("MatMul", ["classes", add("Cast", ["members"], "matrix", to=TensorProto.FLOAT)], CONTENT)
            lengths[CONTENT] = constants["members"].shape[1]
        graph = helper.make_graph(
            nodes,
            "heads",
            [helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["n", sum(widths.values())])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", k]) for name, k in lengths.items()],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        )
        save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), str(file))


def head_features(embeddings: NDArray[np.floating], numbers: NDArray[np.floating] | None) -> Doubles:
    """The input of heads: embeddings (n, L) brought to unit length, and behind them the numbers (n, 90), if any.

    Example:
        >>> head_features(np.array([[3.0, 4.0]]), None).tolist()
        [[0.6, 0.8]]
    """
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), SMALLEST)
    return np.asarray(unit if numbers is None else np.hstack([unit, numbers]), dtype=np.float64)


def mixture(logits: tuple[Doubles, ...], gates: Doubles) -> Doubles:
    """Probabilities (n, K) of the domains' logits, each domain as far as an image belongs to it.

    Args:
        logits: a list of (n, K), one per domain.
        gates: (n, domains); rows sum to 1.
    """
    if len(logits) == 1:
        return np.asarray(softmax(logits[0], axis=1))
    shares = [softmax(one, axis=1) * gates[:, number, None] for number, one in enumerate(logits)]
    return np.asarray(np.sum(shares, axis=0))


def _logistic(features: Doubles, shares: Doubles) -> Linear:
    probe = DistributionProbe.fit(features, shares)
    return Linear(probe.weights, np.maximum(probe.bias, NEVER))


def _ridge(features: Doubles, points: Doubles) -> Linear:
    model = PointProbe.fit(features, points).model
    return Linear(np.asarray(model.coef_).T, np.asarray(model.intercept_))
