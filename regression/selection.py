"""What age models doubt in a hand: which hands they would learn most from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from boneage.imaging import Sex
from boneage.regression.estimates import refusal_reason
from boneage.regression.region_outputs import predict_regions
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor import AgeRegressor
from boneage.regression.test_time_augmentation import draw_augmented

_TURNED = 3  # views of a hand, each also mirrored


def predict_views(
    regressor: AgeRegressor, stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]
) -> NDArray[np.float64]:
    """Return the ages of hands as they are, and slightly turned, resized and shifted; each of them also mirrored.

    Where an age model has learnt enough, the views of a hand have one age: how far theirs lie apart is a committee's
    disagreement.

    Parameters
    ----------
    regressor : AgeRegressor
        Fitted.
    stacks : sequence of RegionStack
        With the model's regions.
    sexes : sequence of {"F", "M", None}

    Returns
    -------
    ndarray of shape (n_views, n_hands)
        Months; NaN for a hand that ``predict`` would give no age.
    """
    ages = np.full((2 * _TURNED, len(stacks)), np.nan)
    pairs = enumerate(zip(stacks, sexes, strict=True))
    able = [k for k, (stack, sex) in pairs if not refusal_reason(stack, sex, use_sex=regressor.needs_sex)]
    if not able:
        return ages
    pixels = torch.from_numpy(np.stack([stacks[k].pixels for k in able]))
    present = torch.from_numpy(np.stack([stacks[k].present for k in able]))
    for number, view in enumerate(draw_augmented(pixels, _TURNED, mirrored=True)):
        seen = [dataclasses.replace(stacks[k], pixels=pixels) for k, pixels in zip(able, view.numpy(), strict=True)]
        outputs = predict_regions(regressor.network_, seen, [sexes[k] for k in able])
        ages[number, able] = [estimate.months for estimate in regressor.fuse_outputs(outputs, present)]
    return ages
