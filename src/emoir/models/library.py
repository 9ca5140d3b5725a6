"""Where models come from: the shipped one, those shipped before it, those that the user has added, and any folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.resources import files
from os import PathLike
from pathlib import Path

import platformdirs

from emoir.errors import ModelError
from emoir.models.card import CARD, ModelCard

SHIPPED = "shipped"


def shipped_model_folder() -> Path:
    """The folder of the model that comes with emoir."""
    return Path(str(files("emoir").joinpath("weights")))


def earlier_models() -> dict[str, Path]:
    """Names to folders: models that emoir has shipped before. Indexes that they have read stay usable."""
    cards = sorted(Path(str(files("emoir").joinpath("earlier_weights"))).glob(f"*/{CARD}"))
    return {card.parent.name: card.parent for card in cards}


def user_models_folder() -> Path:
    """Where models are that the user has added; it need not exist."""
    return Path(platformdirs.user_data_path("emoir", appauthor=False)) / "models"


def known_models() -> dict[str, Path]:
    """Names to folders: the shipped model, those shipped before it, then those that the user has added, by name."""
    added = sorted(card.parent for card in user_models_folder().glob(f"*/{CARD}"))
    return {SHIPPED: shipped_model_folder()} | earlier_models() | {folder.name: folder for folder in added}


def find_model(model: str | PathLike[str] | None) -> Path:
    """The folder of a model.

    Args:
        model: a folder, or the name of a known model; None: the shipped one, which its card's name means as well.

    Raises:
        ModelError: if there is neither; the message lists the known models.
    """
    if model is None:
        return shipped_model_folder()
    folder = Path(os.path.expanduser(model))
    if folder.is_dir():
        return folder
    known = known_models()
    if os.fspath(model) in known:
        return known[os.fspath(model)]
    if os.fspath(model) == ModelCard.load(known[SHIPPED] / CARD).name:
        return known[SHIPPED]
    raise ModelError(f"there is no model folder {folder}, and no known model of that name: {', '.join(known)}")


def add_model(folder: Path, name: str, file_names: list[str]) -> Path:
    """Copy a model's files to the user's models, all or nothing.

    Args:
        folder: of the model.
        name: under which it is known from then on.
        file_names: what is copied, as far as it is there.

    Returns:
        The new folder.

    Raises:
        ModelError: if there is a model of that name, or one comes with emoir.
    """
    target = user_models_folder() / name
    if name in (SHIPPED, *earlier_models()):
        raise ModelError(f"a model {name} comes with emoir; give yours another name in its {CARD}")
    if name in known_models() or target.exists():
        raise ModelError(f"there is a model {name} already; remove {target} to replace it")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".partial-") as partial:
        copy = Path(partial) / name
        copy.mkdir()
        for file in file_names:
            if (folder / file).is_file():
                shutil.copyfile(folder / file, copy / file)
        copy.rename(target)
    return target
