"""The error of a network on hands that it is not trained on, while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from boneage.regression.fusion import FusionRule, fuse, weigh_regions
from boneage.regression.tensors import resize_pictures, to_grey
from boneage.regression.training_data import TrainingData

_BATCH = 32


class EpochResult(NamedTuple):
    """One pass over the hands of a training.

    Attributes
    ----------
    loss : float
        Mean of the pass.
    side : int
        Of the pictures, in pixels.
    validation_error : float or None
        Mean absolute difference after it, on the hands to validate by; None without any. In the units of the ages that
        the network learns, and in months in :attr:`AgeRegressor.history_`.
    """

    loss: float
    side: int
    validation_error: float | None = None

    def in_months(self, spread_months: float) -> EpochResult:
        """Return it with the error in months."""
        return (
            self
            if self.validation_error is None
            else self._replace(validation_error=self.validation_error * spread_months)
        )


def history_from_json(history: Sequence[Any], side: int) -> list[EpochResult]:
    """Read the results of the epochs; older files have the losses alone.

    Raises
    ------
    ValueError, TypeError
        If one is malformed.
    """
    results = [EpochResult(float(one), side) if isinstance(one, (int, float)) else EpochResult(*one) for one in history]
    return [EpochResult(float(r.loss), int(r.side), r.validation_error and float(r.validation_error)) for r in results]


def validate(
    network: nn.Module, data: TrainingData, side: int | None, fusion: FusionRule, fixed_weights: Tensor | None
) -> float:
    """Return the mean absolute difference of predicted and true ages, in the units of ``data.age``.

    Parameters
    ----------
    network : torch.nn.Module
        Left in the mode it was in.
    data : TrainingData
    side : int or None
        That pictures are resized to; None leaves them.
    fusion : {"learned", "inverse_variance", "fixed", "equal"}
    fixed_weights : tensor of shape (n_regions,), optional
    """
    training, device = network.training, next(network.parameters()).device
    network.eval()
    total = 0.0
    with torch.inference_mode():
        for start in range(0, len(data), _BATCH):
            part = slice(start, start + _BATCH)
            pixels, present, sex = (x[part].to(device) for x in (data.pixels, data.present, data.sex))
            ages, logits = network(resize_pictures(to_grey(pixels), side), present, sex)
            fused = fuse(ages, weigh_regions(logits, present, fusion, fixed_weights))
            total += float((fused - data.age[part].to(device)).abs().sum())
    network.train(training)
    return total / len(data)
