import pytest
import torch

from boneage.regression.networks.residual import LocalContrast, ResidualBlock, build_trunk


def pictures(n=2, side=40):
    return torch.rand(n, 1, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_contrast_does_not_mind_exposure_and_minds_edges():
    contrast = LocalContrast()
    plain = contrast(pictures())
    assert plain.shape == (2, 1, 40, 40)
    assert plain.abs().max() <= 3
    assert torch.allclose(contrast(0.5 * pictures() - 0.4), plain, atol=0.12)  # darker, and half as much contrast
    edge = torch.cat([torch.full((1, 1, 40, 20), -0.2), torch.full((1, 1, 40, 20), 0.2)], dim=3)
    assert contrast(edge)[0, 0, 20, 20] > 0.5 > abs(contrast(edge)[0, 0, 20, 5])


def test_faint_grain_is_not_blown_up():
    assert LocalContrast(floor=0.1)(0.01 * pictures()).abs().max() < 0.3


@pytest.mark.parametrize(("stride", "shape"), [(1, (2, 6, 9, 9)), (2, (2, 6, 5, 5))])
def test_a_block_halves_rounding_up_or_keeps_the_size(stride, shape):
    assert ResidualBlock(4, 6, stride)(torch.rand(2, 4, 9, 9)).shape == shape


@pytest.mark.parametrize("fine_stem", [True, False])
@pytest.mark.parametrize("contrast", [True, False])
@pytest.mark.parametrize("side", [16, 33])
def test_a_trunk_makes_features_of_pictures_of_any_size(side, contrast, fine_stem):
    trunk = build_trunk((4, 8, 12), contrast=contrast, fine_stem=fine_stem)
    assert trunk(pictures(3, side)).shape == (3, 12)


def test_a_fine_stem_keeps_every_pixel_and_a_coarse_one_every_second():
    for fine, side in ((True, 32), (False, 16)):
        assert build_trunk((4, 8), contrast=False, fine_stem=fine)[0](pictures(1, 32)).shape == (1, 4, side, side)
