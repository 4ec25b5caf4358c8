"""Named settings of age models: a network with a recipe that suits it."""

from __future__ import annotations

import dataclasses

from boneage.imaging.errors import InvalidInput
from boneage.regression.networks.backbone import BackboneSettings
from boneage.regression.networks.bonet import BoNetSettings
from boneage.regression.networks.multiregion import cube_regions, whole_hand
from boneage.regression.recipes import (
    aligned_hand_recipe,
    averaged_fine_tuning_recipe,
    feature_recipe,
    fine_tuning_recipe,
    whole_hand_recipe,
)
from boneage.regression.regressor_settings import RegressorSettings

_LITE = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")
_LAYERS = {  # the last convolutions
    "vgg16": "pool5", "googlenet": "inception5b", "overfeat": "pool5", **dict.fromkeys(_LITE, "head"),
}  # fmt: skip

PRESETS: dict[str, RegressorSettings] = {
    "multiregion": RegressorSettings(),
    "bonet": RegressorSettings(network=BoNetSettings(aggregate="attention")),
    "whole-hand": RegressorSettings(fusion="equal", network=whole_hand(), recipe=whole_hand_recipe(), views=6),
    "aligned-hand": RegressorSettings(fusion="equal", network=whole_hand(), recipe=aligned_hand_recipe(), views=6),
    **{
        f"{name}-features": RegressorSettings(
            network=BackboneSettings(name, layer, frozen=True), recipe=feature_recipe()
        )
        for name, layer in _LAYERS.items()
    },
    **{
        f"{name}-finetuned": RegressorSettings(
            network=BackboneSettings(name, layer, frozen=False, batch_statistics=name in _LITE),
            recipe=averaged_fine_tuning_recipe() if name in _LITE else fine_tuning_recipe(),
            mirrored_views=name in _LITE,
        )
        for name, layer in _LAYERS.items()
    },
}


def for_volumes(settings: RegressorSettings) -> RegressorSettings:
    """Return the settings with the network for cubes instead of pictures.

    Raises
    ------
    InvalidInput
        If the network is not that of the preset ``multiregion``, the only one with a form for cubes.

    Examples
    --------
    >>> for_volumes(PRESETS["multiregion"]).network.ndim
    3
    """
    if settings.network != PRESETS["multiregion"].network:
        raise InvalidInput("of the networks only multiregion reads volumes: the others read pictures made of them")
    return dataclasses.replace(settings, network=cube_regions())
