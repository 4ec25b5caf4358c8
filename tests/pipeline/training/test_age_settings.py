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


def test_a_recipe_holds_for_the_networks_that_changes_name_too():
    frozen = make_settings(network="efficientnet-lite0-features", recipe="seed")
    assert (frozen.recipe.optimiser, frozen.recipe.batch_size, frozen.recipe.augmentation) == ("sgd", 4, None)
    assert make_settings(network="efficientnet-lite0-features:seed") == frozen
    assert make_settings(network="multiregion:efficientnet-lite0-features", recipe="seed") == frozen
    hand = make_settings(network="aligned-hand", recipe="seed")
    assert hand.recipe == dataclasses.replace(
        seed_recipe(), augmentation=make_settings(network="aligned-hand").recipe.augmentation
    )
    assert hand.fusion == "equal"
    gentle = make_settings(network="multiregion:aligned-hand", fine_tuning=True).recipe
    assert gentle == make_settings(network="aligned-hand", fine_tuning=True).recipe


def test_changes_that_have_a_value():
    settings = make_settings(
        network="efficientnet-lite0-finetuned:sides=128x2+192+224:average=0.99:rate=0.0005:hidden=64+32:views=6"
    )
    assert settings.recipe.sides == (128, 128, 192, 224)
    assert settings.recipe.average_weights == 0.99
    assert settings.recipe.learning_rate == 0.0005
    assert settings.network.hidden == (64, 32)
    assert settings.views == 6
    for change, reason in {
        "sides=big": "sides=128x10",
        "sides=128xx": "sides=128x10",
        "sides=224+128": "the last the largest",
        "average=much": "average=D",
        "rate=fast": "rate=R",
        "rate=0": "learning_rate",
        "average=2": "average_weights must",
        "stratum=": "stratum=W",
        "views=0": "views must be at least 1",
        "hidden=": "hidden=N",
    }.items():
        with pytest.raises(ValueError, match=reason):
            make_settings(network=f"efficientnet-lite0-finetuned:{change}")
    with pytest.raises(ValueError, match="hidden is for pretrained networks"):
        make_settings(network="multiregion:hidden=8")
    assert make_settings(network="multiregion:channels=8+16").network.channels == (8, 16)
    with pytest.raises(ValueError, match="channels is for multiregion networks"):
        make_settings(network="bonet:channels=8+16")
    with pytest.raises(ValueError, match="channels must be at least 2 positive numbers"):
        make_settings(network="multiregion:channels=8")
    assert make_settings(network="bonet:deformation=none").network.deformation == "none"
    with pytest.raises(ValueError, match="deformation must be affine, thin_plate or none, got 'some'"):
        make_settings(network="bonet:deformation=some")
    with pytest.raises(ValueError, match="deformation is for a BoNet"):
        make_settings(network="multiregion:deformation=none")


def test_epochs_change_nothing_else():
    short, usual = make_settings(use_sex=True, epochs=3), make_settings(use_sex=True, epochs=None)
    assert short.recipe.epochs == 3
    assert dataclasses.replace(short.recipe, epochs=usual.recipe.epochs) == usual.recipe
