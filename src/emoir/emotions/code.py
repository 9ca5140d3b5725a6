"""Code: a reading as a short text, so that a link can hold the emotion of an image that is not kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from emoir.emotions.reading import EmotionReading
from emoir.errors import QueryError

MARK = 4


def _mark(model: str) -> bytes:
    return hashlib.sha256(model.encode()).digest()[:MARK]


def encode_reading(reading: EmotionReading) -> str:
    """A reading as a short text, quantised to one byte per number.

    Args:
        reading: of any model.

    Returns:
        Letters, digits, ``-`` and ``_`` (base64url): 4 bytes that mark the model, the embedding, the distributions,
        valence and arousal. Confidence and monochrome are not kept: no query asks for them.
    """
    shares = [share for classes in reading.distributions.values() for share in classes.values()]
    unit = np.rint(np.array([*shares, reading.valence, reading.arousal]) * 255).astype(np.uint8)
    embedding = np.rint(reading.embedding * 127).astype(np.int8)
    content = _mark(reading.model) + embedding.tobytes() + unit.tobytes()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode_reading(
    code: str, class_names: Mapping[str, tuple[str, ...]], models: Sequence[str], *, embedding_length: int = 128
) -> EmotionReading:
    """The inverse of ``encode_reading``, to the precision of one byte per number.

    Args:
        code: as written.
        class_names: space to its classes, of the model.
        embedding_length: numbers of the model's embedding.
        models: ids of the model, one of which has written the code; what is returned bears the first.

    Raises:
        QueryError: if the code is damaged, or of another model.

    Example:
        >>> names = {"polarity": ("negative", "positive")}
        >>> embedding = np.eye(128, dtype=np.float32)[0]
        >>> shares = {"polarity": {"negative": 0.2, "positive": 0.8}}
        >>> reading = EmotionReading(
        ...     embedding=embedding, distributions=shares, valence=0.6, arousal=0.4, confidence=1,
        ...     monochrome=False, model="m")
        >>> decode_reading(encode_reading(reading), names, ["m"]).valence
        0.6
    """
    length = MARK + embedding_length + sum(map(len, class_names.values())) + 2
    try:
        content = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except (binascii.Error, ValueError):
        content = b""
    if len(content) >= MARK and content[:MARK] not in map(_mark, models):
        raise QueryError(
            "this reading is of another model than the index; show the image again",
            chinese="这份读数出自另一个模型，与索引不符；请重新放入图片",
        )
    if len(content) != length:
        raise QueryError("this reading is damaged; show the image again", chinese="这份读数已损坏；请重新放入图片")
    embedding = np.frombuffer(content, np.int8, embedding_length, MARK).astype(np.float32)
    unit = np.frombuffer(content, np.uint8, offset=MARK + embedding_length).astype(np.float64) / 255
    distributions, start = {}, 0
    for space, names in class_names.items():
        shares = unit[start : start + len(names)]
        total = shares.sum() or 1.0
        distributions[space] = {name: float(share / total) for name, share in zip(names, shares, strict=True)}
        start += len(names)
    norm = float(np.linalg.norm(embedding)) or 1.0
    valence, arousal = float(unit[-2]), float(unit[-1])
    return EmotionReading(
        embedding=embedding / np.float32(norm),
        distributions=distributions,
        valence=valence,
        arousal=arousal,
        confidence=0.0,
        monochrome=False,
        model=models[0],
    )
