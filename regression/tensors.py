"""Hands as tensors, eight bits a grey value, the same in training and in prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from boneage.imaging import Sex
from boneage.imaging.errors import InvalidInput
from boneage.regression.region_stack import RegionStack

DAMAGED = (
    OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, AssertionError,
)  # fmt: skip
"""What torch's reader raises for damaged files beside ``pickle.UnpicklingError``; found by damaging some."""

_SEX = {"F": -1.0, "M": 1.0, None: 0.0}


def to_tensors(stacks: Sequence[RegionStack], sexes: Sequence[Sex | None]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the hands' pixels, which regions are present, and sexes.

    Parameters
    ----------
    stacks : sequence of RegionStack
        With the same regions each; at least one.
    sexes : sequence of {"F", "M", None}

    Returns
    -------
    pixels : uint8 tensor of shape (n_hands, n_regions, side, side) or (n_hands, n_regions, side, side, side)
        Grey values from 0 to 255: a quarter of the memory of floats. See :func:`to_grey`.
    present : bool tensor of shape (n_hands, n_regions)
    sex : tensor of shape (n_hands,)
        -1 for girls, 1 for boys, 0 if unknown.
    """
    pixels = np.empty((len(stacks), *stacks[0].pixels.shape), np.uint8)
    for k, stack in enumerate(stacks):
        pixels[k] = np.rint(np.clip(stack.pixels, 0, 1) * 255)
    return (
        torch.from_numpy(pixels),
        torch.from_numpy(np.stack([stack.present for stack in stacks])),
        torch.tensor([_SEX[sex] for sex in sexes], dtype=torch.float32),
    )


def to_grey(pixels: Tensor) -> Tensor:
    """Return the grey values of :func:`to_tensors` as floats from 0 to 1; floats are returned unchanged.

    Examples
    --------
    >>> to_grey(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist()
    [0.0, 0.20000000298023224, 1.0]
    """
    return pixels.float() / 255 if pixels.dtype == torch.uint8 else pixels


def resize_pictures(pixels: Tensor, side: int | None) -> Tensor:
    """Return pictures resized to another side, without aliasing; ``None`` changes nothing.

    Parameters
    ----------
    pixels : tensor of shape (n_hands, n_regions, side, side)
        Grey values.
    side : int or None

    Examples
    --------
    >>> resize_pictures(torch.rand(2, 5, 64, 64), 32).shape
    torch.Size([2, 5, 32, 32])
    """
    if side is None or side == pixels.shape[-1]:
        return pixels
    return functional.interpolate(pixels, (side, side), mode="bilinear", antialias=True)


def load_arrays(network: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Give a network its parameters and buffers, and make it ready for prediction.

    Raises
    ------
    InvalidInput
        If the arrays do not fit the network, or are not finite.
    """
    try:
        network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
    except RuntimeError as error:
        raise InvalidInput(f"the network's arrays do not fit its settings: {error}") from error
    if not all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
        raise InvalidInput("the network's arrays must be finite")
    network.eval()
