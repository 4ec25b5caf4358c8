"""A small convolutional network that reads an age, and how far to trust it, from every region of a hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class MultiRegionSettings:
    """Shape of a :class:`MultiRegionNet`.

    Parameters
    ----------
    channels : tuple of int
        Of the stem and of each block; every one halves the picture.
    branch : {"shared", "per_site"}
        One convolutional branch for all sites, which learn from each other and are told apart by an
        embedding, or one each.
    hidden : int
        Width of the layer that joins a region's features, its site and the sex.
    dropout : float
    """

    channels: tuple[int, ...] = (24, 32, 64, 96)
    branch: Literal["shared", "per_site"] = "shared"
    hidden: int = 64
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or min(self.channels) < 1:
            raise ValueError(f"channels must be at least 2 positive numbers, got {self.channels}")
        if self.branch not in ("shared", "per_site"):
            raise ValueError(f"branch must be shared or per_site, got {self.branch!r}")
        if self.hidden < 1 or not 0 <= self.dropout < 1:
            raise ValueError(f"hidden must be positive, dropout in [0, 1), got {self.hidden}, {self.dropout}")


class MultiRegionNet(nn.Module):
    """Regions and sex in; for each region an age and a weight (as a logit) out.

    A region that is not present is not looked at.

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
        self.branches = nn.ModuleList(_branch(settings.channels) for _ in range(n_branches))
        self.site = nn.Embedding(n_regions, 16)
        self.join = nn.Sequential(
            nn.Linear(settings.channels[-1] + 16 + use_sex, settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
        )
        self.age = nn.Linear(settings.hidden, 1)
        self.trust = nn.Linear(settings.hidden, 1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster on a processor

    def forward(self, pixels: Tensor, present: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        """Return ages and trust logits, each of shape (n_hands, n_regions); 0 where a region is not present.

        Parameters
        ----------
        pixels : tensor of shape (n_hands, n_regions, side, side)
        present : bool tensor of shape (n_hands, n_regions)
        sex : tensor of shape (n_hands,)
            -1 for girls, 1 for boys; not looked at if the network does without.
        """
        hand, region = torch.nonzero(present, as_tuple=True)
        features = self._look(pixels[hand, region][:, None] * 2 - 1, region)
        parts = [features, self.site(region)]
        if self.use_sex:
            parts.append(sex[hand, None])
        joined = self.join(torch.cat(parts, dim=1))
        out = []
        for head in (self.age, self.trust):
            filled = joined.new_zeros(present.shape)
            out.append(filled.index_put((hand, region), head(joined)[:, 0]))
        return out[0], out[1]

    def _look(self, pictures: Tensor, region: Tensor) -> Tensor:
        if len(self.branches) == 1:
            return torch.as_tensor(self.branches[0](pictures))
        order = torch.argsort(region, stable=True)  # sorted by site, so that each branch sees its own at once
        counts = torch.bincount(region, minlength=len(self.branches)).tolist()
        groups = torch.split(pictures[order], counts)
        seen = [branch(group) for branch, group in zip(self.branches, groups, strict=True) if len(group)]
        return torch.cat(seen)[torch.argsort(order)]


class _Block(nn.Module):
    """Two convolutions beside a shortcut; the first halves the picture."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(n_in, n_out, 1, bias=False), nn.BatchNorm2d(n_out)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def _branch(channels: Sequence[int]) -> nn.Module:
    stem = [
        nn.Conv2d(1, channels[0], 5, stride=2, padding=2, bias=False),
        nn.BatchNorm2d(channels[0]),
        nn.ReLU(),
    ]
    blocks = [_Block(n_in, n_out) for n_in, n_out in pairwise(channels)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
