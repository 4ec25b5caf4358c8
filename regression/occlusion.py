"""Occlusion: what of a hand its predicted age rests on, by hiding one piece after another.

A grey patch is slid over each region, and the change of the hand's predicted age is noted [1]_. Nothing is needed of
the network but that it reads each region on its own, as all of ours do: so a patch is hidden in all regions at once,
and what each region then says is put, alone, in place of what it said before.

References
----------
.. [1] Zeiler, Fergus: Visualizing and understanding convolutional networks. ECCV 2014.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from boneage.imaging import Frame, Sex
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor import AgeRegressor

Array = NDArray[np.float64]
Said = tuple[Tensor, Tensor]

_PATCH, _WHOLE_HAND = 0.25, 0.125  # of the side: of one region among several, of a hand in one picture
_BATCH = 32


@dataclass(frozen=True, eq=False)
class Occlusion:
    """By how much a hand's predicted age changes where a patch is hidden.

    Parameters
    ----------
    names : tuple of str
        Of the regions.
    changes : ndarray of shape (n_regions, cells, cells) or (n_regions, cells, cells, cells)
        In months, hidden less seen: below 0 where the patch speaks for a higher age. NaN for a missing region.
    frames : tuple of Frame or None
        From cells to the middles of the patches, in pixels of the original file; ``None`` for a missing region.
    patch : float
        Side of a patch, in cells.
    age_months : float
        Of the hand as it is.
    """

    names: tuple[str, ...]
    changes: Array
    frames: tuple[Frame | None, ...]
    patch: float
    age_months: float

    def __post_init__(self) -> None:
        if self.changes.ndim not in (3, 4) or not len(self.names) == len(self.changes) == len(self.frames):
            raise ValueError(f"need a map and a frame for each of {len(self.names)} regions")


def occlude(regressor: AgeRegressor, stack: RegionStack, sex: Sex | None) -> Occlusion:
    """Hide patches, of cubes small cubes, of each region and note how the hand's predicted age changes.

    1. Choose the patches: a quarter of the side of a region, half overlapping; an eighth if the model reads the hand in
       one picture.
    2. Ask the network what each region says, as it is and with each patch hidden under the region's mean grey value.
    3. Fuse, for each region and patch, what that region says then with what the others say as they are.

    Parameters
    ----------
    regressor : AgeRegressor
        Fitted.
    stack : RegionStack
    sex : {"F", "M"} or None

    Raises
    ------
    ValueError
        If the hand has no predicted age.
    """
    estimate = regressor.predict([stack], [sex])[0]
    if estimate.reason:
        raise ValueError(estimate.reason)
    n, side = stack.pixels.shape[:2]
    ndim = stack.pixels.ndim - 1
    patch = max(round(side * (_WHOLE_HAND if n == 1 else _PATCH)), 2)
    step = patch // 2
    cells = (side - patch) // step + 1
    corners = step * np.indices((cells,) * ndim).reshape(ndim, -1).T
    hidden = _look_without(regressor, stack, sex, corners, patch)
    whole = regressor.look([stack], [sex])
    present = torch.from_numpy(stack.present)
    changes = np.full((n, len(corners)), np.nan)
    for k in np.flatnonzero(stack.present):
        chosen = torch.from_numpy(np.arange(n) == k)
        said = (torch.where(chosen, hidden[0], whole[0]), torch.where(chosen, hidden[1], whole[1]))
        answers = regressor.answer(said, present.expand(len(corners), n))
        changes[k] = [answer.months - estimate.months for answer in answers]
    to_region = _frame_of_cells(stack, step, patch)
    return Occlusion(
        names=stack.names,
        changes=changes.reshape(n, *(cells,) * ndim),
        frames=tuple(frame and frame.compose(to_region) for frame in stack.frames),
        patch=patch / step,
        age_months=estimate.months,
    )


def _frame_of_cells(stack: RegionStack, step: int, patch: int) -> Frame:
    """Return the map from cells to the middles of their patches, in the pixels that the stack's frames start from."""
    ndim = next(frame.ndim for frame in stack.frames if frame is not None)
    linear, offset = step * np.eye(ndim), np.full(ndim, (patch - 1) / 2)
    if ndim == stack.pixels.ndim:  # pictures in the middle planes of cubes
        linear[0, 0], offset[0] = 1, (stack.pixels.shape[1] - 1) / 2
    return Frame.from_linear(linear, offset)


def _look_without(
    regressor: AgeRegressor, stack: RegionStack, sex: Sex | None, corners: NDArray[np.int64], patch: int
) -> Said:
    """Return what the network says of each region, shape (n_patches, n_regions), with a patch hidden in all of them."""
    grey = stack.pixels.mean(axis=tuple(range(1, stack.pixels.ndim)), keepdims=True)
    said = []
    for start in range(0, len(corners), _BATCH):
        stacks = []
        for corner in corners[start : start + _BATCH]:
            pixels = stack.pixels.copy()
            pixels[:, *(slice(place, place + patch) for place in corner)] = grey
            stacks.append(dataclasses.replace(stack, pixels=pixels))
        said.append(regressor.look(stacks, [sex] * len(stacks)))
    ages, logits = zip(*said, strict=True)
    return torch.cat(ages), torch.cat(logits)
