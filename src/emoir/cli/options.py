"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional, get_type_hints

import typer

from emoir.errors import QueryError
from emoir.limits import DEFAULT_LIMITS, Limits
from emoir.texts import terminal_language

if TYPE_CHECKING:
    from emoir.collection import Collection


class OutputLanguage(str, Enum):
    """Of sentences, figures and pages."""

    en = "en"
    zh = "zh"


OutputLanguageOption = Annotated[
    OutputLanguage | None,
    typer.Option("--language", help="Of what is written. Default: the terminal's.", show_default=False),
]


def language_of(option: OutputLanguage | None) -> str:
    """The language that was asked for, or the terminal's."""
    return terminal_language() if option is None else option.value


def share_cache_with_matplotlib() -> None:
    """Have matplotlib keep its list of fonts beside our thumbnails, not in a folder of its own in the user's home."""
    import platformdirs

    cache = platformdirs.user_cache_path("emoir", appauthor=False) / "matplotlib"
    os.environ.setdefault("MPLCONFIGDIR", str(cache))


def parse_pixel_limit(value: str | Limits) -> Limits:
    """The limits that ``--max-pixels`` sets.

    Raises:
        BadParameter: unless the text is a whole number from 1.
    """
    if isinstance(value, Limits):
        return value
    if not value.isdecimal() or int(value) < 1:
        raise typer.BadParameter(f"{value!r} is no whole number from 1")
    return Limits(max_pixels=int(value))


# typer reads these annotations at run time.
IndexOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--index", envvar="EMOIR_INDEX", help="The index file. Default: one per user.", show_default=False),
]
ModelOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--model",
        envvar="EMOIR_MODEL",
        help="A model folder, or the name of a known model. Default: the shipped one; an index goes on with its own.",
        show_default=False,
    ),
]
LexiconOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(
        "--lexicon",
        envvar="EMOIR_LEXICON",
        help="A file of emotion words of your own, or of NRC, DUTIR, CVAW, MEmoLon or DepecheMood.",
        show_default=False,
    ),
]
FoldersOption = Annotated[
    Optional[list[Path]],  # noqa: UP045
    typer.Option("--in", help="Only images in this folder or below; may be repeated.", show_default=False),
]
EverywhereOption = Annotated[
    bool, typer.Option("--everywhere", help="All indexed images, not only those below the current folder.")
]
SpaceOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--space",
        help="A name for your classes as an emotion space. Default: mikels for ratings made in the gallery, else the "
        "folder's name.",
        show_default=False,
    ),
]
LabelOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--label",
        help="The table's column that holds the class. Default: emotion, label, class and others.",
        show_default=False,
    ),
]
LimitsOption = Annotated[
    Limits,
    typer.Option(
        "--max-pixels",
        parser=parse_pixel_limit,
        metavar="N",
        help=f"Refuse images of more pixels. Default: {DEFAULT_LIMITS.max_pixels}.",
        show_default=False,
    ),
]
SecondsOption = Annotated[float, typer.Option("--seconds-per-file", min=0.1, help="Give up files that take longer.")]
ScaleOption = Annotated[str, typer.Option("--scale", help="The lowest and highest rating, such as 1,9.")]


def record_options(named: str = "options") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator: the command takes one record, people write its fields one by one.

    The record is a dataclass whose fields are annotated as typer's parameters are; they stand where the record stands.

    Args:
        named: the command's parameter that takes the record.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        record = signature.parameters[named].annotation
        hints = get_type_hints(record, include_extras=True)
        names = [one.name for one in fields(record)]
        keyword = inspect.Parameter.KEYWORD_ONLY
        own = {name: one.replace(kind=keyword) for name, one in signature.parameters.items()}
        own_names = [name for name in own if name != named]
        missing = inspect.Parameter.empty
        defaults = [missing if one.default is MISSING else one.default for one in fields(record)]
        added = [
            inspect.Parameter(name, keyword, annotation=hints[name], default=default)
            for name, default in zip(names, defaults, strict=True)
        ]
        parameters = [part for name, one in own.items() for part in (added if name == named else [one])]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            told = record(**{name: values[name] for name in names})
            command(**{name: values[name] for name in own_names}, **{named: told})

        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def parse_scale(text: str) -> tuple[float, float]:
    """The ratings that mean 0 and 1, written ``1,9``.

    Raises:
        QueryError: saying what would be right.
    """
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError:
        raise QueryError(
            f"scale {text!r}: write the ratings that mean 0 and 1, such as 1,9",
            chinese=f"量表“{text}”：请写代表 0 和 1 的两个评分，例如 1,9",
        ) from None
    return low, high


def chosen_folders(folders: list[Path] | None, everywhere: bool) -> list[Path] | None:
    """The folders that a command looks at: those named, all (None), or the current one."""
    if folders:
        return folders
    return None if everywhere else [Path.cwd()]


def require_model(photos: Collection, model: Path | None) -> None:
    """Make sure that a collection's index is of the model that was named, if one was.

    Raises:
        ModelError: if there is no model.
        ModelMismatchError: if the index is of another.
    """
    if model is not None:
        from emoir.models.model import ModelFolder

        named = ModelFolder(model)
        photos.images.require(named.id, *named.card.earlier_ids)
