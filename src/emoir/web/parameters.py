"""Parameters: what search and shelves take and how forms ask for it, made from the records that declare the options."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Value

from emoir.search.option_text import Control
from emoir.search.options import FilterOptions, SearchOptions
from emoir.web.records import ApiModel, Id

ShortText = Annotated[str, Value(max_length=100)]
# Options whose value is no short text, by name, with the most values of a list.
_KINDS: dict[str, Any] = {
    "emotion": list[ShortText],
    "monochrome": bool,
    "folders": list[str],
    "positive_ids": list[Id],
    "negative_ids": list[Id],
    "diverse": bool,
    "min_score": Annotated[float, Value(ge=0, le=1)],
}
_MOST = {"emotion": 20, "folders": 50, "positive_ids": 50, "negative_ids": 50}
# What the service decides, or says in a way of its own.
_OURS = frozenset({"n", "start", "paths", "filters", "limits"})
# What only a query has, or a page of its answer.
_OF_QUERIES = frozenset({"positive_ids", "negative_ids", "diverse", "min_score"})
_PAGE = {"q", "limit", "cursor"}
_FOLDERS = "Only images in these folders, which lie in folders that were indexed."


class FilterControl(ApiModel):
    """A filter of a search, as a form asks for it."""

    name: str = Value(description="Of the parameter of /search.")
    kind: Literal["range", "choice", "text"]
    help: str
    label: tuple[str, str] = Value(description="In English and Chinese.")
    several: bool = Value(description="The parameter may be repeated.")
    most: float | None = Value(description="The largest number of a range, whose smallest is 0.")
    choices: dict[str, tuple[str, str]] = Value(description="Each value with its names in English and Chinese.")
    example: str | None


def filter_controls() -> list[FilterControl]:
    """Every filter of ``FilterOptions``, in its order."""
    return [_control(option, option.metadata["control"]) for option in fields(FilterOptions)]


def _control(option: Field[Any], control: Control) -> FilterControl:
    return FilterControl(
        name=option.name,
        kind="choice" if control.choices else "text" if control.most is None else "range",
        help=option.metadata["help"],
        label=control.label,
        several=option.default == (),
        most=control.most,
        choices=dict(control.choices),
        example=control.example,
    )


class Conditions(BaseModel):
    """What narrows and orders an answer; what is not known here is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")

    def options(self) -> dict[str, Any]:
        """The search options that were given, by name, as ``SearchOptions.parse`` takes them."""
        return self.model_dump(exclude=_PAGE, exclude_none=True)


class PageParameters(Conditions):
    """A query, and a page of its answer."""

    q: Annotated[str, Value(min_length=1, max_length=2000, description="Query, such as: awe - fear")]
    limit: Annotated[int, Value(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Value(pattern=r"^\d{1,6}$", description="From the page before.")] = None


def _parameter(option: Field[Any]) -> Any:
    kind = _KINDS.get(option.name, ShortText)
    help, most = option.metadata.get("help", _FOLDERS), _MOST.get(option.name)
    # Earlier versions of FastAPI know a list only where nothing stands around it.
    return (kind | None, Value(default=None, description=help, max_length=most))


def _parameters(but: frozenset[str]) -> dict[str, Any]:
    options = (*fields(FilterOptions), *fields(SearchOptions))
    return {option.name: _parameter(option) for option in options if option.name not in but}


if TYPE_CHECKING:
    SearchParameters = PageParameters
    ShelfParameters = Conditions
else:
    SearchParameters = create_model("SearchParameters", __base__=PageParameters, **_parameters(_OURS))
    ShelfParameters = create_model("ShelfParameters", __base__=Conditions, **_parameters(_OURS | _OF_QUERIES))
