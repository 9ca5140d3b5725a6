"""Records: what the service takes and gives, as its OpenAPI description shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from emoir.emotions.reading import EmotionReading
from emoir.index.base import ImageMetadata, as_path
from emoir.index.ratings import Rating
from emoir.names import printable

# Images of a lower valence are blurred until asked for.
DISTURBING = 0.2
MAX_ID = 2**32 - 1
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Unit = Annotated[float, Field(ge=0, le=1, strict=True)]


class ApiModel(BaseModel):
    """Base of the records: what is not known here is refused, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Reading(ApiModel):
    """What an image evokes."""

    distributions: dict[str, dict[str, float]] = Field(description="Space to class to the share of viewers naming it.")
    valence: float = Field(description="0 unpleasant to 1 pleasant.")
    arousal: float = Field(description="0 calm to 1 excited.")
    confidence: float = Field(description="Calibrated probability that the top class is the raters' own.")
    monochrome: bool = Field(description="The picture has no colours of its own.")
    model: str


class CatalogueEntry(ApiModel):
    """The record of a file in an archive's catalogue."""

    id: str | None
    title: str | None
    url: str | None = Field(description="As the catalogue has it: check it before making a link of it.")
    columns: dict[str, str]


class Image(ApiModel):
    """An indexed image in a list of results."""

    id: int
    name: str = Field(description="File name; undecodable bytes and control characters are escaped.")
    path: str
    width: int
    height: int
    taken: str | None = Field(description="As the camera wrote it, 2019:06:01 12:00:00.")
    incomplete: bool = Field(description="A part of the picture is missing from its file.")
    emotion: str = Field(description="Top class of the first space.")
    share: float = Field(description="Its share.")
    valence: float
    arousal: float
    confidence: float
    sure: bool = Field(description="The confidence is high enough to call the image by that emotion.")
    disturbing: bool = Field(description="To be blurred until asked for: very unpleasant by its reading, or marked so.")
    rated: str | None = Field(default=None, description="Emotion that the rater asked for names it by.")
    record: CatalogueEntry | None

    @classmethod
    def of(cls, metadata: ImageMetadata, reading: EmotionReading, path: Path | None = None) -> Image:
        """An image as lists show it.

        Args:
            metadata: what the index knows of it.
            reading: its emotion.
            path: of the copy to name; default: the first.
        """
        file = path or as_path(metadata.path)
        space = next(iter(reading.distributions))
        top = reading.top(space)
        return cls(
            id=metadata.id,
            name=printable(file.name),
            path=printable(file),
            width=metadata.width,
            height=metadata.height,
            taken=metadata.taken,
            incomplete=metadata.incomplete,
            emotion=top,
            share=round(reading.distributions[space][top], 4),
            valence=round(reading.valence, 4),
            arousal=round(reading.arousal, 4),
            confidence=round(reading.confidence, 4),
            sure=not reading.unsure,
            disturbing=reading.valence < DISTURBING if metadata.disturbing is None else metadata.disturbing,
            record=None if metadata.record is None else CatalogueEntry(**metadata.record.to_dict()),
        )


class Hit(Image):
    """An image that a search found."""

    score: float = Field(description="Probability that a rater would agree; for colours, how much alike they are.")
    parts: dict[str, float] = Field(description="How well each term alone fits, uncalibrated.")


class QueryTerm(ApiModel):
    """A clause of a query: one term, or several that must all be there."""

    text: str = Field(description="In the query grammar, without weight and sign.")
    weight: float = Field(description="Negative: not wanted.")
    kind: Literal["words", "image", "reading", "point", "colours", "both"] = Field(description="Both: joined by &.")
    emotions: list[str] = Field(description="Classes of the model's first space that its words mean mostly.")


class SearchPage(ApiModel):
    """A page of hits."""

    query: str = Field(description="As understood, in the query grammar.")
    terms: list[QueryTerm]
    unknown: list[str] = Field(description="Words that were not understood and not used.")
    content: list[str] = Field(description="Words that were looked for in what the pictures show.")
    similarity: bool = Field(description="Whether these are scored by similarity alone, for want of labels.")
    searched: int = Field(description="Images that were compared.")
    hidden: int = Field(description="Images left out because they fit weakly.")
    hits: list[Hit]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class Shelf(ApiModel):
    """The images that show an emotion most."""

    emotion: str = Field(description="A class of the model's first space.")
    hits: list[Hit] = Field(description="Only images that are named by it; near duplicates once; at least one.")


class Shelves(ApiModel):
    """A shelf for every emotion."""

    images: int = Field(description="Images in the index.")
    shelves: list[Shelf] = Field(description="In the order of the space; emotions without an image are left out.")
    unsure: list[Hit] = Field(description="Images that the model does not name, from the middle of the plane outwards.")


class Word(ApiModel):
    """A word that a query may hold; those for things have no place on the plane."""

    word: str
    valence: float | None
    arousal: float | None


class Space(ApiModel):
    """An emotion space of the model."""

    name: str
    classes: list[str]
    chinese: list[str] | None = Field(description="The classes in Chinese, where emoir knows the space.")
    unsure_below: float = Field(description="Images of lower confidence are not named by the model.")


class Description(ApiModel):
    """An uploaded image, read and forgotten."""

    reading: Reading
    code: str = Field(description="The reading as a term: ask for reading:CODE.")
    colours: dict[str, float] = Field(description="Dominant colours and their shares.")
    words: list[str] = Field(description="What its colours and texture are called.")


class RatingRecord(ApiModel):
    """A rating as kept."""

    id: int
    image: int
    rater: str
    emotion: str | None
    valence: float | None
    arousal: float | None
    moment: str

    @classmethod
    def of(cls, rating: Rating) -> RatingRecord:
        """The same as JSON takes it."""
        return cls(**{name: getattr(rating, name) for name in cls.model_fields})


class ImageDetail(Image):
    """All that is known of an indexed image."""

    reading: Reading
    files: list[str] = Field(description="Every file that holds this image.")
    rating: RatingRecord | None = Field(description="What the rater asked for says of it.")
    colours: dict[str, float] = Field(description="Its palette, largest share first.")


class Changed(ApiModel):
    """The picture with one thing changed, and how it reads then."""

    name: str
    probability: float
    change: float
    picture: str = Field(description="Address of the changed picture.")


class ExplanationRecord(ApiModel):
    """Why an image reads as it does."""

    emotion: str
    space: str
    probability: float
    sentence: str
    seen: str = Field(description="Address of the picture as the network saw it.")
    map: str = Field(description="Address of the map of what speaks for it: to be laid over the picture.")
    changed: list[Changed]


class Share(ApiModel):
    """A name and how much of a collection it is."""

    name: str = Field(description="Of a folder, below what all folders share; a month or year; empty for all others.")
    folder: str | None = Field(description="The folder, as searches take it.")
    images: int
    emotions: dict[str, float] = Field(description="Mean distribution over the first space.")
    valence: float
    arousal: float


class FailureRecord(ApiModel):
    """A file that could not be read."""

    path: str
    cause: str
    chinese: str = Field(description="The cause in Chinese, as far as it is known.")


class CollectionRecord(ApiModel):
    """What is in the index."""

    images: int
    files: int
    model: str
    licence: str
    roots: list[str]
    emotions: dict[str, float] = Field(default={}, description="Mean distribution over the first space.")
    valence: float | None = None
    arousal: float | None = None
    unsure: int = Field(default=0, description="Images that the model is not sure enough of to name an emotion.")
    folders: list[Share] = []
    months: list[Share] = Field(default=[], description="By year where there are many.")
    palettes: dict[str, dict[str, float]] = Field(
        default={}, description="Emotion to the colours that its images have more of than all, and their shares."
    )
    most: dict[str, list[Image]] = Field(default={}, description="Emotion to its images of which the model is surest.")
    uncertain: list[Image] = []
    failures: list[FailureRecord]
    failed: int
    incomplete: list[str] = Field(description="Files that were read though a part of the picture is missing.")
    partial: int = Field(description="How many of these there are.")


class NewRating(ApiModel):
    """A person's rating of an image."""

    image: Id
    rater: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$")]
    emotion: str | None = None
    valence: Unit | None = None
    arousal: Unit | None = None


class RatingState(ApiModel):
    """Ratings so far."""

    ratings: int
    raters: dict[str, int] = Field(description="Rater to the number of images rated.")
    images: int = Field(description="Images with at least one rating.")
    shared: int = Field(description="Images with at least two.")
    emotion_agreement: float | None = Field(description="Krippendorff's alpha of the emotions; null if undefined.")
    valence_agreement: float | None
    arousal_agreement: float | None


class NextToRate(ApiModel):
    """The image to rate next."""

    image: Image | None = Field(description="Null when all are rated.")
    done: int
    images: int


class Mark(ApiModel):
    """A mark that a person sets on an image."""

    disturbing: bool | None = Field(strict=True, description="Null leaves it to the model.")


class SelectedImages(ApiModel):
    """Some indexed images."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=10_000)]
