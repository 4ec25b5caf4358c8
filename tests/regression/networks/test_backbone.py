import pytest
import torch
from torch import nn

from boneage.regression import BackboneSettings
from boneage.regression.networks.backbone import BackboneNet, RegionHead

PRESENT = torch.tensor([[True, True, False], [False, True, True]])
SEX = torch.tensor([-1.0, 1.0])
QUICK = BackboneSettings("vgg16", "pool1", hidden=(8,))


def make(settings=QUICK, use_sex=True):
    torch.manual_seed(0)
    return BackboneNet(settings, 3, use_sex)


def pixels(side=32):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def statistics(net):
    return [array.clone() for name, array in net.backbone.state_dict().items() if "running" in name]


@pytest.mark.parametrize(
    "settings",
    [
        QUICK,
        BackboneSettings("vgg16", "pool5", hidden=(8, 4)),
        BackboneSettings("googlenet", "inception3b", frozen=False, hidden=(8,)),
        BackboneSettings("overfeat", "pool2", hidden=(8,)),
        BackboneSettings("efficientnet-lite0", "head", hidden=(8,)),
        BackboneSettings("efficientnet-lite1", "stage2", frozen=False, batch_statistics=True, hidden=(8, 4)),
        BackboneSettings("overfeat", "pool1", hidden=(8,), input_side=80),
    ],
)
def test_every_present_region_says_an_age_and_no_other(settings):
    ages, trust = make(settings).eval()(pixels(), PRESENT, SEX)
    assert ages.shape == trust.shape == (2, 3)
    for values in (ages, trust):
        assert (values[~PRESENT] == 0).all()
        assert (values[PRESENT] != 0).all()


def test_what_lies_in_a_missing_region_does_not_matter():
    changed = pixels()
    changed[~PRESENT] = 100
    net = make().eval()
    assert torch.equal(net(pixels(), PRESENT, SEX)[0], net(changed, PRESENT, SEX)[0])


def test_the_sex_matters_only_to_a_network_that_uses_it():
    girls, boys = torch.full((2,), -1.0), torch.full((2,), 1.0)
    net = make().eval()
    assert not torch.equal(net(pixels(), PRESENT, girls)[0], net(pixels(), PRESENT, boys)[0])
    net = make(use_sex=False).eval()
    assert torch.equal(net(pixels(), PRESENT, girls)[0], net(pixels(), PRESENT, boys)[0])


def test_a_frozen_backbone_learns_nothing_and_a_fine_tuned_one_does():
    for frozen in (True, False):
        net = make(BackboneSettings("googlenet", "inception3a", frozen=frozen, hidden=(8,)))
        before = statistics(net)
        net.train()
        net(pixels(), PRESENT, SEX)[0].sum().backward()
        learning = [weight.grad is not None for weight in net.backbone.parameters()]
        assert all(learning) is not frozen
        assert any(learning) is not frozen
        assert all(torch.equal(a, b) for a, b in zip(statistics(net), before, strict=True))
        assert all(weight.grad is not None for weight in net.head.age.parameters())


def test_training_mode_is_the_heads_and_a_fine_tuned_backbones_but_never_batch_normalisations():
    frozen = make().train()
    assert not any(module.training for module in frozen.backbone.modules())
    assert frozen.head.join.training
    tuned = make(BackboneSettings("googlenet", "inception3a", frozen=False)).train()
    for module in tuned.backbone.modules():
        assert module.training is not isinstance(module, nn.BatchNorm2d)


def test_batch_normalisation_of_a_fine_tuned_backbone_learns_where_the_settings_say_so():
    for frozen in (True, False):
        settings = BackboneSettings("efficientnet-lite0", "stage1", frozen=frozen, hidden=(8,), batch_statistics=True)
        net = make(settings).train()
        before = statistics(net)
        net(pixels(), PRESENT, SEX)
        same = [torch.equal(a, b) for a, b in zip(statistics(net), before, strict=True)]
        assert all(same) is frozen
        assert any(same) is frozen


def test_regions_are_brought_to_the_side_that_is_asked_for():
    net, sides = make(BackboneSettings("vgg16", "pool1", input_side=48)).eval(), []
    net.backbone.register_forward_pre_hook(lambda _module, inputs: sides.append(inputs[0].shape[-1]))
    net(pixels(), PRESENT, SEX)
    net(pixels(64), PRESENT, SEX)
    net = make(BackboneSettings("overfeat", "pool1")).eval()
    net.backbone.register_forward_pre_hook(lambda _module, inputs: sides.append(inputs[0].shape[-1]))
    net(pixels(), PRESENT, SEX)
    assert sides == [48, 48, 71]


def test_regions_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match="at least 32 pixels wide, got 16"):
        make()(pixels(16), PRESENT, SEX)


def test_a_head_standardises_each_sites_features_on_its_own():
    head = RegionHead(4, 2, False, BackboneSettings(hidden=(8,)))
    features = torch.randn(50, 2, 4) * torch.tensor([1.0, 7.0])[:, None] + torch.tensor([3.0, -9.0])[:, None]
    present = torch.rand(50, 2) < 0.8
    features[~present] = 1e6
    features[..., 3] = 2.5
    head.standardise(features, present)
    for region in range(2):
        standardised = ((features - head.centre) / head.spread)[present[:, region], region]
        assert torch.allclose(standardised.mean(dim=0), torch.zeros(4), atol=1e-4)
        assert torch.allclose(standardised.std(dim=0), torch.tensor([1.0, 1.0, 1.0, 0.0]), atol=1e-4)


def test_a_feature_that_never_varied_in_training_does_not_decide_a_later_age():
    head = RegionHead(64, 1, False, BackboneSettings(hidden=(32,), dropout=0.0)).eval()
    features = torch.rand(300, 1, 64)
    features[..., 0] = 0.0
    features[1:, 0, 1] = 0.0
    present, sex = torch.ones(300, 1, dtype=torch.bool), torch.zeros(300)
    head.standardise(features, present)
    strange = features[2:3].clone()
    strange[0, 0, :2] = 5.0
    plain, leapt = (head(hand, present[:1], sex[:1])[0].item() for hand in (features[2:3], strange))
    assert abs(leapt - plain) < 1


def test_features_that_were_not_standardised_are_not_limited():
    head = RegionHead(4, 1, False, BackboneSettings(hidden=(8,), dropout=0.0)).eval()
    present, sex = torch.ones(1, 1, dtype=torch.bool), torch.zeros(1)
    some, more = (head(torch.full((1, 1, 4), value), present, sex)[0].item() for value in (50.0, 60.0))
    assert some != more


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"backbone": "alexnet"}, "alexnet"), ({"layer": "inception3a"}, "inception3a"), ({"hidden": ()}, "hidden"),
     ({"hidden": (1, 2, 3)}, "hidden"), ({"dropout": 1.0}, "dropout"), ({"input_side": 16}, "input_side")],
)  # fmt: skip
def test_settings_are_checked(change, reason):
    with pytest.raises(ValueError, match=rf"must be.*{reason}|{reason} must be"):
        BackboneSettings(**change)
