"""A small convolutional network that predicts an age and its weight from every region of a hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT
from boneage.regression.networks.heads import HEADS, HeadName, build_head
from boneage.regression.networks.region_scatter import scatter_regions
from boneage.regression.networks.residual import build_trunk


@dataclass(frozen=True)
class MultiRegionSettings:
    """Shape of a :class:`MultiRegionNet`.

    Parameters
    ----------
    channels : tuple of int
        Of the stem and of each block; every one halves the region.
    branch : {"shared", "per_site"}
        One convolutional branch that all sites share, with an embedding of the site, or one branch each.
    hidden : int
        Width of the layer that joins a region's features, its site and the sex.
    dropout : float
    head : {"linear", "expectation"}
        Of the age: a linear layer, or the expectation of a distribution over bins.
    contrast : bool
        Whether the network reads local contrasts instead of grey values.
    fine_stem : bool
        Whether the stem has stride 1 instead of 2.
    ndim : {2, 3}
        Number of axes of the regions: pictures or cubes.
    """

    __pydantic_config__ = STRICT

    smallest_side: ClassVar[int] = 8
    channels: tuple[int, ...] = (24, 32, 64, 96)
    branch: Literal["shared", "per_site"] = "shared"
    hidden: int = 64
    dropout: float = 0.3
    head: HeadName = "linear"
    contrast: bool = False
    fine_stem: bool = False
    ndim: int = 2

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or min(self.channels) < 1:
            raise InvalidInput(f"channels must be at least 2 positive numbers, got {self.channels}")
        if self.branch not in ("shared", "per_site"):
            raise InvalidInput(f"branch must be shared or per_site, got {self.branch!r}")
        if self.hidden < 1 or not 0 <= self.dropout < 1:
            raise InvalidInput(f"hidden must be positive, dropout in [0, 1), got {self.hidden}, {self.dropout}")
        if self.ndim not in (2, 3):
            raise InvalidInput(f"ndim must be 2 or 3, got {self.ndim}")
        if self.head not in HEADS:
            raise InvalidInput(f"head must be one of {', '.join(HEADS)}, got {self.head!r}")


def whole_hand() -> MultiRegionSettings:
    """Return the shape that suits a whole hand in about 100 pixels, where a joint is three to eight of them wide."""
    return MultiRegionSettings(channels=(16, 32, 64, 128, 256), contrast=True, fine_stem=True)


def cube_regions() -> MultiRegionSettings:
    """Return the shape that suits cubes around bones on a processor: narrow where there are most voxels."""
    return MultiRegionSettings(channels=(8, 16, 32, 64), ndim=3)


class MultiRegionNet(nn.Module):
    """Regions and sex in; for each region an age and a weight (as a logit) out.

    Absent regions are skipped.

    Parameters
    ----------
    settings : MultiRegionSettings
    n_regions : int
    use_sex : bool
    """

    def __init__(self, settings: MultiRegionSettings, n_regions: int, use_sex: bool) -> None:
        super().__init__()
        self.use_sex = use_sex
        n_branches = 1 if settings.branch == "shared" else n_regions
        self.branches = nn.ModuleList(
            build_trunk(settings.channels, contrast=settings.contrast, fine_stem=settings.fine_stem, ndim=settings.ndim)
            for _ in range(n_branches)
        )
        self.site = nn.Embedding(n_regions, 16)
        self.join = nn.Sequential(
            nn.Linear(settings.channels[-1] + 16 + use_sex, settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
        )
        self.age = build_head(settings.head, settings.hidden)
        self.trust = nn.Linear(settings.hidden, 1)
        if settings.ndim == 2:
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster on a processor

    def forward(self, pixels: Tensor, present: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        """Return ages and trust logits, each of shape (n_hands, n_regions); 0 where a region is not present.

        Parameters
        ----------
        pixels : tensor of shape (n_hands, n_regions, side, side) or (n_hands, n_regions, side, side, side)
        present : bool tensor of shape (n_hands, n_regions)
        sex : tensor of shape (n_hands,)
            -1 for girls, 1 for boys; ignored if the network does not use it.
        """
        hand, region = torch.nonzero(present, as_tuple=True)
        features = self._features(pixels[hand, region][:, None] * 2 - 1, region)
        parts = [features, self.site(region)]
        if self.use_sex:
            parts.append(sex[hand, None])
        joined = self.join(torch.cat(parts, dim=1))
        return scatter_regions(self.age(joined)[:, 0], present), scatter_regions(self.trust(joined)[:, 0], present)

    def _features(self, pictures: Tensor, region: Tensor) -> Tensor:
        if len(self.branches) == 1:
            return torch.as_tensor(self.branches[0](pictures))
        order = torch.argsort(region, stable=True)  # sorted by site, so that each branch has one batch
        counts = torch.bincount(region, minlength=len(self.branches)).tolist()
        groups = torch.split(pictures[order], counts)
        features = [branch(group) for branch, group in zip(self.branches, groups, strict=True) if len(group)]
        return torch.cat(features)[torch.argsort(order)]
