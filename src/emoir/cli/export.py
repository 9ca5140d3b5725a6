"""emoir export: readings, features and vectors for other programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from emoir.cli.options import FoldersOption, IndexOption, LimitsOption, record_options
from emoir.cli.output import Exit, cause_text, echo_err, number_of, spoken, text
from emoir.cli.progress import counted
from emoir.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from emoir.collection import Collection
    from emoir.emotions.reading import EmotionReadings
    from emoir.export import ExportTable
    from emoir.extract.features import Features
    from emoir.index.base import ImageMetadata


class ExportFormat(str, Enum):
    """How readings are exported."""

    csv = "csv"
    json = "json"
    parquet = "parquet"
    npy = "npy"
    excel = "excel"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureOptions:
    """Options of ``emoir export`` of features."""

    features: Annotated[
        bool,
        typer.Option("--features", help="Also measure every image's colours and texture; as npy, the features alone."),
    ] = False
    native: Annotated[
        bool,
        typer.Option("--native", help="Measure features at every picture's own size, not at 128 x 128 pixels: slower."),
    ] = False
    codebook: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--codebook",
            help="Write here what every column means. Default with --features: beside the output.",
            show_default=False,
        ),
    ] = None


@record_options("measuring")
def export(
    measuring: FeatureOptions,
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--output", "-o", help="The file to write. Default: standard output.", show_default=False),
    ] = None,
    format: Annotated[
        Optional[ExportFormat],  # noqa: UP045
        typer.Option(
            "--format",
            help="Readings as csv, excel (CSV that spreadsheets open), json or parquet, vectors as npy. "
            "Default: by the output's suffix, or csv.",
            show_default=False,
        ),
    ] = None,
    xmp: Annotated[
        bool,
        typer.Option(
            "--xmp", help="Write a sidecar (.xmp) beside every image, for photo managers; images stay untouched."
        ),
    ] = False,
    limits: LimitsOption = DEFAULT_LIMITS,
    folders: FoldersOption = None,
    index: IndexOption = None,
) -> None:
    """Export readings, features or row vectors, in the order of the paths.

    All indexed images are exported unless --in names folders. Features are measured from the files, which takes
    some hundredths of a second per image.
    """
    from emoir.collection import Collection
    from emoir.errors import EmoirError
    from emoir.export import (
        image_table,
        vector_columns,
        write_codebook,
        write_csv,
        write_json,
        write_matrix,
        write_parquet,
    )
    from emoir.images.features import FEATURES
    from emoir.index.layout import RowLayout

    features, native, codebook = measuring.features, measuring.native, measuring.codebook
    if xmp:
        if output or format or features or native or codebook:
            raise typer.BadParameter("--xmp writes beside the images; leave out the other options of the output")
        with Collection(index) as photos:
            metadata, readings, _ = photos.rows(folders=folders)
            write_sidecars(photos, metadata, readings)
        return
    if native and not features:
        raise typer.BadParameter("--native says how features are measured: give --features as well")
    if format is None:
        format = _format_of(output)
    if format in (ExportFormat.parquet, ExportFormat.npy) and output is None:
        raise typer.BadParameter(f"{format.value} is not text: name a file with --output")
    if codebook is None and features and output is not None:
        # The columns of a matrix are others than those of a table.
        name = output.name if output.suffix == ".npy" else output.stem
        codebook = output.with_name(f"{name}.codebook.csv")
    for file in (output, codebook):
        # Found out before the long part begins.
        if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
            raise EmoirError(f"{file}: name a file in a folder that is there")
    with Collection(index) as photos:
        metadata, readings, vectors = photos.rows(folders=folders)
    if not metadata:
        echo_err(text("nothing there"))
        raise typer.Exit(Exit.NOTHING_FOUND)
    table = image_table(metadata, readings, measured(metadata, limits, native=native) if features else None)
    columns = table.columns
    if format is ExportFormat.npy and output is not None:
        columns = vector_columns(RowLayout.of(readings))
        if features:
            columns = tuple(column for column in FEATURES if column.unit != "text")
            vectors = table.numbers(columns).astype("float32")
        write_matrix(vectors, output)
    elif format is ExportFormat.parquet and output is not None:
        write_parquet(table, output)
    elif format is ExportFormat.json:
        write_json([*_nested(metadata, readings, table)], output)
    else:
        write_csv(table, output, excel=format is ExportFormat.excel)
    if output is not None:
        echo_err(text("written", what=number_of(len(metadata), "image"), file=output))
    if codebook is not None:
        write_codebook(columns, codebook)
        echo_err(text("codebook", file=codebook))
    if features and None in table.values["lightness"]:
        raise typer.Exit(Exit.SOME_FAILED)


def write_sidecars(photos: Collection, metadata: Sequence[ImageMetadata], readings: EmotionReadings) -> None:
    """A sidecar for every image, with a progress bar; images whose sidecar cannot be written are named."""
    from emoir.errors import EmoirError
    from emoir.export.xmp import sidecar_labels, write_sidecar
    from emoir.index.base import as_path

    failed = 0
    labels = sidecar_labels(metadata, readings, photos.ratings.all())
    for item, label in counted(zip(metadata, labels, strict=True), text("writing sidecars"), len(metadata)):
        try:
            write_sidecar(as_path(item.path), label)
        except (EmoirError, OSError) as error:
            failed += 1
            echo_err(f"{as_path(item.path)}: {spoken(error)}")
    echo_err(text("sidecars", what=number_of(len(metadata) - failed, "sidecar")))
    if failed:
        raise typer.Exit(Exit.SOME_FAILED)


def _nested(
    metadata: Sequence[ImageMetadata], readings: EmotionReadings, table: ExportTable
) -> Iterator[dict[str, Any]]:
    """The images as JSON takes them: distributions, record and features are objects of their own."""
    from emoir.images.features import FEATURES

    measured = [column.name for column in FEATURES if column.name in table.values]
    for item, reading, row in zip(metadata, readings, table.rows(), strict=True):
        entry = {"path": row["path"], "id": item.id, **reading.to_dict()}
        entry |= {name: row[name] for name in ("width", "height", "taken", "incomplete")}
        entry |= {"record": None if item.record is None else item.record.to_dict()}
        yield entry | ({"features": {name: row[name] for name in measured}} if measured else {})


def measured(metadata: Sequence[ImageMetadata], limits: Limits, *, native: bool = False) -> Iterator[Features | None]:
    """The features of images, with a progress bar; those that cannot be measured are named on standard error."""
    from emoir.extract.base import Failure
    from emoir.extract.features import measure_files
    from emoir.index.base import as_path

    files = [(as_path(item.path), item.modified_ns) for item in metadata]
    answers = counted(measure_files(files, native=native, limits=limits), text("measuring images"), len(files))
    for (path, _), answer in zip(files, answers, strict=True):
        if isinstance(answer, Failure):
            echo_err(f"{path}: {cause_text(answer.cause)}")
        yield None if isinstance(answer, Failure) else answer


def _format_of(output: Path | None) -> ExportFormat:
    """The format that a file's suffix names."""
    if output is None:
        return ExportFormat.csv
    try:
        return ExportFormat(output.suffix.removeprefix("."))
    except ValueError:
        known = ", ".join(f".{choice.value}" for choice in ExportFormat)
        raise typer.BadParameter(f"{output.name}: end it in {known}, or name the format with --format") from None
