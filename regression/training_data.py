"""Hands to train on, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boneage.imaging import Sex
from boneage.regression.region_stack import RegionStack
from boneage.regression.tensors import to_tensors

ValidationHands = tuple[Sequence[RegionStack], Sequence[float], Sequence[Sex | None]]
"""Regions, ages in months and sexes of hands."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Hands as tensors.

    Parameters
    ----------
    pixels : tensor of shape (n_hands, n_regions, side, side) or (n_hands, n_regions, side, side, side)
        Of uint8, as :func:`~boneage.regression.tensors.to_tensors` gives them, or of floats from 0 to 1. Features of
        regions, shape (n_hands, n_regions, n_features), for a network that reads features.
    present : bool tensor of shape (n_hands, n_regions)
    sex : tensor of shape (n_hands,)
        -1 for girls, 1 for boys, 0 where it is not used.
    age : tensor of shape (n_hands,)
        Standardised.
    names : tuple of str, optional
        Of the hands in messages; by default their numbers.
    weight : tensor of shape (n_hands,), optional
        Of each hand in the loss, 1 on average; by default all are equal.
    """

    pixels: Tensor
    present: Tensor
    sex: Tensor
    age: Tensor
    names: tuple[str, ...] = ()
    weight: Tensor | None = None

    def __len__(self) -> int:
        return len(self.age)


def make_training_data(
    stacks: Sequence[RegionStack],
    ages_months: Sequence[float],
    sexes: Sequence[Sex | None],
    names: tuple[str, ...],
    centre_months: float,
    spread_months: float,
    hand_weights: NDArray[np.float64],
) -> TrainingData:
    """Return hands as tensors, their ages in units of ``spread_months`` from ``centre_months``."""
    ages = np.asarray(ages_months, dtype=np.float64)
    return TrainingData(
        *to_tensors(stacks, sexes),
        torch.tensor((ages - centre_months) / spread_months, dtype=torch.float32),
        names,
        torch.tensor(hand_weights, dtype=torch.float32),
    )
