"""The options of SearchOptions on the command line: one decorator."""

from __future__ import annotations

import codecs
import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from emoir.cli.options import EverywhereOption, FoldersOption, LimitsOption, chosen_folders
from emoir.cli.output import echo_err, text
from emoir.errors import QueryError
from emoir.limits import DEFAULT_LIMITS
from emoir.search.options import FilterOptions, SearchOptions, as_paths

# Of so many listed files that are not indexed, near names are looked for.
SHOWN_NEAR = 3

if TYPE_CHECKING:
    from emoir.collection import Collection

# typer reads this annotation at run time.
FromOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--from", help="Only the files listed here, one per line or NUL between; - reads standard input."),
]
Command = Callable[..., None]


def search_options(*, ranked: bool) -> Callable[[Command], Command]:
    """A decorator: the command takes one ``options: SearchOptions``, people write the options one by one.

    Args:
        ranked: whether the command ranks what it finds; one that does not takes the options that choose images alone.
    """

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        own = list(signature.parameters)
        parameters: list[inspect.Parameter] = []
        for parameter in signature.parameters.values():
            own_way = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            parameters += _parameters(ranked) if parameter.name == "options" else [own_way]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            kept = {name: values[name] for name in own if name != "options"}
            command(**kept, options=_options(values))

        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _parameters(ranked: bool) -> list[inspect.Parameter]:
    chosen = {
        "inside": (FoldersOption, None),
        "everywhere": (EverywhereOption, False),
        "listed": (FromOption, None),
        **{option.name: _option(option) for option in fields(FilterOptions)},
    }
    chosen["limits"] = (LimitsOption, DEFAULT_LIMITS)
    if ranked:
        chosen |= {option.name: _option(option) for option in fields(SearchOptions) if option.metadata}
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in chosen.items()
    ]


def _option(option: Field[Any]) -> tuple[Any, Any]:
    about = option.metadata
    flags = about["flags"] or f"--{option.name}"
    help = about["command_help"]
    if about["given"] is None:
        kind: Any = Optional[list[str]] if option.default == () else Optional[str]  # noqa: UP045
        return Annotated[kind, typer.Option(flags, help=help)], None
    if "/" in flags:
        return Annotated[Optional[bool], typer.Option(flags, help=help)], None  # noqa: UP045
    return Annotated[bool, typer.Option(flags, help=help)], False


def _options(values: Mapping[str, Any]) -> SearchOptions:
    paths = read_list(values["listed"])
    inside = values["inside"]
    found = dict(values)
    for option in fields(SearchOptions):
        # A flag stands for a value; one that was not given, for the default.
        if option.metadata.get("given") is not None:
            found[option.name] = option.metadata["given"] if values.get(option.name) else None
    # Standard input and lists name files anywhere.
    options = SearchOptions.parse(found)
    # A list and standard input name files anywhere.
    folders = None if paths is not None and inside is None else chosen_folders(inside, values["everywhere"])
    return replace(options, folders=folders, paths=paths)


def read_list(source: str | None) -> list[Path] | None:
    """The paths of a list: a file, or standard input for ``-``; NUL or line ends between them."""
    from emoir.cells import read_content

    if source is None:
        return None
    try:
        content = read_content(Path(source))
    except OSError as error:
        raise QueryError(
            f"--from {source}: {error.strerror}; name a list of files, or - for standard input",
            chinese=f"--from {source}：{error.strerror}；请写一个文件列表的路径，或用 - 读取标准输入",
        ) from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode()
    content = content.removeprefix(codecs.BOM_UTF8)
    by_line = [_unquoted(line.rstrip(b"\r")) for line in content.split(b"\n")]
    lines = content.split(b"\0") if b"\0" in content else by_line
    return [Path(line.decode(sys.getfilesystemencoding(), "surrogateescape")) for line in lines if line]


def _unquoted(line: bytes) -> bytes:
    """A path as Windows copies it, without its quotes, unless they are part of a file's name."""
    bare = line.strip()
    quoted = len(bare) > 2 and bare.startswith(b'"') and bare.endswith(b'"') and not os.path.lexists(line)
    return bare[1:-1] if quoted else line


def say_what_is_not_indexed(photos: Collection, options: SearchOptions) -> None:
    """Name the number of listed files that the index does not know."""
    from emoir.cells import spellings
    from emoir.index.base import as_file, as_folder, as_path
    from emoir.index.near_names import near_names

    files = as_paths(options.paths or ())

    def is_known(file: Path) -> bool:
        return any(photos.images.id_of(name) is not None for name in spellings(as_file(os.path.expanduser(file))))

    missing = [file for file in files if not is_known(file)]
    if files and missing:
        echo_err(text("not listed", missing=len(missing), count=len(files), file=missing[0]))
        for file in missing[:SHOWN_NEAR]:
            place = as_file(os.path.expanduser(file))
            folder = as_folder(Path(os.path.expanduser(file)).parent)
            near = near_names([str(file)], photos.images.names_in(folder)).get(str(file), ())
            near = near or tuple(str(as_path(path)) for path in photos.images.paths_called(os.path.basename(place)))
            if near:
                echo_err(text("mean", name=file, near=text("or").join(near)))
