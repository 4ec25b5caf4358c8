"""Pictures made of a volume's regions, for networks that read pictures."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from boneage.imaging.errors import InvalidInput
from boneage.regression.region_stack import RegionStack, normalise_grey

Flattening = Literal["slice", "projection"]


def flatten_regions(stack: RegionStack, method: Flattening) -> RegionStack:
    """Make pictures of a volume's regions.

    Parameters
    ----------
    stack : RegionStack
        Of cubes, shape (n_regions, side, side, side).
    method : {"slice", "projection"}
        The slice half way through the cube, along the bone and to the side: coronal in most bones; or the mean over the
        middle half of the cube's depth, which is about the bone's own.

    Returns
    -------
    RegionStack
        Of pictures, shape (n_regions, side, side).

    Raises
    ------
    InvalidInput
        If the regions are pictures already.
    """
    if stack.pixels.ndim != 4:
        raise InvalidInput("only a volume's regions can be made pictures")
    side = stack.pixels.shape[1]
    half_depth = 1 if method == "slice" else max(side // 4, 1)  # planes on either side of the middle
    pictures = stack.pixels[:, (side + 1) // 2 - half_depth : side // 2 + half_depth].mean(axis=1)
    pixels = np.stack([normalise_grey(picture) for picture in pictures])
    return dataclasses.replace(stack, pixels=pixels)
