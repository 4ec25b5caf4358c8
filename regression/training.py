"""The training of the age model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from boneage.imaging.progress import Progress
from boneage.regression.augmentation import draw_augmentation
from boneage.regression.fusion import FusionRule, fuse, log_precision, weigh_regions
from boneage.regression.losses import age_loss, gaussian_loss
from boneage.regression.recipes import Recipe
from boneage.regression.tensors import resize_pictures, to_grey
from boneage.regression.training_data import TrainingData
from boneage.regression.training_loop import TrainingLoop, run_training
from boneage.regression.validation import EpochResult, validate


def train_network(
    network: nn.Module,
    data: TrainingData,
    recipe: Recipe,
    fusion: FusionRule,
    *,
    fixed_weights: Tensor | None = None,
    validation: TrainingData | None = None,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> list[EpochResult]:
    """Train a network in place, and return what came out in each epoch; validation errors in the units of the ages.

    See :func:`~boneage.regression.training_loop.run_training`.

    Parameters
    ----------
    network : torch.nn.Module
        See :class:`~boneage.regression.networks.registry.AgeNetwork`. It is on the CPU again at the end.
    data : TrainingData
    recipe : Recipe
    fusion : {"learned", "inverse_variance", "fixed", "equal"}
    fixed_weights : tensor of shape (n_regions,), optional
        For the rule ``fixed``.
    validation : TrainingData, optional
        Hands whose error is measured after each epoch, with the averaged weights where there are some.
    seed : int
    checkpoint : Path, optional
        File to save the state to, after every fifth epoch and the last, or once two minutes have passed, and to resume
        from if it exists. The caller removes it, once what was trained is stored.
    progress : callable, optional
        Called with a stage name and the part of it that is done.

    Raises
    ------
    TrainingDiverged
        If the loss is no longer finite; it names the hands.
    UnusableCheckpoint
        If the checkpoint is damaged.
    """
    names = data.names or tuple(f"number {k}" for k in range(len(data)))
    weight = torch.ones(len(data)) if data.weight is None else data.weight
    rows = (data.pixels, data.present, data.sex, data.age, weight)
    loop = _AgeLoop(network, recipe, names, seed, fusion, fixed_weights, validation)
    return run_training(loop, rows, stage="age model", checkpoint=checkpoint, progress=progress)


class _AgeLoop(TrainingLoop):
    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        names: tuple[str, ...],
        seed: int,
        fusion: FusionRule,
        fixed_weights: Tensor | None,
        validation: TrainingData | None,
    ) -> None:
        super().__init__(network, recipe, names, seed)
        self.fusion: FusionRule = fusion
        self.fixed_weights = fixed_weights
        self.validation = validation

    def compute_loss(self, batch: tuple[Tensor, ...], rng: np.random.Generator) -> tuple[Tensor, int]:
        pixels, present, sex, age, weight = batch
        pixels = resize_pictures(to_grey(pixels), self.recipe.side_of_epoch(self.current_epoch))
        side = pixels.shape[-1]
        if self.recipe.augmentation:
            drawn = draw_augmentation(rng, self.recipe.augmentation, present.cpu().numpy(), pixels.ndim - 2)
            pixels, present = drawn.apply(pixels, present)
        ages, logits = (output.float() for output in self.network(pixels, present, sex))
        if self.fusion == "inverse_variance":
            return gaussian_loss(ages, log_precision(logits), present, age, weight), side
        fused = fuse(ages, weigh_regions(logits, present, self.fusion, self.fixed_weights))
        return age_loss(self.recipe.loss, fused, ages, present, age, self.recipe.region_loss, weight), side

    def validate_epoch(self) -> float | None:
        if self.validation is None:
            return None
        side = self.recipe.side_of_epoch(self.current_epoch)
        with self.averaged():
            return validate(self.network, self.validation, side, self.fusion, self.fixed_weights)
