"""emoir train: fine-tune the shipped network, or fit heads on an encoder, with your labels."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

import typer

from emoir.cli.options import (
    LabelOption,
    ModelOption,
    ScaleOption,
    SpaceOption,
    parse_scale,
    record_options,
    share_cache_with_matplotlib,
)
from emoir.cli.output import echo, echo_err


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """Options of ``emoir train``."""

    data: Annotated[Path, typer.Argument(help="A published set's folder, a folder per class, or a labels.csv.")]
    out: Annotated[Path, typer.Option("--out", help="The model folder to make, for --model.")]
    space: SpaceOption = None
    label: LabelOption = None
    scale: ScaleOption = "0,1"
    encoder: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--encoder",
            help="Fit heads on this encoder instead: an ONNX file, a folder as the Hugging Face hub lays it out, or "
            "hf:OWNER/NAME[@REVISION].",
            show_default=False,
        ),
    ] = None
    content: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--content",
            help="With --encoder, whether people see a phrase in a picture: a table of path, content and agreement, "
            "0 to 1. Calibrates what a text tower answers.",
            show_default=False,
        ),
    ] = None
    from_scratch: Annotated[bool, typer.Option("--from-scratch", help="Begin with random weights.")] = False
    epochs: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--epochs", min=1, help="Passes over the images. Default: by their number."),
    ] = None
    keep_anyway: Annotated[
        bool, typer.Option("--keep-anyway", help="Write the model even if it does no better than guessing.")
    ] = False
    seed: Annotated[int, typer.Option("--seed", help="Seed of the split, the order and the augmentation.")] = 0
    model: ModelOption = None


@record_options()
def train(options: TrainOptions) -> None:
    """Fine-tune the shipped model on your labels, or fit heads on an encoder.

    Your classes become a space of their own beside the others. One image in five is held out to test what was
    learnt. Ctrl-C loses an epoch or half a minute: the same command goes on. Needs: pip install "emoir[train]"

    With --encoder, every image is embedded once and kept; heads are fitted with and without the numbers of colour and
    texture, and the better of the two is kept. Needs: pip install "emoir[encoder]"
    """
    share_cache_with_matplotlib()
    from emoir.errors import EmoirError

    if options.encoder is not None:
        if options.from_scratch or options.epochs is not None:
            raise EmoirError("--from-scratch and --epochs train a network; with --encoder only heads are fitted")
        _train_heads(options, options.encoder)
        return
    if options.content is not None:
        raise EmoirError("--content calibrates an encoder's text tower: name it with --encoder")
    try:
        from emoir.training.fine_tune import fine_tune
        from emoir.training.loop import use_one_thread
    except ImportError as error:
        raise EmoirError(f'training needs more packages ({error.name}): pip install "emoir[train]"') from None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from emoir.datasets import read_dataset

    use_one_thread()
    table = read_dataset(options.data, space=options.space, label=options.label, scale=parse_scale(options.scale))
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[loss]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("training", total=None, loss="")

        def report(step: int, steps: int, loss: float) -> None:
            progress.update(task, completed=step, total=steps, loss=f"loss {loss:.3f}")

        result = fine_tune(
            table,
            options.out,
            base=options.model,
            from_scratch=options.from_scratch,
            epochs=options.epochs,
            keep_anyway=options.keep_anyway,
            seed=options.seed,
            report=report,
        )
    echo(f"learnt from {result.training} images, tested on {result.held_out} that were held out")
    for name, (estimate, baseline) in result.metrics.items():
        echo(f"{name}: {estimate}; baseline {baseline:.3f}")
    if result.seen_before:
        echo_err(
            f"{result.seen_before} of the {result.held_out} held-out images were among those that the model it began "
            "with had learnt from: these figures flatter it"
        )
    _name_model(options.out)


def _name_model(folder: Path) -> None:
    echo_err(f"model: {folder}; use it with --model {shlex.quote(str(folder))}")


def _train_heads(options: TrainOptions, encoder: str) -> None:
    """Fit heads on an encoder, and say how good they are with and without colour and texture."""
    from emoir.cli.output import echo_aligned
    from emoir.errors import EmoirError

    try:
        import onnx  # noqa: F401

        from emoir.training.content_scores import read_content_labels
        from emoir.training.train_heads import calibrate_content, train_heads
    except ImportError as error:
        raise EmoirError(f'an encoder needs more packages ({error.name}): pip install "emoir[encoder]"') from None
    from rich.console import Console
    from rich.progress import Progress

    from emoir.datasets import read_dataset
    from emoir.models.hub import load_encoder
    from emoir.models.model import Model
    from emoir.models.text_tower import TEXT_GRAPH

    table = read_dataset(options.data, space=options.space, label=options.label, scale=parse_scale(options.scale))
    content = None if options.content is None else read_content_labels(options.content)
    found = load_encoder(encoder)
    if content is not None:
        if found.text is None:
            raise EmoirError(f"{encoder} has no {TEXT_GRAPH} beside its graph, so --content calibrates nothing")
        # A phrase that is too long is found now, not when the heads are fitted.
        for phrase in content.phrases:
            found.text.tokens(phrase)
    with Progress(console=Console(stderr=True)) as progress:
        tasks = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        result = train_heads(
            table,
            found,
            options.out,
            base=Model(options.model),
            keep_anyway=options.keep_anyway,
            seed=options.seed,
            report=report,
        )
    if content is not None:
        calibrate_content(options.out, found, content)
    echo(f"learnt from {result.images} images; figures on the fifth that each of five fits had not seen")
    rows = [["", "encoder alone", "with colour and texture", "by guessing"]]
    for key, alone in result.without.items():
        rows.append([str(key), str(alone), str(result.with_numbers[key]), str(alone.baseline)])
    echo_aligned(rows)
    kept = "with" if result.numbers else "without"
    echo(f"kept: {kept} the numbers of colour and texture, by the held-out loss")
    if found.text is not None:
        scores = "similarity" if content is None else f"{len(content.paths)} labels of content"
        echo(f"content: phrases are scored by {scores}")
    _name_model(options.out)
