"""An age network on a backbone pretrained on photographs: off the shelf, or fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT
from boneage.regression.networks.efficientnet_lite import (
    EfficientNetLite,
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
)
from boneage.regression.networks.googlenet import GoogLeNet
from boneage.regression.networks.overfeat import OverFeat
from boneage.regression.networks.oxfordnet import OxfordNet
from boneage.regression.networks.region_scatter import scatter_regions

Backbone = OxfordNet | GoogLeNet | OverFeat | EfficientNetLite

BACKBONES: dict[str, type[Backbone]] = {
    kind.name: kind
    for kind in (OxfordNet, GoogLeNet, OverFeat, EfficientNetLite0, EfficientNetLite1, EfficientNetLite2)
}

_SMALLEST_SIDE = 32
_SITE_WIDTH = 16
_RAREST = 0.1  # of a site's typical spread: what varies less is standardised as if it varied so much
_FARTHEST = 10.0  # standard deviations


@dataclass(frozen=True)
class BackboneSettings:
    """Shape of a :class:`BackboneNet`.

    Parameters
    ----------
    backbone : {"vgg16", "googlenet", "overfeat", "efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"}
    layer : str
        The backbone's layer whose features are used; its class's docstring lists them.
    frozen : bool
        Whether the backbone keeps its pretrained weights (off-the-shelf features) or is trained too (fine-tuned).
    hidden : tuple of int
        Widths of the one or two fully connected layers on top.
    dropout : float
        After each of them.
    input_side : int or None
        Side that regions are resized to first; by default their own. ImageNet's features are best near the side they
        were learnt at, 224 (OverFeat 231), and cost with its square.
    batch_statistics : bool
        Whether batch normalisation in a fine-tuned backbone is trained as usual, on the statistics of the batches,
        which wants batches of some 32 regions or more; otherwise it keeps those it came with.
    """

    __pydantic_config__ = STRICT

    ndim: ClassVar[int] = 2  # it reads pictures
    smallest_side: ClassVar[int] = _SMALLEST_SIDE
    backbone: str = "vgg16"
    layer: str = "pool5"
    frozen: bool = True
    hidden: tuple[int, ...] = (256,)
    dropout: float = 0.3
    input_side: int | None = None
    batch_statistics: bool = False

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise InvalidInput(f"backbone must be one of {', '.join(BACKBONES)}, got {self.backbone!r}")
        layers = BACKBONES[self.backbone].layers
        if self.layer not in layers:
            raise InvalidInput(f"layer of {self.backbone} must be one of {', '.join(layers)}, got {self.layer!r}")
        if len(self.hidden) not in (1, 2) or min(self.hidden) < 1 or not 0 <= self.dropout < 1:
            raise InvalidInput(
                f"hidden must be 1 or 2 positive numbers, dropout in [0, 1), got {self.hidden}, {self.dropout}"
            )
        if self.input_side is not None and not _SMALLEST_SIDE <= self.input_side <= 1024:
            raise InvalidInput(f"input_side must be from {_SMALLEST_SIDE} to 1024, got {self.input_side}")


class RegionHead(nn.Module):
    """Features of regions in; for each region an age and a weight (as a logit) out.

    Features, if :meth:`standardise` was called, are standardised and limited to 10 standard deviations: one that hardly
    ever varied in training may leap in another hand. They are joined by an embedding of the site and by the sex, and
    read by one or two fully connected layers with ReLU and dropout; age and logit are linear in the last.

    Parameters
    ----------
    n_features, n_regions : int
    use_sex : bool
    settings : BackboneSettings
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, n_features: int, n_regions: int, use_sex: bool, settings: BackboneSettings) -> None:
        super().__init__()
        self.use_sex = use_sex
        self.register_buffer("centre", torch.zeros(n_regions, n_features))
        self.register_buffer("spread", torch.ones(n_regions, n_features))
        self.site = nn.Embedding(n_regions, _SITE_WIDTH)
        widths = (n_features + _SITE_WIDTH + use_sex, *settings.hidden)
        steps = [[nn.Linear(n, m), nn.ReLU(), nn.Dropout(settings.dropout)] for n, m in pairwise(widths)]
        self.join = nn.Sequential(*(step for layer in steps for step in layer))
        self.age = nn.Linear(widths[-1], 1)
        self.trust = nn.Linear(widths[-1], 1)

    def standardise(self, features: Tensor, present: Tensor) -> None:
        """Set the mean and standard deviation of the features from those of the present regions, for each site."""
        for region in range(present.shape[1]):
            of_region = features[present[:, region], region]
            if len(of_region) > 1:
                spread, centre = torch.std_mean(of_region, dim=0)
                least = (_RAREST * spread.median()).clamp(min=1e-6)
                self.centre[region], self.spread[region] = centre, torch.maximum(spread, least)

    def forward(self, features: Tensor, present: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        """Return ages and trust logits, each of shape (n_hands, n_regions); 0 where a region is not present.

        Parameters
        ----------
        features : tensor of shape (n_hands, n_regions, n_features)
        present : bool tensor of shape (n_hands, n_regions)
        sex : tensor of shape (n_hands,)
            -1 for girls, 1 for boys; ignored if the network does not use it.
        """
        features = (features - self.centre) / self.spread
        if (self.spread != 1).any():  # standardised
            features = features.clamp(-_FARTHEST, _FARTHEST)
        parts = [features, self.site.weight.expand(len(features), -1, -1)]
        if self.use_sex:
            parts.append(sex[:, None, None].expand(-1, features.shape[1], 1))
        joined = self.join(torch.cat(parts, dim=2))
        return self.age(joined)[..., 0] * present, self.trust(joined)[..., 0] * present


class BackboneNet(nn.Module):
    """A pretrained backbone that computes features of each region, and a head that predicts from them.

    A frozen backbone keeps all of its weights, and batch normalisation its pretrained statistics unless the settings
    say that it learns new ones. Weights are random until
    :func:`~boneage.regression.networks.weights.load_pretrained` fills them.

    Parameters
    ----------
    settings : BackboneSettings
    n_regions : int
    use_sex : bool
    """

    def __init__(self, settings: BackboneSettings, n_regions: int, use_sex: bool) -> None:
        super().__init__()
        self.frozen = settings.frozen
        self.batch_statistics = settings.batch_statistics
        self.input_side = settings.input_side
        self.backbone = BACKBONES[settings.backbone](settings.layer)
        self.head = RegionHead(self.backbone.n_features, n_regions, use_sex, settings)
        self.backbone.requires_grad_(not self.frozen)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Prepare for training or, with ``False``, for prediction."""
        super().train(mode)
        for module in self.backbone.modules():
            if self.frozen or (isinstance(module, nn.BatchNorm2d) and not self.batch_statistics):
                module.training = False
        return self

    def forward(self, pixels: Tensor, present: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        """Return ages and trust logits, each of shape (n_hands, n_regions); 0 where a region is not present.

        Parameters
        ----------
        pixels : tensor of shape (n_hands, n_regions, side, side)
            Grey values from 0 to 1; a side of at least 32.
        present : bool tensor of shape (n_hands, n_regions)
        sex : tensor of shape (n_hands,)
            -1 for girls, 1 for boys; ignored if the network does not use it.
        """
        ages, logits = self.head(self.extract(pixels, present), present, sex)
        return ages, logits

    def extract(self, pixels: Tensor, present: Tensor) -> Tensor:
        """Return the features of regions, shape (n_hands, n_regions, n_features); 0 where one is not present.

        Raises
        ------
        InvalidInput
            If the regions are below 32 pixels wide.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features: Tensor = self.backbone(self.fit_pictures(pixels[present][:, None]))
        return scatter_regions(features, present)

    def fit_pictures(self, pictures: Tensor) -> Tensor:
        """Return pictures of shape (n, 1, side, side) in the side that the backbone reads.

        Raises
        ------
        InvalidInput
            If they are below 32 pixels wide.
        """
        given = pictures.shape[-1]
        if given < _SMALLEST_SIDE:
            raise InvalidInput(f"regions must be at least {_SMALLEST_SIDE} pixels wide, got {given}")
        side = max(self.input_side or given, self.backbone.smallest_side)
        if side == given:
            return pictures
        return functional.interpolate(pictures, (side, side), mode="bilinear", antialias=True)
