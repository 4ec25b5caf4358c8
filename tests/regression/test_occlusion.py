import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from boneage.imaging import Frame
from boneage.regression import AgeRegressor, MultiRegionSettings, Recipe, RegionStack, RegressorSettings, occlude


class OnePixelNet(nn.Module):
    """The age of a region is its grey value in row 4, column 9; the first region has the largest weight."""

    def forward(self, pixels, present, sex):
        ages = pixels[:, :, 4, 9] * present
        return ages, torch.tensor([math.log(3.0), 0.0, 0.0])[: pixels.shape[1]].expand(present.shape)


def make(n_regions, side=16):
    """A model whose ages are 100 plus 10 times the network's output; and a hand."""
    rng = np.random.default_rng(0)
    names = ("radius", "pip_3", "carpus")[:n_regions]
    frames = tuple(Frame.from_linear(2 * np.eye(2), (100.0 * k, 0.0)) for k in range(n_regions))
    pixels = rng.uniform(0.1, 0.3, (n_regions, side, side)).astype(np.float32)
    pixels[:, 4, 9] = 1.0
    stack = RegionStack(names, pixels, np.ones(n_regions, bool), frames)
    settings = RegressorSettings(network=MultiRegionSettings((4, 4), hidden=4), recipe=Recipe(epochs=1))
    regressor = AgeRegressor(settings=settings).fit([stack, stack], [90.0, 110.0], ["F", "M"])
    regressor.network_, regressor.centre_, regressor.spread_ = OnePixelNet(), 100.0, 10.0
    return regressor, stack


def without(stack, k):
    pixels, present = stack.pixels.copy(), stack.present.copy()
    pixels[k], present[k] = 0, False
    frames = tuple(None if j == k else frame for j, frame in enumerate(stack.frames))
    return RegionStack(stack.names, pixels, present, frames)


def test_the_age_changes_where_the_network_reads_and_nowhere_else():
    regressor, stack = make(3)
    occlusion = occlude(regressor, stack, "F")
    assert occlusion.age_months == pytest.approx(110.0)
    assert occlusion.changes.shape == (3, 7, 7)  # patches of 4 pixels, 2 apart
    expected = np.zeros((7, 7), bool)
    expected[1:3, 3:5] = True  # those that hold row 4 and column 9
    for changes, pixels, weight in zip(occlusion.changes, stack.pixels, (0.6, 0.2, 0.2), strict=True):
        assert changes[~expected] == pytest.approx(0.0, abs=1e-4)
        assert changes[expected] == pytest.approx(10 * weight * (pixels.mean() - 1), abs=0.02)


def test_the_cells_lead_to_the_original_pixels():
    regressor, stack = make(3)
    occlusion = occlude(regressor, stack, "F")
    assert occlusion.patch == 2
    for k, frame in enumerate(occlusion.frames):
        found = np.argwhere(occlusion.changes[k] < -0.5)
        middle = frame.apply(found).mean(axis=0)
        assert np.abs(middle - stack.frames[k].apply([[4, 9]])[0]).max() <= 2  # a pixel of the region


def test_a_missing_region_has_no_map_and_the_others_make_up_for_it():
    regressor, stack = make(3)
    occlusion = occlude(regressor, without(stack, 0), "F")
    assert np.isnan(occlusion.changes[0]).all()
    assert occlusion.frames[0] is None
    assert occlusion.changes[1].min() == pytest.approx(5 * (stack.pixels[1].mean() - 1), abs=0.02)


def test_a_hand_in_one_picture_has_a_finer_map():
    regressor, stack = make(1, side=32)
    occlusion = occlude(regressor, stack, "F")
    assert occlusion.changes.shape == (1, 15, 15)
    assert occlusion.changes.min() < -6


def test_the_hand_is_left_as_it_was_and_one_without_an_age_is_refused():
    regressor, stack = make(3)
    before = stack.pixels.copy()
    occlude(regressor, stack, "F")
    assert np.array_equal(stack.pixels, before)
    with pytest.raises(ValueError, match="sex is not known"):
        occlude(regressor, stack, None)


def test_maps_and_frames_must_go_together():
    regressor, stack = make(3)
    occlusion = occlude(regressor, stack, "F")
    with pytest.raises(ValueError, match="each of 3 regions"):
        dataclasses.replace(occlusion, frames=occlusion.frames[:2])


class DeepLooker(nn.Module):
    """The age of a cube is its grey value in plane 2, row 4, column 9."""

    def forward(self, pixels, present, sex):
        return pixels[:, :, 2, 4, 9] * present, torch.zeros(present.shape)


def make_cubes(model, picture, depth):
    """The model made to read cubes, and a hand of two in which that voxel shines; ``picture``: only their plane 2."""
    rng = np.random.default_rng(0)
    pixels = rng.uniform(0.1, 0.3, (2, 16, 16, 16)).astype(np.float32)
    pixels[:, 2, 4, 9] = 1.0
    frames = tuple(Frame.from_linear(2 * np.eye(3), (100.0 * k, 0.0, depth)) for k in range(2))
    stack = RegionStack(("radius", "mc_3"), pixels[:, 2] if picture else pixels, np.ones(2, bool), frames)
    settings = RegressorSettings(
        network=MultiRegionSettings((4, 4), hidden=4, ndim=2 if picture else 3), recipe=Recipe(epochs=1)
    )
    regressor = AgeRegressor(settings=settings).fit([stack, stack], [90.0, 110.0], ["F", "M"])
    regressor.network_, regressor.centre_, regressor.spread_ = model, 100.0, 10.0
    return regressor, stack


def test_small_cubes_are_hidden_in_cubes():
    regressor, stack = make_cubes(DeepLooker(), picture=False, depth=5.0)
    occlusion = occlude(regressor, stack, "F")
    assert occlusion.changes.shape == (2, 7, 7, 7)
    expected = np.zeros((7, 7, 7), bool)
    expected[:2, 1:3, 3:5] = True
    assert (occlusion.changes[0][expected] < -3).all()
    assert occlusion.changes[1][~expected] == pytest.approx(0.0, abs=1e-4)
    assert occlusion.frames[1].apply([[0, 0, 0]])[0] == pytest.approx([103, 3, 8])


def test_pictures_of_cubes_lie_in_their_middle_planes():
    regressor, stack = make_cubes(OnePixelNet(), picture=True, depth=5.0)
    occlusion = occlude(regressor, stack, "F")
    assert occlusion.changes.shape == (2, 7, 7)
    assert occlusion.frames[1].apply([[0, 1, 2]])[0] == pytest.approx([115, 7, 16])
