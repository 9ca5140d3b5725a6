"""Tokens: a phrase as the numbers that a text tower takes, by the tokenizer that was published with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoir.errors import ModelError, QueryError
from emoir.files import open_regular
from emoir.models.graph import in_time
from emoir.models.onnx_file import check_fetched

TOKENIZER, TOKENIZER_CONFIGS = "tokenizer.json", ("tokenizer_config.json", "special_tokens_map.json")
# The largest that is published, over 256,000 pieces of many languages, has 34 MB.
LARGEST_TOKENIZER = 100_000_000
# A query is a phrase: nobody writes more of it, and a tokenizer of a stranger may be slow.
LONGEST_PHRASE = 1000
# CLIP's context; a tower that takes more is given no more.
MOST_TOKENS, SIGLIP_TOKENS = 77, 64


class Tokens:
    """A tokenizer that gives every phrase the same length; safe to share between threads.

    Args:
        tokenizer: of the library ``tokenizers``; it cuts and pads to one length.
        name: of its file, for messages.

    Raises:
        ModelError: if it pads to no length.
    """

    def __init__(self, tokenizer: Any, name: Path) -> None:
        self._tokenizer, self._name = tokenizer, name
        if not (tokenizer.padding or {}).get("length") or not tokenizer.truncation:
            raise ModelError(f"{name} does not cut and pad to one length")
        self.context = int(tokenizer.padding["length"])

    @classmethod
    def load(cls, file: Path) -> Tokens:
        """The tokenizer of a model's folder.

        Raises:
            ModelError: if it cannot be read.
        """
        return cls(_load(file), file)

    def to_json(self) -> str:
        """What ``load`` reads."""
        return str(self._tokenizer.to_str())

    def __call__(self, phrase: str) -> dict[str, NDArray[np.int64]]:
        """The inputs that text towers have, each (1, context): ``input_ids``, ``attention_mask``, ``token_type_ids``.

        Raises:
            QueryError: if the phrase has more tokens than the tower takes.
            ModelError: if the tokenizer fails.
        """
        found = None
        if len(phrase) <= LONGEST_PHRASE:
            try:
                found = in_time(lambda: self._tokenizer.encode(phrase))
            except Exception as error:  # the library's own exceptions are plain ones
                raise ModelError(f"{self._name} cannot read {phrase!r}: {error}") from error
        if found is None or found.overflowing:
            raise QueryError(
                f"{phrase[:40]!r}…: too long; this model takes {self.context} tokens at most",
                chinese=f"“{phrase[:20]}…”太长：当前模型最多接受 {self.context} 个词元",
            )
        given = {"input_ids": found.ids, "attention_mask": found.attention_mask, "token_type_ids": found.type_ids}
        return {name: np.array([values], np.int64) for name, values in given.items()}


def find_tokens(folders: tuple[Path, ...], context: int | None) -> Tokens:
    """A published tokenizer, made to cut and to pad every phrase to one length.

    Towers of the CLIP family read the phrase at its end mark, those of SigLIP learnt from padded phrases, and those of
    the BERT family have a mask: padding is right for all of them.

    Args:
        folders: that may hold ``tokenizer.json`` and, beside it, ``tokenizer_config.json``,
            ``special_tokens_map.json`` and ``config.json``; the first that holds a file counts.
        context: tokens that the graph takes; None: as the files say.

    Raises:
        ModelError: if there is no tokenizer, or it cannot be read.

    References:
        https://huggingface.co/docs/transformers/fast_tokenizers
    """
    file = next((folder / TOKENIZER for folder in folders if (folder / TOKENIZER).is_file()), None)
    if file is None:
        raise ModelError(
            f"{folders[0]} has a text_model.onnx and no {TOKENIZER}: put the published one beside it, or remove "
            "text_model.onnx to do without words"
        )
    tokenizer = _load(file)
    stated, special = (_stated(folders, name) for name in TOKENIZER_CONFIGS)
    config = _stated(folders, "config.json")
    config |= text if isinstance(text := config.get("text_config"), dict) else {}
    length = context or _context(stated, config)
    pad = _pad(special | stated) or (tokenizer.padding or {}).get("pad_token")
    number = tokenizer.token_to_id(pad) if pad else None
    try:
        # The tokenizer of SigLIP 2 was published without its lower case.
        if stated.get("do_lower_case") or _is_siglip(config):
            _lower(tokenizer)
        tokenizer.enable_truncation(length)
        tokenizer.enable_padding(length=length, pad_id=number or 0, pad_token=pad or "[PAD]")
    except Exception as error:  # as above
        raise ModelError(f"{file} cannot be used: {error}") from error
    return Tokens(tokenizer, file)


def _context(stated: Mapping[str, Any], config: Mapping[str, Any]) -> int:
    """Tokens that a tower takes; a length without bound is written as an enormous one."""
    most = SIGLIP_TOKENS if _is_siglip(config) else MOST_TOKENS
    known = (stated.get("model_max_length"), config.get("max_position_embeddings"))
    return min([most, *(int(value) for value in known if isinstance(value, (int, float)) and value > 1)])


def _is_siglip(config: Mapping[str, Any]) -> bool:
    return str(config.get("model_type", "")).startswith("siglip")


def _pad(values: Mapping[str, Any]) -> str | None:
    pad = values.get("pad_token")
    pad = pad.get("content") if isinstance(pad, dict) else pad
    return pad if isinstance(pad, str) else None


def _lower(tokenizer: Any) -> None:
    from tokenizers import normalizers

    before = [] if tokenizer.normalizer is None else [tokenizer.normalizer]
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *before])


def _load(file: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise ModelError(f"{file} needs one more package: pip install tokenizers") from None
    content = _content(file, LARGEST_TOKENIZER)
    check_fetched(content, str(file))
    try:
        return in_time(lambda: Tokenizer.from_str(content.decode()))
    except Exception as error:  # as above
        raise ModelError(f"{file} is no tokenizer: {' '.join(str(error).split())[:200]}") from error


def _stated(folders: tuple[Path, ...], name: str) -> dict[str, Any]:
    for folder in folders:
        if (folder / name).is_file():
            try:
                values = json.loads(_content(folder / name, LARGEST_TOKENIZER))
            except (ValueError, RecursionError) as error:
                raise ModelError(f"{folder / name} cannot be read: {error}") from error
            return values if isinstance(values, dict) else {}
    return {}


def _content(file: Path, most: int) -> bytes:
    try:
        with open_regular(file) as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    if len(content) > most:
        raise ModelError(f"{file} is larger than {most:,} bytes: that is no tokenizer")
    return content
