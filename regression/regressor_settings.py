"""Settings of the age model, and their JSON data in a model file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from boneage.imaging.errors import InvalidInput
from boneage.imaging.plain_data import STRICT, from_plain_data
from boneage.regression.fusion import FUSION_RULES, FusionRule
from boneage.regression.networks.backbone import BackboneSettings
from boneage.regression.networks.multiregion import MultiRegionSettings
from boneage.regression.networks.registry import NetworkSettings, network_from_json, network_to_json
from boneage.regression.recipes import Recipe


@dataclass(frozen=True)
class RegressorSettings:
    """Settings of an :class:`~boneage.regression.regressor.AgeRegressor`.

    Parameters
    ----------
    use_sex : bool
        Whether the sex is an input; a model that uses it refuses a hand without.
    fusion : {"learned", "inverse_variance", "fixed", "equal"}
        How the regions' ages become one; see :func:`~boneage.regression.fusion.weigh_regions`.
    network : NetworkSettings
        Of any kind that :mod:`boneage.regression.networks.registry` knows.
    recipe : Recipe
    views : int
        Number of test-time augmentations whose outputs are averaged in a prediction; 1 reads the hand as it is. See
        :mod:`boneage.regression.test_time_augmentation`. Cached features are of the hand as it is.
    mirrored_views : bool
        Whether each of them is averaged with its mirror image: for networks that were trained on mirrored hands too.

    Raises
    ------
    InvalidInput
        If the fusion is unknown, ``views`` is below 1, or the recipe has ``sides`` and the network reads cubes, resizes
        its regions itself (``input_side``), or is a frozen backbone, whose features are of one side.
    """

    __pydantic_config__ = STRICT

    use_sex: bool = True
    fusion: FusionRule = "learned"
    network: NetworkSettings = field(default_factory=MultiRegionSettings)
    recipe: Recipe = field(default_factory=Recipe)
    views: int = 1
    mirrored_views: bool = False

    def __post_init__(self) -> None:
        if self.fusion not in FUSION_RULES:
            raise InvalidInput(f"fusion must be one of {', '.join(FUSION_RULES)}, got {self.fusion!r}")
        if self.views < 1:
            raise InvalidInput(f"views must be at least 1, got {self.views}")
        if self.recipe.sides and not _reads_any_side(self.network):
            raise InvalidInput("sides are for networks of pictures that learn whole and have no side of their own")

    def check_side(self, side: int) -> None:
        """Check that the network reads regions of a side, and that a training on them ends at that side.

        Raises
        ------
        InvalidInput
            If it does not; if the last of the recipe's ``sides`` is another: the model would predict at another side
            than it was last trained at, or read pixels that the regions do not have.
        """
        smallest = min((side, *self.recipe.sides))
        if smallest < self.network.smallest_side:
            least, option = self.network.smallest_side, "--side" if smallest == side else "sides="
            raise InvalidInput(
                f"the network reads regions of at least {least} pixels a side, got {smallest} ({option})"
            )
        if self.recipe.sides and self.recipe.sides[-1] != side:
            raise InvalidInput(
                f"the regions are cropped at side {side}, and the last passes read them at {self.recipe.sides[-1]}: "
                "these must be the same (--side)"
            )

    def with_recipe(self, **fields: Any) -> Self:
        """Return the settings with some fields of the recipe replaced."""
        return dataclasses.replace(self, recipe=dataclasses.replace(self.recipe, **fields))


def _reads_any_side(network: NetworkSettings) -> bool:
    own_side = isinstance(network, BackboneSettings) and (network.frozen or network.input_side is not None)
    return network.ndim == 2 and not own_side


def settings_to_json(settings: RegressorSettings) -> dict[str, Any]:
    """Return settings as JSON data."""
    return {**dataclasses.asdict(settings), "network": network_to_json(settings.network)}


def settings_from_json(config: Mapping[str, Any]) -> RegressorSettings:
    """Read settings from JSON data; fields that older files lack take their defaults.

    Raises
    ------
    ValueError, KeyError, TypeError
        If a field is unknown or malformed, or ``network`` or ``recipe`` is missing.
    """
    network = network_from_json(config["network"])
    return from_plain_data(RegressorSettings, {**config, "network": network})
