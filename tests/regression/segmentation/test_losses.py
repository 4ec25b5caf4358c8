import pytest
import torch

from boneage.regression.segmentation.losses import segmentation_loss, soft_dice


def test_dice_of_masks_is_twice_the_common_part_by_both():
    first, second = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    first[..., :4, :], second[..., 2:6, :] = 1, 1
    assert float(soft_dice(first, second)) == pytest.approx(33 / 65)


def test_nothing_found_where_nothing_is_is_right():
    empty = torch.zeros(1, 2, 8, 8)
    assert soft_dice(empty, empty).tolist() == [[1, 1]]


def test_a_sure_and_right_answer_costs_nothing():
    mask = torch.zeros(1, 2, 8, 8)
    mask[..., 2:5, 2:5] = 1
    assert float(segmentation_loss(40 * mask - 20, mask)) < 1e-3
    assert float(segmentation_loss(20 - 40 * mask, mask)) > 10
