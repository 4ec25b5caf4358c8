"""The training loop of the age model: Lightning, seeded, checkpointed."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from boneage.regression.augmentation import draw_augmentation
from boneage.regression.fusion import FusionRule, fuse, log_precision, weigh_regions
from boneage.regression.losses import age_loss, check_finite, gaussian_loss
from boneage.regression.recipes import Recipe

Report = Callable[[str, float], None]

_CHECKPOINT_EVERY = 5


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Hands as tensors.

    Parameters
    ----------
    pixels : tensor of shape (n_hands, n_regions, side, side)
    present : bool tensor of shape (n_hands, n_regions)
    sex : tensor of shape (n_hands,)
        -1 for girls, 1 for boys, 0 where it is not used.
    age : tensor of shape (n_hands,)
        Standardised.
    weight : tensor of shape (n_hands,), optional
        How much each hand counts in the loss, 1 on average; all the same if not given.
    """

    pixels: Tensor
    present: Tensor
    sex: Tensor
    age: Tensor
    weight: Tensor | None = None

    def __len__(self) -> int:
        return len(self.age)


def train_network(
    network: nn.Module,
    data: TrainingData,
    recipe: Recipe,
    fusion: FusionRule,
    *,
    fixed_weights: Tensor | None = None,
    seed: int,
    checkpoint: Path | None = None,
    progress: Report | None = None,
) -> None:
    """Train a network in place.

    Every random choice follows from the seed and the epoch, so a training that was interrupted and resumed
    ends with the same weights as one that was not.

    Parameters
    ----------
    network : torch.nn.Module
        See :class:`~boneage.regression.networks.catalogue.AgeNetwork`.
    data : TrainingData
    recipe : Recipe
    fusion : {"learned", "inverse_variance", "fixed", "equal"}
    fixed_weights : tensor of shape (n_regions,), optional
        For the rule ``fixed``.
    seed : int
    checkpoint : Path, optional
        File to save the state to every few epochs, and to resume from if it exists. It is removed at the end.
    progress : callable, optional
        Called with a stage name and the part of it that is done.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    weight = torch.ones(len(data)) if data.weight is None else data.weight
    dataset = TensorDataset(data.pixels, data.present, data.sex, data.age, weight, torch.arange(len(data)))
    loader = DataLoader(dataset, batch_size=recipe.batch_size, sampler=_Shuffled(len(data), seed))
    steps = -(-len(data) // recipe.batch_size) * recipe.epochs
    callbacks: list[Callback] = [_Progress(progress)] if progress else []
    if checkpoint:
        callbacks.append(
            ModelCheckpoint(
                checkpoint.parent, filename=checkpoint.stem, every_n_epochs=_CHECKPOINT_EVERY,
                enable_version_counter=False, save_on_train_epoch_end=True,
            )
        )  # fmt: skip
    resume = str(checkpoint) if checkpoint and checkpoint.is_file() else None
    with _quiet(), torch.random.fork_rng(devices=[]):
        trainer = lightning.Trainer(
            max_epochs=recipe.epochs, accelerator="cpu", devices=1, logger=False, callbacks=callbacks,
            enable_checkpointing=checkpoint is not None, enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        loop = _TrainingLoop(network, recipe, fusion, fixed_weights, seed, steps)
        trainer.fit(loop, loader, ckpt_path=resume, weights_only=True)
    network.eval()
    if checkpoint:
        checkpoint.unlink(missing_ok=True)


class _TrainingLoop(lightning.LightningModule):
    def __init__(
        self, network: nn.Module, recipe: Recipe, fusion: FusionRule, fixed: Tensor | None, seed: int, steps: int
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.fusion: FusionRule = fusion
        self.fixed = fixed
        self.seed = seed
        self.steps = steps

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        pixels, present, sex, age, weight, hands = batch
        rng = np.random.default_rng([self.seed, self.current_epoch, batch_idx])
        torch.manual_seed(int(rng.integers(2**62)))  # for dropout; the caller's state is kept aside
        augmentation = draw_augmentation(rng, self.recipe.augmentation, present.numpy())
        pixels, present = augmentation.apply(pixels, present)
        ages, logits = self.network(pixels, present, sex)
        if self.fusion == "inverse_variance":
            loss = gaussian_loss(ages, log_precision(logits), present, age, weight)
        else:
            fused = fuse(ages, weigh_regions(logits, present, self.fusion, self.fixed))
            loss = age_loss(self.recipe.loss, fused, ages, present, age, self.recipe.region_loss, weight)
        check_finite(loss, hands, self.current_epoch)
        return loss

    def configure_optimizers(self) -> Any:
        r, weights = self.recipe, self.network.parameters()
        if r.optimiser == "sgd":
            optimiser: torch.optim.Optimizer = torch.optim.SGD(
                weights, r.learning_rate, momentum=0.9, weight_decay=r.weight_decay
            )
        else:
            optimiser = torch.optim.AdamW(weights, r.learning_rate, weight_decay=r.weight_decay)
        if r.schedule == "constant":
            return optimiser
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, r.learning_rate, total_steps=self.steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Shuffled(Sampler[int]):
    """An order of its own for each epoch, whichever epoch a training starts with."""

    def __init__(self, n: int, seed: int) -> None:
        self._n = n
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch; Lightning calls this."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        return iter(np.random.default_rng([self._seed, self._epoch]).permutation(self._n).tolist())

    def __len__(self) -> int:
        return self._n


class _Progress(Callback):
    def __init__(self, report: Report) -> None:
        self._report = report

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._report("age model", (trainer.current_epoch + 1) / trainer.max_epochs)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's advice on loggers and workers from the user: the choices are ours, and made on purpose."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning.*")
        try:
            yield
        finally:
            logger.setLevel(level)
