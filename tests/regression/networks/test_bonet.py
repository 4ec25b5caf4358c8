import dataclasses

import numpy as np
import pytest
import torch

from boneage.regression import AgeRegressor, BoNetSettings
from boneage.regression.networks.bonet import BoNet, aggregate

DEFORMATIONS = ["none", "affine", "thin_plate"]
SEX, REGION = torch.tensor([1.0]), torch.tensor([0])


def make(deformation="affine", aggregate="mean", n_regions=1, use_sex=True):
    """A small network with windows of 20 pixels, 2 from one to the next, with a deformation."""
    torch.manual_seed(0)
    settings = BoNetSettings(20, (4, 6), deformation, aggregate, hidden=8)
    network = BoNet(settings, n_regions, use_sex)
    network.train()(torch.rand(32, n_regions, 20, 20), torch.ones(32, n_regions) > 0, torch.ones(32))  # for the norms
    if network.deformation:
        torch.nn.init.normal_(network.deformation.localise[-1].weight)
        torch.nn.init.normal_(network.deformation.localise[-1].bias)
    return network.eval()


def draw(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("deformation", DEFORMATIONS)
def test_each_cell_of_a_map_is_what_is_said_of_its_window_alone(deformation):
    network, picture = make(deformation), draw(1, 27, 32)
    ages, trust = network.map_ages(picture, SEX, REGION)
    assert ages.shape == trust.shape == (1, 4, 7)
    assert ages.std() > 1e-4
    for row in range(4):
        for column in range(7):
            window = picture[:, 2 * row : 2 * row + 20, 2 * column : 2 * column + 20]
            alone, own = network(window[None], torch.tensor([[True]]), SEX)
            assert ages[0, row, column].item() == pytest.approx(alone.item(), abs=1e-5)
            assert trust[0, row, column].item() == pytest.approx(own.item(), abs=1e-5)


@pytest.mark.parametrize("rule", ["mean", "median", "attention"])
def test_the_age_of_a_picture_is_its_maps(rule):
    network, picture = make(aggregate=rule), draw(1, 1, 26, 26)
    age, trust = network(picture, torch.tensor([[True]]), SEX)
    ages, logits = network.map_ages(picture[0], SEX, REGION)
    weights = torch.softmax(logits.flatten(), 0) if rule == "attention" else torch.full((16,), 1 / 16)
    middle = ages.flatten().sort().values[7:9].mean()
    expected = middle if rule == "median" else (weights * ages.flatten()).sum()
    assert age.item() == pytest.approx(expected.item(), abs=1e-5)
    assert trust.item() == pytest.approx(logits.exp().mean().log().item(), abs=1e-5)


def test_to_choose_a_region_and_then_a_cell_is_to_choose_among_all_cells():
    ages, trust = draw(3, 4, 5), 5 * draw(3, 4, 5)
    each, overall = aggregate(ages, trust, "attention")
    fused = (torch.softmax(overall, 0) * each).sum()
    at_once = (torch.softmax(trust.flatten(), 0) * ages.flatten()).sum()
    assert fused.item() == pytest.approx(at_once.item(), abs=1e-5)


@pytest.mark.parametrize(("window", "channels"), [(20, (4, 6)), (21, (4, 6)), (38, (4, 4, 4)), (12, (4,))])
def test_a_bright_spot_changes_the_cells_whose_windows_hold_it(window, channels):
    torch.manual_seed(0)
    network = BoNet(BoNetSettings(window, channels, hidden=8), 1, use_sex=True).double().eval()
    dark = torch.zeros(1, 61, 57, dtype=torch.float64)
    plain, _ = network.map_ages(dark, SEX.double(), REGION)
    frame = network.settings.frame
    rows, columns = torch.meshgrid(*(torch.arange(n) for n in plain.shape[1:]), indexing="ij")
    middles = torch.from_numpy(frame.apply(torch.stack([rows, columns], -1).reshape(-1, 2).double().numpy()))
    field = network.settings.field
    assert window - network.settings.step < field <= window
    for spot in ([28, 25], [40, 31], [33, 52]):
        bright = dark.clone()
        bright[0, spot[0], spot[1]] = 1e3
        changed = (network.map_ages(bright, SEX.double(), REGION)[0] - plain).abs() > 0
        near = (middles - torch.tensor(spot)).abs().amax(-1).reshape(plain.shape[1:])
        assert not changed[0][near > (field - 1) / 2].any()
        assert changed[0][near <= (field - 1) / 2 - 4].all()


def test_a_hand_moved_by_a_step_is_a_map_moved_by_a_cell():
    network, picture = make(), draw(1, 40, 40)
    still, _ = network.map_ages(picture, SEX, REGION)
    moved, _ = network.map_ages(picture.roll((4, 2), dims=(1, 2)), SEX, REGION)
    assert torch.allclose(moved[:, 2:, 1:], still[:, :-2, :-1], atol=1e-5)


def test_the_middle_of_a_map_is_the_middle_of_the_picture():
    settings = BoNetSettings(window=64)
    assert settings.n_features == 9
    assert settings.frame.apply([[0.0, 0.0], [4.0, 2.0]]).tolist() == [[31.5, 31.5], [47.5, 39.5]]


def test_regions_are_told_apart_and_a_single_one_needs_no_name():
    network, pixels = make(n_regions=2), draw(1, 1, 20, 20).repeat(1, 2, 1, 1)
    ages, _ = network(pixels, torch.tensor([[True, True]]), SEX)
    assert ages[0, 0] != ages[0, 1]
    assert not [name for name in make().state_dict() if name.startswith("site")]


def test_the_sex_matters_only_to_a_network_that_uses_it():
    pixels, present = draw(1, 1, 20, 20), torch.tensor([[True]])
    assert make()(pixels, present, SEX)[0] != make()(pixels, present, -SEX)[0]
    without = make(use_sex=False)
    assert torch.equal(without(pixels, present, SEX)[0], without(pixels, present, -SEX)[0])


def test_a_batch_of_one_window_is_trained_on_too():
    network = make().train()
    before = network.norm.running_mean.clone()
    network(draw(1, 1, 20, 20), torch.tensor([[True]]), SEX)[0].sum().backward()
    assert network.connect.weight.grad.abs().max() > 0
    assert torch.equal(network.norm.running_mean, before)
    network(draw(2, 1, 20, 20), torch.tensor([[True], [True]]), SEX.repeat(2))
    assert not torch.equal(network.norm.running_mean, before)


@pytest.mark.slow
@pytest.mark.parametrize("deformation", DEFORMATIONS)
def test_it_learns_what_the_regions_show(hands, quick_settings, deformation):
    network = BoNetSettings(12, (8,), deformation, "attention", hidden=16, dropout=0.1)
    settings = dataclasses.replace(quick_settings, network=network)
    stacks, ages, sexes = hands
    estimates = AgeRegressor(settings=settings).fit(stacks[8:], ages[8:], sexes[8:]).predict(stacks[:8], sexes[:8])
    errors = np.abs([estimate.months - age for estimate, age in zip(estimates, ages[:8], strict=True)])
    assert errors.mean() < 20  # the mean age is 50 months off


def test_pictures_smaller_than_a_window_are_refused():
    with pytest.raises(ValueError, match="at least 20 x 20 pixels, got 19 x 19"):
        make()(draw(1, 1, 19, 19), torch.tensor([[True]]), SEX)


@pytest.mark.parametrize(
    "change",
    [{"channels": ()}, {"channels": (0, 4)}, {"deformation": "elastic"}, {"aggregate": "mode"}, {"hidden": 0},
     {"dropout": 1.0}, {"window": 32}, {"window": 8, "channels": (4,), "deformation": "none", "hidden": -1}],
)  # fmt: skip
def test_settings_are_checked(change):
    with pytest.raises(ValueError, match=r"must be"):
        BoNetSettings(**change)
