"""Losses of the age model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

LossName = Literal["mse", "smooth_l1"]


def age_loss(
    name: LossName, fused: Tensor, regions: Tensor, present: Tensor, truth: Tensor, region_weight: float
) -> Tensor:
    """Return the loss of the fused ages, plus that of every present region's own age.

    The second term makes each region answer for itself, so that the ages reported per region mean something.

    Parameters
    ----------
    name : {"mse", "smooth_l1"}
    fused, truth : tensor of shape (n_hands,)
        In units of the training ages' standard deviation.
    regions : tensor of shape (n_hands, n_regions)
    present : bool tensor of shape (n_hands, n_regions)
    region_weight : float
        Weight of the second term.
    """
    own = _pointwise(name, regions, truth[:, None].expand_as(regions))
    own = (own * present).sum() / present.sum().clamp(min=1)
    return _pointwise(name, fused, truth).mean() + region_weight * own


def _pointwise(name: LossName, predicted: Tensor, truth: Tensor) -> Tensor:
    if name == "mse":
        return (predicted - truth) ** 2
    return functional.smooth_l1_loss(predicted, truth, reduction="none", beta=0.2)


def check_finite(loss: Tensor, hands: Sequence[str], epoch: int) -> None:
    """Stop a training that has diverged.

    Raises
    ------
    FloatingPointError
        If the loss is not finite; it says in which epoch, and in which hands.
    """
    if not torch.isfinite(loss):
        raise FloatingPointError(
            f"the loss is {loss.item()} in epoch {epoch + 1}, hands {', '.join(hands)}: lower the learning rate"
        )
