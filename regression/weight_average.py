"""An exponential moving average of a network's weights, which a training ends with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

_SHORT = 10  # of the first n steps the average covers some n / 10


class WeightAverage(Callback):
    """Keeps the average of a network's weights over the steps of a training.

    After step t = 0, 1, ... the average moves by 1 - min(decay, t / (t + 10)) of the way to the new weights: short at
    first, so that the random weights of the start are soon forgotten. Statistics of batch normalisation are averaged
    alike. It is saved with a checkpoint.

    Parameters
    ----------
    network : torch.nn.Module
        Changed by :meth:`apply`, once the training has ended.
    decay : float
        Above 0, below 1: 0.998 covers some 500 steps.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self._decay = decay
        self._steps = 0
        self._average: dict[str, Tensor] = {}

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the average towards the weights."""
        part = 1 - min(self._decay, self._steps / (self._steps + _SHORT))
        with torch.no_grad():
            for name, array in self._network.state_dict().items():
                if name in self._average and array.is_floating_point():
                    old = self._average[name].to(array.device)
                    self._average[name] = old.lerp_(array, part)
                else:
                    self._average[name] = array.clone()
        self._steps += 1

    def apply(self) -> None:
        """Give the average to the network."""
        self._network.load_state_dict(self._average)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the average to the network for a while."""
        own = {name: array.clone() for name, array in self._network.state_dict().items()}
        self.apply()
        yield
        self._network.load_state_dict(own)

    def state_dict(self) -> dict[str, Any]:
        """Return the average and the number of steps, for a checkpoint."""
        return {"steps": self._steps, "average": self._average}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take them from a checkpoint."""
        self._steps, self._average = state_dict["steps"], dict(state_dict["average"])
