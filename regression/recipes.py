"""Recipes: how the age model is trained, as settings, and the named ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT
from boneage.regression.augmentation import AugmentationSettings
from boneage.regression.losses import LossName

Precision = Literal["float32", "bfloat16"]

_ANY_DOWNSAMPLING = AugmentationSettings(drop_region=0.0, sharp=0.5, max_blur=0.7)  # pictures downsampled by any method


@dataclass(frozen=True)
class Recipe:
    """Settings of a training.

    Parameters
    ----------
    optimiser : {"adamw", "sgd"}
        SGD with momentum 0.9.
    schedule : {"one_cycle", "constant"}
        Course of the learning rate; ``learning_rate`` is its maximum.
    loss : {"smooth_l1", "mse"}
    region_loss : float
        Weight of the regions' own errors in the loss. Fusion by inverse variance has a loss of its own, the
        Gaussian likelihood of every region's age, and ignores ``loss`` and ``region_loss``.
    stratum_weight : float
        From 0 to 1: how far rare ages and sexes are weighted up in the loss; see
        :func:`~boneage.regression.losses.stratum_weights`.
    epochs, batch_size : int
    learning_rate, weight_decay : float
    precision : {"float32", "bfloat16"}
        Of the layers' arithmetic in training; weights and predictions stay float32. The second is twice as fast on
        processors that have instructions for it (AVX-512 BF16, AMX) and on GPUs, and many times slower without AVX-512.
    pretrained_rate : float
        Learning rate of pretrained layers, as a part of ``learning_rate``.
    average_weights : float
        Decay of the exponential moving average of the weights (Polyak averaging [1]_) that the trained network has; 0
        keeps the weights of the last step. See :class:`~boneage.regression.weight_average.WeightAverage`.
    sides : tuple of int
        Sides in pixels that pictures are resized to in the course of the training (progressive resizing [2]_), which is
        split evenly among them; the last is that of the regions, so that prediction reads what was trained last. Empty
        to train at that side alone.
    augmentation : AugmentationSettings or None
        ``None`` leaves every hand as it is.

    References
    ----------
    .. [1] Polyak, Juditsky. Acceleration of stochastic approximation by averaging. SIAM J. Control Optim. 30, 1992.
    .. [2] Karras, Aila, Laine, Lehtinen. Progressive growing of GANs. ICLR 2018; for classification Tan, Le.
       EfficientNetV2. ICML 2021.
    """

    __pydantic_config__ = STRICT

    optimiser: Literal["adamw", "sgd"] = "adamw"
    schedule: Literal["one_cycle", "constant"] = "one_cycle"
    loss: LossName = "smooth_l1"
    region_loss: float = 0.5
    stratum_weight: float = 0.0
    epochs: int = 60
    batch_size: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    precision: Precision = "float32"
    pretrained_rate: float = 0.1
    average_weights: float = 0.0
    sides: tuple[int, ...] = ()
    augmentation: AugmentationSettings | None = field(default_factory=AugmentationSettings)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"{name} must be at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0 or not self.weight_decay >= 0 or not self.region_loss >= 0:
            raise InvalidInput(
                "learning_rate must be positive, weight_decay and region_loss not negative, "
                f"got {self.learning_rate}, {self.weight_decay}, {self.region_loss}"
            )
        if not 0 <= self.stratum_weight <= 1:
            raise InvalidInput(f"stratum_weight must be from 0 to 1, got {self.stratum_weight}")
        if not 0 < self.pretrained_rate <= 1:
            raise InvalidInput(f"pretrained_rate must be above 0 and at most 1, got {self.pretrained_rate}")
        if not 0 <= self.average_weights < 1:
            raise InvalidInput(f"average_weights must be at least 0 and below 1, got {self.average_weights}")
        if any(not 8 <= side <= max(self.sides) == self.sides[-1] for side in self.sides):
            raise InvalidInput(f"sides must be at least 8 pixels and the last the largest, got {self.sides}")
        named = ((self.optimiser, ("adamw", "sgd")), (self.schedule, ("one_cycle", "constant")),
                 (self.loss, ("smooth_l1", "mse")), (self.precision, ("float32", "bfloat16")))  # fmt: skip
        for value, known in named:
            if value not in known:
                raise InvalidInput(f"{value!r} is not one of {', '.join(known)}")

    def side_of_epoch(self, epoch: int) -> int | None:
        """Return the side of the pictures in an epoch, counted from 0; ``None`` if it is that of the regions.

        Examples
        --------
        >>> [Recipe(epochs=4, sides=(128, 128, 128, 224)).side_of_epoch(epoch) for epoch in range(4)]
        [128, 128, 128, 224]
        >>> [Recipe(epochs=2, sides=(128, 128, 128, 224)).side_of_epoch(epoch) for epoch in range(2)]
        [128, 224]
        """
        to_come = self.epochs - 1 - epoch
        return self.sides[len(self.sides) - 1 - to_come * len(self.sides) // self.epochs] if self.sides else None


def modern_recipe() -> Recipe:
    """Return our recipe: AdamW, one cycle, smooth L1."""
    return Recipe()


def whole_hand_recipe() -> Recipe:
    """Return our recipe for thousands of whole hands, left and right, in pictures downsampled by any method."""
    augmentation = replace(
        _ANY_DOWNSAMPLING, max_rotation_rad=math.radians(20), max_log_scale=0.15, max_shift=0.05, flip=True
    )
    return Recipe(region_loss=0.0, batch_size=32, augmentation=augmentation)


def aligned_hand_recipe() -> Recipe:
    """Return the whole-hand recipe for hands that were aligned and mirrored to one side: smaller changes."""
    augmentation = replace(_ANY_DOWNSAMPLING, max_rotation_rad=math.radians(8), max_log_scale=0.1, max_shift=0.04)
    return replace(whole_hand_recipe(), augmentation=augmentation)


def fine_tuning_of(recipe: Recipe) -> Recipe:
    """Return a recipe for fine-tuning a trained age network, perhaps on other hands: fewer epochs, smaller steps."""
    return replace(recipe, epochs=15, learning_rate=recipe.learning_rate / 5)


def feature_recipe() -> Recipe:
    """Return our recipe for heads on cached features: many cheap epochs, no augmentation."""
    return Recipe(epochs=100, batch_size=32, learning_rate=1e-3, augmentation=None)


def fine_tuning_recipe() -> Recipe:
    """Return our recipe for networks with a pretrained backbone: fewer epochs, smaller steps."""
    return Recipe(epochs=15, learning_rate=1e-3, weight_decay=0.01, pretrained_rate=0.1)


def averaged_fine_tuning_recipe() -> Recipe:
    """Return our recipe for a pretrained network whose layers all learn alike, and whose weights are averaged."""
    augmentation = AugmentationSettings(
        max_rotation_rad=math.radians(8), max_log_scale=0.08, max_shift=0.04, drop_region=0.0, flip=True,
        max_log_gamma=0.4, max_blur=0.7, max_window=0.06, max_noise=0.02,
    )  # fmt: skip
    return Recipe(
        epochs=15, batch_size=32, learning_rate=1e-3, pretrained_rate=1.0, average_weights=0.998,
        augmentation=augmentation,
    )  # fmt: skip


def segmentation_recipe() -> Recipe:
    """Return our recipe for outlines in aligned hands: small changes of pose, any exposure, averaged weights."""
    augmentation = AugmentationSettings(
        max_rotation_rad=math.radians(8), max_log_scale=0.1, max_shift=0.03, max_log_gamma=0.4, drop_region=0.0,
        max_blur=0.7, max_window=0.06, max_noise=0.02,
    )  # fmt: skip
    return Recipe(epochs=40, batch_size=8, learning_rate=3e-3, average_weights=0.99, augmentation=augmentation)


def seed_recipe() -> Recipe:
    """Return the recipe this project started with: SGD, mean squared error, batch 4, rate 0.002, decay 0.0002."""
    return Recipe(
        optimiser="sgd", schedule="constant", loss="mse", batch_size=4, learning_rate=0.002, weight_decay=0.0002
    )
