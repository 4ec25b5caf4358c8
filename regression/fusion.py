"""Fusion: how the ages that the regions say become one. A missing region weighs 0."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

FusionRule = Literal["learned", "equal"]


def weigh_regions(logits: Tensor, present: Tensor, rule: FusionRule) -> Tensor:
    """Return the weight of each region, which sum to 1 in every hand.

    Parameters
    ----------
    logits : tensor of shape (n_hands, n_regions)
        What the network thinks of each region; used by the rule ``learned`` alone, as a softmax.
    present : bool tensor of shape (n_hands, n_regions)
    rule : {"learned", "equal"}

    Returns
    -------
    tensor of shape (n_hands, n_regions)
        0 for a missing region; all 0 in a hand without any.

    Examples
    --------
    >>> present = torch.tensor([[True, True, False]])
    >>> weigh_regions(torch.zeros(1, 3), present, "learned").tolist()
    [[0.5, 0.5, 0.0]]
    """
    if rule == "equal":
        logits = torch.zeros_like(logits)
    lowest = torch.finfo(logits.dtype).min
    weights = torch.softmax(logits.masked_fill(~present, lowest), dim=1)
    return weights * present


def fuse(ages: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of the regions' ages, shape (n_hands,)."""
    return (ages * weights).sum(dim=1)
