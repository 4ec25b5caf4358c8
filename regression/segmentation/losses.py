"""How far predicted outlines are from true ones."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

_FLOOR = 1.0  # pixels: a kind that is nowhere in a picture has a Dice of 1 where nothing is predicted


def segmentation_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Return the mean cross-entropy plus one minus the mean Dice coefficient [1]_.

    Parameters
    ----------
    logits : tensor of shape (n, n_kinds, side, side)
    masks : tensor of the same shape
        From 0 to 1, between them at the edges.

    References
    ----------
    .. [1] Milletari, Navab, Ahmadi. V-Net: fully convolutional neural networks for volumetric medical image
       segmentation. 3DV 2016.
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, masks)
    return entropy + 1 - soft_dice(logits.sigmoid(), masks).mean()


def soft_dice(first: Tensor, second: Tensor) -> Tensor:
    """Return the Dice coefficients of pictures with values from 0 to 1, shape (n, n_kinds).

    Twice the sum of the products, by the sum of the squares.

    Examples
    --------
    >>> import torch
    >>> mask = torch.zeros(1, 1, 4, 4)
    >>> mask[..., :2, :2] = 1
    >>> soft_dice(mask, mask).tolist()
    [[1.0]]
    """
    both = (first * second).sum(dim=(-2, -1))
    total = first.square().sum(dim=(-2, -1)) + second.square().sum(dim=(-2, -1))
    return (2 * both + _FLOOR) / (total + _FLOOR)
