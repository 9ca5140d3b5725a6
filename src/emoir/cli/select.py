"""emoir select: choose stimuli."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from emoir.cli.export import measured
from emoir.cli.listing import ListFormat, ListOptions, echo_list
from emoir.cli.options import IndexOption, record_options
from emoir.cli.output import Exit, echo_aligned, echo_err
from emoir.cli.search_options import say_what_is_not_indexed, search_options
from emoir.limits import Limits
from emoir.search.options import SearchOptions

if TYPE_CHECKING:
    from emoir.models import ModelFolder
    from emoir.select import CandidatePool, Stimuli


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectOptions:
    """Options of ``emoir select`` beside those that say which images to choose from."""

    n: Annotated[int, typer.Option("-n", min=1, help="Number of images; with --condition, of each.")] = 20
    per_folder: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--per-folder", min=1, help="Most images from one folder; with --condition, of each."),
    ] = None
    condition: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--condition",
            help="A condition to match with others; give two or more: 'calm: valence 0.6.., arousal ..0.4'.",
        ),
    ] = None
    factor: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--factor",
            help="A factor of a design, whose levels are crossed with those of others: "
            "'valence: negative ..0.4, positive 0.6..'.",
        ),
    ] = None
    match: Annotated[
        str,
        typer.Option(
            "--match",
            help="What conditions must agree on. Default: luminance, contrast, colourfulness, complexity, size.",
            show_default=False,
        ),
    ] = "luminance,contrast,colourfulness,complexity,size"
    validity: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--validity",
            help="Correlation of the model with raters on such images, such as valence=0.47: adds the difference "
            "to expect of raters.",
        ),
    ] = None
    skip_training_images: Annotated[
        bool,
        typer.Option("--skip-training-images", help="Leave out images that the model learnt from, in any encoding."),
    ] = False
    pool: Annotated[
        int, typer.Option("--pool", min=1, help="Number of images per condition to measure and choose from.")
    ] = 400
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of chance: the same seed chooses the same images.")] = 0
    index: IndexOption = None


@search_options(ranked=False)
@record_options("chosen")
@record_options("listing")
def select(
    options: SearchOptions,
    chosen: SelectOptions,
    listing: ListOptions,
) -> None:
    """Choose stimuli at random: images that meet conditions, no near duplicates.

    With --condition given twice or more, matched sets: as many images of each condition, which differ in emotion and
    agree, set by set, on luminance, contrast and the like. The balance is printed on standard error, or is part of
    the JSON. Conditions need: pip install "emoir[research]"
    """
    from emoir.collection import Collection
    from emoir.errors import QueryError
    from emoir.select import (
        CandidatePool,
        cross_factors,
        matched_stimuli,
        parse_factor,
        parse_stimulus_condition,
        parse_validity,
        pools_of,
        sample_images,
        select_stimuli,
    )
    from emoir.select.balance import balance_table
    from emoir.select.matching import assignment_solver, numeric_columns, variable_unit

    if chosen.condition and chosen.factor:
        raise QueryError(
            "--condition or --factor: give conditions, or factors whose levels make them",
            chinese="--condition 和 --factor 只能用其一：请写条件，或写由各水平组成条件的因素",
        )
    conditions = [parse_stimulus_condition(text) for text in chosen.condition or []]
    if chosen.factor:
        conditions = cross_factors([parse_factor(text) for text in chosen.factor])
    names = [one.name for one in conditions]
    if len(names) == 1 or len(set(names)) < len(names):
        raise QueryError(
            f"--condition {', '.join(names)}: name two different conditions or more, or none",
            chinese=f"--condition {'、'.join(names)}：请写两个以上不同的条件，或者一个也不写",
        )
    variables = list(dict.fromkeys(name.strip() for name in chosen.match.split(",") if name.strip()))
    if not variables:
        raise QueryError("--match names nothing to agree on", chinese="--match 没有写要在什么上保持一致")
    if not conditions:
        # With conditions it is known later which columns the catalogue has.
        for name in variables:
            variable_unit(name)
    correlations = parse_validity(chosen.validity or [])
    wanted = {one.name: one.joined_to(options.filters) for one in conditions} or {"": options.filters}
    with Collection(chosen.index) as photos:
        model = photos.model_folder
        say_what_is_not_indexed(photos, options)
        candidates = {name: CandidatePool(*photos.rows(options, filters=filters)) for name, filters in wanted.items()}
    for one in conditions:
        candidates[one.name] = candidates[one.name].meeting(one)
    for name, found in candidates.items():
        if not found.metadata:
            unmet = f"the condition {name}" if name else "all conditions"
            echo_err(f"no image that is indexed here meets {unmet}; loosen one, or look elsewhere with --everywhere")
            raise typer.Exit(Exit.NOTHING_FOUND)
    size = max(chosen.pool, chosen.n)
    if not conditions:
        only = candidates[""]
        if chosen.skip_training_images:
            drawn = sample_images(only, size, per_folder=chosen.per_folder, seed=chosen.seed)
            only = _new_to(model, only.take(sorted(drawn)))
        stimuli = select_stimuli(only, chosen.n, per_folder=chosen.per_folder, seed=chosen.seed)
    else:
        # Asked for before the long part begins.
        assignment_solver()
        columns = numeric_columns(entry for found in candidates.values() for entry in found.metadata)
        for name in variables:
            variable_unit(name, columns)
        pools, shared = pools_of(candidates, per_folder=chosen.per_folder, seed=chosen.seed, size=size)
        if shared:
            echo_err(f"{shared:,} images meet more than one condition and are left out")
        if chosen.skip_training_images:
            pools = {name: _new_to(model, some) for name, some in pools.items()}
        features = {name: [*measured(some.metadata, options.limits)] for name, some in pools.items()}
        norms = [name for one in conditions for name in one.columns]
        stimuli = matched_stimuli(
            pools, features, chosen.n, variables=variables, shown=norms, validity=correlations, seed=chosen.seed
        )
    if not chosen.skip_training_images:
        _say_what_is_known_to(model, stimuli)
    _put(stimuli, listing, options.limits)
    if stimuli.balance and (listing.nul or listing.format is not ListFormat.json):
        echo_err("")
        echo_aligned(balance_table(stimuli.balance, stimuli.conditions), echo_err)
        echo_err(
            "difference: the largest between two conditions, of means, in standard deviations; at most: what it may be "
            "all the same (two one-sided tests, 5 %); before: without matching"
        )


def _new_to(model: ModelFolder, pool: CandidatePool) -> CandidatePool:
    """The candidates that a model has not learnt from, and a note on what is left out."""
    from emoir.evaluate.leakage import seen_in_training
    from emoir.index.base import as_path

    seen = seen_in_training([as_path(entry.path) for entry in pool.metadata], model)
    if seen.any():
        echo_err(f"left out: {seen.sum():,} of {len(seen):,} candidates, which {model.id} learnt from")
    return pool.take([row for row, known in enumerate(seen) if not known])


def _say_what_is_known_to(model: ModelFolder, stimuli: Stimuli) -> None:
    """How many of the chosen images a model learnt from: its readings of these are too good."""
    from emoir.errors import ModelError
    from emoir.evaluate.leakage import seen_in_training

    try:
        seen = seen_in_training([image.path for image in stimuli.images], model)
    except ModelError as error:
        echo_err(f"CAUTION: {error}")
        return
    if seen.any():
        echo_err(
            f"CAUTION: {model.id} learnt from {seen.sum():,} of these {len(seen):,} images, or from other encodings of "
            "them, and reads them better than others; --skip-training-images leaves them out"
        )


def _put(stimuli: Stimuli, listing: ListOptions, limits: Limits) -> None:
    leading = ["condition", "set"] if stimuli.conditions else []
    values = [[image.condition, str(image.set)] if leading else [] for image in stimuli.images]
    echo_list(stimuli.images, leading, values, listing, limits=limits, to_json=stimuli.to_json)
