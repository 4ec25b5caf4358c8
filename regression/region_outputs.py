"""Prediction of a network for every region of a hand, before the regions are fused into one age."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeGuard

import torch
from torch import Tensor, nn

from boneage.imaging import Sex
from boneage.regression.features import extract_features
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.region_stack import RegionStack
from boneage.regression.tensors import to_grey, to_tensors
from boneage.regression.test_time_augmentation import draw_augmented


class RegionOutputs(NamedTuple):
    """A network's outputs for hands.

    Attributes
    ----------
    ages : tensor of shape (n_hands, n_regions)
        In standard deviations of the training ages from their mean.
    logits : tensor of shape (n_hands, n_regions)
        Of the regions' weights; see :func:`~boneage.regression.fusion.weigh_regions`.
    """

    ages: Tensor
    logits: Tensor

    def split(self) -> list[RegionOutputs]:
        """Return the outputs for each hand, of shape (1, n_regions)."""
        return [
            RegionOutputs(self.ages[k : k + 1].clone(), self.logits[k : k + 1].clone()) for k in range(len(self.ages))
        ]


def predict_regions(
    network: nn.Module,
    stacks: Sequence[RegionStack],
    sexes: Sequence[Sex | None],
    *,
    n_augmented: int = 1,
    mirrored: bool = False,
    cache: Path | None = None,
) -> RegionOutputs:
    """Return the network's age and weight logit for every region.

    Parameters
    ----------
    network : torch.nn.Module
        See :class:`~boneage.regression.networks.registry.AgeNetwork`.
    stacks : sequence of RegionStack
        With the regions that the network was trained on; not checked.
    sexes : sequence of {"F", "M", None}
    n_augmented : int
        Number of test-time augmentations whose outputs are averaged.
    mirrored : bool
        Whether each is averaged with its mirror image.
    cache : Path, optional
        Folder of the features of frozen backbones; with it, those are of the hands as they are.
    """
    with torch.inference_mode():
        pixels, present, sex = to_tensors(stacks, sexes)
        if cache and has_frozen_backbone(network):
            ages, logits = network.head(extract_features(network, pixels, present, cache=cache), present, sex)
            return RegionOutputs(ages, logits)
        views = draw_augmented(to_grey(pixels), n_augmented, mirrored=mirrored)
        outputs = [network(view, present, sex) for view in views]
        ages, logits = (torch.stack(parts).mean(dim=0) for parts in zip(*outputs, strict=True))
    return RegionOutputs(ages, logits)


def has_frozen_backbone(network: nn.Module) -> TypeGuard[BackboneNet]:
    """Whether the network is a head on a backbone that is not trained, so that features can be computed once."""
    return isinstance(network, BackboneNet) and network.frozen
