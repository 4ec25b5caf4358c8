"""The residual trunk that the region networks share: pictures in, features out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class LocalContrast(nn.Module):
    """How far each pixel stands out from its neighbourhood, in units of the grey values' spread there.

    A radiograph's exposure, its plate and its collimation are gone after it, an edge is not. After Jarrett et al.
    2009 [1]_, with square windows in place of Gaussian ones, which are faster.

    Parameters
    ----------
    window : float
        Side of the neighbourhood, as a part of the picture's.
    floor : float
        Least spread, in grey values from -1 to 1: what varies less is taken for noise.

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
        """Return contrasts from -3 to 3, of the shape (n, 1, rows, cols) of the pictures."""
        size = 2 * round(self.window * pictures.shape[-1] / 2) + 1
        deviation = pictures - _box_mean(pictures, size)
        spread = (_box_mean(deviation**2, size) + self.floor**2).sqrt()
        return (deviation / spread).clamp(-3, 3)


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut; the first halves the picture if ``stride`` is 2."""

    def __init__(self, n_in: int, n_out: int, stride: int = 2) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True), nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return n_out maps of shape (rows, cols), or of half that, rounded up, from n_in."""
        return torch.relu(self.body(x) + self.shortcut(x))


def build_trunk(channels: Sequence[int], *, contrast: bool, fine_stem: bool) -> nn.Module:
    """Return a new trunk, from pictures of shape (n, 1, side, side) to features of shape (n, channels[-1]).

    Parameters
    ----------
    channels : sequence of int
        Of the stem and of each block; every block halves the picture.
    contrast : bool
        Whether the trunk sees local contrasts in place of grey values.
    fine_stem : bool
        Whether the stem looks at every pixel (3x3), or at every second (5x5), for a quarter of the work.
    """
    width = channels[0]
    stem = nn.Conv2d(1, width, 3, padding=1, bias=False) if fine_stem else nn.Conv2d(
        1, width, 5, stride=2, padding=2, bias=False
    )  # fmt: skip
    first: list[nn.Module] = [LocalContrast()] if contrast else []
    blocks = [ResidualBlock(n_in, n_out) for n_in, n_out in pairwise(channels)]
    return nn.Sequential(*first, stem, nn.BatchNorm2d(width), nn.ReLU(), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _box_mean(pictures: Tensor, size: int) -> Tensor:
    rows = functional.avg_pool2d(pictures, (size, 1), 1, (size // 2, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, size), 1, (0, size // 2), count_include_pad=False)
