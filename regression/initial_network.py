"""The network that a training starts from: random weights, and a pretrained backbone where there is one."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.regression.networks.backbone import BackboneNet
from boneage.regression.networks.registry import build_network
from boneage.regression.networks.weights import load_pretrained
from boneage.regression.regressor_settings import RegressorSettings


def build_initial_network(
    settings: RegressorSettings,
    n_regions: int,
    seed: int,
    weights: Path | None = None,
    progress: Progress | None = None,
) -> nn.Module:
    """Return a new network. Its random weights follow from the seed; torch's global generator is left unchanged.

    Parameters
    ----------
    settings : RegressorSettings
    n_regions : int
    seed : int
    weights : Path, optional
        File of the backbone's pretrained weights; by default the published one, downloaded once.
    progress : callable, optional

    Raises
    ------
    UnusableWeights
        If the network has a backbone and its pretrained weights cannot be had.
    InvalidInput
        If a file of weights is given for a network without a backbone.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(settings.network, n_regions, settings.use_sex)
    if isinstance(network, BackboneNet):
        load_pretrained(network.backbone, weights, progress)
    elif weights is not None:
        raise InvalidInput(f"the network takes no pretrained weights, got {weights}")
    return network
