import json

import pytest
import torch

from boneage.regression import BackboneSettings, BoNetSettings, MultiRegionSettings
from boneage.regression.networks.registry import build_network, network_from_json, network_to_json

SETTINGS = [
    MultiRegionSettings(channels=(4, 8), hidden=8),
    BackboneSettings("vgg16", "pool2", hidden=(8, 4)),
    BackboneSettings("googlenet", "inception3a", frozen=False, input_side=40),
    BackboneSettings("overfeat", "pool2"),
    BackboneSettings("efficientnet-lite2", "stage3", frozen=False, batch_statistics=True),
    BoNetSettings(32, channels=(4, 8), hidden=8),
    BoNetSettings(16, channels=(4, 8), deformation="thin_plate", aggregate="attention", hidden=8),
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_survive_json(settings):
    assert network_from_json(json.loads(json.dumps(network_to_json(settings)))) == settings


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_network_says_an_age_and_a_weight_for_each_region(settings):
    network = build_network(settings, 2, use_sex=True).eval()
    present = torch.tensor([[True, True], [True, False], [False, True]])
    ages, logits = network(torch.rand(3, 2, 32, 32), present, torch.tensor([-1.0, 1.0, 1.0]))
    assert ages.shape == logits.shape == (3, 2)
    assert torch.isfinite(ages).all()
    assert torch.isfinite(logits).all()
    assert ages[1, 1] == ages[2, 0] == 0


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_region_that_is_missing_is_not_looked_at(settings):
    network = build_network(settings, 2, use_sex=True).eval()
    present, sex = torch.tensor([[True, False]]), torch.tensor([1.0])
    pixels = torch.rand(1, 2, 32, 32)
    changed = pixels.clone()
    changed[0, 1] = 1 - changed[0, 1]
    assert torch.equal(network(pixels, present, sex)[0], network(changed, present, sex)[0])


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_region_is_read_alike_in_any_company(settings):
    network = build_network(settings, 2, use_sex=True).eval()
    pixels, sex = torch.rand(1, 2, 32, 32), torch.tensor([1.0])
    both = network(pixels, torch.tensor([[True, True]]), sex)
    for alone in (torch.tensor([[True, False]]), torch.tensor([[False, True]])):
        for output, together in zip(network(pixels, alone, sex), both, strict=True):
            assert output[alone].item() == pytest.approx(together[alone].item(), abs=1e-4)


def test_unknown_networks_are_refused():
    with pytest.raises(ValueError, match=r"one of multiregion.*got 'alexnet'"):
        network_from_json({"kind": "alexnet"})
