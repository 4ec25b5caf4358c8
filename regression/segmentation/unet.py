"""A small U-Net: a picture of a hand in, the probability of each kind of outline out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT


@dataclass(frozen=True)
class UNetSettings:
    """Shape of a :class:`UNet`.

    Parameters
    ----------
    channels : tuple of int
        Of each level; the first works at half of the picture's size, each further one at half of the one before.
    """

    __pydantic_config__ = STRICT

    channels: tuple[int, ...] = (32, 64, 96, 128)

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or min(self.channels) < 1:
            raise InvalidInput(f"channels must be at least 2 positive numbers, got {self.channels}")

    @property
    def step(self) -> int:
        """The number of pixels that a picture's side is a multiple of."""
        return int(2 ** len(self.channels))


class UNet(nn.Module):
    """After Ronneberger et al. [1]_, with few channels; it differs in how it starts and ends.

    1. Blocks of 2x2 pixels become four maps: no detail is lost, and no layer works at full size.
    2. Down: a convolution at each level, the largest of 2x2 pixels, a convolution that widens.
    3. Up: enlarged, joined with the maps of the same size on the way down, two convolutions.
    4. Four outputs for each kind become its 2x2 pixels (sub-pixel convolution [2]_).

    References
    ----------
    .. [1] Ronneberger, Fischer, Brox. U-Net: convolutional networks for biomedical image segmentation. MICCAI 2015.
    .. [2] Shi et al. Real-time single image and video super-resolution using an efficient sub-pixel convolutional
       neural network. CVPR 2016.
    """

    def __init__(self, settings: UNetSettings, n_kinds: int) -> None:
        super().__init__()
        channels = settings.channels
        self.stem = convolve(4, channels[0])
        self.levels = nn.ModuleList(convolve(n, n) for n in channels)
        self.widen = nn.ModuleList(convolve(n, wider) for n, wider in pairwise(channels))
        self.merge = nn.ModuleList(
            nn.Sequential(convolve(n + wider, n), convolve(n, n)) for n, wider in pairwise(channels)
        )
        self.head = nn.Conv2d(channels[0], 4 * n_kinds, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits, shape (n, n_kinds, side, side).

        Parameters
        ----------
        pictures : tensor of shape (n, 1, side, side)
            Grey values from 0 to 1; the side is a multiple of the settings' ``step``.
        """
        *skipped, maps = self.compute_levels(pictures)
        for merge, skip in zip(reversed(self.merge), reversed(skipped), strict=True):
            maps = merge(torch.cat([functional.interpolate(maps, scale_factor=2.0), skip], dim=1))
        return functional.pixel_shuffle(self.head(maps), 2)

    def compute_levels(self, pictures: Tensor) -> list[Tensor]:
        """Return the maps of each level on the way down, the largest first."""
        maps, found = self.stem(functional.pixel_unshuffle(pictures - 0.5, 2)), []
        for level, widen in zip(self.levels, self.widen, strict=False):
            found.append(level(maps))
            maps = widen(functional.max_pool2d(found[-1], 2))
        return [*found, self.levels[-1](maps)]


def convolve(n_in: int, n_out: int) -> nn.Module:
    """Return a convolution of 3x3, normalised and rectified."""
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True))
