"""The training loop of the age model: Lightning, seeded, with checkpoints, on a GPU where there is one."""

from __future__ import annotations

import logging
import pickle
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, Checkpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from boneage.imaging.errors import UnusableCheckpoint
from boneage.imaging.progress import Progress
from boneage.regression.augmentation import draw_augmentation
from boneage.regression.fusion import FusionRule, fuse, log_precision, weigh_regions
from boneage.regression.losses import age_loss, check_finite, gaussian_loss
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.recipes import Recipe
from boneage.regression.tensors import DAMAGED, resize_pictures, to_grey
from boneage.regression.training_data import TrainingData
from boneage.regression.validation import EpochResult, validate
from boneage.regression.weight_average import WeightAverage

logger = logging.getLogger(__name__)

_CHECKPOINT_EPOCHS = 5
_CHECKPOINT_SECONDS = 120.0
_PRECISIONS: dict[str, Literal["32-true", "bf16-mixed"]] = {"float32": "32-true", "bfloat16": "bf16-mixed"}


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

    Every random choice follows from the seed and the epoch, so a training that was interrupted and resumed
    ends with the same weights as one that was not.

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
    dataset = TensorDataset(data.pixels, data.present, data.sex, data.age, weight, torch.arange(len(data)))
    batches = _EpochBatches(len(data), recipe.batch_size, seed)
    callbacks: list[Callback] = [_EpochProgress(progress)] if progress else []
    if checkpoint:
        callbacks.append(_Checkpointing(checkpoint))
    average = WeightAverage(network, recipe.average_weights) if recipe.average_weights else None
    if average:
        callbacks.append(average)
    resume = str(_check_checkpoint(checkpoint)) if checkpoint and checkpoint.is_file() else None
    with _silence_lightning(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        trainer = lightning.Trainer(
            max_epochs=recipe.epochs, accelerator="gpu" if torch.cuda.is_available() else "cpu", devices=1,
            logger=False, callbacks=callbacks, enable_checkpointing=checkpoint is not None,
            enable_progress_bar=False, enable_model_summary=False, precision=_PRECISIONS[recipe.precision],
        )  # fmt: skip
        network.train()
        steps = len(batches) * recipe.epochs
        loop = _TrainingLoop(network, recipe, fusion, fixed_weights, names, seed, steps, validation, average)
        trainer.fit(loop, DataLoader(dataset, sampler=batches, batch_size=None), ckpt_path=resume, weights_only=True)
    if average:
        average.apply()
    network.cpu().eval()
    return loop.history


class _TrainingLoop(lightning.LightningModule):
    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        fusion: FusionRule,
        fixed_weights: Tensor | None,
        names: tuple[str, ...],
        seed: int,
        steps: int,
        validation: TrainingData | None,
        average: WeightAverage | None,
    ) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.fusion: FusionRule = fusion
        self.fixed_weights = fixed_weights
        self.names = names
        self.seed = seed
        self.steps = steps
        self.validation = validation
        self.average = average
        self.history: list[EpochResult] = []
        self._losses: list[float] = []
        self._side = 0

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        pixels, present, sex, age, weight, hands = batch
        rng = np.random.default_rng([self.seed, self.current_epoch, batch_idx])
        torch.manual_seed(int(rng.integers(2**62)))  # for dropout; the caller's state is restored afterwards
        pixels = resize_pictures(to_grey(pixels), self.recipe.side_of_epoch(self.current_epoch))
        self._side = pixels.shape[-1]
        if self.recipe.augmentation:
            drawn = draw_augmentation(rng, self.recipe.augmentation, present.cpu().numpy(), pixels.ndim - 2)
            pixels, present = drawn.apply(pixels, present)
        ages, logits = (output.float() for output in self.network(pixels, present, sex))
        if self.fusion == "inverse_variance":
            loss = gaussian_loss(ages, log_precision(logits), present, age, weight)
        else:
            fused = fuse(ages, weigh_regions(logits, present, self.fusion, self.fixed_weights))
            loss = age_loss(self.recipe.loss, fused, ages, present, age, self.recipe.region_loss, weight)
        check_finite(loss, [self.names[k] for k in hands.tolist()], self.current_epoch)
        self._losses.append(loss.item())
        return loss

    def on_train_epoch_end(self) -> None:
        self.history.append(EpochResult(float(np.mean(self._losses)), self._side, self._validate()))
        self._losses.clear()

    def _validate(self) -> float | None:
        if self.validation is None:
            return None
        side = self.recipe.side_of_epoch(self.current_epoch)
        with self.average.applied() if self.average else nullcontext():
            return validate(self.network, self.validation, side, self.fusion, self.fixed_weights)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["history"] = [tuple(result) for result in self.history]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.history = [EpochResult(*result) for result in checkpoint["history"]]

    def configure_optimizers(self) -> Any:
        r = self.recipe
        groups = _parameter_groups(self.network, r)
        if r.optimiser == "sgd":
            optimiser: torch.optim.Optimizer = torch.optim.SGD(groups, momentum=0.9, weight_decay=r.weight_decay)
        else:
            optimiser = torch.optim.AdamW(groups, weight_decay=r.weight_decay)
        if r.schedule == "constant":
            return optimiser
        rates = [group["lr"] for group in groups]
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=self.steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _parameter_groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the trained weights in two groups: new layers, and pretrained ones at their lower rate."""
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    pretrained = {id(w) for w in network.backbone.parameters()} if isinstance(network, BackboneNet) else set()
    groups = [
        {"params": [w for w in trained if id(w) not in pretrained], "lr": recipe.learning_rate},
        {"params": [w for w in trained if id(w) in pretrained], "lr": recipe.learning_rate * recipe.pretrained_rate},
    ]
    return [group for group in groups if group["params"]]


class _EpochBatches(Sampler[list[int]]):
    """Batches in an order that follows from the seed and the epoch, so that a resumed training has the same."""

    def __init__(self, n: int, size: int, seed: int) -> None:
        self._n = n
        self._size = size
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order is drawn; Lightning calls this."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        # drawn with the first batch: a resumed training sets its epoch after it has made the iterator
        order = np.random.default_rng([self._seed, self._epoch]).permutation(self._n).tolist()
        for start in range(0, self._n, self._size):
            yield order[start : start + self._size]

    def __len__(self) -> int:
        return -(-self._n // self._size)


class _EpochProgress(Callback):
    def __init__(self, report: Progress) -> None:
        self._report = report

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._report("age model", (trainer.current_epoch + 1) / trainer.max_epochs)


class _Checkpointing(Checkpoint):
    """Writes a checkpoint every few epochs and after the last, or every few minutes if epochs take longer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved = time.monotonic()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        due = epoch % _CHECKPOINT_EPOCHS == 0 or epoch == trainer.max_epochs
        if due or time.monotonic() - self._saved >= _CHECKPOINT_SECONDS:
            try:
                trainer.save_checkpoint(self._path)
            except OSError as error:  # a full disk: the training goes on, and is lost only if it is interrupted
                logger.warning("the state of the training could not be saved to %s (%s)", self._path, error.strerror)
            self._saved = time.monotonic()


def _check_checkpoint(path: Path) -> Path:
    try:
        if "history" in torch.load(path, map_location="cpu", weights_only=True):
            return path
    except (*DAMAGED, pickle.UnpicklingError) as error:
        raise UnusableCheckpoint(path, f"is damaged: remove it to train from the beginning ({error!r:.60})") from error
    raise UnusableCheckpoint(path, "is no state of a training: remove it to train from the beginning")


@contextmanager
def _silence_lightning() -> Iterator[None]:
    """Hide Lightning's advice on loggers and workers, which this training leaves out on purpose."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning.*")
        try:
            yield
        finally:
            logger.setLevel(level)
