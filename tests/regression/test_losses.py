import pytest
import torch

from boneage.regression.losses import age_loss, check_finite

PRESENT = torch.tensor([[True, False]])


@pytest.mark.parametrize("name", ["mse", "smooth_l1"])
def test_no_error_no_loss_and_missing_regions_do_not_count(name):
    truth = torch.tensor([1.0])
    regions = torch.tensor([[1.0, 77.0]])
    assert age_loss(name, truth, regions, PRESENT, truth, 0.5).item() == 0


def test_the_regions_part_is_weighted():
    zero, one = torch.tensor([0.0]), torch.tensor([1.0])
    regions = torch.tensor([[2.0, 0.0]])
    assert age_loss("mse", one, regions, PRESENT, zero, 0.0).item() == pytest.approx(1.0)
    assert age_loss("mse", one, regions, PRESENT, zero, 0.5).item() == pytest.approx(1.0 + 0.5 * 4.0)


def test_a_loss_that_is_no_number_stops_the_training_and_names_the_hands():
    check_finite(torch.tensor(1.0), ["1377", "1380"], 0)
    with pytest.raises(FloatingPointError, match=r"epoch 5, hands 1377, 1380"):
        check_finite(torch.tensor(float("nan")), ["1377", "1380"], 4)
