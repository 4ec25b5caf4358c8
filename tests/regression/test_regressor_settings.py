import json

import pytest

from boneage.regression import BackboneSettings, BoNetSettings, MultiRegionSettings, Recipe, RegressorSettings
from boneage.regression.regressor_settings import settings_from_json, settings_to_json

GROWING = Recipe(sides=(64, 96), average_weights=0.99)


def test_settings_survive_json_and_older_files_take_defaults():
    settings = RegressorSettings(
        network=BackboneSettings("efficientnet-lite0", "head", frozen=False, batch_statistics=True), recipe=GROWING
    )
    config = json.loads(json.dumps(settings_to_json(settings)))
    assert settings_from_json(config) == settings
    del config["recipe"]["sides"], config["recipe"]["average_weights"], config["network"]["batch_statistics"]
    older = settings_from_json(config)
    assert (older.recipe.sides, older.recipe.average_weights, older.network.batch_statistics) == ((), 0.0, False)


@pytest.mark.parametrize(
    "network", [MultiRegionSettings(), BoNetSettings(), BackboneSettings("vgg16", "pool1", frozen=False)]
)
def test_networks_of_pictures_that_learn_whole_may_be_trained_on_growing_ones(network):
    assert RegressorSettings(network=network, recipe=GROWING).recipe.sides == (64, 96)


@pytest.mark.parametrize(
    "network",
    [
        MultiRegionSettings(ndim=3),
        BackboneSettings("vgg16", "pool1", frozen=True),
        BackboneSettings("vgg16", "pool1", frozen=False, input_side=64),
    ],
)
def test_others_may_not(network):
    with pytest.raises(ValueError, match="sides are for networks of pictures"):
        RegressorSettings(network=network, recipe=GROWING)


def test_the_last_side_is_that_of_the_regions():
    settings = RegressorSettings(recipe=GROWING)
    settings.check_side(96)
    RegressorSettings().check_side(50)
    for side in (64, 100):
        with pytest.raises(ValueError, match=rf"cropped at side {side}, and the last passes read them at 96"):
            settings.check_side(side)


@pytest.mark.parametrize(
    ("network", "smallest"),
    [(BackboneSettings("vgg16", "pool1"), 32), (BoNetSettings(window=48), 48), (MultiRegionSettings(), 8)],
)
def test_regions_smaller_than_a_network_reads_are_told_before_one_is_cropped(network, smallest):
    settings = RegressorSettings(network=network)
    settings.check_side(smallest)
    with pytest.raises(ValueError, match=rf"reads regions of at least {smallest} pixels a side, got {smallest - 1}"):
        settings.check_side(smallest - 1)
