"""The rows of the paper's protocol: which networks are compared, and how often each is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace

from emoir.experiment.variants import COLOUR, TEXTURE, ModelVariant

OTHER_SEEDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolRow:
    """One row of the protocol.

    Args:
        letter: by which endpoints name it.
        variant: the network.
        rates: learning rates to choose from, the first of which is tried with everything else.
        seeds: how often it is trained on the sets that decide; on the others ``OTHER_SEEDS`` times.
        settings_from: the row whose chosen settings it takes; None: it chooses its own.
        length, rate: of such a row, factors of that row's epochs and learning rate.
    """

    letter: str
    variant: ModelVariant
    rates: tuple[float, ...] = (2e-3,)
    seeds: int = OTHER_SEEDS
    settings_from: ProtocolRow | None = None
    length: int = 1
    rate: float = 1.0


ROWS = (
    ProtocolRow(letter="A", variant=ModelVariant(name="A, AlexNet"), rates=(5e-4, 2e-4, 1e-3)),
    ProtocolRow(letter="B", variant=ModelVariant(name="B, RGB", planes=("srgb",)), seeds=3),
    ProtocolRow(letter="C", variant=ModelVariant(name="C, planes", planes=(*COLOUR, *TEXTURE))),
    ProtocolRow(
        letter="D",
        variant=ModelVariant(name="D, planes + statistics", planes=(*COLOUR, *TEXTURE), statistics="own"),
        seeds=3,
    ),
    ProtocolRow(letter="E", variant=ModelVariant(name="E, RGB + shuffled", planes=("srgb",), statistics="shuffled")),
)
"""What is trained. Row F averages runs of B, and the fallback of D fuses C with a probe: neither needs a run."""
FOLLOWING_ROWS = (
    ProtocolRow(
        letter="A×2",
        variant=replace(ROWS[0].variant, name="A×2, AlexNet twice as long"),
        seeds=1,
        settings_from=ROWS[0],
        length=2,
    ),
    *(
        ProtocolRow(
            letter=f"{row.letter}′",
            variant=replace(row.variant, name=f"{row.letter}′, label-free pre-training", pretrained=True),
            settings_from=row,
            rate=0.5,
        )
        for row in (ROWS[0], ROWS[3])
    ),
)
"""What runs after all others, on the sets that decide: whether A was stopped too early, and what A and D gain from
pre-training without labels."""
