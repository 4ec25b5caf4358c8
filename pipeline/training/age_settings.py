"""Settings of age models by the names that people give: ``multiregion``, ``bonet:equal``, ``regions:stratum=0.5``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import cast

from boneage.imaging.errors import InvalidInput
from boneage.regression import (
    PRESETS,
    BackboneSettings,
    BoNetSettings,
    MultiRegionSettings,
    RegressorSettings,
    fine_tuning_of,
    modern_recipe,
    seed_recipe,
)
from boneage.regression.fusion import FUSION_RULES
from boneage.regression.networks.bonet import DeformationKind
from boneage.regression.networks.registry import NetworkSettings
from boneage.regression.recipes import Precision

RECIPES = {"modern": modern_recipe, "seed": seed_recipe}
_VALUES = {  # changes that have a value, and how one is written
    "stratum=": "stratum=W", "rate=": "rate=R", "average=": "average=D", "sides=": "sides=128x10+192x5+224x3",
    "views=": "views=N", "hidden=": "hidden=N+M", "channels=": "channels=32+64+128+192",
    "deformation=": "deformation=none",
}  # fmt: skip


def make_settings(
    *,
    use_sex: bool = True,
    epochs: int | None = None,
    network: str = "multiregion",
    recipe: str | None = None,
    precision: Precision = "float32",
    fine_tuning: bool = False,
) -> RegressorSettings:
    """Return the settings of an age model by the names of its parts.

    Parameters
    ----------
    use_sex : bool
    epochs : int, optional
    network : str
        Name of a preset, and after colons changes to it; see :func:`change_settings`.
    recipe : str, optional
    precision : str
    fine_tuning : bool
        Whether the training starts from a trained model: it then follows the gentler form of its network's recipe.

    Raises
    ------
    InvalidInput
        If there is no network, change or recipe of that name.
    """
    name, *changes = network.split(":")
    for given, known in ((name, PRESETS), (recipe or "modern", RECIPES)):
        if given not in known:
            raise InvalidInput(f"{given!r} is not one of {', '.join(known)}")
    preset = _open_preset(name, recipe, fine_tuning=fine_tuning)
    settings = dataclasses.replace(preset, use_sex=use_sex).with_recipe(precision=precision)
    settings = change_settings(settings, changes, network, recipe=recipe, fine_tuning=fine_tuning)
    return settings.with_recipe(epochs=epochs) if epochs else settings


def change_settings(
    settings: RegressorSettings,
    changes: Sequence[str],
    name: str,
    *,
    recipe: str | None = None,
    fine_tuning: bool = False,
) -> RegressorSettings:
    """Return changed settings.

    A change is the name of a network's preset, a weighting of the regions (``learned``, ``inverse_variance``,
    ``fixed``, ``equal``), a recipe (``modern``, ``seed``; hands are altered in training as the network's own recipe
    does it), or one of

    - ``stratum=W``: how far the loss makes up for rare ages (0 to 1);
    - ``rate=R``: the largest learning rate;
    - ``average=D``: the decay of the average of the weights;
    - ``sides=128x10+192x5+224x3``: sides of the pictures in the course of the training, each with its passes;
    - ``views=N``: slightly turned and resized copies that a prediction is averaged over;
    - ``hidden=N`` or ``hidden=N+M``: widths of the fully connected layers on a pretrained network;
    - ``channels=32+64+128+192``: widths of the stem and the blocks of a multiregion network;
    - ``deformation=none``, ``affine`` or ``thin_plate``: the deformation layer of a BoNet.

    The use of the sex and the precision are left as they are.

    Parameters
    ----------
    settings : RegressorSettings
    changes : sequence of str
        Applied in this order.
    name : str
        The whole name that holds the changes, for messages.
    recipe : str, optional
        By which a network among the changes is trained, in place of its own.
    fine_tuning : bool
        Whether it follows the gentler form of its own.

    Raises
    ------
    InvalidInput
        If a change is none of these.

    Examples
    --------
    >>> change_settings(make_settings(), ["equal", "stratum=0.5"], "regions").fusion
    'equal'
    """
    for change in changes:
        if change in PRESETS:
            preset = _open_preset(change, recipe, fine_tuning=fine_tuning)
            preset = dataclasses.replace(preset, use_sex=settings.use_sex, fusion=settings.fusion)
            settings = preset.with_recipe(precision=settings.recipe.precision)
        elif change in FUSION_RULES:
            settings = dataclasses.replace(settings, fusion=change)
        elif change in RECIPES:
            settings = _follow(settings, change)
        elif change.startswith(tuple(_VALUES)):
            settings = _set_value(settings, change, name)
        else:
            known = ", ".join([*PRESETS, *FUSION_RULES, *RECIPES, *_VALUES.values()])
            raise InvalidInput(f"{name!r}: after a colon goes one of {known}, got {change!r}")
    return settings


def _open_preset(name: str, recipe: str | None, *, fine_tuning: bool) -> RegressorSettings:
    """Return a network's preset with the recipe that is asked for, or the gentler form of its own."""
    preset = PRESETS[name]
    if recipe:
        return _follow(preset, recipe)
    return dataclasses.replace(preset, recipe=fine_tuning_of(preset.recipe)) if fine_tuning else preset


def _follow(settings: RegressorSettings, recipe: str) -> RegressorSettings:
    """Return settings with a recipe by name; how hands are altered suits the network and stays, as precision does."""
    own = settings.recipe
    chosen = dataclasses.replace(RECIPES[recipe](), augmentation=own.augmentation, precision=own.precision)
    return dataclasses.replace(settings, recipe=chosen)


def _set_value(settings: RegressorSettings, change: str, name: str) -> RegressorSettings:
    """Apply a change of the form ``what=value``."""
    what, text = change.split("=", 1)
    try:
        if what == "stratum":
            return settings.with_recipe(stratum_weight=float(text))
        if what == "rate":
            return settings.with_recipe(learning_rate=float(text))
        if what == "average":
            return settings.with_recipe(average_weights=float(text))
        if what == "sides":
            return settings.with_recipe(sides=_read_sides(text))
        if what == "views":
            return dataclasses.replace(settings, views=int(text))
        if what == "deformation":
            return dataclasses.replace(settings, network=_change_deformation(settings, text, name))
        return dataclasses.replace(settings, network=_change_widths(settings, what, text, name))
    except InvalidInput:
        raise
    except ValueError:
        raise InvalidInput(f"{name!r}: after a colon goes {_VALUES[f'{what}=']}, got {change!r}") from None


def _change_widths(settings: RegressorSettings, what: str, text: str, name: str) -> NetworkSettings:
    """Return a network with other widths of its ``hidden`` layers, or other ``channels``."""
    widths = tuple(int(width) for width in text.split("+"))
    if what == "hidden":
        if not isinstance(settings.network, BackboneSettings):
            raise InvalidInput(f"{name!r}: hidden is for pretrained networks")
        return dataclasses.replace(settings.network, hidden=widths)
    if not isinstance(settings.network, MultiRegionSettings):
        raise InvalidInput(f"{name!r}: channels is for multiregion networks")
    return dataclasses.replace(settings.network, channels=widths)


def _change_deformation(settings: RegressorSettings, text: str, name: str) -> BoNetSettings:
    if not isinstance(settings.network, BoNetSettings):
        raise InvalidInput(f"{name!r}: deformation is for a BoNet")
    return dataclasses.replace(settings.network, deformation=cast("DeformationKind", text))


def _read_sides(text: str) -> tuple[int, ...]:
    """Return the side of each pass: ``128x2+224`` is 128, 128, 224."""
    sides: list[int] = []
    for part in text.split("+"):
        side, _, passes = part.partition("x")
        sides += [int(side)] * int(passes or 1)
    return tuple(sides)
