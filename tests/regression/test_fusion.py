import pytest
import torch

from boneage.regression.fusion import fuse, weigh_regions

PRESENT = torch.tensor([[True, True, True], [True, False, True], [False, False, False]])
LOGITS = torch.tensor([[0.0, 1.0, 2.0], [0.0, 50.0, 0.0], [1.0, 1.0, 1.0]])


@pytest.mark.parametrize("rule", ["learned", "equal"])
def test_weights_sum_to_one_and_a_missing_region_weighs_nothing(rule):
    weights = weigh_regions(LOGITS, PRESENT, rule)
    assert torch.allclose(weights.sum(dim=1), torch.tensor([1.0, 1.0, 0.0]))
    assert (weights[~PRESENT] == 0).all()


def test_learned_weights_follow_the_logits_and_equal_ones_do_not():
    assert weigh_regions(LOGITS, PRESENT, "learned")[0].tolist() == sorted(
        weigh_regions(LOGITS, PRESENT, "learned")[0].tolist()
    )
    assert weigh_regions(LOGITS, PRESENT, "equal")[0].tolist() == pytest.approx([1 / 3] * 3)


def test_what_a_missing_region_says_does_not_matter():
    ages = torch.tensor([[1.0, 2.0, 3.0], [1.0, 999.0, 3.0], [5.0, 5.0, 5.0]])
    assert fuse(ages, weigh_regions(LOGITS, PRESENT, "equal")).tolist() == pytest.approx([2.0, 2.0, 0.0])
