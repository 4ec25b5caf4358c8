"""BoNet-like: convolutions, a deformation layer, one fully connected layer, a linear output; or a whole map of ages.

After Spampinato, Palazzo, Giordano, Aldinucci, Leonardi: Deep learning for automated skeletal bone age assessment in
X-ray images. Medical Image Analysis 36, 2017. The order of the layers is theirs; the sizes of their layers could not
be read, so these are ours. (Another network called BoNet, of 2019, has nothing to do with it.)

======================= ================================== =========================
layer                   what                               of a 64 x 64 window
======================= ================================== =========================
stage 1                 2 convolutions 3 x 3, max-pooling  16 x 30 x 30
stage 2                 the same                           32 x 13 x 13
last stage              2 convolutions 3 x 3               64 x 9 x 9
deformation             spatial transformer                64 x 9 x 9
fully connected         a convolution as large as that     64
age; trust              two convolutions 1 x 1             1; 1
======================= ================================== =========================

Batch normalisation and ReLU follow every convolution of a stage and the fully connected layer. Sex and region enter
between these two of the latter.

No layer pads. So the output for a window does not depend on its position, and a larger picture gives a map: each
cell is, but for rounding, the output for that window alone, deformed on its own. A picture's age is the mean or the
median of the map, or its mean weighted by a softmax of the trust (``attention``); of a picture as large as a window it
is the one cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from boneage.imaging import Frame
from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT
from boneage.regression.networks.deformation import Deformation
from boneage.regression.networks.region_scatter import scatter_regions

Aggregate = Literal["mean", "median", "attention"]
DeformationKind = Literal["affine", "thin_plate", "none"]


@dataclass(frozen=True)
class BoNetSettings:
    """Shape of a :class:`BoNet`.

    Parameters
    ----------
    window : int
        Side in pixels of the window that one age is predicted from; pictures must be at least as large.
    channels : tuple of int
        Of the stages; every one but the last halves the picture.
    deformation : {"affine", "thin_plate", "none"}
    aggregate : {"mean", "median", "attention"}
        How the ages of a picture larger than a window become one.
    hidden : int
        Width of the fully connected layer.
    dropout : float
        After it.
    """

    __pydantic_config__ = STRICT

    ndim: ClassVar[int] = 2  # it reads pictures
    window: int = 64
    channels: tuple[int, ...] = (16, 32, 64)
    deformation: DeformationKind = "affine"
    aggregate: Aggregate = "mean"
    hidden: int = 64
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if not self.channels or min(self.channels) < 1:
            raise InvalidInput(f"channels must be positive numbers, got {self.channels}")
        if self.deformation not in ("affine", "thin_plate", "none"):
            raise InvalidInput(f"deformation must be affine, thin_plate or none, got {self.deformation!r}")
        if self.aggregate not in ("mean", "median", "attention"):
            raise InvalidInput(f"aggregate must be mean, median or attention, got {self.aggregate!r}")
        if self.hidden < 1 or not 0 <= self.dropout < 1:
            raise InvalidInput(f"hidden must be positive, dropout in [0, 1), got {self.hidden}, {self.dropout}")
        if self.n_features < 2:
            raise InvalidInput(f"window must be larger for {len(self.channels)} stages, got {self.window} pixels")

    @property
    def smallest_side(self) -> int:
        """Side of the smallest pictures that it reads: a window's."""
        return self.window

    @property
    def n_features(self) -> int:
        """Side of a window after the last stage."""
        side = self.window
        for _ in self.channels[:-1]:
            side = (side - 4) // 2
        return side - 4

    @property
    def step(self) -> int:
        """Pixels from one window to the next."""
        return int(2 ** (len(self.channels) - 1))

    @property
    def field(self) -> int:
        """Side in pixels of the receptive field of one age: the window, less what does not fill a feature."""
        return self.step * (self.n_features + 8) - 4

    @property
    def frame(self) -> Frame:
        """From cells of the map to the middles of their windows, in pixels of the picture."""
        return Frame.from_linear(self.step * np.eye(2), np.full(2, (self.field - 1) / 2))


class BoNet(nn.Module):
    """Regions and sex in; for each region an age and a weight (as a logit) out.

    Absent regions are skipped.

    Parameters
    ----------
    settings : BoNetSettings
    n_regions : int
    use_sex : bool
    """

    def __init__(self, settings: BoNetSettings, n_regions: int, use_sex: bool) -> None:
        super().__init__()
        self.settings = settings
        channels, side = settings.channels, settings.n_features
        self.stages = nn.Sequential(_stage(1, channels[0]))
        for n_in, n_out in pairwise(channels):
            self.stages.extend([nn.MaxPool2d(2), _stage(n_in, n_out)])
        bend = None if settings.deformation == "none" else Deformation(settings.deformation, channels[-1], side)
        self.deformation = bend
        # deformed windows are side by side, the others overlap
        self.connect = nn.Conv2d(channels[-1], settings.hidden, side, stride=side if bend else 1, bias=False)
        self.norm = _Norm(settings.hidden)
        self.site = nn.Embedding(n_regions, settings.hidden) if n_regions > 1 else None
        self.sex = nn.Linear(1, settings.hidden, bias=False) if use_sex else None
        self.drop = nn.Dropout(settings.dropout)
        self.age = nn.Conv2d(settings.hidden, 1, 1)
        self.trust = nn.Conv2d(settings.hidden, 1, 1)

    def forward(self, pixels: Tensor, present: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        """Return ages and trust logits, each of shape (n_hands, n_regions); 0 where a region is not present.

        Parameters
        ----------
        pixels : tensor of shape (n_hands, n_regions, side, side)
        present : bool tensor of shape (n_hands, n_regions)
        sex : tensor of shape (n_hands,)
            -1 for girls, 1 for boys; ignored if the network does not use it.
        """
        hand, region = torch.nonzero(present, as_tuple=True)
        maps = self.map_ages(pixels[hand, region], sex[hand], region)
        ages, trust = aggregate(*maps, self.settings.aggregate)
        return scatter_regions(ages, present), scatter_regions(trust, present)

    def map_ages(self, pictures: Tensor, sex: Tensor, region: Tensor) -> tuple[Tensor, Tensor]:
        """Return the map of ages and that of trust logits, each of shape (n, rows, columns); see ``settings.frame``.

        Parameters
        ----------
        pictures : tensor of shape (n, height, width)
            At least as large as a window.
        sex : tensor of shape (n,)
        region : int tensor of shape (n,)
            Index of the region that each picture is of.

        Raises
        ------
        InvalidInput
            If the pictures are smaller than a window.
        """
        window, (height, width) = self.settings.window, pictures.shape[1:]
        if min(height, width) < window:
            raise InvalidInput(f"pictures must be at least {window} x {window} pixels, got {height} x {width}")
        features = self.stages(pictures[:, None] * 2 - 1)
        connected = self.norm(self.connect(self.deformation(features) if self.deformation else features))
        if self.sex:
            connected = connected + self.sex(sex[:, None])[:, :, None, None]
        if self.site:
            connected = connected + self.site(region)[:, :, None, None]
        joined = self.drop(torch.relu(connected))
        return self.age(joined)[:, 0], self.trust(joined)[:, 0]


def aggregate(ages: Tensor, trust: Tensor, rule: Aggregate) -> tuple[Tensor, Tensor]:
    """Return one age and one trust logit for each map, shape (n,).

    The trust is the mean over the map of ``exp(trust)``, as a logarithm: to choose among regions by it and then, with
    ``attention``, among the cells of each is to choose among all cells at once.

    Parameters
    ----------
    ages, trust : tensor of shape (n, rows, columns)
    rule : {"mean", "median", "attention"}

    Examples
    --------
    >>> ages, trust = torch.tensor([[[1.0, 2.0, 6.0]]]), torch.tensor([[[0.0, 0.0, -100.0]]])
    >>> [aggregate(ages, trust, rule)[0].item() for rule in ("mean", "median", "attention")]
    [3.0, 2.0, 1.5]
    """
    ages, trust = ages.flatten(1), trust.flatten(1)
    overall = torch.logsumexp(trust, dim=1) - math.log(trust.shape[1])
    if rule == "mean":
        return ages.mean(dim=1), overall
    if rule == "median":
        return torch.quantile(ages, 0.5, dim=1), overall
    return (torch.softmax(trust, dim=1) * ages).sum(dim=1), overall


def _stage(n_in: int, n_out: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (n_in, n_out):
        layers += [nn.Conv2d(channels, n_out, 3, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
    return nn.Sequential(*layers)


class _Norm(nn.BatchNorm2d):
    """Batch normalisation that normalises a batch of one window by the running mean and variance."""

    def forward(self, x: Tensor) -> Tensor:
        if x.numel() > x.shape[1]:
            return super().forward(x)
        return functional.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
