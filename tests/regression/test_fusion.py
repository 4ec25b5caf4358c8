import pytest
import torch

from boneage.regression import HAND_SITES, VOLUME_SITES
from boneage.regression.fusion import FUSION_RULES, anatomical_weights, fuse, log_precision, weigh_regions

PRESENT = torch.tensor([[True, True, True], [True, False, True], [False, False, False]])
LOGITS = torch.tensor([[0.0, 1.0, 2.0], [0.0, 50.0, 0.0], [1.0, 1.0, 1.0]])
FIXED = torch.tensor([12.0, 4.0, 1.0])


@pytest.mark.parametrize("rule", FUSION_RULES)
def test_weights_sum_to_one_and_a_missing_region_weighs_nothing(rule):
    weights = weigh_regions(LOGITS, PRESENT, rule, FIXED)
    assert torch.allclose(weights.sum(dim=1), torch.tensor([1.0, 1.0, 0.0]))
    assert (weights[~PRESENT] == 0).all()


def test_learned_weights_follow_the_logits_and_equal_ones_do_not():
    assert weigh_regions(LOGITS, PRESENT, "learned")[0].tolist() == sorted(
        weigh_regions(LOGITS, PRESENT, "learned")[0].tolist()
    )
    assert weigh_regions(LOGITS, PRESENT, "equal")[0].tolist() == pytest.approx([1 / 3] * 3)


def test_the_surer_region_weighs_more_by_the_ratio_of_the_variances():
    logits = torch.tensor([[0.0, 2.0, 9.0]])
    weights = weigh_regions(logits, torch.tensor([[True, True, False]]), "inverse_variance")[0]
    variances = (-log_precision(logits[0])).exp()
    assert weights[1] > 6 * weights[0]
    assert (weights[1] / weights[0]).item() == pytest.approx((variances[0] / variances[1]).item())


def test_a_precision_is_bounded_and_grows_with_its_logit():
    bounded = log_precision(torch.linspace(-100, 100, 9))
    assert bounded.abs().max() <= 8
    assert (bounded.diff() >= 0).all()
    assert log_precision(torch.tensor(0.5)).item() == pytest.approx(0.5, abs=0.01)


def test_fixed_weights_keep_their_proportions_whatever_the_network_says():
    weights = weigh_regions(LOGITS, PRESENT, "fixed", FIXED)
    assert weights[0].tolist() == pytest.approx([12 / 17, 4 / 17, 1 / 17])
    assert weights[1].tolist() == pytest.approx([12 / 13, 0, 1 / 13])
    with pytest.raises(ValueError, match="needs the regions' weights"):
        weigh_regions(LOGITS, PRESENT, "fixed")


def test_the_table_knows_every_site_and_prefers_the_radius_the_ulna_and_rays_one_three_and_five():
    names = [site.name for site in HAND_SITES]
    weights = dict(zip(names, anatomical_weights(names).tolist(), strict=True))
    rays = {ray: sum(weights[f"{joint}_{ray}"] for joint in ("mcp", "pip", "dip")) for ray in (2, 3, 4, 5)}
    assert weights["radius"] == weights["ulna"] == weights["carpus"] == rays[3] == rays[5] == 12
    assert weights["thumb_mcp"] + weights["thumb_ip"] == 12
    assert rays[2] == rays[4] == 3
    with pytest.raises(ValueError, match=r"no fixed weight for the region 'hand'.*radius"):
        anatomical_weights(["radius", "hand"])


def test_the_thirteen_bones_of_a_volume_have_fixed_weights_too():
    names = [site.name for site in VOLUME_SITES]
    weights = dict(zip(names, anatomical_weights(names).tolist(), strict=True))
    for ray in (1, 3, 5):
        assert sum(weight for name, weight in weights.items() if name.endswith(f"_{ray}")) == 12
    assert weights["radius"] == weights["ulna"] == 12


def test_what_a_missing_region_says_does_not_matter():
    ages = torch.tensor([[1.0, 2.0, 3.0], [1.0, 999.0, 3.0], [5.0, 5.0, 5.0]])
    assert fuse(ages, weigh_regions(LOGITS, PRESENT, "equal")).tolist() == pytest.approx([2.0, 2.0, 0.0])
