"""The age model on pretrained backbones, off the shelf and fine-tuned."""

import dataclasses

import numpy as np
import pytest
import torch

from boneage.imaging.errors import UnusableWeights
from boneage.regression import AgeRegressor, BackboneSettings, MultiRegionSettings, Recipe, RegressorSettings
from boneage.regression.networks.backbone import BACKBONES
from tests.regression.conftest import make_stack, write_backbone

RECIPE = Recipe(epochs=40, batch_size=8, learning_rate=0.01, augmentation=None)
SETTINGS = RegressorSettings(network=BackboneSettings("vgg16", "pool1", hidden=(16,), dropout=0.1), recipe=RECIPE)


def enlarged(stack):
    return dataclasses.replace(stack, pixels=stack.pixels.repeat(2, axis=1).repeat(2, axis=2))


@pytest.fixture(scope="module")
def large_hands(hands):
    """The hands at twice their side, which is the least that backbones take."""
    return [enlarged(stack) for stack in hands[0]], *hands[1:]


@pytest.fixture(scope="module")
def vgg_file(tmp_path_factory):
    """The first two convolutions of VGG-16, random."""
    return write_backbone(tmp_path_factory.mktemp("weights"), "vgg16", "pool1")


@pytest.fixture(scope="module")
def off_the_shelf(large_hands, vgg_file, tmp_path_factory):
    cache = tmp_path_factory.mktemp("features")
    return AgeRegressor(settings=SETTINGS, weights=vgg_file, cache=cache).fit(*large_hands)


def months(regressor, hands):
    return [estimate.months for estimate in regressor.predict(hands[0][:6], hands[2][:6])]


def test_off_the_shelf_features_are_enough_for_what_the_regions_show(off_the_shelf):
    rng = np.random.default_rng(9)
    ages, sexes = np.linspace(40, 190, 12), ["F", "M"] * 6
    stacks = [enlarged(make_stack(rng, a, s)) for a, s in zip(ages, sexes, strict=True)]
    estimates = off_the_shelf.predict(stacks, sexes)
    assert np.abs([e.months - a for e, a in zip(estimates, ages, strict=True)]).mean() < 15


def test_the_backbone_stays_as_it_came(off_the_shelf, vgg_file):
    came = torch.load(vgg_file, weights_only=True)
    assert all(torch.equal(array, came[name]) for name, array in off_the_shelf.network_.backbone.state_dict().items())


def test_a_saved_model_needs_neither_the_cache_nor_the_file(off_the_shelf, large_hands):
    again = AgeRegressor.from_state(*off_the_shelf.to_state())
    assert months(again, large_hands) == pytest.approx(months(off_the_shelf, large_hands), abs=1e-2)


def test_the_features_of_a_hand_are_computed_once_for_all_models(off_the_shelf, large_hands, vgg_file, monkeypatch):
    monkeypatch.setattr(BACKBONES["vgg16"], "forward", lambda *_: pytest.fail("computed again"))
    again = AgeRegressor(settings=SETTINGS, weights=vgg_file, cache=off_the_shelf.cache).fit(*large_hands)
    assert months(again, large_hands) == pytest.approx(months(off_the_shelf, large_hands), abs=1e-2)


@pytest.mark.parametrize("frozen", [True, False])
def test_with_augmentation_or_fine_tuned_it_is_trained_from_pixels(large_hands, vgg_file, frozen):
    network = dataclasses.replace(SETTINGS.network, frozen=frozen)
    settings = RegressorSettings(network=network, recipe=Recipe(epochs=2, batch_size=8))
    regressor = AgeRegressor(settings=settings, weights=vgg_file).fit(*large_hands)
    came = torch.load(vgg_file, weights_only=True)
    same = [torch.equal(array, came[name]) for name, array in regressor.network_.backbone.state_dict().items()]
    assert all(same) is frozen
    again = AgeRegressor.from_state(*regressor.to_state())
    assert months(again, large_hands) == pytest.approx(months(regressor, large_hands), abs=1e-2)


def test_efficientnet_lite_is_tuned_on_growing_pictures_and_reads_the_last_side(large_hands, tmp_path):
    file = write_backbone(tmp_path, "efficientnet-lite0", "stage1")
    hands = [enlarged(stack) for stack in large_hands[0][:8]], *(labels[:8] for labels in large_hands[1:])
    network = BackboneSettings("efficientnet-lite0", "stage1", frozen=False, hidden=(8,), batch_statistics=True)
    recipe = Recipe(epochs=2, batch_size=8, average_weights=0.9, sides=(32, 64))
    settings = RegressorSettings(network=network, recipe=recipe)
    regressor = AgeRegressor(settings=settings, weights=file).fit(*hands)
    assert regressor.side_ == 64
    again = AgeRegressor.from_state(*regressor.to_state())
    assert months(again, hands) == pytest.approx(months(regressor, hands), abs=1e-2)
    with pytest.raises(ValueError, match="cropped at side 64, and the last passes read them at 48"):
        AgeRegressor(settings=settings.with_recipe(sides=(32, 48)), weights=file).fit(*hands)


def test_weights_that_cannot_be_had_stop_the_fit(large_hands, tmp_path, vgg_file):
    with pytest.raises(UnusableWeights, match="no such file"):
        AgeRegressor(settings=SETTINGS, weights=tmp_path / "none.pth").fit(*large_hands)
    with pytest.raises(ValueError, match="takes no pretrained weights"):
        AgeRegressor(settings=RegressorSettings(network=MultiRegionSettings()), weights=vgg_file).fit(*large_hands)


def test_regions_below_the_least_side_are_refused(hands, vgg_file):
    with pytest.raises(ValueError, match="at least 32 pixels"):
        AgeRegressor(settings=SETTINGS, weights=vgg_file).fit(*hands)
