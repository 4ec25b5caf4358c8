import numpy as np
import torch

from boneage.regression.tensors import resize_pictures, to_grey, to_tensors
from tests.regression.conftest import make_stack


def stacks():
    rng = np.random.default_rng(0)
    return [make_stack(rng, 100.0), make_stack(rng, 50.0, present=(True, False, True))]


def test_hands_become_tensors_of_eight_bits():
    pixels, present, sex = to_tensors(stacks(), ["F", None])
    assert pixels.dtype == torch.uint8
    assert pixels.shape == (2, 3, 16, 16)
    assert present.tolist() == [[True, True, True], [True, False, True]]
    assert sex.tolist() == [-1.0, 0.0]


def test_grey_values_come_back_within_half_a_step():
    pixels, _, _ = to_tensors(stacks(), ["F", "M"])
    for stack, grey in zip(stacks(), to_grey(pixels), strict=True):
        assert np.abs(stack.pixels - grey.numpy()).max() <= 0.5 / 255 + 1e-6


def test_grey_values_of_eight_bit_pictures_come_back_as_they_were():
    original = torch.arange(256, dtype=torch.uint8)
    assert torch.equal((to_grey(original) * 255).round().to(torch.uint8), original)


def test_floats_are_left_alone():
    features = torch.tensor([-3.0, 7.5])
    assert torch.equal(to_grey(features), features)


def test_resized_pictures_keep_their_mean_and_a_shrunk_edge_is_no_alias():
    stripes = (torch.arange(64) % 2).float().expand(1, 2, 64, 64)
    shrunk = resize_pictures(stripes, 16)
    assert shrunk.shape == (1, 2, 16, 16)
    assert torch.allclose(shrunk[..., 2:-2], torch.tensor(0.5), atol=0.05)
    assert resize_pictures(stripes, None) is stripes
    assert resize_pictures(stripes, 64) is stripes
