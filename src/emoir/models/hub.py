"""Encoders from the Hugging Face hub: pinned to a commit, fetched once, found offline afterwards."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from emoir.errors import ModelError
from emoir.models.encoder import GRAPHS, Encoder, find_encoder
from emoir.models.preprocessing import CONFIG, PREPROCESSOR
from emoir.models.text_tower import TEXT_GRAPH
from emoir.models.tokens import TOKENIZER, TOKENIZER_CONFIGS

PREFIX = "hf:"
_NAME = re.compile(r"hf:([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
README = "README.md"


@dataclass(frozen=True, slots=True)
class HubSnapshot:
    """Files of a repository at one commit.

    Args:
        folder: that holds them.
        repository: ``OWNER/NAME``.
        commit: 40 hexadecimal digits.
    """

    folder: Path
    repository: str
    commit: str


def load_encoder(source: str) -> Encoder:
    """The encoder that a text names.

    Args:
        source: an ONNX file, a folder, or ``hf:OWNER/NAME[@REVISION]``. A repository is looked up at the hub
            (``HF_ENDPOINT``), and without a connection in the cache of the hub's own library (``HF_HOME``).

    Raises:
        ModelError: if there is none; the message says whether the repository is gated, missing or holds no encoder.
    """
    if not source.startswith(PREFIX):
        return find_encoder(Path(os.path.expanduser(source)))
    snapshot = fetch(source)
    return find_encoder(snapshot.folder, name=f"{PREFIX}{snapshot.repository}@{snapshot.commit}")


def fetch(source: str) -> HubSnapshot:
    """The files of an encoder in a repository: graphs, preprocessing, tokenizer, licence; nothing else is fetched.

    Raises:
        ModelError: see ``load_encoder``.
    """
    # By default the library sends the hub an id and a list of installed packages.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError:
        raise ModelError(f"{source} needs one more package: pip install huggingface_hub") from None
    parsed = _NAME.fullmatch(source)
    if parsed is None:
        raise ModelError(f"{source}: write hf:OWNER/NAME or hf:OWNER/NAME@REVISION")
    repository, revision = parsed[1], parsed[2]
    try:
        info = huggingface_hub.HfApi().model_info(repository, revision=revision)
    except errors.GatedRepoError:
        raise ModelError(
            f"{source} is gated: accept its terms on its page, then log in with: hf auth login (or set HF_TOKEN)"
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(f"{source}: {repository} has no revision {revision}") from None
    except errors.RepositoryNotFoundError:
        raise ModelError(f"{source}: there is no such repository, or it is private: hf auth login") from None
    except errors.HFValidationError as error:
        raise ModelError(f"{source}: {error}") from None
    except _failures() as error:
        return _offline(source, repository, revision, error)
    held = {file.rfilename for file in info.siblings or ()}
    graph = next((name for name in GRAPHS if name in held), None)
    if graph is None:
        others = sorted(name for name in held if name.endswith(".onnx") and "text_model" not in name)
        hint = "export it to ONNX, and name the folder"
        if others:
            hint = f"it holds {others[0]}: fetch what you need with hf download, and name the file or its folder"
        raise ModelError(f"{source} holds none of {', '.join(GRAPHS)}; {hint}")
    text = graph.replace(graph.rpartition("/")[2], TEXT_GRAPH)
    words = (text, TOKENIZER, *TOKENIZER_CONFIGS) if text in held else ()
    wanted = [graph, *(name for name in (PREPROCESSOR, CONFIG, README, *words) if name in held)]
    try:
        # By the name of the revision, which the library then knows offline; the folder is named by the commit.
        found = huggingface_hub.snapshot_download(repository, revision=revision, allow_patterns=wanted)
    except _failures() as error:
        raise ModelError(f"{source} cannot be fetched: {_line(error)}") from error
    return HubSnapshot(Path(found), repository, Path(found).name)


def _offline(source: str, repository: str, revision: str | None, error: Exception) -> HubSnapshot:
    """What was fetched before."""
    import huggingface_hub

    for name in GRAPHS:
        file = huggingface_hub.try_to_load_from_cache(repository, name, revision=revision)
        if isinstance(file, str):
            folder = Path(file).parents[len(Path(name).parts) - 1]
            return HubSnapshot(folder, repository, folder.name)
    raise ModelError(f"{source}: the hub cannot be reached, and it was not fetched before: {_line(error)}") from error


def _failures() -> tuple[type[Exception], ...]:
    """What the library and its HTTP client raise; which client that is depends on the library's version."""
    from huggingface_hub.errors import HfHubHTTPError

    return (
        OSError,
        *(kind for kind in HfHubHTTPError.__mro__ if issubclass(kind, Exception) and kind is not Exception),
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
