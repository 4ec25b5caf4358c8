import math

import numpy as np
import pytest
import torch

from boneage.regression.losses import age_loss, check_finite, gaussian_loss, stratum_weights

PRESENT = torch.tensor([[True, False]])
UNIT_WEIGHT = torch.ones(1)


@pytest.mark.parametrize("name", ["mse", "smooth_l1"])
def test_no_error_no_loss_and_missing_regions_do_not_count(name):
    truth = torch.tensor([1.0])
    regions = torch.tensor([[1.0, 77.0]])
    assert age_loss(name, truth, regions, PRESENT, truth, 0.5, UNIT_WEIGHT).item() == 0


def test_the_regions_part_is_weighted():
    truth, predicted = torch.tensor([0.0]), torch.tensor([1.0])
    regions = torch.tensor([[2.0, 0.0]])
    assert age_loss("mse", predicted, regions, PRESENT, truth, 0.0, UNIT_WEIGHT).item() == pytest.approx(1.0)
    assert age_loss("mse", predicted, regions, PRESENT, truth, 0.5, UNIT_WEIGHT).item() == pytest.approx(
        1.0 + 0.5 * 4.0
    )


def test_a_hand_counts_as_much_as_it_weighs():
    fused, truth = torch.tensor([1.0, 2.0]), torch.zeros(2)
    present = torch.tensor([[True, False], [True, True]])
    regions = torch.tensor([[3.0, 0.0], [0.0, 0.0]])
    weights = torch.tensor([0.5, 1.5])
    assert age_loss("mse", fused, regions, present, truth, 0.0, weights).item() == pytest.approx(0.25 + 3.0)
    assert age_loss("mse", fused, regions, present, truth, 1.0, weights).item() == pytest.approx(3.25 + 0.5 * 9 / 3)


def test_the_likelihood_is_best_where_the_variance_is_the_squared_error():
    truth, regions = torch.tensor([0.0]), torch.tensor([[0.5, 9.0]])
    losses = {v: gaussian_loss(regions, torch.tensor([[-math.log(v), 0.0]]), PRESENT, truth, UNIT_WEIGHT).item()
              for v in (0.05, 0.25, 1.0)}  # fmt: skip
    assert min(losses, key=losses.__getitem__) == 0.25
    assert losses[0.25] == pytest.approx((1 + math.log(0.25)) / 2)
    assert gaussian_loss(regions, torch.zeros(1, 2), PRESENT, truth, 3 * UNIT_WEIGHT).item() == pytest.approx(3 * 0.125)


def test_strata_weigh_one_on_average_and_rare_ones_more():
    ages = [100.0] * 16 + [30.0] * 4 + [100.0] * 4
    sexes = ["F"] * 20 + ["M"] * 4
    half, full = stratum_weights(ages, sexes, 0.5), stratum_weights(ages, sexes, 1.0)
    assert half.mean() == pytest.approx(1.0)
    assert half[16] / half[0] == pytest.approx(2.0)
    assert full[:16].sum() == pytest.approx(full[16:20].sum()) == pytest.approx(full[20:].sum())
    assert np.array_equal(stratum_weights(ages, sexes, 0.0), np.ones(24))


def test_a_loss_that_is_no_number_stops_the_training_and_names_the_hands():
    check_finite(torch.tensor(1.0), ["1377", "1380"], 0)
    with pytest.raises(FloatingPointError, match=r"epoch 5, hands 1377, 1380"):
        check_finite(torch.tensor(float("nan")), ["1377", "1380"], 4)
