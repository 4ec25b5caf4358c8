"""Losses of the age model, and the weights of hands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from boneage.imaging.errors import TrainingDiverged

LossName = Literal["mse", "smooth_l1"]

_BAND_MONTHS = 24


def age_loss(
    name: LossName,
    fused: Tensor,
    regions: Tensor,
    present: Tensor,
    truth: Tensor,
    region_weight: float,
    hand_weights: Tensor,
) -> Tensor:
    """Return the loss of the fused ages, plus that of every present region's own age.

    The second term trains each region on its own, so that the reported ages of the regions are meaningful.

    Parameters
    ----------
    name : {"mse", "smooth_l1"}
    fused, truth : tensor of shape (n_hands,)
        In units of the training ages' standard deviation.
    regions : tensor of shape (n_hands, n_regions)
    present : bool tensor of shape (n_hands, n_regions)
    region_weight : float
        Weight of the second term.
    hand_weights : tensor of shape (n_hands,)
        Of each hand in both terms; 1 on average over the training set.
    """
    own = _pointwise(name, regions, truth[:, None].expand_as(regions))
    whole = (_pointwise(name, fused, truth) * hand_weights).mean()
    return whole + region_weight * _mean_of_present(own, present, hand_weights)


def gaussian_loss(
    regions: Tensor, log_precisions: Tensor, present: Tensor, truth: Tensor, hand_weights: Tensor
) -> Tensor:
    """Return the Gaussian negative log-likelihood of the truth, on average over the present regions.

    A region with the age ``a`` and the variance ``v`` has the loss ``((truth - a)^2 / v + log v) / 2``, which is
    smallest where the variance equals the squared error (Nix and Weigend 1994 [1]_); the constant is left out.

    Parameters
    ----------
    regions, log_precisions : tensor of shape (n_hands, n_regions)
        The ages, and minus the logarithms of their variances.
    present : bool tensor of shape (n_hands, n_regions)
    truth, hand_weights : tensor of shape (n_hands,)
        As in :func:`age_loss`.

    References
    ----------
    .. [1] Nix, D. A., Weigend, A. S. Estimating the mean and variance of the target probability distribution.
       Proceedings of the IEEE International Conference on Neural Networks, 1994.
    """
    squared = (truth[:, None] - regions) ** 2
    return _mean_of_present((squared * log_precisions.exp() - log_precisions) / 2, present, hand_weights)


def stratum_weights(ages_months: Sequence[float], sexes: Sequence[str | None], damping: float) -> NDArray[np.float64]:
    """Return the weights of the training hands, by which rare ages count more.

    A stratum is a band of two years and a sex. With ``n`` hands in its stratum, a hand weighs
    ``c * n ** -damping``, where ``c`` makes the mean over all hands 1. With 0 all hands count equally, with 1 all
    strata do; 0.5 is a compromise, with less noise from strata of a few hands.

    Parameters
    ----------
    ages_months : sequence of float
    sexes : sequence of {"F", "M", None}
    damping : float
        From 0 to 1.

    Returns
    -------
    ndarray of shape (n_hands,)

    Examples
    --------
    >>> stratum_weights([100.0, 101.0, 102.0, 200.0], ["F", "F", "F", "F"], 1.0).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    strata = [(int(age // _BAND_MONTHS), sex) for age, sex in zip(ages_months, sexes, strict=True)]
    counts = Counter(strata)
    weights = np.array([float(counts[stratum]) ** -damping for stratum in strata])
    return np.asarray(weights / weights.mean())


def _mean_of_present(losses: Tensor, present: Tensor, hand_weights: Tensor) -> Tensor:
    return (losses * present * hand_weights[:, None]).sum() / present.sum().clamp(min=1)


def _pointwise(name: LossName, predicted: Tensor, truth: Tensor) -> Tensor:
    if name == "mse":
        return (predicted - truth) ** 2
    return functional.smooth_l1_loss(predicted, truth, reduction="none", beta=0.2)


def check_finite(loss: Tensor, hands: Sequence[str], epoch: int) -> None:
    """Stop a training that has diverged.

    Raises
    ------
    TrainingDiverged
        If the loss is not finite; the message names the epoch and the hands.
    """
    if not torch.isfinite(loss):
        raise TrainingDiverged(
            f"the loss is {loss.item()} in epoch {epoch + 1}, hands {', '.join(hands)}: lower the learning rate"
        )
