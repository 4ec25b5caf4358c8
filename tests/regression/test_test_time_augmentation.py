import dataclasses

import pytest
import torch

from boneage.regression import AgeRegressor, RegressorSettings
from boneage.regression.test_time_augmentation import draw_augmented


def test_the_first_is_the_picture_and_the_others_are_slightly_changed():
    pixels = torch.rand(3, 2, 20, 20, generator=torch.Generator().manual_seed(0))
    first, *others = draw_augmented(pixels, 4)
    assert torch.equal(first, pixels)
    assert len(others) == 3
    for augmented in others:
        assert augmented.shape == pixels.shape
        assert 0.01 < (augmented - pixels).abs().mean() < 0.3


def test_cubes_are_augmented_too():
    cubes = torch.rand(2, 2, 9, 9, 9, generator=torch.Generator().manual_seed(0))
    first, second = draw_augmented(cubes, 2)
    assert torch.equal(first, cubes)
    assert second.shape == cubes.shape
    assert 0.01 < (second - cubes).abs().mean() < 0.3


def test_the_changes_of_a_hand_do_not_depend_on_its_batch():
    pixels = torch.rand(3, 2, 20, 20, generator=torch.Generator().manual_seed(0))
    for alone, together in zip(draw_augmented(pixels[1:2], 3), draw_augmented(pixels, 3), strict=True):
        assert torch.allclose(alone[0], together[1], atol=1e-6)


def test_ages_are_means_over_the_augmentations_whose_number_is_saved(hands, quick_settings):
    recipe = dataclasses.replace(quick_settings.recipe, epochs=3)
    once = AgeRegressor(settings=dataclasses.replace(quick_settings, recipe=recipe)).fit(*hands)
    config, arrays = once.to_state()
    config["settings"]["views"] = 5
    often = AgeRegressor.from_state(config, arrays)
    assert often.to_state()[0]["settings"]["views"] == 5
    stacks, _, sexes = hands
    plain, mean = once.predict_regions(stacks[:4], sexes[:4])[0], often.predict_regions(stacks[:4], sexes[:4])[0]
    assert 1e-4 < (plain - mean).abs().max() < 1
    del config["settings"]["views"]
    old = AgeRegressor.from_state(config, arrays)
    assert torch.allclose(old.predict_regions(stacks[:4], sexes[:4])[0], plain, atol=1e-5), (
        "older model files have no test-time augmentation"
    )


def test_mirrored_views_follow_each_view():
    pixels = torch.rand(3, 2, 20, 20, generator=torch.Generator().manual_seed(0))
    views, plain = list(draw_augmented(pixels, 2, mirrored=True)), list(draw_augmented(pixels, 2))
    assert len(views) == 4
    for k, view in enumerate(plain):
        assert torch.equal(views[2 * k], view)
        assert torch.equal(views[2 * k + 1], view.flip(-1))


def test_a_model_with_mirrored_views_reads_a_hand_and_its_mirror_image_alike(hands, quick_settings):
    fitted = AgeRegressor(settings=dataclasses.replace(quick_settings, mirrored_views=True)).fit(*hands)
    stacks, _, sexes = hands
    mirrored = [dataclasses.replace(stack, pixels=stack.pixels[..., ::-1].copy()) for stack in stacks[:4]]
    plain, swapped = (fitted.predict(some, sexes[:4]) for some in (stacks[:4], mirrored))
    assert [e.months for e in plain] == pytest.approx([e.months for e in swapped], abs=1e-3)
    again = AgeRegressor.from_state(*fitted.to_state())
    assert again.predict(stacks[:1], sexes[:1])[0].months == pytest.approx(plain[0].months, abs=1e-3)


def test_fewer_than_one_augmentation_is_refused():
    with pytest.raises(ValueError, match="views must be at least 1, got 0"):
        RegressorSettings(views=0)
