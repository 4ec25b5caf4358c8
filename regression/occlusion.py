"""Occlusion maps: which parts of a hand its predicted age depends on.

A grey patch is slid over each region, and the change of the hand's predicted age is recorded [1]_. The network must
read each region independently, as all of ours do. So a patch is hidden in all regions at once, and the output for each
region with its patch is fused with the outputs for the other regions without.

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

from boneage.imaging import Frame, Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression.estimates import AgeEstimate
from boneage.regression.region_outputs import RegionOutputs
from boneage.regression.region_stack import RegionStack
from boneage.regression.regressor import AgeRegressor

Array = NDArray[np.float64]

_PATCH, _WHOLE_HAND_PATCH = 0.25, 0.125  # of the side: of one region among several, of a hand in one picture
_BATCH = 32


@dataclass(frozen=True, eq=False)
class Occlusion:
    """By how much a hand's predicted age changes where a patch is hidden.

    Parameters
    ----------
    names : tuple of str
        Of the regions.
    changes : ndarray of shape (n_regions, cells, cells) or (n_regions, cells, cells, cells)
        In months, with the patch hidden minus as it is: negative where the patch raises the age. NaN for a missing
        region.
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
            raise InvalidInput(f"need a map and a frame for each of {len(self.names)} regions")


def occlude(
    regressor: AgeRegressor, stack: RegionStack, sex: Sex | None, estimate: AgeEstimate | None = None
) -> Occlusion:
    """Hide patches (in cubes, small cubes) of each region and compute the changes of the hand's predicted age.

    1. Choose the patches: a quarter of the side of a region, half overlapping; an eighth if the model reads the hand in
       one picture.
    2. Predict each region as it is, and with each patch replaced by the region's mean grey value.
    3. Fuse, for each region and patch, the output for that region with the patch hidden and those for the others as
       they are.

    Parameters
    ----------
    regressor : AgeRegressor
        Fitted.
    stack : RegionStack
    sex : {"F", "M"} or None
    estimate : AgeEstimate, optional
        What the regressor has predicted for this stack and sex, so that it is not predicted again.

    Raises
    ------
    InvalidInput
        If the hand has no predicted age, or the estimate is not of a single network.
    """
    if estimate is None:
        estimate = regressor.predict([stack], [sex])[0]
    if estimate.outputs is None:
        raise InvalidInput(estimate.reason or "the estimate is not of a single network")
    n, side = stack.pixels.shape[:2]
    ndim = stack.pixels.ndim - 1
    patch = max(round(side * (_WHOLE_HAND_PATCH if n == 1 else _PATCH)), 2)
    step = patch // 2
    cells = (side - patch) // step + 1
    corners = step * np.indices((cells,) * ndim).reshape(ndim, -1).T
    hidden = _predict_hidden(regressor, stack, sex, corners, patch)
    whole = estimate.outputs
    present = torch.from_numpy(stack.present)
    changes = np.full((n, len(corners)), np.nan)
    for k in np.flatnonzero(stack.present):
        chosen = torch.from_numpy(np.arange(n) == k)
        outputs = RegionOutputs(
            torch.where(chosen, hidden.ages, whole.ages), torch.where(chosen, hidden.logits, whole.logits)
        )
        of_patches = regressor.fuse_outputs(outputs, present.expand(len(corners), n))
        changes[k] = [with_patch.months - estimate.months for with_patch in of_patches]
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


def _predict_hidden(
    regressor: AgeRegressor, stack: RegionStack, sex: Sex | None, corners: NDArray[np.int64], patch: int
) -> RegionOutputs:
    """Return the outputs of n_patches by n_regions, with a patch hidden in all regions at once."""
    grey = stack.pixels.mean(axis=tuple(range(1, stack.pixels.ndim)), keepdims=True)
    outputs = []
    for start in range(0, len(corners), _BATCH):
        stacks = []
        for corner in corners[start : start + _BATCH]:
            pixels = stack.pixels.copy()
            pixels[:, *(slice(first, first + patch) for first in corner)] = grey
            stacks.append(dataclasses.replace(stack, pixels=pixels))
        outputs.append(regressor.predict_regions(stacks, [sex] * len(stacks)))
    ages, logits = zip(*outputs, strict=True)
    return RegionOutputs(torch.cat(ages), torch.cat(logits))
