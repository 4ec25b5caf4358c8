"""What a trained age model is saved as, and the fingerprint of a training that its checkpoint is named after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from boneage.imaging.errors import InvalidInput
from boneage.regression.fusion import FusionRule
from boneage.regression.networks.registry import build_network
from boneage.regression.regressor_settings import RegressorSettings, settings_to_json
from boneage.regression.tensors import load_arrays
from boneage.regression.training_data import TrainingData


def network_from_arrays(settings: RegressorSettings, n_regions: int, arrays: Mapping[str, NDArray[Any]]) -> nn.Module:
    """Rebuild a network, ready for prediction.

    Parameters
    ----------
    settings : RegressorSettings
    n_regions : int
    arrays : mapping of str to ndarray
        The network's parameters and buffers.

    Raises
    ------
    InvalidInput
        If the arrays do not fit the settings, or are not finite.
    """
    network = build_network(settings.network, n_regions, settings.use_sex)
    load_arrays(network, arrays)
    return network


def fixed_weights_from_json(config: Mapping[str, Any], fusion: FusionRule, n_regions: int) -> Tensor | None:
    """Read the weights of the regions, shape (n_regions,); ``None`` if the fusion is not ``fixed``.

    Raises
    ------
    InvalidInput
        If they are not as many positive numbers as regions.
    """
    if fusion != "fixed":
        return None
    weights = torch.tensor(config["fixed_weights"], dtype=torch.float32)
    if weights.shape != (n_regions,) or not (torch.isfinite(weights) & (weights > 0)).all():
        raise InvalidInput(f"fixed_weights must be {n_regions} positive numbers, got {config['fixed_weights']}")
    return weights


def training_fingerprint(data: TrainingData, settings: RegressorSettings, seed: int, network: nn.Module) -> str:
    """Return 16 hex digits of the data, the settings, the seed and the network's initial weights."""
    digest = hashlib.sha256(json.dumps([settings_to_json(settings), seed]).encode())
    for tensor in (data.pixels, data.present, data.sex, data.age, *network.state_dict().values()):
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:16]
