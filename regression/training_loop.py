"""What trainings of all networks share: Lightning, seeded, with checkpoints, on a GPU where there is one."""

from __future__ import annotations

import logging
import pickle
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
from boneage.regression.losses import check_finite
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.recipes import Recipe
from boneage.regression.tensors import DAMAGED
from boneage.regression.validation import EpochResult
from boneage.regression.weight_average import WeightAverage

logger = logging.getLogger(__name__)

_CHECKPOINT_EPOCHS = 5
_CHECKPOINT_SECONDS = 120.0
_PRECISIONS: dict[str, Literal["32-true", "bf16-mixed"]] = {"float32": "32-true", "bfloat16": "bf16-mixed"}


class TrainingLoop(lightning.LightningModule):
    """One kind of training; a subclass says what the loss of a batch is, and the error on other hands.

    Parameters
    ----------
    network : torch.nn.Module
    recipe : Recipe
    names : tuple of str
        Of the hands, for messages.
    seed : int
    """

    def __init__(self, network: nn.Module, recipe: Recipe, names: tuple[str, ...], seed: int) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        self.names = names
        self.seed = seed
        self.average = WeightAverage(network, recipe.average_weights) if recipe.average_weights else None
        self.history: list[EpochResult] = []
        self._losses: list[float] = []
        self._side = 0

    def compute_loss(self, batch: tuple[Tensor, ...], rng: np.random.Generator) -> tuple[Tensor, int]:
        """Return the loss of a batch, and the side of its pictures in pixels.

        Parameters
        ----------
        batch : tuple of tensor
            Some hands' rows of the data.
        rng : numpy.random.Generator
            Of this batch.
        """
        raise NotImplementedError

    def validate_epoch(self) -> float | None:
        """Return the error on hands that are not trained on; None without any."""
        raise NotImplementedError

    def averaged(self) -> AbstractContextManager[None]:
        """Give the network its averaged weights for a while, if there are some."""
        return self.average.applied() if self.average else nullcontext()

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        """Return the loss of a batch; every random choice in it follows from the seed, the epoch and its number."""
        *data, hands = batch
        rng = np.random.default_rng([self.seed, self.current_epoch, batch_idx])
        torch.manual_seed(int(rng.integers(2**62)))  # for dropout; the caller's state is restored afterwards
        loss, self._side = self.compute_loss(tuple(data), rng)
        check_finite(loss, [self.names[k] for k in hands.tolist()], self.current_epoch)
        self._losses.append(loss.item())
        return loss

    def on_train_epoch_end(self) -> None:
        """Note what came out."""
        self.history.append(EpochResult(float(np.mean(self._losses)), self._side, self.validate_epoch()))
        self._losses.clear()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save what came out so far."""
        checkpoint["history"] = [tuple(result) for result in self.history]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it from a checkpoint."""
        self.history = [EpochResult(*result) for result in checkpoint["history"]]

    def configure_optimizers(self) -> Any:
        """Return the optimiser and the course of its rates."""
        r = self.recipe
        groups = _parameter_groups(self.network, r)
        if r.optimiser == "sgd":
            optimiser: torch.optim.Optimizer = torch.optim.SGD(groups, momentum=0.9, weight_decay=r.weight_decay)
        else:
            optimiser = torch.optim.AdamW(groups, weight_decay=r.weight_decay)
        if r.schedule == "constant":
            return optimiser
        rates = [group["lr"] for group in groups]
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, rates, total_steps=int(self.trainer.estimated_stepping_batches)
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def run_training(
    loop: TrainingLoop,
    data: Sequence[Tensor],
    *,
    stage: str,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> list[EpochResult]:
    """Train a loop's network in place, and return what came out in each epoch.

    Every random choice follows from the seed and the epoch, so a training that was interrupted and resumed ends with
    the same weights as one that was not.

    Parameters
    ----------
    loop : TrainingLoop
        Its network is on the CPU again at the end.
    data : sequence of tensor
        Of the same length: a row a hand.
    stage : str
        What ``progress`` calls it.
    checkpoint : Path, optional
        File to save the state to, after every fifth epoch and the last, or once two minutes have passed, and to resume
        from if it exists. The caller removes it, once what was trained is stored.
    progress : callable, optional

    Raises
    ------
    TrainingDiverged
        If the loss is no longer finite; it names the hands.
    UnusableCheckpoint
        If the checkpoint is damaged.
    """
    recipe, network = loop.recipe, loop.network
    n = len(data[0])
    batches = _EpochBatches(n, recipe.batch_size, loop.seed)
    callbacks: list[Callback] = [_EpochProgress(progress, stage)] if progress else []
    if checkpoint:
        callbacks.append(_Checkpointing(checkpoint))
    if loop.average:
        callbacks.append(loop.average)
    resume = str(_check_checkpoint(checkpoint)) if checkpoint and checkpoint.is_file() else None
    if recipe.precision == "bfloat16" and _emulates_bfloat16():
        logger.warning("this processor has no instructions for bfloat16: training in float32 is several times faster")
    with _silence_lightning(), torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        trainer = lightning.Trainer(
            max_epochs=recipe.epochs, accelerator="gpu" if torch.cuda.is_available() else "cpu", devices=1,
            logger=False, callbacks=callbacks, enable_checkpointing=checkpoint is not None,
            enable_progress_bar=False, enable_model_summary=False, precision=_PRECISIONS[recipe.precision],
        )  # fmt: skip
        network.train()
        rows = DataLoader(TensorDataset(*data, torch.arange(n)), sampler=batches, batch_size=None)
        trainer.fit(loop, rows, ckpt_path=resume, weights_only=True)
    if loop.average:
        loop.average.apply()
    network.cpu().eval()
    return loop.history


def _emulates_bfloat16() -> bool:
    """Return whether arithmetic in bfloat16 would be done in software here: by an x86 processor without AVX-512."""
    return not torch.cuda.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX2"


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
    def __init__(self, report: Progress, stage: str) -> None:
        self._report = report
        self._stage = stage

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._report(self._stage, (trainer.current_epoch + 1) / trainer.max_epochs)


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
