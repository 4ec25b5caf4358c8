"""The kinds of networks: settings of any kind to a network, and to JSON and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor, nn

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import from_plain_data
from boneage.regression.networks.backbone import BackboneNet, BackboneSettings
from boneage.regression.networks.bonet import BoNet, BoNetSettings
from boneage.regression.networks.multiregion import MultiRegionNet, MultiRegionSettings

NetworkSettings = MultiRegionSettings | BackboneSettings | BoNetSettings

_KINDS: dict[str, tuple[type[NetworkSettings], type[nn.Module]]] = {
    "multiregion": (MultiRegionSettings, MultiRegionNet),
    "backbone": (BackboneSettings, BackboneNet),
    "bonet": (BoNetSettings, BoNet),
}


class AgeNetwork(Protocol):
    """The contract of every network here: regions and sex in; for each region an age and a weight (as a logit) out.

    A whole image is a hand of one region. The output for a region does not depend on the others.
    """

    def __call__(self, pixels: Tensor, present: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        """Return ages and trust logits, each of shape (n_hands, n_regions); 0 where a region is not present.

        Parameters
        ----------
        pixels : tensor of shape (n_hands, n_regions, side, side), or (n_hands, n_regions, side, side, side)
            Of the settings' ``ndim`` axes. Grey values from 0 to 1.
        present : bool tensor of shape (n_hands, n_regions)
        sex : tensor of shape (n_hands,)
            -1 for girls, 1 for boys; ignored if the network does not use it.
        """


def build_network(settings: NetworkSettings, n_regions: int, use_sex: bool) -> nn.Module:
    """Return a new network, which is an :class:`AgeNetwork`, with weights drawn from torch's generator."""
    network: nn.Module = _KINDS[_kind_of(settings)][1](settings, n_regions, use_sex)
    return network


def network_to_json(settings: NetworkSettings) -> dict[str, Any]:
    """Return settings as JSON data, with the kind of network."""
    return {"kind": _kind_of(settings), **dataclasses.asdict(settings)}


def network_from_json(config: Mapping[str, Any]) -> NetworkSettings:
    """Rebuild settings.

    Raises
    ------
    ValueError, KeyError, TypeError
        If they are not those of a network that is known.
    """
    kind, values = config["kind"], {name: value for name, value in config.items() if name != "kind"}
    if kind not in _KINDS:
        raise InvalidInput(f"the network must be one of {', '.join(_KINDS)}, got {kind!r}")
    return from_plain_data(_KINDS[kind][0], values)


def _kind_of(settings: NetworkSettings) -> str:
    return next(kind for kind, (settings_class, _) in _KINDS.items() if type(settings) is settings_class)
