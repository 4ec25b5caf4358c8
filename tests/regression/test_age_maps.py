import dataclasses

import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.regression import (
    AgeEstimate,
    AgeRegressor,
    BackboneSettings,
    BoNetSettings,
    MultiRegionSettings,
    Recipe,
    RegionStack,
    find_smallest_side,
    map_ages,
    map_regions,
)
from tests.regression.conftest import write_backbone

SIDE = 20


def make_stack(side=SIDE, seed=0):
    pixels = np.random.default_rng(seed).uniform(0, 1, (1, side, side)).astype(np.float32)
    frame = Frame.from_linear(3 * np.eye(2), (5.0, -7.0))
    return RegionStack(("hand",), pixels, np.array([True]), (frame,))


def fit(settings, aggregate="mean"):
    network = BoNetSettings(16, (4, 4), aggregate=aggregate, hidden=8)
    settings = dataclasses.replace(settings, network=network, recipe=Recipe(epochs=1, batch_size=4))
    stacks = [make_stack(seed=k) for k in range(8)]
    return AgeRegressor(settings=settings).fit(stacks, np.linspace(60, 180, 8).tolist(), ["F", "M"] * 4)


@pytest.mark.parametrize("aggregate", ["mean", "median", "attention"])
def test_a_picture_of_the_trained_size_has_the_map_its_prediction_is_made_of(quick_settings, aggregate):
    regressor, stack = fit(quick_settings, aggregate), make_stack(seed=9)
    drawn = map_ages(regressor, stack, "F")
    assert drawn.months.shape == drawn.weights.shape == (3, 3)
    assert drawn.age_months == pytest.approx(regressor.predict([stack], ["F"])[0].months, abs=1e-3)
    assert drawn.weights.sum() == pytest.approx(1)
    total = np.median(drawn.months) if aggregate == "median" else (drawn.weights * drawn.months).sum()
    assert drawn.age_months == pytest.approx(total, abs=1e-3)
    assert (np.ptp(drawn.weights) > 0) == (aggregate == "attention")


def test_a_larger_picture_has_a_larger_map_and_the_frame_leads_to_original_pixels(quick_settings):
    drawn = map_ages(fit(quick_settings), make_stack(27), "M")
    assert drawn.months.shape == (6, 6)
    middle = 15 / 2  # of the first window, in the picture
    assert drawn.frame.apply([[0, 0], [2, 1]]).tolist() == [
        [3 * middle + 5, 3 * middle - 7], [3 * (middle + 4) + 5, 3 * (middle + 2) - 7],
    ]  # fmt: skip
    assert drawn.window == 8


@pytest.fixture(scope="module")
def backbone_file(tmp_path_factory):
    """The first stages of EfficientNet-Lite0, random."""
    return write_backbone(tmp_path_factory.mktemp("weights"), "efficientnet-lite0", "stage3")


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_cells_of_a_backbones_maps_have_the_prediction_as_their_mean(quick_settings, backbone_file, mirrored):
    network = BackboneSettings("efficientnet-lite0", "stage3", frozen=False, hidden=(8,), batch_statistics=True)
    settings = dataclasses.replace(
        quick_settings, network=network, recipe=Recipe(epochs=2, batch_size=4), mirrored_views=mirrored
    )
    stacks = [make_stack(64, seed=k) for k in range(8)]
    regressor = AgeRegressor(settings=settings, weights=backbone_file)
    regressor.fit(stacks, np.linspace(60, 180, 8).tolist(), ["F", "M"] * 4)
    stack = make_stack(64, seed=9)
    drawn = map_ages(regressor, stack, "F")
    assert drawn.months.shape == (8, 8)
    assert np.ptp(drawn.months) > 0.1
    assert drawn.age_months == pytest.approx(regressor.predict([stack], ["F"])[0].months, abs=1e-3)
    assert drawn.months.mean() == pytest.approx(drawn.age_months, abs=1e-3)
    assert drawn.frame.apply([[0, 0], [7, 7]]).tolist() == [[3 * 3.5 + 5, 3 * 3.5 - 7], [3 * 59.5 + 5, 3 * 59.5 - 7]]
    assert np.isnan(drawn.window)
    other = stack.pixels.copy()
    other[0, :, :24] = 0.5
    changed = np.abs(map_ages(regressor, dataclasses.replace(stack, pixels=other), "F").months - drawn.months)
    assert changed[:, :3].mean() > 3 * changed[:, 5:].mean()
    mirror = map_ages(regressor, dataclasses.replace(stack, pixels=stack.pixels[:, :, ::-1].copy()), "F").months
    assert bool(np.abs(mirror[:, ::-1] - drawn.months).max() < 1e-3) is mirrored


def test_what_cannot_be_mapped_is_refused(quick_settings, hands):
    regressor, stack = fit(quick_settings), make_stack()
    with pytest.raises(ValueError, match="sex is not known"):
        map_ages(regressor, stack, None)
    with pytest.raises(ValueError, match="at least 16 x 16 pixels, got 12 x 12"):
        map_ages(regressor, make_stack(12), "F")
    with pytest.raises(ValueError, match="must be hand, and present"):
        map_ages(regressor, RegionStack(("hand",), stack.pixels, np.array([False]), (None,)), "F")


def test_other_models_make_no_maps(quick_settings, hands):
    brief = dataclasses.replace(quick_settings, recipe=Recipe(epochs=1))
    network = MultiRegionSettings((4, 4), hidden=4)
    without_map = AgeRegressor(settings=dataclasses.replace(brief, network=network))
    without_map.fit([make_stack(seed=k) for k in range(8)], *(values[:8] for values in hands[1:]))
    with pytest.raises(ValueError, match="network is a MultiRegionNet"):
        find_smallest_side(without_map)
    regions = AgeRegressor(settings=dataclasses.replace(brief, network=BoNetSettings(16, (4, 4), hidden=4))).fit(*hands)
    with pytest.raises(ValueError, match="this one reads 3 regions"):
        find_smallest_side(regions)


def test_a_maps_parts_must_go_together(quick_settings):
    drawn = map_ages(fit(quick_settings), make_stack(), "F")
    with pytest.raises(ValueError, match="one 2D shape"):
        dataclasses.replace(drawn, weights=drawn.weights[:2])


def make_regions():
    """Three regions of 8 x 8 pixels, twice as large in the file: two that overlap by half, and one that is missing."""
    frames = (Frame.from_linear(2 * np.eye(2), (10, 10)), Frame.from_linear(2 * np.eye(2), (10, 18)), None)
    present = np.array([True, True, False])
    return RegionStack(("radius", "ulna", "carpus"), np.zeros((3, 8, 8), np.float32), present, frames)


def test_a_map_of_regions_has_their_ages_where_they_lie_and_the_hands_age_as_its_mean():
    estimate = AgeEstimate(110.0, ("radius", "ulna", "carpus"), (100.0, 120.0, np.nan), (0.5, 0.5, 0.0))
    drawn = map_regions(estimate, make_regions())
    assert drawn.n_regions == 2
    assert drawn.extent == "2 regions"
    assert (drawn.weights * drawn.months).sum() == pytest.approx(110)
    assert drawn.weights.sum() == pytest.approx(1)
    for column, months in ((12, 100), (22, 110), (30, 120)):
        row, place = np.round(drawn.frame.inverse().apply([[20, column]])[0]).astype(int)
        assert drawn.months[row, place] == pytest.approx(months)
        assert drawn.weights[row, place] > 0


def test_a_region_without_weight_has_no_place_in_the_map():
    estimate = AgeEstimate(100.0, ("radius", "ulna", "carpus"), (100.0, 300.0, np.nan), (1.0, 0.0, 0.0))
    drawn = map_regions(estimate, make_regions())
    assert set(drawn.months[drawn.weights > 0]) == {100.0}
    row, column = np.round(drawn.frame.inverse().apply([[20, 30]])[0]).astype(int)
    assert drawn.weights[row, column] == 0
