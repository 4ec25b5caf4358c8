import pytest
import torch

from boneage.imaging.errors import InvalidInput
from boneage.regression.segmentation.unet import UNet, UNetSettings


def test_it_keeps_the_size_of_the_picture():
    network = UNet(UNetSettings((4, 6, 8)), 2).eval()
    assert network(torch.rand(3, 1, 32, 32)).shape == (3, 2, 32, 32)


def test_the_shipped_shape_has_less_than_a_million_weights():
    assert sum(weights.numel() for weights in UNet(UNetSettings(), 2).parameters()) < 1e6


def test_its_step_is_what_a_side_is_a_multiple_of():
    assert UNetSettings((4, 4, 4)).step == 8


def test_a_single_level_is_refused():
    with pytest.raises(InvalidInput, match="at least 2 positive numbers"):
        UNetSettings((4,))
