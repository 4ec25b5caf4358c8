"""Test-time augmentation: a hand is predicted several times, each time changed a little, and the outputs averaged."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from boneage.regression.augmentation import AugmentationSettings, draw_augmentation

_CHANGES = AugmentationSettings(
    max_rotation_rad=0.1, max_log_scale=0.06, max_shift=0.03, max_log_gamma=0.0, drop_region=0.0
)


def draw_augmented(pixels: Tensor, n: int, *, mirrored: bool = False) -> Iterator[Tensor]:
    """Yield the pictures as they are, then ``n - 1`` times slightly rotated, resized and shifted.

    The changes are always the same, and the same for every hand and region: the prediction for a hand does not depend
    on the other hands of its batch.

    Parameters
    ----------
    pixels : tensor of shape (n_hands, n_regions, side, side) or (n_hands, n_regions, side, side, side)
    n : int
        At least 1.
    mirrored : bool
        Whether each of them is yielded a second time, its columns reversed.
    """
    for augmented in _draw(pixels, n):
        yield augmented
        if mirrored:
            yield augmented.flip(-1)


def _draw(pixels: Tensor, n: int) -> Iterator[Tensor]:
    yield pixels
    rng = np.random.default_rng(0)
    flat = pixels.reshape(1, -1, *pixels.shape[2:])  # as if all were regions of one hand
    present = np.ones((1, flat.shape[1]), np.bool_)
    for _ in range(n - 1):
        drawn = draw_augmentation(rng, _CHANGES, present[:, :1], pixels.ndim - 2)
        shared = dataclasses.replace(drawn, warps=drawn.warps.repeat(flat.shape[1], axis=1), dropped=~present)
        yield shared.apply(flat, torch.from_numpy(present))[0].reshape(pixels.shape)
