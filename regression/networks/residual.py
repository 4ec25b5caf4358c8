"""The residual trunk that the region networks share: pictures or cubes in, features out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Layers(NamedTuple):
    """The layers of one number of axes."""

    convolution: Callable[..., nn.Module]
    norm: Callable[..., nn.Module]
    mean: Callable[..., nn.Module]
    whole_mean: Callable[..., nn.Module]


_LAYERS = {
    2: _Layers(nn.Conv2d, nn.BatchNorm2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d),
    3: _Layers(nn.Conv3d, nn.BatchNorm3d, nn.AvgPool3d, nn.AdaptiveAvgPool3d),
}


class LocalContrast(nn.Module):
    """Deviation of each pixel from the mean of its neighbourhood, in units of the grey values' spread there.

    It removes a radiograph's exposure, plate and collimation and keeps edges. After Jarrett et al.
    2009 [1]_, with square windows in place of Gaussian ones, which are faster.

    Parameters
    ----------
    window : float
        Side of the neighbourhood, as a part of the picture's.
    floor : float
        Least spread, in grey values from -1 to 1: smaller variation counts as noise.

    References
    ----------
    .. [1] Jarrett, K., Kavukcuoglu, K., Ranzato, M., LeCun, Y. What is the best multi-stage architecture for
       object recognition? International Conference on Computer Vision, 2009.
    """

    def __init__(self, window: float = 0.15, floor: float = 0.1) -> None:
        super().__init__()
        self.window = window
        self.floor = floor

    def forward(self, pictures: Tensor) -> Tensor:
        """Return contrasts from -3 to 3, of the shape (n, 1, rows, cols) or (n, 1, planes, rows, cols) of the input."""
        size = 2 * round(self.window * pictures.shape[-1] / 2) + 1
        deviation = pictures - _box_mean(pictures, size)
        spread = (_box_mean(deviation**2, size) + self.floor**2).sqrt()
        return (deviation / spread).clamp(-3, 3)


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut; the first halves the picture, or the cube, if ``stride`` is 2."""

    def __init__(self, n_in: int, n_out: int, stride: int = 2, ndim: int = 2) -> None:
        super().__init__()
        layers = _LAYERS[ndim]
        self.body = nn.Sequential(
            layers.convolution(n_in, n_out, 3, stride=stride, padding=1, bias=False),
            layers.norm(n_out),
            nn.ReLU(),
            layers.convolution(n_out, n_out, 3, padding=1, bias=False),
            layers.norm(n_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(
                layers.mean(stride, ceil_mode=True),
                layers.convolution(n_in, n_out, 1, bias=False),
                layers.norm(n_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return n_out maps of the same shape, or of half that, rounded up, from n_in."""
        return torch.relu(self.body(x) + self.shortcut(x))


def build_trunk(channels: Sequence[int], *, contrast: bool, fine_stem: bool, ndim: int = 2) -> nn.Module:
    """Return a new trunk, from pictures of shape (n, 1, side, side) to features of shape (n, channels[-1]).

    Parameters
    ----------
    channels : sequence of int
        Of the stem and of each block; every block halves the picture.
    contrast : bool
        Whether the trunk reads local contrasts instead of grey values.
    fine_stem : bool
        Whether the stem has 3x3 kernels with stride 1, or 5x5 with stride 2 at a quarter of the cost.
    ndim : {2, 3}
        Of 3 for cubes of shape (n, 1, side, side, side).
    """
    layers, width = _LAYERS[ndim], channels[0]
    window, stride = (3, 1) if fine_stem else (5, 2)
    stem = layers.convolution(1, width, window, stride=stride, padding=window // 2, bias=False)
    first: list[nn.Module] = [LocalContrast()] if contrast else []
    blocks = [ResidualBlock(n_in, n_out, ndim=ndim) for n_in, n_out in pairwise(channels)]
    return nn.Sequential(*first, stem, layers.norm(width), nn.ReLU(), *blocks, layers.whole_mean(1), nn.Flatten())


def _box_mean(pictures: Tensor, size: int) -> Tensor:
    ndim = pictures.ndim - 2
    pool = functional.avg_pool2d if ndim == 2 else functional.avg_pool3d
    for axis in range(ndim):
        window = [size if k == axis else 1 for k in range(ndim)]
        pictures = pool(pictures, window, 1, [n // 2 for n in window], count_include_pad=False)
    return pictures
