"""How a network is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emoir.training.augmentation import Augmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How to train; together with the data, the network's config and the seed it fixes the result.

    Args:
        epochs: passes over the images.
        batch: images per step.
        learning_rate: peak of the one-cycle schedule.
        weight_decay: of AdamW, on matrices only.
        ema: decay of the averaged weights, which are what is kept.
        seed: of the initialisation's caller, the order, the augmentation and the dropout.
        weights: factor per head, 1 where not named.
        augmentation: limits of the augmentation.
        mixup: both parameters of the Beta distribution by which pairs of images, and their losses, are mixed; 0 mixes
            none (Zhang, H. et al. (2018). mixup: beyond empirical risk minimization. ICLR).
        published: whether to train as AlexNet was published: stochastic gradient descent with momentum 0.9 and
            weight decay on everything, the rate divided by ten after a half and three quarters of the steps, no
            averaged weights, no label smoothing. Gradients are clipped all the same: at the published rate in batches
            as small as ours the first steps would throw the weights far off.
        bfloat16: whether convolutions run in bfloat16 where the processor has it; elsewhere it would take ten
            times as long, and they run in float32.
    """

    epochs: int = 10
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    ema: float = 0.998
    seed: int = 0
    weights: Mapping[str, float] = field(default_factory=dict)
    augmentation: Augmentation = field(default_factory=Augmentation)
    mixup: float = 0.0
    published: bool = False
    bfloat16: bool = False
