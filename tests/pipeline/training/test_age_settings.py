import dataclasses

import pytest

from boneage.pipeline.training.age_settings import make_settings
from boneage.regression import MultiRegionSettings, modern_recipe, seed_recipe


def test_networks_and_recipes_have_names():
    settings = make_settings(network="multiregion", recipe="seed", epochs=7)
    assert settings.network == MultiRegionSettings()
    assert settings.recipe == dataclasses.replace(seed_recipe(), epochs=7)
    assert make_settings().recipe == modern_recipe()
    with pytest.raises(ValueError, match="'alexnet' is not one of multiregion"):
        make_settings(network="alexnet")
    with pytest.raises(ValueError, match="'old' is not one of modern, seed"):
        make_settings(recipe="old")


def test_changes_after_colons_change_nothing_else():
    plain, equal = (
        make_settings(use_sex=False, epochs=3),
        make_settings(network="multiregion:equal:stratum=1", use_sex=False),
    )
    assert equal.fusion == "equal"
    assert equal.recipe.stratum_weight == 1
    recipe = dataclasses.replace(equal.recipe, stratum_weight=0.0, epochs=3)
    assert dataclasses.replace(equal, fusion=plain.fusion, recipe=recipe) == plain
    assert make_settings(network="multiregion:seed", epochs=2).recipe == dataclasses.replace(seed_recipe(), epochs=2)
    with pytest.raises(ValueError, match="'multiregion:bright': after a colon goes one of"):
        make_settings(network="multiregion:bright")


def test_epochs_change_nothing_else():
    short, usual = make_settings(use_sex=True, epochs=3), make_settings(use_sex=True, epochs=None)
    assert short.recipe.epochs == 3
    assert dataclasses.replace(short.recipe, epochs=usual.recipe.epochs) == usual.recipe
