"""emoir explain: why an image reads as it does."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from emoir.cli.options import LimitsOption, ModelOption, OutputLanguageOption, language_of
from emoir.cli.output import echo, echo_block, echo_err, text
from emoir.limits import DEFAULT_LIMITS


class ExplainFormat(str, Enum):
    """What goes to standard output."""

    text = "text"
    json = "json"


def explain(
    image: Annotated[Path, typer.Argument(help="An image file.")],
    emotion: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--emotion", help="Explain this emotion instead of the most probable one.", show_default=False),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="Write the figure here. Default: NAME-explained.png in the current folder."),
    ] = None,
    language: OutputLanguageOption = None,
    format: Annotated[
        ExplainFormat, typer.Option("--format", help="How to print: the sentence, or all numbers.")
    ] = ExplainFormat.text,
    limits: LimitsOption = DEFAULT_LIMITS,
    model: ModelOption = None,
) -> None:
    """Show where in an image an emotion sits, by colour or by texture.

    Writes one PNG: the picture, a map, and the same picture without its colours, without its texture and in
    opposite colours, each with the emotion's probability; prints what was measured in a sentence or two.
    """
    from emoir.errors import EmoirError, UndecodableImageError
    from emoir.explain import explain as explain_image
    from emoir.explain.figure import save_figure
    from emoir.explain.sentences import sentence
    from emoir.images.decode import lift_pillow_limit
    from emoir.images.exclusion import FIGURE_ENDING
    from emoir.index.base import as_path
    from emoir.models import Model

    lift_pillow_limit()
    image = as_path(image)
    try:
        explanation = explain_image(image, Model(model), emotion=emotion, limits=limits)
    except UndecodableImageError as error:
        raise EmoirError(f"{image}: {error}", chinese=f"{image}：{error.chinese}") from None
    file = out if out is not None else Path(f"{image.stem}{FIGURE_ENDING}")
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise EmoirError(f"{file}: name a file in a folder that is there, with --out")
    if file.exists() and image.exists() and file.samefile(image):
        raise EmoirError(f"{file} is the photograph itself; name another file with --out")
    if file.suffix.lower() != ".png":
        raise EmoirError(f"{file}: the figure is a PNG; give it a name that ends in .png, with --out")
    spoken_in = language_of(language)
    save_figure(explanation, file, spoken_in)
    words = sentence(explanation, spoken_in)
    if format is ExplainFormat.json:
        echo_block(json.dumps({"path": str(image), **explanation.to_dict(), "sentence": words}, indent=2))
    else:
        echo(words)
    echo_err(text("figure", file=file))
