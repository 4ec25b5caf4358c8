"""Settings of age models by the names that people give: ``multiregion``, ``bonet:equal``, ``regions:stratum=0.5``."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from boneage.imaging.errors import InvalidInput
from boneage.regression import PRESETS, RegressorSettings, fine_tuning_of, modern_recipe, seed_recipe
from boneage.regression.fusion import FUSION_RULES
from boneage.regression.recipes import Precision

RECIPES = {"modern": modern_recipe, "seed": seed_recipe}
_STRATUM = "stratum="


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
    preset = PRESETS[name]
    chosen = RECIPES[recipe]() if recipe else fine_tuning_of(preset.recipe) if fine_tuning else preset.recipe
    settings = dataclasses.replace(preset, use_sex=use_sex, recipe=chosen).with_recipe(precision=precision)
    settings = change_settings(settings, changes, network)
    return settings.with_recipe(epochs=epochs) if epochs else settings


def change_settings(settings: RegressorSettings, changes: Sequence[str], name: str) -> RegressorSettings:
    """Return changed settings.

    A change is the name of a network's preset, a weighting of the regions (``learned``, ``inverse_variance``,
    ``fixed``, ``equal``), a recipe (``modern``, ``seed``), or ``stratum=W``, how far the loss makes up for rare ages (0
    to 1). The use of the sex and the precision are left as they are.

    Parameters
    ----------
    settings : RegressorSettings
    changes : sequence of str
        Applied in this order.
    name : str
        The whole name that holds the changes, for messages.

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
        precision = settings.recipe.precision
        if change in PRESETS:
            preset = dataclasses.replace(PRESETS[change], use_sex=settings.use_sex, fusion=settings.fusion)
            settings = preset.with_recipe(precision=precision)
        elif change in FUSION_RULES:
            settings = dataclasses.replace(settings, fusion=change)
        elif change in RECIPES:
            settings = dataclasses.replace(settings, recipe=RECIPES[change]()).with_recipe(precision=precision)
        elif change.startswith(_STRATUM):
            settings = settings.with_recipe(stratum_weight=_read_number(change.removeprefix(_STRATUM), name))
        else:
            known = ", ".join([*PRESETS, *FUSION_RULES, *RECIPES, f"{_STRATUM}W"])
            raise InvalidInput(f"{name!r}: after a colon goes one of {known}, got {change!r}")
    return settings


def _read_number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"{name!r}: {_STRATUM} wants a number from 0 to 1, got {text!r}") from None
