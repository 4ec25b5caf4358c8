import pytest
import torch

from boneage.regression import MultiRegionSettings
from boneage.regression.networks.multiregion import MultiRegionNet

PRESENT = torch.tensor([[True, True, False], [False, True, True]])


def make(branch="shared", use_sex=True, **changes):
    torch.manual_seed(0)
    settings = MultiRegionSettings(channels=(4, 8), branch=branch, hidden=8, **changes)
    return MultiRegionNet(settings, 3, use_sex).eval()


def pixels(ndim=2):
    return torch.rand(2, 3, *[16] * ndim, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("branch", ["shared", "per_site"])
@pytest.mark.parametrize("contrast", [False, True])
def test_every_present_region_says_an_age_and_no_other(branch, ndim, contrast):
    net = make(branch, ndim=ndim, contrast=contrast, fine_stem=contrast)
    ages, trust = net(pixels(ndim), PRESENT, torch.tensor([-1.0, 1.0]))
    assert ages.shape == trust.shape == (2, 3)
    assert (ages[~PRESENT] == 0).all()
    assert (ages[PRESENT] != 0).all()


@pytest.mark.parametrize("branch", ["shared", "per_site"])
def test_a_region_is_read_the_same_in_any_company(branch):
    net = make(branch)
    sex = torch.tensor([-1.0, 1.0])
    together, _ = net(pixels(), PRESENT, sex)
    for hand in range(2):
        for region in range(3):
            if PRESENT[hand, region]:
                alone = torch.zeros_like(PRESENT)
                alone[hand, region] = True
                ages, _ = net(pixels(), alone, sex)
                assert ages[hand, region].item() == pytest.approx(together[hand, region].item(), abs=1e-5)


def test_what_lies_in_a_missing_region_is_not_looked_at():
    changed = pixels()
    changed[~PRESENT] = 100
    sex = torch.zeros(2)
    assert torch.equal(make()(pixels(), PRESENT, sex)[0], make()(changed, PRESENT, sex)[0])


def test_the_sex_matters_only_to_a_network_that_uses_it():
    girls, boys = torch.full((2,), -1.0), torch.full((2,), 1.0)
    assert not torch.equal(make()(pixels(), PRESENT, girls)[0], make()(pixels(), PRESENT, boys)[0])
    net = make(use_sex=False)
    assert torch.equal(net(pixels(), PRESENT, girls)[0], net(pixels(), PRESENT, boys)[0])


@pytest.mark.parametrize("change", [{"channels": (3,)}, {"branch": "both"}, {"hidden": 0}, {"dropout": 1.0}])
def test_settings_are_checked(change):
    with pytest.raises(ValueError, match=r"must be"):
        MultiRegionSettings(**change)
